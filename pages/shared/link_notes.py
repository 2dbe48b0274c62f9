"""Notes about parts of a link that cannot be used.

What may be missing above a control bound to the link is drawn in a container: when elements come
and go before such a control, Streamlit no longer writes its value into the link.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import streamlit as st

from pages.shared import refusal, url_fields
from unsc_core.errors import one_line

SHOWN_S = 20.0
"""How long a note stays, in seconds: the page is drawn again whenever a job is done."""
_PLACE = "place_of_notes"
ICON = ":material/link_off:"


def add(text: str) -> None:
    """Show a note now, and for SHOWN_S seconds whenever the page is drawn again.

    It is at the top, where `draw` was called: a control further down may be out of sight.
    """
    text = refusal.as_typed(one_line(text))
    notes = st.session_state.setdefault("notes", {})
    if text not in notes:
        notes[text] = time.monotonic()
        st.session_state.get(_PLACE, st).warning(text, icon=ICON)


def draw() -> None:
    """Draw the notes that are recent, then those that reading the link left behind."""
    place = st.session_state[_PLACE] = st.container()  # one element, see the module
    with place:
        for text, since in st.session_state.get("notes", {}).items():
            if time.monotonic() - since < SHOWN_S:
                st.warning(text, icon=ICON)
        for text in st.session_state.pop("link_notes", []):
            add(text)


def check(name: str, options: Iterable[Any]) -> None:
    """Add a note if the link asks a control of the page for an option that it does not have.

    To be called before the control is drawn.
    """
    value = st.query_params.get(name)
    if value is not None and name not in st.session_state and value not in map(str, options):
        add(url_fields.impossible(name, value, "which is not possible here"))
