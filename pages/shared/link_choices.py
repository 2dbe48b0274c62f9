"""Choices that a link names by words of their own, so that the labels can change.

A control with `bind="query-params"` writes its labels into the link. Others call `read` before they
are drawn, and have `write` called when they change.
"""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from pages.shared import link_notes


def read(name: str, options: Collection[str], default: str) -> None:
    """Give the control with key `name` the value in the link."""
    link_notes.check(name, options)
    wanted = st.query_params.get(name, default)
    wanted = wanted if wanted in options else default
    if st.session_state.get(name) != wanted:
        st.session_state[name] = wanted


def write(name: str, default: str) -> None:
    """Put the value of a control into the link; a default is left out."""
    chosen = st.session_state[name]
    if chosen != default:
        st.query_params[name] = chosen
    elif name in st.query_params:
        del st.query_params[name]
