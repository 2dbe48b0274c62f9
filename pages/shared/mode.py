"""Light and dark: figures that were drawn for one are drawn again for the other."""

from __future__ import annotations

import streamlit as st

from pages.shared.components.mount import mount


def follow() -> None:
    """Run the page again when the reader, or the system, turns its colours."""
    drawn = "dark" if st.context.theme.type == "dark" else "light"
    mount("mode", ("mode.js",), {"mode": drawn}, on={"turned": lambda mode: None})
