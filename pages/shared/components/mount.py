"""Puts a component on the page, made of the HTML, CSS and JavaScript files beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import streamlit as st

EXPLAINER = ("explainer.html", "sideways.css", "explainer.css", "explainer.js")
GAMMA = ("gamma.html", "gamma.css", "gamma_plots.js", "gamma_charts.js", "gamma_map.js", "gamma.js")
"""The parts of components that more than one page shows."""


@cache
def _registered(name: str, files: tuple[str, ...]) -> Any:
    """Register a component once in a process: Streamlit warns when a name is registered again."""
    texts = {
        kind: "\n".join(_text(file) for file in files if file.endswith(kind))
        for kind in (".html", ".css", ".js")
    }
    return st.components.v2.component(
        f"unsc_{name}",
        html=texts[".html"] or "<span></span>",
        css=texts[".css"] or None,
        js=texts[".js"],
    )


def _text(file: str) -> str:
    return (Path(__file__).parent / file).read_text(encoding="utf-8")


def mount(
    name: str,
    files: tuple[str, ...],
    data: dict[str, Any],
    of: str = "",
    *,
    on: Mapping[str, Callable[[Any], None]] = MappingProxyType({}),
    **callbacks: Callable[[], None],
) -> Any:
    """Put a component on the page.

    Args:
        name: of the component, and part of its key on the page.
        files: its parts, in this folder or named in full; those of one kind are joined in order.
        data: for its script.
        of: what it shows, where a page can have more than one.
        on: what its script triggers -> called with the value, before the page runs again.
        callbacks: `on_<value>_change` for each value that its script sets.

    Returns:
        The values that its script has set, as attributes.
    """
    key = f"component_{name}{of}"

    def handler(trigger: str, act: Callable[[Any], None]) -> Callable[[], None]:
        def handle() -> None:
            values = st.session_state.get(key)  # None when the page before ended without it
            if values is not None:
                act(values[trigger])

        return handle

    handlers = {f"on_{trigger}_change": handler(trigger, act) for trigger, act in on.items()}
    return _registered(name, files)(data=data, key=key, **handlers, **callbacks)
