"""The planes of the 2-D lab: played, stepped and scrubbed in the browser."""

from __future__ import annotations

from typing import Any

from pages.shared.components.mount import mount

FILES = ("plane.html", "plane.css", "plane_panel.js", "plane_player.js")


def planes(frames: dict[str, Any]) -> None:
    """Draw what `unsc_core.figures.lab_frames.frames` returned."""
    mount("planes", FILES, frames)
