"""The decision space: one map for all models."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.data.request import Split
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import class_title, percent, requested, run_title, short_names
from unsc_core.figures.theme import FORGET, Look, Picture, axis, class_colour, layout

STAYS = {"size": 6, "opacity": 0.55}
FORGOTTEN = {
    "color": FORGET,
    "size": 8,
    "symbol": "x-thin",
    "line": {"width": 1.8, "color": FORGET},
}
"""How retained and forgotten samples are marked."""
Points = NDArray[np.float32]
Window = tuple[tuple[float, float], tuple[float, float]]

Box = tuple[float, float, float]
"""A name in pixels: its middle from the left and from below, and half its width."""
NARROW, LINE = 300, 24
"""Pixels: the width of the narrowest panel, and the height of a name."""
PARTS = {"test": "test", "train": "training"}
TITLES = {"original": "Before: the original", "retrained": "Gold standard: retrained"}
BARE = dict.fromkeys(("showticklabels", "showgrid", "zeroline"), False) | {
    "showline": True,
    "mirror": True,
}
"""An axis without numbers: only distances on the map mean something."""


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
    """One model's map: × forgotten, ● retained, each class named at its middle.

    Args:
        result: the experiment.
        model: "original", "unlearned" or "retrained".
        positions: model -> (n, 2), all on one map.
        rows: (n,) which samples of `part` these are.
        look: colours.
        paths: draw a line from where each forgotten sample was in the original, in other models.
        height: in pixels.
        window: the axes' ranges; those of `positions` if None.
        part: "test" or "train".
    """
    labels = result.split.dataset.labels(part)[rows]
    answers = result.models[model].of(part)[rows].argmax(1)
    leaves = result.split.is_forgotten(part)[rows]
    here, before = positions[model], positions["original"]
    traces = _points(result, here, rows, labels, answers, leaves)
    if paths and model != "original":
        traces.insert(0, _paths(before[leaves], here[leaves], look))
    limits = window or ranges(positions)
    middles = _middles(result, model, here, labels, answers)
    names, forget = result.split.dataset.class_names, result.split.forget_classes
    bare = axis(look) | BARE
    figure = go.Figure(
        traces,
        layout(look, height, TITLES.get(model) or f"After: {run_title(result)}")
        | {
            "xaxis": bare | {"range": limits[0]},
            "yaxis": bare | {"range": limits[1]},
            "showlegend": False,
            "annotations": class_names(middles, names, forget, limits, height, look),
        },
    )
    alt = (
        f"Map of {len(rows)} {PARTS[part]} samples by the {model} model's logits; "
        f"{requested(result.split)} marked with vermilion crosses."
    )
    table = {"row": rows, "true": labels, "answer": answers, "x": here[:, 0], "y": here[:, 1]}
    return Picture(figure, alt, sentence(result, model, part), table)


def _points(
    result: Result,
    here: Points,
    rows: NDArray[np.intp],
    labels: NDArray[np.int64],
    answers: NDArray[np.int64],
    leaves: NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """Traces of the retained and of the forgotten samples."""
    names, last = result.split.dataset.class_names, result.split.dataset.num_classes - 1
    hover = hover_texts(labels, answers, names)
    colours = [class_colour(c, result.split.forget_classes) for c in range(last + 1)]
    stay = {
        "color": labels[~leaves],
        "cmin": 0,
        "cmax": last,
        "colorscale": [[c / last, colour] for c, colour in enumerate(colours)],
        **STAYS,
    }
    return [
        {
            "type": "scatter",
            "x": here[some, 0],
            "y": here[some, 1],
            "mode": "markers",
            "customdata": rows[some],
            "text": hover[some],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": marker,
        }
        for some, marker in ((~leaves, stay), (leaves, FORGOTTEN | {"opacity": 0.95}))
    ]


def hover_texts(
    labels: NDArray[np.int64], answers: NDArray[np.int64], names: tuple[str, ...]
) -> NDArray[np.str_]:
    """(n,) what each sample is, and what it is predicted as."""
    pairs = zip(labels, answers, strict=True)
    return np.array([f"true {names[true]}<br>predicted {names[answer]}" for true, answer in pairs])


def _paths(before: Points, here: Points, look: Look) -> dict[str, Any]:
    """Lines from where samples were to where they are, as one trace with gaps."""
    gap = np.full(len(here), np.nan)
    x, y = (np.stack([before[:, i], here[:, i], gap], 1).ravel() for i in (0, 1))
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines",
        "line": {"color": look.muted, "width": 0.6},
        "opacity": 0.45,
        "hoverinfo": "skip",
    }


def _middles(
    result: Result, model: str, here: Points, labels: NDArray[np.int64], answers: NDArray[np.int64]
) -> dict[int, Points]:
    """Class -> the middle of its correctly classified samples; forgotten ones in the original."""
    forget, middles = result.split.forget_classes, {}
    for label in [*result.split.retain_classes, *forget]:
        of_class = (labels == label) & ((answers == label) | (label in forget))
        if of_class.any() and (label not in forget or model == "original"):
            middles[label] = np.median(here[of_class], axis=0)
    return middles


def class_names(
    middles: dict[int, Points],
    names: tuple[str, ...],
    forget: tuple[int, ...],
    window: Window,
    height: int,
    look: Look,
) -> list[dict[str, Any]]:
    """Annotations: class names at their middles, apart if possible, the forgotten with an arrow."""
    low, high = np.array(window).T
    short = short_names(names)
    taken: list[Box] = []
    written = []
    for label, middle in sorted(
        middles.items(), key=lambda item: (item[0] in forget, float(item[1][1]))
    ):
        at = (middle - low) / (high - low) * (NARROW, height)
        half, forgotten = 5 * len(short[label]) + 4, label in forget
        ax, up = _beside(at, half, taken, height) if forgotten else (0, _above(at, half, taken))
        taken.append((at[0] + ax, at[1] + up, half))
        written.append(
            {
                "x": float(middle[0]),
                "y": float(middle[1]),
                "text": f"<b>{short[label]}</b>",
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


def _above(at: NDArray[np.floating], half: float, taken: list[Box]) -> int:
    """Pixels to move a name up so that it overlaps no other; those taken are ordered from below."""
    up = float(at[1])
    for other_across, other_up, other_half in taken:
        if abs(at[0] - other_across) < half + other_half and abs(up - other_up) < LINE:
            up = other_up + LINE
    return round(up - float(at[1]))


def _beside(
    at: NDArray[np.floating], half: float, taken: list[Box], height: int
) -> tuple[int, int]:
    """Pixels right and up from a point to the place in the panel farthest from other names."""

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


def sentence(result: Result, model: str, part: str) -> str:
    """What a model predicts for the samples to forget of "test" or "train"; empty until known."""
    request = result.split
    if not result.models[model].has(part):
        return ""
    of_forget = request.is_forgotten(part)
    if not of_forget.any():  # single training samples, on a map of test samples
        return ""
    labels = request.dataset.labels(part)[of_forget]
    answers = result.models[model].of(part)[of_forget].argmax(1)
    correct = percent(float((answers == labels).mean()))
    names = f"the {PARTS[part]} samples of {requested(request)}"
    if request.forget_ids:
        names = f"the {requested(request)}"
    if model == "original":
        return f"The original model classifies {correct} of {names} correctly."
    who = "After retraining" if model == "retrained" else f"After {run_title(result)}"
    text = f"{who}, {_predicted(request, names, answers, correct)}"
    if model == "unlearned" and result.retrained is not None and result.retrained.has(part):
        same = (answers == result.retrained.of(part)[of_forget].argmax(1)).mean()
        text += f" The retrained model predicts the same class for {percent(float(same))} of them."
    return text


def _predicted(request: Split, names: str, answers: NDArray[np.int64], correct: str) -> str:
    """The two most frequent classes that stay, and the share that is classified correctly."""
    away = ~np.isin(answers, request.forget_classes)  # of single samples, every class stays
    top = Counter(request.dataset.class_names[a] for a in answers[away]).most_common(2)
    if not top:
        return f"{correct} of {names} are classified correctly."
    shares = [(percent(count / len(answers)), class_title(name)) for name, count in top]
    (first, where), *more = shares
    also = "".join(f" and {share} as {name}" for share, name in more)
    return f"{first} of {names} are classified as {where}{also}; {correct} correctly."
