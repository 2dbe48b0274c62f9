"""The selected samples: one selection of the session, on every page and in the link."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.shared import link_notes, selection_text, state
from unsc_core.analysis.selection import Selection
from unsc_core.errors import ConfigError
from unsc_core.experiment.result import Result

PARTS = {"Test": "test", "Training": "train"}
"""Labels of the control that chooses the samples of a page -> the part of the dataset."""


@dataclass(frozen=True, eq=False)
class Picked:
    """The selection and the samples in it; without one, there are none."""

    selection: Selection | None
    rows: NDArray[np.intp]

    def of(self, part: str) -> NDArray[np.intp]:
        """Those among the samples of "test" or "train"."""
        here = self.selection is not None and self.selection.part == part
        return self.rows if here else self.rows[:0]


def current(result: Result) -> Picked:
    """The selection as it applies to this result; an impossible one is dropped with a note."""
    found, none = state.current().picked, np.array([], np.intp)
    if found is None:
        return Picked(None, none)
    try:
        return Picked(found, found.rows(result))
    except ConfigError as error:
        link_notes.add(f"Nothing is selected any more: {error} Select other samples.")
        select(None)
        state.keep(state.current())
        return Picked(None, none)


def select(selection: Selection | None) -> None:
    """Make this the selection, or drop the one there is; the link follows when a page is drawn."""
    st.session_state[state.KEY] = replace(state.current(), picked=selection)


def take(text: str) -> None:
    """Make the selection that a script in the browser sends: a text, or "" for none.

    A text that is none, or one of too many samples, changes nothing and is noted.
    """
    if not text:
        select(None)
        return
    try:
        select(selection_text.read(text))
    except ValueError:
        link_notes.add(
            f"These samples were not selected: at most {selection_text.MAX_PICKED:,} single "
            "samples can be. Select fewer, or a whole class or outcome."
        )


def first_part() -> str:
    """What the control of test or training samples starts at: the part that is selected."""
    found = state.current().picked
    return "Training" if found is not None and found.part == "train" else "Test"
