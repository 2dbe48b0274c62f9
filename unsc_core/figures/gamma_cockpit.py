"""Cut, reachable share, outcomes and a small map over γ: the data of a view that one slider moves.

The view is drawn in the browser by pages/shared/components/gamma.js.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.gamma_sweep import READ, SWEEP, SweepRun, by_gamma, shown
from unsc_core.analysis.measure import Measure
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.spread import interval
from unsc_core.data.request import Split
from unsc_core.figures.gamma_words import sweep_sentence
from unsc_core.figures.lab import GAMMAS
from unsc_core.figures.phrases import MODEL_TITLES, requested, short_names
from unsc_core.figures.theme import DARK, FORGET, LIGHT, RETAIN, class_colour

OFFSET = 1e-3
"""γ is spaced by log(1 − γ + OFFSET), so that 0.9, 0.99 and 0.999 are apart and 1 is in sight."""
GRID = 1000
"""Places on the map along each axis."""
REFERENCES = ("original", "mask", "retrained")
ROLES = {
    "acc_forget": ("forget", "cross"),
    "acc_retain": ("retain", "dot"),
    "added": ("retain", "diamond"),
    "logit_drift": ("muted", "square"),
}
"""Measure -> its colour and mark."""
LEAST_SPAN = {"acc_forget": 5.0, "acc_retain": 4.0, "added": 4.0, "logit_drift": 0.1}
"""Least height of each axis: a small difference must not look large."""
WORDS = {
    "key": "Small charts: dotted, original; dashed, mask; solid, retrained · ○ on the axis: not "
    "run yet · drift: how far the logits of retained test samples are from the original’s",
    "spread": " · points: means; bars and bands: 95\u00a0% intervals",
    "fixed": " The link that was opened here fixes γ.",
    "dashed": " Dashed: the retained classes’ energy in the layer chosen.",
    "reach": "How much of the forgotten samples’ energy is in reach is still being computed.",
    "places": "The predictions that the map needs are still being computed.",
}
"""Texts that do not depend on γ."""
NAMED = 12
"""With more classes, only the forgotten ones have their names on the map."""


@dataclass(frozen=True, eq=False)
class Cockpit:
    """The view.

    Attributes:
        data: for the script, in JSON types.
        sentence: what the whole sweep says.
        table: the runs, column name -> values.
    """

    data: dict[str, Any]
    sentence: str
    table: dict[str, Any] = field(default_factory=dict)


def stops(*more: float) -> list[float]:
    """The γ that the slider stops at, ascending; `more` are among them."""
    return sorted({*GAMMAS, *SWEEP, *more})


def positions(gammas: Sequence[float]) -> list[float]:
    """Where each γ is on the axis, 0 for the lowest and 1 for the highest of them."""
    log = -np.log10(1 - np.asarray(gammas, float) + OFFSET)
    return [round(float(each), 5) for each in (log - log[0]) / (log[-1] - log[0])]


def distances(gammas: Sequence[float], at: float) -> list[float]:
    """How far each γ is from another one on the axis."""
    log = -np.log10(1 - np.array([*gammas, at]) + OFFSET)
    return [float(each) for each in np.abs(log[:-1] - log[-1])]


def cockpit(
    request: Split,
    layers: list[dict[str, Any]],
    runs: Sequence[SweepRun],
    at: Sequence[float],
    own: float | None,
) -> Cockpit:
    """The view of a sweep.

    Args:
        request: what is forgotten.
        layers: as `gamma_layers.layers` returns them for `at`.
        runs: of the sweep, as `gamma_sweep.comparable` leaves them.
        at: the γ of the slider, see `stops`.
        own: the γ of the experiment; None if each layer has its own.
    """
    found = by_gamma(runs)
    index = {gamma: i for i, gamma in enumerate(at)}
    own_index = [] if own is None else [index[own]]
    data = {
        "words": WORDS,
        "gammas": [f"{gamma:g}" for gamma in at],
        "positions": positions(at),
        "planned": sorted({*(index[gamma] for gamma in SWEEP), *own_index}),
        "own": own_index[0] if own_index else None,
        "seeds": {index[gamma]: len(of) for gamma, of in found.items()},
        "layers": layers,
        "charts": [_chart(MEASURES[key], found, index) for key in READ],
        "map": _map(request, found, index),
        "colours": _colours(),
    }
    return Cockpit(data, sweep_sentence(runs), _table(runs))


def _colours() -> dict[str, str]:
    """Name -> colour for light and dark mode, in CSS."""
    pairs = {
        name: (getattr(LIGHT, name), getattr(DARK, name)) for name in ("teal", "muted", "grid")
    }
    pairs |= {"forget": (FORGET, FORGET), "retain": (RETAIN[0], RETAIN[3])}
    return {name: f"light-dark({light}, {dark})" for name, (light, dark) in pairs.items()}


def _chart(
    measure: Measure, found: dict[float, list[SweepRun]], index: dict[float, int]
) -> dict[str, Any]:
    """One measure over γ: mean and interval over the seeds at each γ, and the references."""
    colour, mark = ROLES[measure.key]
    points = []
    for gamma, runs in found.items():
        values = [value for run in runs if (value := run.value(measure.key)) is not None]
        if values:
            of = interval(values)
            points.append(
                {"stop": index[gamma], "mean": of.mean, "half": of.half, "values": values}
            )
    references: list[dict[str, Any]] = [
        {"name": name, "title": MODEL_TITLES[name], "value": value}
        for name in REFERENCES
        if (value := _reference(name, measure.key, found)) is not None
    ]
    low, high, ticks = _axis(measure, points, [one["value"] for one in references])
    return {
        "key": measure.key,
        "name": measure.name,
        "title": measure.title,
        "help": measure.help,
        "unit": measure.unit,
        "digits": measure.digits,
        "signed": measure.signed,
        "colour": colour,
        "mark": mark,
        "low": low,
        "high": high,
        "ticks": ticks,
        "points": points,
        "references": references,
        "empty": _empty(measure, found),
    }


def _empty(measure: Measure, found: dict[float, list[SweepRun]]) -> str:
    """Why a measure has no value at any γ."""
    if not found:
        return "No γ has been run yet."
    if any(run.value(measure.key) is not None for runs in found.values() for run in runs):
        return ""
    if measure.key == "added":
        return "Single samples have no mask to compare with, as their class stays."
    return "The predictions that this needs are still being computed."


def _reference(name: str, key: str, found: dict[float, list[SweepRun]]) -> float | None:
    """A measure of another model, which depends on the seed only: its mean over the seeds."""
    values = {
        run.seed: value
        for runs in found.values()
        for run in runs
        if (value := run.values.get(name, {}).get(key)) is not None
    }
    return float(np.mean(list(values.values()))) if values else None


def _axis(
    measure: Measure, points: list[dict[str, Any]], references: list[float]
) -> tuple[float, float, list[float]]:
    """Ends of a vertical axis that has room for all values, and its ticks at round numbers."""
    every = [*references, *(value for point in points for value in point["values"])]
    for point in points:
        half = point["half"] or 0.0
        every += [point["mean"] - half, point["mean"] + half]
    low, high = (min(every), max(every)) if every else (0.0, 0.0)
    lacking = max(0.0, LEAST_SPAN[measure.key] - (high - low))
    low, high = low - lacking / 2, high + lacking / 2
    margin = 0.06 * (high - low)
    low, high = low - margin, high + margin
    if measure.unit == "%":
        low, high = max(low, -margin), min(high, 100 + margin)
    step = _round_step((high - low) / 2)
    ticks = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
    return low, high, ticks.round(6).tolist()


def _round_step(step: float) -> float:
    """The largest of 1, 2 or 5 times a power of ten that is not above `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return power * next(factor for factor in (5, 2, 1) if factor * power <= step * 1.001)


def _map(
    request: Split, found: dict[float, list[SweepRun]], index: dict[float, int]
) -> dict[str, Any]:
    """The shown samples where each γ puts them, with the first seed that has them."""
    rows, part, data = shown(request), request.measured_part, request.dataset
    labels, forgotten = data.labels(part)[rows], request.is_forgotten(part)[rows]
    seeds = {run.seed for runs in found.values() for run in runs if run.places}
    own = min(seeds, default=None)
    runs = {
        index[gamma]: run.places for gamma, of in found.items() for run in of if run.seed == own
    }
    runs = {stop: places for stop, places in runs.items() if places}
    original = next((places["original"] for places in runs.values()), None)
    placed = {stop: places["unlearned"] for stop, places in runs.items()}
    window = _window([*placed.values(), *([] if original is None else [original])])
    marks = [
        [FORGET if gone else class_colour(int(label), request.forget_classes), int(gone)]
        for label, gone in zip(labels, forgotten, strict=True)
    ]
    return {
        "marks": marks,
        "places": {stop: _on_grid(places, window) for stop, places in placed.items()},
        "names": [] if original is None else _names(request, labels, forgotten, original, window),
        "forgotten": requested(request),
        "part": "test" if part == "test" else "training",
    }


def _window(placed: Sequence[NDArray[np.float32]]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The lower and the upper end of both axes."""
    if not placed:
        return np.zeros(2), np.ones(2)
    every = np.concatenate(placed)
    low, high = every.min(0), every.max(0)
    return low, np.maximum(high, low + 1e-9)


def _on_grid(places: NDArray[Any], window: tuple[NDArray[Any], NDArray[Any]]) -> list[int]:
    """x and y of each place in turn, on the grid; y grows downwards."""
    low, high = window
    share = (np.asarray(places, float) - low) / (high - low)
    share[:, 1] = 1 - share[:, 1]
    return (GRID * share).round().astype(int).ravel().tolist()


def _names(
    request: Split,
    labels: NDArray[np.int64],
    forgotten: NDArray[np.bool_],
    original: NDArray[np.float32],
    window: tuple[NDArray[Any], NDArray[Any]],
) -> list[list[Any]]:
    """Name, x, y and whether it is forgotten of each class, at its middle in the original."""
    names = short_names(request.dataset.class_names)
    wanted = range(len(names)) if len(names) <= NAMED else request.forget_classes
    found = []
    for label in wanted:
        if (of_class := labels == label).any():
            middle = np.median(original[of_class], axis=0)
            gone = bool(request.forget_classes and forgotten[of_class].all())
            found.append([names[label], *_on_grid(middle[None], window), int(gone)])
    return found


def _table(runs: Sequence[SweepRun]) -> dict[str, Any]:
    """The runs, one a row."""
    return {
        "gamma": [f"{run.energy_threshold:g}" for run in runs],
        "seed": [run.seed for run in runs],
        **{MEASURES[key].name: [run.value(key) for run in runs] for key in READ},
    }
