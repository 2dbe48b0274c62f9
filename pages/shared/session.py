"""What Streamlit knows about the browser tab and the page that it shows."""

from __future__ import annotations

from typing import Any

import streamlit as st


def page_id() -> str:
    """An identifier of the page that is being drawn."""
    context: Any = st.runtime.scriptrunner.get_script_run_ctx()
    return context.page_script_hash if context else "test"


def tab_id() -> str:
    """An identifier of this browser tab, which the engine knows as a watcher."""
    context: Any = st.runtime.scriptrunner.get_script_run_ctx()
    return context.session_id if context else "test"


def went_back() -> bool:
    """Whether the page is drawn because of the browser's Back or Forward."""
    context: Any = st.runtime.scriptrunner.get_script_run_ctx()
    return bool(context and context.is_history_navigation)


def is_open(tab: str) -> bool:
    """Whether a browser tab is still open; always without a server. A reloaded tab is another."""
    return not st.runtime.exists() or st.runtime.get_instance().is_active_session(tab)


def media(content: bytes, kind: str, name: str) -> str:
    """The address, relative to the page's, under which a file is served while the page shows it.

    Args:
        content: of the file.
        kind: its MIME type.
        name: of what it is for on the page; another file with this name replaces it.
    """
    manager = st.runtime.get_instance().media_file_mgr
    return "." + manager.add(content, kind, f"unsc-{name}")
