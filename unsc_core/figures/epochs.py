"""The decision space while it changes: one map, one frame per epoch, played and scrubbed in the browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis.replay import Epochs
from unsc_core.experiment.result import Result
from unsc_core.figures.decision_space import PARTS, Points, Window, class_names
from unsc_core.figures.phrases import requested
from unsc_core.figures.theme import FORGET, Look, Picture, class_colour, styled

FRAME_MS = 300


def animated(
    result: Result, epochs: Epochs, positions: Points, window: Window, look: Look, begin: int = 0
) -> Picture:
    """Every shown sample's way through the epochs.

    Args:
        result: the experiment.
        epochs: its model after every epoch.
        positions: (entries, n, 2) on one map.
        window: the axes' ranges.
        look: colours.
        begin: the entry to show first.
    """
    dataset, forget = result.split.dataset, result.split.forget_classes
    part = result.split.measured_part
    labels, leaves = dataset.labels(part)[epochs.rows], result.split.is_forgotten(part)[epochs.rows]
    answers = epochs.logits.argmax(2)
    texts = [_reading(epochs, i) for i in range(len(epochs.epoch))]

    def traces(i: int) -> list[go.Scatter]:
        here = np.round(positions[i], 3)
        names = [
            f"true {dataset.class_names[t]}<br>answer {dataset.class_names[a]}"
            for t, a in zip(labels, answers[i], strict=True)
        ]
        return [
            go.Scatter(
                x=here[part, 0],
                y=here[part, 1],
                mode="markers",
                text=[name for name, chosen in zip(names, part, strict=True) if chosen],
                hovertemplate="%{text}<extra></extra>",
                showlegend=False,
                marker=marker,
            )
            for part, marker in ((~leaves, stay), (leaves, go_away))
        ] + [reading(texts[i])]

    def reading(
        text: str,
    ) -> go.Scatter:  # not the title: a frame that draws that anew cannot move its points smoothly
        return go.Scatter(
            x=[window[0][0]],
            y=[window[1][1]],
            mode="text",
            text=[f" <b>{text}</b>"],
            textposition="top right",
            textfont={"size": 17, "color": look.ink},
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )

    stay: dict[str, Any] = {
        "color": [class_colour(int(c), forget) for c in labels[~leaves]],
        "size": 6,
        "opacity": 0.55,
    }
    go_away: dict[str, Any] = {
        "symbol": "x-thin",
        "size": 8,
        "line": {"width": 1.8, "color": FORGET},
        "color": FORGET,
    }
    figure = go.Figure([_paths(positions, leaves, look), *traces(begin)])
    figure.frames = [
        go.Frame(data=traces(i), traces=[1, 2, 3], name=str(epoch))
        for i, epoch in enumerate(epochs.epoch)
    ]
    styled(figure, look, 620)
    for axis, limits in ((figure.update_xaxes, window[0]), (figure.update_yaxes, window[1])):
        axis(
            range=limits,
            showticklabels=False,
            showgrid=False,
            zeroline=False,
            showline=True,
            mirror=True,
            linecolor=look.grid,
        )
    middles = {c: np.median(positions[0][labels == c], axis=0) for c in np.unique(labels).tolist()}
    figure.update_layout(
        annotations=class_names(middles, dataset.class_names, forget, window, 620, look)
    )
    _controls(figure, [str(epoch) for epoch in epochs.epoch], look, begin)
    names = requested(result.split)
    alt = f"Map of {len(labels)} {PARTS[part]} samples after each of {len(epochs.epoch) - 1} epochs; {names} marked with vermilion crosses."
    table = {"epoch": epochs.epoch, "Acc_f": epochs.acc_forget, "Acc_r": epochs.acc_retain}
    return Picture(figure, alt, _sentence(epochs, names), table)


def _paths(positions: Points, leaves: NDArray[np.bool_], look: Look) -> go.Scatter:
    """Each forgotten sample's whole way, faint."""
    ways = np.round(positions[:, leaves], 3)
    gap = np.full((1, ways.shape[1], 2), np.nan, ways.dtype)
    line = np.concatenate([ways, gap]).transpose(1, 0, 2).reshape(-1, 2)
    return go.Scatter(
        x=line[:, 0],
        y=line[:, 1],
        mode="lines",
        line={"color": look.muted, "width": 0.6},
        opacity=0.35,
        hoverinfo="skip",
        showlegend=False,
    )


def _controls(figure: go.Figure, names: list[str], look: Look, begin: int) -> None:
    """Play, pause, and a slider over the epochs; nothing here asks the server."""
    step = {
        "frame": {"duration": FRAME_MS, "redraw": False},
        "transition": {"duration": FRAME_MS},
        "mode": "immediate",
    }
    buttons = [
        {"label": "▶ Play", "method": "animate", "args": [None, {**step, "fromcurrent": True}]},
        {
            "label": "❚❚ Pause",
            "method": "animate",
            "args": [[None], {"frame": {"duration": 0}, "mode": "immediate"}],
        },
    ]
    colours = {
        "bgcolor": look.paper,
        "bordercolor": look.muted,
        "font": {"size": 15, "color": look.ink},
    }
    at_once = {**step, "frame": {"duration": 0, "redraw": False}}
    place = {"x": 0, "y": -0.03, "xanchor": "left", "yanchor": "top"}
    figure.update_layout(
        margin={"t": 44, "b": 110},
        updatemenus=[
            {"type": "buttons", "direction": "left", "buttons": buttons, **place, **colours}
        ],
        sliders=[
            {
                "steps": [
                    {"label": name, "method": "animate", "args": [[name], at_once]}
                    for name in names
                ],
                "active": begin,
                "x": 0.24,
                "len": 0.76,
                "y": 0,
                "pad": {"t": 8},
                "currentvalue": {"prefix": "epoch ", "font": {"size": 15, "color": look.ink}},
                "font": {"size": 14, "color": look.ink},
                "bgcolor": look.grid,
                "activebgcolor": look.teal,
                "bordercolor": look.muted,
            }
        ],
    )


def _reading(epochs: Epochs, i: int) -> str:
    return f"Epoch {epochs.epoch[i]} · Acc_f {epochs.acc_forget[i]:.1f} % · Acc_r {epochs.acc_retain[i]:.1f} %"


def _sentence(epochs: Epochs, names: str) -> str:
    halfway = int(np.argmax(epochs.acc_forget <= epochs.acc_forget[0] / 2))
    lowest = int(np.argmin(epochs.acc_retain))
    text = (
        f"Half of {names} had gone after epoch {epochs.epoch[halfway]}"
        if halfway
        else f"{names} did not go by half"
    )
    rest = f"the rest was answered worst after epoch {epochs.epoch[lowest]} ({epochs.acc_retain[lowest]:.1f} %)"
    return f"{text}; {rest if lowest else 'after no epoch was the rest answered worse than by the original'}."
