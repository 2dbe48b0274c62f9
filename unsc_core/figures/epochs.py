"""The decision space while it changes: one map, a frame per epoch, played in the browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis.replay import Epochs
from unsc_core.experiment.result import Result
from unsc_core.figures import decision_space
from unsc_core.figures.decision_space import PARTS, Points, Window
from unsc_core.figures.phrases import requested
from unsc_core.figures.playing import add_playing
from unsc_core.figures.theme import Look, Picture, class_colour, selected_mark, styled

HEIGHT = 620


def animated(
    result: Result,
    epochs: Epochs,
    positions: Points,
    window: Window,
    look: Look,
    begin: int = 0,
    selected: NDArray[np.intp] | None = None,
) -> Picture:
    """Where every shown sample is after each epoch, on one map, one frame per epoch.

    Args:
        result: the experiment.
        epochs: its model after every epoch.
        positions: (entries, n, 2) on one map.
        window: the axes' ranges.
        look: colours.
        begin: the entry to show first.
        selected: samples of the measured part, which are ringed.
    """
    names, forget = result.split.dataset.class_names, result.split.forget_classes
    part = result.split.measured_part
    labels = result.split.dataset.labels(part)[epochs.rows]
    leaves = result.split.is_forgotten(part)[epochs.rows]
    answers = epochs.logits.argmax(2)
    ringed = np.isin(epochs.rows, [] if selected is None else selected)
    colours = [class_colour(int(c), forget) for c in labels[~leaves]]
    corner = (window[0][0], window[1][1])

    def traces(i: int) -> list[go.Scatter]:
        hover = decision_space.hover_texts(labels, answers[i], names)
        here = np.round(positions[i], 3)
        return [
            _points(here[~leaves], hover[~leaves], decision_space.STAYS | {"color": colours}),
            _points(here[leaves], hover[leaves], decision_space.FORGOTTEN),
            _points(here[ringed], hover[ringed], selected_mark(look)),
            _caption(_reading(epochs, i), corner, look),
        ]

    figure = go.Figure([_paths(positions, leaves, look), *traces(begin)])
    figure.frames = [
        go.Frame(data=traces(i), traces=[1, 2, 3, 4], name=str(epoch))
        for i, epoch in enumerate(epochs.epoch)
    ]
    styled(figure, look, HEIGHT)
    figure.update_xaxes(range=window[0], **decision_space.BARE)
    figure.update_yaxes(range=window[1], **decision_space.BARE)
    middles = {c: np.median(positions[0][labels == c], axis=0) for c in np.unique(labels).tolist()}
    named = decision_space.class_names(middles, names, forget, window, HEIGHT, look)
    figure.update_layout(annotations=named)
    add_playing(figure, [str(epoch) for epoch in epochs.epoch], "epoch", look, begin)
    what = requested(result.split)
    alt = (
        f"Map of {len(labels)} {PARTS[part]} samples after each of {len(epochs.epoch) - 1} epochs; "
        f"{what} marked with vermilion crosses."
    )
    table = {"epoch": epochs.epoch, "Acc_f": epochs.acc_forget, "Acc_r": epochs.acc_retain}
    return Picture(figure, alt, _sentence(epochs, what), table)


def _points(places: Points, hover: NDArray[np.str_], marker: dict[str, Any]) -> go.Scatter:
    return go.Scatter(
        x=places[:, 0],
        y=places[:, 1],
        mode="markers",
        text=hover,
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
        marker=marker,
    )


def _caption(text: str, corner: tuple[float, float], look: Look) -> go.Scatter:
    """A text above the map; not the title, as frames that redraw it do not move points smoothly."""
    return go.Scatter(
        x=corner[:1],
        y=corner[1:],
        mode="text",
        text=[f" <b>{text}</b>"],
        textposition="top right",
        textfont={"size": 17, "color": look.ink},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _paths(positions: Points, leaves: NDArray[np.bool_], look: Look) -> go.Scatter:
    """The whole path of each forgotten sample, faint."""
    paths = np.round(positions[:, leaves], 3)
    gap = np.full((1, paths.shape[1], 2), np.nan, paths.dtype)
    line = np.concatenate([paths, gap]).transpose(1, 0, 2).reshape(-1, 2)
    return go.Scatter(
        x=line[:, 0],
        y=line[:, 1],
        mode="lines",
        line={"color": look.muted, "width": 0.6},
        opacity=0.35,
        hoverinfo="skip",
        showlegend=False,
    )


def _reading(epochs: Epochs, i: int) -> str:
    acc_forget, acc_retain = epochs.acc_forget[i], epochs.acc_retain[i]
    return f"Epoch {epochs.epoch[i]} · Acc_f {acc_forget:.1f} % · Acc_r {acc_retain:.1f} %"


def _sentence(epochs: Epochs, names: str) -> str:
    halfway = int(np.argmax(epochs.acc_forget <= epochs.acc_forget[0] / 2))
    lowest = int(np.argmin(epochs.acc_retain))
    halved = f"Acc_f on {names} never fell to half"
    if halfway:
        halved = f"Acc_f on {names} had halved after epoch {epochs.epoch[halfway]}"
    rest = "Acc_r never fell below that of the original"
    if lowest:
        level = f"{epochs.acc_retain[lowest]:.1f} %"
        rest = f"Acc_r was lowest after epoch {epochs.epoch[lowest]} ({level})"
    return f"{halved}; {rest}."
