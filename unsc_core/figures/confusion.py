"""Confusion matrices and their difference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core import evaluation
from unsc_core.figures.theme import FORGET, Look, Picture, add_cells, label_margin, styled
from unsc_core.figures.words import joined, points
from unsc_core.results import Result

TITLES = {"original": "Original", "unlearned": "Unlearned", "retrained": "Retrained"}


def matrix(result: Result, model: str, part: str, normalised: bool) -> NDArray[np.float64]:
    """(classes, classes): rows are true classes, in percent of the row when normalised, else counts."""
    dataset = result.split.dataset
    labels = dataset.y_test if part == "test" else dataset.y_train
    logits = getattr(result.models[model], part)
    counts = evaluation.confusion(logits.argmax(1), labels, dataset.num_classes).astype(float)
    return 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1) if normalised else counts


def confusion(result: Result, model: str, part: str, normalised: bool, look: Look) -> Picture:
    """One model's confusion matrix, forgotten classes outlined."""
    values = matrix(result, model, part, normalised)
    figure = _heatmap(values, result, look, normalised, look.scale, (0, float(values.max())))
    _finished(figure, result, look, TITLES[model])
    accuracy = evaluation.acc_retain(
        getattr(result.models[model], part).argmax(1),
        result.split.dataset.y_test if part == "test" else result.split.dataset.y_train,
        result.split.is_forgotten(part),
        result.split.dataset.num_classes,
    )
    alt = f"Confusion matrix of the {model} model on the {part} set; retain classes are right in {accuracy:.1f} percent."
    return Picture(figure, alt, "", _table(values, result))


def difference(result: Result, part: str, normalised: bool, look: Look) -> Picture:
    """Unlearned minus original: teal cells gained answers, vermilion cells lost them."""
    change = matrix(result, "unlearned", part, normalised) - matrix(result, "original", part, normalised)
    limit = float(np.abs(change).max()) or 1.0
    figure = _heatmap(change, result, look, normalised, look.loss_gain, (-limit, limit), signed=True)
    _finished(figure, result, look, "Difference: unlearned − original")
    return Picture(figure, "Difference of the confusion matrices, unlearned minus original.", _sentence(result, part), _table(change, result))


def _heatmap(
    values: NDArray[np.float64], result: Result, look: Look, normalised: bool, scale: Sequence[str], limits: tuple[float, float], signed: bool = False
) -> go.Figure:
    names = list(result.split.dataset.class_names)
    unit = " %" if normalised else ""
    form = "%{z:+.1f}" if signed and normalised else "%{z:+.0f}" if signed else "%{z:.1f}" if normalised else "%{z:.0f}"
    cell = "{:+.0f}" if signed else "{:.0f}"
    shown = [["" if abs(v) < 0.5 else cell.format(v).replace("-", "−") for v in row] for row in values]
    figure = go.Figure()
    hover = f"true %{{y}}<br>answer %{{x}}<br><b>{form}{unit}</b><extra></extra>"
    add_cells(figure, names, values, shown if len(names) <= 12 else None, scale, limits, hover)
    for c in result.split.forget_classes:
        figure.add_shape(type="rect", x0=-0.5, x1=len(names) - 0.5, y0=c - 0.5, y1=c + 0.5, line={"color": FORGET, "width": 2})
    return figure


def _finished(figure: go.Figure, result: Result, look: Look, title: str) -> None:
    styled(figure, look, 500, title)
    room = label_margin(result.split.dataset.class_names)
    figure.update_layout(margin={"l": room + 28, "b": round(0.75 * room) + 34})
    figure.update_xaxes(title_text="answer", tickangle=-45, showgrid=False, type="category")
    figure.update_yaxes(title_text="true class", autorange="reversed", showgrid=False, type="category")


def _table(values: NDArray[np.float64], result: Result) -> dict[str, object]:
    names = result.split.dataset.class_names
    return {"true class": list(names), **{f"answer {name}": values[:, i] for i, name in enumerate(names)}}


def _sentence(result: Result, part: str) -> str:
    dataset, forget = result.split.dataset, result.split.forget_classes
    change = matrix(result, "unlearned", part, True) - matrix(result, "original", part, True)
    gains = [(change[c, c], dataset.class_names[c]) for c in result.split.retain_classes]
    best, worst = max(gains), min(gains)
    names = joined([dataset.class_names[c] for c in forget])
    text = f"With {names} forgotten, {best[1]} changed by {points(best[0])} points"
    if worst[1] != best[1]:
        text += f" and {worst[1]} by {points(worst[0])}"
    rising = sum(gain > 0 for gain, _ in gains)
    return f"{text}; {rising} of {len(gains)} retained classes are answered better than before."
