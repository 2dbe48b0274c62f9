"""The decision space: one map for all models."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import joined, percent, requested, run_title
from unsc_core.figures.theme import FORGET, Look, Picture, axis, class_colour, layout

Points = NDArray[np.float32]
Window = tuple[tuple[float, float], tuple[float, float]]

NARROW, LINE = 300, 24
"""Pixels: the width of the narrowest panel, and the height of a name."""
PARTS = {"test": "test", "train": "training"}
TITLES = {"original": "Before: the original", "retrained": "Gold standard: retrained"}


def ranges(positions: dict[str, Points]) -> Window:
    """One pair of axis ranges that holds every model's points."""
    every = np.concatenate(list(positions.values()))
    low, high = np.percentile(every, 0.2, axis=0), np.percentile(every, 99.8, axis=0)
    margin = 0.08 * (high - low) + 1e-6
    low, high = low - margin, high + margin
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def space(
    result: Result,
    model: str,
    positions: dict[str, Points],
    rows: NDArray[np.intp],
    look: Look,
    *,
    paths: bool = False,
    height: int = 440,
    window: Window | None = None,
    part: str = "test",
) -> Picture:
    """One model's map: what is forgotten as vermilion ×, the rest as ●, each class named at its middle.

    Args:
        result: the experiment.
        model: "original", "unlearned" or "retrained".
        positions: model -> (n, 2), all on one map.
        rows: (n,) which samples of `part` these are.
        look: colours.
        paths: draw a line from where each forgotten sample was in the original.
        height: in pixels.
        window: the axes' ranges; those of `positions` if None.
        part: "test" or "train".
    """
    dataset, forget = result.split.dataset, result.split.forget_classes
    labels, answers = dataset.labels(part)[rows], result.models[model].of(part)[rows].argmax(1)
    leaves = result.split.is_forgotten(part)[rows]
    here, before = positions[model], positions["original"]
    names = np.array(
        [
            f"true {dataset.class_names[label]}<br>answer {dataset.class_names[a]}"
            for label, a in zip(labels, answers, strict=True)
        ]
    )
    last = dataset.num_classes - 1
    stay = {
        "color": labels[~leaves],
        "cmin": 0,
        "cmax": last,
        "colorscale": [[c / last, class_colour(c, forget)] for c in range(last + 1)],
        "size": 6,
        "opacity": 0.55,
    }
    go_away = {
        "color": FORGET,
        "size": 8,
        "symbol": "x-thin",
        "line": {"width": 1.8, "color": FORGET},
        "opacity": 0.95,
    }
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "x": here[some, 0],
            "y": here[some, 1],
            "mode": "markers",
            "customdata": rows[some],
            "text": names[some],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": marker,
        }
        for some, marker in ((~leaves, stay), (leaves, go_away))
    ]
    if paths:
        line_x, line_y = (
            np.stack([before[leaves, i], here[leaves, i], np.full(leaves.sum(), np.nan)], 1).ravel()
            for i in (0, 1)
        )
        line = {"color": look.muted, "width": 0.6}
        traces.insert(
            0,
            {
                "type": "scatter",
                "x": line_x,
                "y": line_y,
                "mode": "lines",
                "line": line,
                "opacity": 0.45,
                "hoverinfo": "skip",
            },
        )
    limits = window or ranges(positions)
    middles = {}
    for label in [*result.split.retain_classes, *forget]:
        of_class = (labels == label) & ((answers == label) | (label in forget))
        if of_class.any() and (label not in forget or model == "original"):
            middles[label] = np.median(here[of_class], axis=0)
    bare = axis(look) | {
        "showticklabels": False,
        "showgrid": False,
        "zeroline": False,
        "showline": True,
        "mirror": True,
    }
    figure = go.Figure(
        traces,
        layout(look, height, TITLES.get(model) or f"After: {run_title(result)}")
        | {
            "xaxis": bare | {"range": limits[0]},
            "yaxis": bare | {"range": limits[1]},
            "showlegend": False,
            "annotations": class_names(middles, dataset.class_names, forget, limits, height, look),
        },
    )
    alt = f"Map of {len(rows)} {PARTS[part]} samples by the {model} model's logits; {requested(result.split)} marked with vermilion crosses."
    table = {"row": rows, "true": labels, "answer": answers, "x": here[:, 0], "y": here[:, 1]}
    return Picture(figure, alt, _sentence(result, model), table)


