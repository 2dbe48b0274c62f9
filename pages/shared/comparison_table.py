"""The table on the page Compare: methods and references, and every measure of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from unsc_core.analysis.comparison import REFERENCES, MethodRun
from unsc_core.figures import standings
from unsc_core.figures.theme import Look


def draw(
    runs: Sequence[MethodRun],
    order: Sequence[str],
    seeds: int,
    chosen: str,
    look: Look,
    *,
    wide: bool,
) -> None:
    """Draw the table and what its signs mean.

    Args:
        runs: all that have been run; at least one.
        order: the methods to list.
        seeds: over how many methods are compared.
        chosen: the method in the sidebar.
        look: colours.
        wide: whether the names of methods are long.
    """

    def style(row: pd.Series) -> list[str]:
        return _style(row, chosen, look)

    text = st.column_config.TextColumn
    measures = {
        column: text(help=meaning, alignment="right")
        for column, meaning in standings.columns().items()
    }
    st.dataframe(
        pd.DataFrame(standings.table(runs, order)).style.apply(style, axis=1),
        hide_index=True,
        height="content",
        alt="Methods and their measures",
        column_config={
            "Method": text(width=225 if wide else 160),
            "Seeds": text(alignment="right"),
            "Verdict": text(width=200),
            **measures,
        },
    )
    st.caption(_signs(seeds, runs[0].samples))


def _style(row: pd.Series, chosen: str, look: Look) -> list[str]:
    """References on grey, UNSC in teal, the chosen method in bold."""
    style = ""
    if row["Method"] in map(standings.name, REFERENCES):
        style = f"background-color: {look.grid}"
    elif row["Method"].startswith(standings.MARK):
        style = f"color: {look.teal}"
    if row["Method"].removeprefix(standings.MARK).partition(" (")[0] == standings.name(chosen):
        style += "; font-weight: bold"
    return [style] * len(row)


def _signs(seeds: int, samples: int) -> str:
    """What the signs and colours of the table mean; see `standings.does` for `samples`."""
    spread = "one seed: no interval, so a small difference may be due to chance"
    if seeds > 1:
        spread = (
            "±: half of the 95\u00a0% interval over the seeds; differences are paired by seed · "
            "tied: the difference is 0.0, or its interval contains 0"
        )
    return (
        "◆ UNSC · bold: the method in the sidebar · on grey: references · "
        f"{'as the retrained model' if samples else 'forgets'}: {standings.limit(samples)} with "
        f"every seed · above, below: by Acc_r, where UNSC forgets, too · {spread} · "
        "* seconds from a different machine"
    )
