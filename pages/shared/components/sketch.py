"""A canvas to draw on, with brushes, undo and clear."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error

import streamlit as st

from pages.shared.components.mount import mount
from unsc_core.data.picture import MAX_BYTES
from unsc_core.errors import DataError

PREFIX = "data:image/png;base64,"
_KEPT = "sketch"


def sketch(width: int, height: int, *, ink: str, paper: str, colours: bool, of: str) -> bytes:
    """Draw the canvas, and return what is drawn on it as a PNG; empty if nothing is.

    Args:
        width, height: of what the networks take, in pixels.
        ink, paper: of brush and background, #rrggbb.
        colours: whether the brush may have other colours.
        of: names the dataset: each has a drawing of its own in this tab.

    Raises:
        DataError: the browser sent something else.
    """
    key = f"{_KEPT}-{of}"
    kept = st.session_state.get(key, "")
    data = {"width": width, "height": height, "ink": ink, "paper": paper, "colours": colours}
    files = ("sketch.html", "sketch.css", "sketch.js")
    drawn = mount("sketch", files, data | {"start": kept}, of, on_picture_change=_drawn)
    text = drawn.picture if isinstance(drawn.picture, str) else kept
    st.session_state[key] = text
    return decoded(text)


def _drawn() -> None:
    """A stroke has ended. The page reads it when it is drawn again."""


def decoded(text: str) -> bytes:
    """The PNG in a data URL from the canvas; empty for an empty one.

    Raises:
        DataError: it is no such URL, or too long.
    """
    if not text:
        return b""
    if not text.startswith(PREFIX) or len(text) > 2 * MAX_BYTES:
        raise DataError("The browser sent no drawing; clear the canvas and draw again.")
    try:
        return b64decode(text.removeprefix(PREFIX), validate=True)
    except (Error, ValueError):
        raise DataError("The drawing arrived damaged; clear the canvas and draw again.") from None
