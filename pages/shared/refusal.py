"""What cannot be done, in one sentence on the page."""

from __future__ import annotations

import re

import streamlit as st


def show(what: object) -> None:
    """Show an error or its sentence."""
    st.error(as_typed(str(what)), icon=":material/error:")


def as_typed(text: str) -> str:
    """A sentence that quotes what somebody typed, as Markdown without its pictures and links."""
    return text.replace("[", r"\[")


def as_text(text: str) -> str:
    """A text by somebody else, as Markdown that shows every character."""
    return re.sub(r"([\\`*_{}\[\]()#+.!|<>$:~&-])", r"\\\1", text)
