"""The strip above every page: this experiment in a few numbers."""

from __future__ import annotations

import streamlit as st

from pages.shared import show
from pages.shared.state import Chosen
from unsc_core.experiment.result import Result
from unsc_core.figures.header import readouts
from unsc_core.figures.phrases import run_title

WIDTH = 168
"""Of one number, in pixels: five in a row on a projector, two on a phone."""
WIDER = 240
"""Of a number with a long line below it, which may say where seconds were measured."""
LONG = 28
"""Characters below a number that need the wider cell."""


def strip(chosen: Chosen, result: Result) -> None:
    """Every measure that belongs in a header, each with its meaning in a tooltip."""
    show.mark_files(result.alterations)
    st.caption(
        f"**{run_title(result)}** · forgetting **{chosen.forgotten}** · {chosen.dataset.name} · "
        f"{result.config.model} · seed {result.config.seed} · test set of {len(chosen.dataset.y_test):,}"
    )
    cells = st.container(horizontal=True, gap="small")
    for one in readouts(result):
        cells.metric(
            one.label,
            one.value,
            one.below,
            delta_color="off",
            delta_arrow="off",
            width=WIDER if len(one.below or "") > LONG else WIDTH,
            help=one.help,
        )
