"""Play, pause and a slider over the frames of a figure; none of these needs the server."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from unsc_core.figures.theme import Look

FRAME_MS = 300


STEP = {
    "frame": {"duration": FRAME_MS, "redraw": False},
    "transition": {"duration": FRAME_MS},
    "mode": "immediate",
}


def add_buttons(figure: go.Figure, look: Look, y: float) -> None:
    """Add Play and Pause below a figure, at this height in units of its plot."""
    stop = {"frame": {"duration": 0}, "mode": "immediate"}
    play, pause = [None, {**STEP, "fromcurrent": True}], [[None], stop]
    buttons = [
        {"label": "▶ Play", "method": "animate", "args": play},
        {"label": "❚❚ Pause", "method": "animate", "args": pause},
    ]
    place = {"x": 0, "y": y, "xanchor": "left", "yanchor": "top"}
    font = {"size": 15, "color": look.ink}
    colours = {"bgcolor": look.paper, "bordercolor": look.muted, "font": font}
    shape = {"type": "buttons", "direction": "left", "showactive": False}
    menu = {**shape, "buttons": buttons, **place, **colours}
    figure.update_layout(updatemenus=[menu])


def add_playing(
    figure: go.Figure, names: Sequence[str], unit: str, look: Look, begin: int = 0
) -> None:
    """Add Play, Pause and a slider over the frames below a figure.

    Args:
        figure: with its frames.
        names: of the frames, in order.
        unit: what a frame's name counts, as "epoch".
        look: colours.
        begin: the frame that is shown first.
    """
    at_once = {**STEP, "frame": {"duration": 0, "redraw": False}}
    font = {"size": 15, "color": look.ink}
    slider = {
        "steps": [
            {"label": name, "method": "animate", "args": [[name], at_once]} for name in names
        ],
        "active": begin,
        "x": 0.24,
        "len": 0.76,
        "y": 0,
        "pad": {"t": 8},
        "currentvalue": {"prefix": f"{unit} ", "font": font},
        "font": {"size": 14, "color": look.ink},
        "bgcolor": look.grid,
        "activebgcolor": look.accent,
        "bordercolor": look.muted,
    }
    add_buttons(figure, look, -0.03)
    figure.update_layout(margin={"t": 44, "b": 110}, sliders=[slider])
