"""A network that is still being trained or unlearned: curves, a map and a matrix as SVG.

They are light enough to be drawn anew after every epoch, which plotly's are not.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.evaluation import confusion
from unsc_core.analysis.glimpses import corners, looked_at
from unsc_core.data.request import Split
from unsc_core.figures.phrases import joined
from unsc_core.figures.theme import FORGET, RETAIN, class_colour
from unsc_core.progress import Glimpse

OTHERS = RETAIN[0]
CURVES, MAP, MATRIX = (300, 150), (330, 230), 230
"""Width and height of the curves and of the map, and the side of the matrix, in pixels."""
MIDDLE = np.array(MAP) / 2
RADIUS, SPREAD = 82.0, 5.0
"""Of the circle of classes, and of samples with the same answer."""
KEY = (
    "× to forget · ● others: each sample is drawn to the classes it is taken for, more to the "
    "likelier. The matrix has the classes in their order, which on the circle is clockwise from "
    "the top."
)
NAMED, LONGEST = 12, 11
"""With more classes, none has its name on the map; longer names are cut."""


def live(glimpse: Glimpse, request: Split) -> dict[str, Any]:
    """What is recognised by epoch, where each sample stands, and what is predicted for which class.

    Returns:
        What pages/shared/components/live.js draws: "words" and "key"; "curves", "map" and "matrix"
        as SVG; and of each sample on the map its place in "places", and its colour and whether it
        is to be forgotten in "marks".
    """
    data = request.dataset
    rows, part = looked_at(request), request.measured_part
    answers = np.frombuffer(glimpse.answers, np.uint16).astype(np.int64)
    labels, forgotten = data.labels(part)[rows], request.is_forgotten(part)[rows]
    kind = "test" if part == "test" else "training"
    when = f"after epoch {glimpse.epoch}" if glimpse.epoch else "before the first epoch"
    found = f"{glimpse.work[:1].upper()}{glimpse.work[1:]}, {when}"
    if not glimpse.last:  # a method without epochs
        found = "Unlearned" if glimpse.epoch else "The original"
    shares = [
        f"{curve[-1]:.0f}\u00a0% of {count:,} {whose}"
        for curve, count, whose in (
            (glimpse.forgotten, int(forgotten.sum()), f"{kind} samples to forget"),
            (glimpse.others, int((~forgotten).sum()), "others"),
        )
        if count
    ]
    words = f"{found}: recognised are {joined(shares)}"
    marks = [
        [FORGET if gone else class_colour(label, request.forget_classes), gone]
        for label, gone in zip(labels.tolist(), forgotten.tolist(), strict=True)
    ]
    return {
        "words": f"{words}.",
        "key": KEY,
        "curves": _curves(glimpse) if glimpse.last else "",
        "map": _map(request),
        "matrix": _matrix(confusion(answers, labels, data.num_classes), request),
        "places": _places(glimpse).round(1).tolist(),
        "marks": marks,
    }


def _svg(width: int, height: int, label: str, inside: Iterator[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(label)}" '
        f'style="flex:0 1 {width}px;width:{width}px;max-width:100%">{"".join(inside)}</svg>'
    )


def _curves(glimpse: Glimpse) -> str:
    """What is recognised by epoch, in percent."""
    width, height = CURVES
    left, top, right, low = 34, 8, width - 66, height - 20

    def drawn() -> Iterator[str]:
        for percent in (0, 50, 100):
            y = low - (low - top) * percent / 100
            yield _line(left, y, right, y, 0.18) + _text(left - 6, y + 4, f"{percent}", "end")
        for x, words in (
            (left, "0"),
            ((left + right) / 2, "epoch"),
            (right, f"{max(1, glimpse.last)}"),
        ):
            yield _text(x, height - 4, words, "middle")
        curves = ((glimpse.others, OTHERS, "others"), (glimpse.forgotten, FORGET, "to forget"))
        ends = []
        for curve, colour, name in curves:
            places = [
                (left + (right - left) * i / max(1, glimpse.last), low - (low - top) * each / 100)
                for i, each in enumerate(curve)
                if not math.isnan(each)
            ]
            if not places:
                continue
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            x, y = places[-1]
            yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
            yield _dot(x, y, 3.5, colour, 1)
            ends.append((x, y, name))
        if len(ends) == 2 and abs(ends[0][1] - ends[1][1]) < 13:  # their names would overlap
            upper, lower = sorted(ends, key=lambda end: end[1])
            middle = (upper[1] + lower[1]) / 2
            ends = [(*upper[:1], middle - 7, upper[2]), (*lower[:1], middle + 7, lower[2])]
        for x, y, name in ends:
            yield _text(x + 7, min(y + 4, low - 2), name)

    return _svg(width, height, "Samples recognised by epoch, in percent", drawn())


def _places(glimpse: Glimpse) -> NDArray[np.float64]:
    """(n, 2) in pixels. Samples in one place are spread a little, always in the same way."""
    places = np.frombuffer(glimpse.places, np.float32).reshape(-1, 2)
    order = np.arange(len(places))
    turns, wide = order * math.pi * (3 - math.sqrt(5)), SPREAD * np.sqrt((order * 0.618034) % 1)
    offsets = wide[:, None] * np.stack([np.cos(turns), np.sin(turns)], 1)
    return MIDDLE + RADIUS * places + offsets


def _map(of: Split) -> str:
    """The classes on their circle; the samples are drawn by live.js."""
    classes = of.dataset.num_classes

    def drawn() -> Iterator[str]:
        for c, (right, down) in enumerate(corners(classes)):
            x, y = MIDDLE + RADIUS * np.array((right, down))
            yield _dot(x, y, 9, class_colour(c, of.forget_classes), 0.22)
            if classes <= NAMED:
                side = "middle" if abs(right) < 0.05 else "start" if right > 0 else "end"
                below = 10 if side == "middle" and down > 0 else 4
                name = of.dataset.class_names[c]
                name = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
                yield _text(x + 14 * right, y + 14 * down + below, name, side)

    label = "Each sample drawn to the classes it is taken for; crosses are to be forgotten"
    return _svg(*MAP, label, drawn())


def _matrix(counts: NDArray[np.int64], of: Split) -> str:
    """Rows: true classes, columns: predicted classes; the rows of forgotten classes are framed."""
    classes, top = len(counts), 16
    side = (MATRIX - top - 2) / classes
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))

    def drawn() -> Iterator[str]:
        middle = (MATRIX + top) / 2
        yield _text(middle, 11, "predicted class", "middle")
        rows = _text(11, middle, "true class", "middle")
        yield f'<g transform="rotate(-90 11 {middle})">{rows}</g>'
        for row, column in zip(*np.nonzero(counts), strict=True):
            colour = FORGET if row in of.forget_classes else OTHERS
            yield (
                f'<rect x="{top + column * side:.2f}" y="{top + row * side:.2f}" '
                f'width="{0.95 * side:.2f}" height="{0.95 * side:.2f}" fill="{colour}" '
                f'fill-opacity="{0.08 + 0.92 * shares[row, column]:.2f}"/>'
            )
        for row in of.forget_classes:
            yield (
                f'<rect x="{top - 1}" y="{top + row * side - 1:.1f}" width="{MATRIX - top:.1f}" '
                f'height="{side + 1:.1f}" fill="none" stroke="{FORGET}"/>'
            )
        wide = MATRIX - top - 1
        yield (
            f'<rect x="{top - 0.5}" y="{top - 0.5}" width="{wide}" height="{wide}" fill="none" '
            'stroke="currentColor" stroke-opacity=".25"/>'
        )

    return _svg(MATRIX, MATRIX, "Which class is predicted for which", drawn())


def _line(x0: float, y0: float, x1: float, y1: float, opacity: float) -> str:
    return (
        f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="currentColor" '
        f'stroke-opacity="{opacity}"/>'
    )


def _dot(x: float, y: float, radius: float, colour: str, opacity: float) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}" fill-opacity="{opacity}"/>'
    )


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" fill="currentColor" '
        f'text-anchor="{anchor}">{html.escape(words)}</text>'
    )
