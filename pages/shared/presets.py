"""Experiments to open with one click, each with images of what is forgotten."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from pages.shared import cache, gallery, lesson, state
from unsc_core.experiment.presets import PRESETS, Preset

IMAGES = 3
"""Of each preset."""


def offered() -> list[dict[str, Any]]:
    """The presets for the page's script; none where a lesson fixes the controls."""
    if lesson.current().fixed(*lesson.CONTROLS):
        return []
    return [
        {
            "title": preset.title,
            "shows": preset.shows,
            "images": _images(preset),
            "address": f"?{urlencode(_query(preset))}",
        }
        for preset in PRESETS
    ]


def buttons() -> None:
    """The presets as plain buttons, for a page without a picture yet."""
    if lesson.current().fixed(*lesson.CONTROLS):
        return
    with st.container(horizontal=True):
        for number, preset in enumerate(PRESETS):
            st.button(preset.title, on_click=open_one, args=(number,), help=preset.shows)


def open_one(number: Any) -> None:
    """Open a preset by its place in the list; anything else, or a lesson's locks, does nothing."""
    if lesson.current().fixed(*lesson.CONTROLS) or number not in range(len(PRESETS)):
        return
    preset = PRESETS[int(number)]
    state.open_preset(preset.dataset, forget=preset.forget, method=preset.method)


def _query(preset: Preset) -> dict[str, str]:
    usual = state.default_state(preset.dataset)
    values = {**vars(usual), "forget": preset.forget, "method": preset.method}
    return state.to_query(state.ExperimentState(**values))


def _images(preset: Preset) -> list[str]:
    """Test images of the classes in turn."""
    data = cache.dataset(preset.dataset)
    of = [np.flatnonzero(data.y_test == c)[:IMAGES] for c in preset.forget]
    rows = np.stack(of, 1).ravel()[:IMAGES]
    return [gallery.data_uri(data.x_test[row]) for row in rows]
