"""Where one image falls on the map of the decision space, under each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.answers import like_most
from unsc_core.analysis.maps import pca_map, place, sample
from unsc_core.experiment.result import Result
from unsc_core.figures.accuracy_plane import REFERENCE_SYMBOLS
from unsc_core.figures.decision_space import LINE, NARROW, Points, Window, ranges, space
from unsc_core.figures.phrases import class_title, joined, run_title
from unsc_core.figures.theme import Look, Picture, method_colour, method_mark

SIZE, HEIGHT = 17, 430
"""Of the marks, and of the map, in pixels."""


def image_positions(
    result: Result, logits: Mapping[str, NDArray[np.float32]], umap: Points | None
) -> dict[str, Points]:
    """Model -> (2,) where an image with these logits lies on the map of the original.

    On PCA exactly; on a UMAP at the mean place of its nearest test samples, see `maps.place`.
    """
    original = result.original.test[sample(result.split.dataset)]
    rows = {model: of[None] for model, of in logits.items()}
    placed = pca_map(original, rows) if umap is None else place(original, umap, rows)
    return {model: of[0] for model, of in placed.items()}


def image_map(
    result: Result,
    positions: Points,
    image: Mapping[str, Points],
    logits: Mapping[str, NDArray[np.float32]],
    look: Look,
    row: int | None = None,
) -> Picture:
    """The map of the original with the image's place under each model.

    Args:
        result: the experiment.
        positions: (n, 2) the shown test samples under the original.
        image: model -> (2,) the place of the image.
        logits: model -> (classes,) of the image.
        look: colours.
        row: of the image, if it is a test sample.
    """
    rows = sample(result.split.dataset)
    every = {"original": np.concatenate([positions, np.stack(list(image.values()))])}
    window = ranges(every)
    background = space(
        result, "original", {"original": positions}, rows, look, height=HEIGHT, window=window
    )
    figure = background.figure
    _clear_marks(figure.layout.annotations, np.stack(list(image.values())), window)
    figure.update_traces(opacity=0.5, showlegend=False)
    figure.update_layout(title=None, showlegend=True, margin_t=40)
    path = np.stack(list(image.values()))
    figure.add_scatter(
        x=path[:, 0], y=path[:, 1], mode="lines", line={"color": look.ink, "width": 1.5},
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    for model, point in image.items():
        figure.add_scatter(**_mark(result, model, point, look))
    sentence = _sentence(result, logits, rows, row)
    alt = (
        f"Map of {len(rows)} test images by the original's logits, with the place of this image "
        f"under each model. {sentence}"
    )
    return Picture(figure, alt, sentence, {"model": list(image), "x": path[:, 0], "y": path[:, 1]})


def _clear_marks(names: Sequence[Any], marks: Points, window: Window) -> None:
    """Move names of classes, which are drawn over the marks, up or down until they cover none."""
    low, high = np.array(window).T
    scale = np.array([NARROW, HEIGHT]) / (high - low)
    places = (marks - low) * scale
    middles = np.array([_middle(name, low, scale) for name in names])
    halves = [5 * len(name.text) - 31 for name in names]  # the text has seven characters of markup

    def room(i: int, up: int) -> bool:
        at = middles[i] + (0, up)
        from_marks = np.abs(places - at) / (halves[i] + SIZE, LINE)
        others = [j for j in range(len(names)) if j != i]
        widths = np.array([halves[i] + halves[j] for j in others]).reshape(-1, 1)
        from_names = np.abs(middles[others] - at) / np.concatenate(
            [widths, np.full_like(widths, LINE)], axis=1
        )
        return bool((from_marks.max(1) >= 1).all() and (not up or (from_names.max(1) >= 1).all()))

    steps = sorted(range(-4 * LINE, 4 * LINE + 1, LINE // 4), key=abs)
    for i, name in enumerate(names):
        up = next((step for step in steps if room(i, step)), 0)
        middles[i] += (0, up)
        if up and name.showarrow:
            name.ay -= up
        elif up:
            name.yshift = (name.yshift or 0) + up


def _middle(
    name: Any, low: NDArray[np.floating], scale: NDArray[np.floating]
) -> NDArray[np.floating]:
    """The middle of a written name, in pixels from the left and from below."""
    shift = (name.ax, -name.ay) if name.showarrow else (0, name.yshift or 0)
    return (np.array([name.x, name.y]) - low) * scale + shift


def _mark(result: Result, model: str, point: Points, look: Look) -> dict[str, Any]:
    """The image's mark under one model, as a trace."""
    symbols = {**REFERENCE_SYMBOLS, "unlearned": method_mark(result.config.method)}
    unlearned = model == "unlearned"
    colour = method_colour(result.config.method, look) if unlearned else look.ink
    return {
        "name": _called(result, model),
        "x": [float(point[0])],
        "y": [float(point[1])],
        "mode": "markers",
        "marker": {
            "symbol": symbols[model],
            "size": SIZE,
            "color": colour,
            "line": {"width": 2, "color": look.paper if model != "original" else colour},
        },
        "hovertemplate": f"this image, {_called(result, model)}<extra></extra>",
    }


def _called(result: Result, model: str) -> str:
    return run_title(result) if model == "unlearned" else model


def _sentence(
    result: Result,
    logits: Mapping[str, NDArray[np.float32]],
    rows: NDArray[np.intp],
    row: int | None,
) -> str:
    """Which class is most frequent among the test samples that the image is placed among."""
    dataset = result.split.dataset
    near, labels = result.original.test[rows], dataset.y_test[rows]
    own = None if row is None or row not in rows else int(np.searchsorted(rows, row))
    found = {model: like_most(of, near, labels, own) for model, of in logits.items()}
    who = {
        "original": "the original",
        "unlearned": run_title(result),
        "retrained": "the retrained network",
    }
    votes = [str(count) for _, count, _ in found.values()]
    if len({label for label, _, _ in found.values()}) == 1 and len(found) > 1:
        every = "both" if len(found) == 2 else "all three"
        (label, *_), *_ = found.values()
        told = f"{class_title(dataset.class_names[label])} for {every} ({joined(votes)})"
    else:
        told = joined([
            f"{class_title(dataset.class_names[label])} for {who[model]} ({count})"
            for model, (label, count, _) in found.items()
        ])  # fmt: skip
    (_, _, count), *_ = found.values()
    return (
        f"Of the {count} test images whose logits in the original are nearest to this image's "
        f"logits in each network, the most frequent class is {told}."
    )
