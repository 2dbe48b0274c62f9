"""Hovering over a cell of one matrix marks it in all of them and reads it out: `linked.js`, beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_JS, _CSS = ((_HERE / name).read_text(encoding="utf-8") for name in ("linked.js", "linked.css"))
_HTML = '<p class="readout" aria-hidden="true"></p>'


def hover(names: list[str], matrices: dict[str, list[list[float]]], unit: str, trace: str) -> None:
    """Link the matrices on the page.

    Args:
        names: of the classes.
        matrices: title -> values as shown, row = true class.
        unit: behind each value.
        trace: the name of the trace whose marks carry [row, column].
    """
    global _mount
    if _mount is None:  # registered once in a process: streamlit warns when a name comes again
        _mount = st.components.v2.component("unsc_linked", html=_HTML, css=_CSS, js=_JS)
    _mount(data={"names": names, "matrices": matrices, "unit": unit, "trace": trace}, key="linked")


_mount: Any = None
