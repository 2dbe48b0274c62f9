"""The planes of the 2-D lab: played, stepped and scrubbed in the browser by the scripts beside this file."""

from __future__ import annotations

from typing import Any

from pages.shared.component import mount


def planes(frames: dict[str, Any]) -> None:
    """Draw what `unsc_core.figures.lab_frames.frames` made."""
    mount("planes", ("plane.html", "plane.css", "plane_panel.js", "plane_player.js"), frames)
