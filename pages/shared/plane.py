"""The planes of the 2-D lab: played, stepped and scrubbed in the browser by the script beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).with_suffix("")
_HTML, _CSS, _JS = (_HERE.with_suffix(suffix).read_text(encoding="utf-8") for suffix in (".html", ".css", ".js"))


def planes(frames: dict[str, Any]) -> None:
    """Draw what `unsc_core.figures.lab.frames` made."""
    _component()(data=frames, key="planes")


_mount: Any = None


def _component() -> Any:
    """Registered once in a process: streamlit warns when a name comes again."""
    global _mount
    if _mount is None:
        _mount = st.components.v2.component("unsc_planes", html=_HTML, css=_CSS, js=_JS)
    return _mount
