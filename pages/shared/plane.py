"""The planes of the 2-D lab: played, stepped and scrubbed in the browser by the scripts beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_HTML, _CSS, *_JS = ((_HERE / name).read_text(encoding="utf-8") for name in ("plane.html", "plane.css", "plane_panel.js", "plane_player.js"))


def planes(frames: dict[str, Any]) -> None:
    """Draw what `unsc_core.figures.lab.frames` made."""
    _component()(data=frames, key="planes")


_mount: Any = None


def _component() -> Any:
    """Registered once in a process: streamlit warns when a name comes again."""
    global _mount
    if _mount is None:
        _mount = st.components.v2.component("unsc_planes", html=_HTML, css=_CSS, js="\n".join(_JS))
    return _mount
