"""The line about the selected samples on pages that have no drawer: how they are marked there."""

from __future__ import annotations

import streamlit as st

from pages.shared import selection
from pages.shared.selection import Picked
from unsc_core.figures.decision_space import PARTS
from unsc_core.figures.phrases import counted


def draw(picked: Picked, part: str, marked: int, how: str) -> None:
    """Say how many samples are selected and how those here are marked, and offer to clear them.

    Args:
        picked: the selection; without one, nothing is drawn.
        part: "test" or "train", what the page shows.
        marked: how many of the selected samples are marked.
        how: the end of a sentence after them, such as "ringed on the map".
    """
    with st.container():  # one element with and without, see link_notes
        if picked.selection is None:
            return
        row = st.container(horizontal=True, vertical_alignment="center")
        row.markdown(words(picked, part, marked, how), width="content")
        row.button(
            "Clear", on_click=selection.select, args=(None,), key="clear_selection", type="tertiary"
        )


def words(picked: Picked, part: str, marked: int, how: str) -> str:
    """What `draw` says; the selection must be one."""
    assert picked.selection is not None
    count, of = len(picked.rows), picked.selection.part
    selected = f"**{counted(count, f'{PARTS[of]} sample')} selected**"
    if of != part:
        return f"{selected}; those shown here are {PARTS[part]} samples."
    if marked == count:
        return f"{selected}, {how}."
    some = f"{marked:,} of them {'is' if marked == 1 else 'are'}" if marked else "none of them is"
    return f"{selected}; {some} {how}."