def class_names(
    middles: dict[int, Points],
    names: tuple[str, ...],
    forget: tuple[int, ...],
    window: Window,
    height: int,
    look: Look,
) -> list[dict[str, Any]]:
    """Annotations: each class's name at its middle, forgotten ones beside an arrow; no two lie on each other where there is room."""
    low, high = np.array(window).T
    taken: list[
        tuple[float, float, float]
    ] = []  # of each name in pixels: its middle's distance from the left and from below, half its width
    written = []
    for label, middle in sorted(
        middles.items(), key=lambda item: (item[0] in forget, float(item[1][1]))
    ):
        at = (middle - low) / (high - low) * (NARROW, height)
        half, forgotten = 5 * len(names[label]) + 4, label in forget
        ax, up = _beside(at, half, taken, height) if forgotten else (0, _above(at, half, taken))
        taken.append((at[0] + ax, at[1] + up, half))
        written.append(
            {
                "x": float(middle[0]),
                "y": float(middle[1]),
                "text": f"<b>{names[label]}</b>",
                "showarrow": forgotten,
                **(
                    {"ax": ax, "ay": -up, "arrowcolor": FORGET, "arrowwidth": 2}
                    if forgotten
                    else {"yshift": up}
                ),
                "font": {"size": 15, "color": FORGET if forgotten else look.ink},
                "bgcolor": look.paper,
                "opacity": 1 if forgotten else 0.82,
                "borderpad": 1,
            }
        )
    return written


def _above(at: NDArray[np.floating], half: float, taken: list[tuple[float, float, float]]) -> int:
    """Pixels to move a name up so that it lies on no other; those taken are ordered from below."""
    up = float(at[1])
    for other_across, other_up, other_half in taken:
        if abs(at[0] - other_across) < half + other_half and abs(up - other_up) < LINE:
            up = other_up + LINE
    return round(up - float(at[1]))


def _beside(
    at: NDArray[np.floating], half: float, taken: list[tuple[float, float, float]], height: int
) -> tuple[int, int]:
    """Pixels right and up from a point to where its name lies furthest from all others, and within the panel."""

    def room(place: tuple[int, int]) -> float:
        across, up = at + place
        if not (half < across < NARROW - half and LINE < up < height - 3 * LINE):
            return 0.0
        return min(
            (max(abs(across - x) / (half + other), abs(up - y) / LINE) for x, y, other in taken),
            default=1.0,
        )

    return max(
        ((x, y) for reach in (54, 81) for x in (reach, -reach, 0) for y in (48, -48, 0) if x or y),
        key=room,
    )


def _sentence(result: Result, model: str) -> str:
    request, part = result.split, result.split.measured_part
    if not result.models[model].has(part):
        return ""
    of_forget = request.is_forgotten(part)
    labels, answers = (
        request.dataset.labels(part)[of_forget],
        result.models[model].of(part)[of_forget].argmax(1),
    )
    own = float((answers == labels).mean())
    names = (
        f"the {requested(request)}"
        if request.forget_ids
        else f"the {PARTS[part]} images of {requested(request)}"
    )
    if model == "original":
        return f"The original model recognises {percent(own)} of {names}."
    gone = (
        answers[answers != labels]
        if request.forget_ids
        else answers[~np.isin(answers, request.forget_classes)]
    )
    top = Counter(request.dataset.class_names[a] for a in gone).most_common(2)
    parts = (
        [joined([f"{percent(count / len(answers))} are answered {name}" for name, count in top])]
        if top
        else []
    )
    who = "By a model that never saw them" if model == "retrained" else f"After {run_title(result)}"
    text = f"{who}, of {names} {'; '.join([*parts, f'{percent(own)} are recognised'])}."
    if model == "unlearned" and result.retrained is not None and result.retrained.has(part):
        same = (answers == result.retrained.of(part)[of_forget].argmax(1)).mean()
        text += f" {percent(float(same))} have the answer that the retrained model gives."
    return text
