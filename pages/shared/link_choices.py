"""Choices that a link names by words of their own, so that the labels can change.

A control with `bind="query-params"` writes its labels into the link. Others call `read` before they
are drawn, and have `write` called when they change. What is no control calls `value` and `put`.
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


_KEPT = "kept_from_link"


def value(name: str) -> str | None:
    """What the link says of something that is no control; None if nothing.

    As for controls, that is the link of a fresh page and of Back, and from then on what was `put`.
    """
    kept = st.session_state.get(_KEPT)
    if kept is None or kept["page"] != session.page_id() or session.went_back():
        kept = {"page": session.page_id(), "link": st.query_params.to_dict()}
        st.session_state[_KEPT] = kept
    return kept["link"].get(name)


def put(name: str, text: str | None) -> None:
    """Put what `value` returns from now on into the link; None takes it out."""
    if text == value(name) == st.query_params.get(name):
        return
    link = st.session_state[_KEPT]["link"]
    if text is None:
        link.pop(name, None)
        st.query_params.pop(name, None)
    else:
        link[name] = st.query_params[name] = text
