"""The story: its chapters beside one figure that follows the scrolling, guesses, and presets."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared import page_links, presets
from pages.shared.components.mount import mount

FILES = ("story.html", "story.css", "story_panels.js", "story_stage.js", "story.js")


def draw(data: dict[str, Any]) -> None:
    """Draw the story, and go where its links lead.

    Args:
        data: "lead", "start", "chapters", "notes" and "presets" for the text; "stage" for the
            figure (`figures.story_stage`). A guess is kept under a chapter's "run" and "key".
    """
    sent = mount("story", FILES, data, on_page_change=_nothing, on_preset_change=_preset)
    if sent.page in page_links.PAGES:
        st.switch_page(page_links.path(sent.page))


def _preset() -> None:
    presets.open_one(st.session_state["component_story"]["preset"])


def _nothing() -> None:
    """A value without a callback is not sent."""
