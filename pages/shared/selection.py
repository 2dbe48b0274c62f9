"""The selected samples: one selection of the session, on every page and in the link."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.shared import link_notes, selection_text, session, state
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

    def in_part(self, part: str) -> Selection | None:
        """The selection, if it is of "test" or "train"."""
        found = self.selection
        return found if found is not None and found.part == part else None

    def of(self, part: str) -> NDArray[np.intp]:
        """The samples, if they are of "test" or "train"; else none."""
        return self.rows if self.in_part(part) else self.rows[:0]


def current(result: Result) -> Picked:
    """The selection as it applies to this result; an impossible one is dropped with a note."""
    found, rows = state.current().picked, np.array([], np.intp)
    if found is not None:
        try:
            rows = found.rows(result)
        except ConfigError as error:
            link_notes.add(f"Nothing is selected any more: {error} Select other samples.")
            found = None
            select(None)
    state.keep(state.current())  # it may have changed since the controls were drawn
    return Picked(found, rows)


def select(selection: Selection | None) -> None:
    """Make this the selection, or drop the one there is; `current` puts it into the link."""
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


def choose_part(place: Any) -> str:
    """Draw the choice of "test" or "train"; a page opens with the samples that are selected."""
    link_notes.check("samples", PARTS)
    page, found = session.page_id(), state.current().picked
    if st.session_state.get("page_of_samples") != page:
        st.session_state["page_of_samples"] = page
        if found is not None and found.part == "train" and "samples" not in st.query_params:
            st.session_state["samples"] = "Training"
    chosen = place.segmented_control(
        "Samples", list(PARTS), default="Test", required=True, key="samples", bind="query-params"
    )
    return PARTS[chosen]
