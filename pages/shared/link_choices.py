"""Choices that a link names by words of their own, so that the labels can change.

A control with `bind="query-params"` writes its labels into the link. Others call `read` before they
are drawn, and have `write` called when they change.
"""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from pages.shared import link_notes, session


def read(name: str, options: Collection[str], default: str) -> None:
    """Give the control with key `name` the value in the link.

    A control that is on the page keeps its value, unless the person went back: what the browser
    sends before it has heard of a choice, as a panel of progress does every second, still has the
    link from before that choice.
    """
    link_notes.check(name, options)
    if st.session_state.get(name) not in options or session.went_back():
        wanted = st.query_params.get(name, default)
        st.session_state[name] = wanted if wanted in options else default
    write(name, default)


def write(name: str, default: str) -> None:
    """Put the value of a control into the link; a default is left out."""
    chosen = st.session_state[name]
    if chosen != default:
        if st.query_params.get(name) != chosen:
            st.query_params[name] = chosen
    elif name in st.query_params:
        del st.query_params[name]
