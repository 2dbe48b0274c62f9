"""Lessons: links that hide controls (`hide=`) or lock them (`lock=`), and the form for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from pages.shared import page_links

CONTROLS = ("dataset", "model", "forget", "method", "gamma", "more")
"""What a link may hide or lock; "all" means every one of them."""

PARTS = ("hide", "lock")
"""The parts of a link that make a lesson."""


@dataclass(frozen=True)
class Lesson:
    """Hidden and locked controls."""

    hidden: frozenset[str] = frozenset()
    locked: frozenset[str] = frozenset()

    def fixed(self, *names: str) -> bool:
        """Whether any of these controls may not be changed."""
        return bool((self.hidden | self.locked) & set(names))

    @property
    def read_only(self) -> bool:
        """Whether no control may be changed: then no further work is started, nothing deleted."""
        return set(CONTROLS) <= self.hidden | self.locked


def from_query(query: dict[str, str]) -> tuple[Lesson, list[str]]:
    """The lesson in a link, and one sentence for each name that is not a control."""
    parts, notes = {}, []
    for action in PARTS:
        names = [name.strip() for name in query.get(action, "").split(",") if name.strip()]
        notes += [
            f"The link says {action} = '{name[:40]}', which is not a control; "
            f"use all, {', '.join(CONTROLS[:-1])} or {CONTROLS[-1]}."
            for name in names
            if name not in (*CONTROLS, "all")
        ]
        parts[action] = frozenset(CONTROLS if "all" in names else names)
    return Lesson(parts["hide"], parts["lock"]), notes


def unless_read_only() -> dict[str, Any]:
    """What disables a button, and says why, where the lesson is read-only."""
    return {"disabled": True, "help": LOCKED} if current().read_only else {}


def current() -> Lesson:
    """The session's lesson; it stays in the link."""
    if "lesson" not in st.session_state:
        st.session_state["lesson"], notes = from_query(st.query_params.to_dict())
        st.session_state.setdefault("link_notes", []).extend(notes)
    return st.session_state["lesson"]


LOCKED = "The link that was opened here lets people look, but not start further work or delete."
"""Why a button is disabled where the lesson is read-only."""
SHARING = {
    "change everything": {},
    "change nothing": {"lock": "all"},
    "see no controls": {"hide": "all"},
}
"""What those who open a link can do -> its lesson."""


def share() -> None:
    """The link to this page and experiment, as it is or for a lesson."""
    with st.sidebar.popover("Share", icon=":material/share:", width="stretch"):
        query = st.query_params.to_dict()
        plain = {name: text for name, text in query.items() if name not in PARTS}
        access = st.segmented_control(
            "People with the link can",
            list(SHARING),
            default="change everything",
            required=True,
            key="share_as",
        )
        link = page_links.shared(plain | SHARING[access])
        st.code(link, language=None, wrap_lines=True)
        if urlsplit(link).hostname in ("localhost", "127.0.0.1", "::1"):
            st.caption(
                "**Only this computer can open an address with localhost.** For a room, start the "
                "app with `--server.address 0.0.0.0`, and open it by this computer's name or "
                "address in the network before you share."
            )
        st.caption(
            "The link opens this page with this experiment. `hide=` and `lock=` also take single "
            "controls, for example `lock=dataset,model`."
        )
