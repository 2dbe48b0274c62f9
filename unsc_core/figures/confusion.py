"""Confusion matrices and their difference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis import evaluation
from unsc_core.analysis.claims import SAME, whole_points
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import (
    class_title,
    counted,
    moved,
    requested,
    run_title,
    short_names,
    short_ticks,
)
from unsc_core.figures.theme import FORGET, Look, Picture, add_cells, frame, label_margin, styled

NONE = np.array([], np.intp)
"""No samples."""
CELLS = "cells"
"""The trace whose marks are clicked and hovered."""
TITLES = {"original": "Original", "retrained": "Retrained"}


def matrix(result: Result, model: str, part: str, normalised: bool) -> NDArray[np.float64]:
    """(classes, classes), a row per true class: counts, or percent of the row if normalised."""
    dataset = result.split.dataset
    labels = dataset.labels(part)
    answers = result.models[model].of(part).argmax(1)
    counts = evaluation.confusion(answers, labels, dataset.num_classes).astype(float)
    return 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1) if normalised else counts


def cells_of(result: Result, model: str, part: str, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """(classes, classes) how many of some samples of "test" or "train" are in each cell.

    Of "difference": those that entered or left it.
    """
    dataset = result.split.dataset
    labels = dataset.labels(part)[rows]
    models = ("original", "unlearned") if model == "difference" else (model,)
    answers = [result.models[name].of(part)[rows].argmax(1) for name in models]
    moved = answers[0] != answers[-1] if len(answers) == 2 else np.ones(len(rows), bool)
    counts = [
        evaluation.confusion(one[moved], labels[moved], dataset.num_classes) for one in answers
    ]
    return np.sum(counts, axis=0)


def confusion(
    result: Result,
    model: str,
    part: str,
    normalised: bool,
    look: Look,
    selected: NDArray[np.intp] = NONE,
) -> Picture:
    """One model's confusion matrix; forgotten classes and the cells of `selected` are outlined."""
    values = matrix(result, model, part, normalised)
    figure = _heatmap(values, result, look, normalised, look.scale, (0, float(values.max())))
    title = TITLES.get(model) or f"Unlearned: {run_title(result)}"
    _finished(figure, result, look, title, cells_of(result, model, part, selected))
    request, answers = result.split, result.models[model].of(part).argmax(1)
    labels, forgotten = request.dataset.labels(part), request.is_forgotten(part)
    accuracy = evaluation.acc_retain(answers, labels, forgotten, request.dataset.num_classes)
    alt = (
        f"Confusion matrix of the {model} model on the {part} set; accuracy on the retained "
        f"classes {accuracy:.1f} percent."
    )
    return Picture(figure, alt, "", _table(values, result))


def difference(
    result: Result, part: str, normalised: bool, look: Look, selected: NDArray[np.intp] = NONE
) -> Picture:
    """Unlearned minus original: blue cells gained samples, vermilion cells lost them."""
    after, before = (matrix(result, m, part, normalised) for m in ("unlearned", "original"))
    change = after - before
    limit = float(np.abs(change).max()) or 1.0
    figure = _heatmap(
        change, result, look, normalised, look.loss_gain, (-limit, limit), signed=True
    )
    title = f"Difference: {run_title(result)} − original"
    _finished(figure, result, look, title, cells_of(result, "difference", part, selected))
    alt = "Difference of the confusion matrices, unlearned minus original."
    return Picture(figure, alt, _sentence(result, part), _table(change, result))


def _heatmap(
    values: NDArray[np.float64],
    result: Result,
    look: Look,
    normalised: bool,
    scale: Sequence[str],
    limits: tuple[float, float],
    signed: bool = False,
) -> go.Figure:
    names = list(result.split.dataset.class_names)
    shown = [
        ["" if abs(v) < 0.5 else _signed(v) if signed else f"{v:.0f}" for v in row]
        for row in values
    ]
    figure = go.Figure()
    add_cells(figure, names, values, shown if len(names) <= 12 else None, scale, limits, None)
    for c in result.split.forget_classes:
        frame(figure, (c, c), (0, len(names) - 1), FORGET, 2)
    return figure


def _signed(change: float) -> str:
    return f"{whole_points(change):+d}".replace("-", "−")


def _finished(
    figure: go.Figure, result: Result, look: Look, title: str, selected: NDArray[np.int64]
) -> None:
    rows, columns = np.indices((result.split.dataset.num_classes,) * 2)
    names = result.split.dataset.class_names
    figure.add_scatter(  # heat maps cannot be clicked: invisible marks can
        x=[names[c] for c in columns.ravel()],
        y=[names[r] for r in rows.ravel()],
        customdata=np.stack([rows.ravel(), columns.ravel()], 1).tolist(),
        name=CELLS,
        mode="markers",
        marker={"symbol": "square", "size": max(6, 300 // len(names)), "opacity": 0},
        hoverinfo="none",
        showlegend=False,
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )
    for row, column in np.argwhere(selected).tolist():
        most = selected[row, column] == selected.max()
        frame(figure, (row, row), (column, column), look.ink, 3 if most else 1.5)
    styled(figure, look, 500, title)
    room = label_margin(short_names(names))
    figure.update_layout(margin={"l": room + 28, "b": round(0.75 * room) + 34})
    edge = len(names) - 0.5
    plain = {"showgrid": False, "type": "category", "labelalias": short_ticks(names)}
    figure.update_xaxes(title_text="predicted class", tickangle=-45, range=[-0.5, edge], **plain)
    figure.update_yaxes(title_text="true class", range=[edge, -0.5], **plain)


def _table(values: NDArray[np.float64], result: Result) -> dict[str, object]:
    names = result.split.dataset.class_names
    return {
        "true class": list(names),
        **{f"predicted {name}": values[:, i] for i, name in enumerate(names)},
    }


def _sentence(result: Result, part: str) -> str:
    dataset = result.split.dataset
    change = matrix(result, "unlearned", part, True) - matrix(result, "original", part, True)
    names = [class_title(name) for name in dataset.class_names]
    gains = [(change[c, c], names[c]) for c in result.split.retain_classes]
    best, worst = max(gains), min(gains)
    kind = "class" if result.split.forget_ids else "retained class"
    classes = counted(len(gains), kind)
    if max(abs(best[0]), abs(worst[0])) <= SAME:
        every = f"all {classes}" if len(gains) > 1 else f"the only {kind}"
        return (
            f"{run_title(result)} on {requested(result.split)} left the accuracy of {every} "
            "as it was."
        )
    text = (
        f"{run_title(result)} on {requested(result.split)} "
        f"{moved(f'accuracy on {best[1]}', best[0])}"
    )
    if worst[1] != best[1]:
        same = moved("", best[0]).split()[0] == moved("", worst[0]).split()[0] != "left"
        other = f"that on {worst[1]}"
        text += f" and {other} by {abs(worst[0]):.1f}" if same else f" and {moved(other, worst[0])}"
    rising, falling = (sum(sign * whole_points(gain) > 0 for gain, _ in gains) for sign in (1, -1))
    return (
        f"{text}; of {classes}, {rising or 'none'} gain"
        f"{'' if rising > 1 else 's'} and {falling or 'none'} lose{'' if falling > 1 else 's'} "
        "at least half a point."
    )
