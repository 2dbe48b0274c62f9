"""The figure of the story as data: one map, and the panel below it, for every chapter.

pages/shared/components/story_stage.js draws it. Everything here is made of stored numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.summary import summary
from unsc_core.audits.entry import NETWORKS
from unsc_core.experiment.result import Result
from unsc_core.figures.audit_values import spread_band
from unsc_core.figures.audit_words import value
from unsc_core.figures.decision_space import Points, Window, ranges
from unsc_core.figures.phrases import MODEL_TITLES, run_title, short_names
from unsc_core.figures.spectra import Eigenvalues, ranks
from unsc_core.figures.story_ends import these
from unsc_core.figures.story_guess import AVERAGE, changes
from unsc_core.figures.theme import DARK, FORGET, LIGHT, class_colour, method_colour
from unsc_core.subspace.energy import energy_rank

ROWS = 10
"""Classes in the panel; of more, those that change most are shown."""
CURVE = 160
"""Points of a spectrum's curve."""
LOWEST = -6.0
"""Of a spectrum, log₁₀ of the energy share."""


def stage_map(
    result: Result, placed: dict[str, Points], rows: NDArray[np.intp], part: str
) -> dict[str, Any]:
    """The map: what each sample is, and where it is under each model.

    Args:
        result: any run on the request.
        placed: name of a model -> (n, 2), all on one map; one is the "original".
        rows: (n,) which samples of `part` these are.
        part: "test" or "train".

    Returns:
        "marks": [class, whether to be forgotten] of each sample; "places": model -> positions from
        0 to 1, y downward; "names", "short" names and "colours" of the classes;
        "middles": class -> the middle of the samples that the original classifies correctly.
    """
    places = {name: _shares(at, ranges(placed)) for name, at in placed.items()}
    data, forget = result.split.dataset, result.split.forget_classes
    labels = data.labels(part)[rows]
    right = result.original.of(part)[rows].argmax(1) == labels
    middles = {}
    for c in range(data.num_classes):
        own = (labels == c) & (right | (c in forget))
        if own.any():
            middles[c] = np.median(places["original"][own], axis=0).round(3).tolist()
    gone = result.split.is_forgotten(part)[rows]
    return {
        "marks": [[int(c), bool(g)] for c, g in zip(labels, gone, strict=True)],
        "places": {name: at.round(3).tolist() for name, at in places.items()},
        "names": list(data.class_names),
        "short": short_names(data.class_names),
        "colours": [class_colour(c, forget) for c in range(data.num_classes)],
        "forget": FORGET,
        "forgotten": list(forget),
        "middles": middles,
        "key": [these(result), "other samples" if result.split.forget_ids else "other classes"],
    }


def _shares(at: Points, window: Window) -> Points:
    """Positions on the map -> from 0 to 1, y downward."""
    low, high = np.array(window).T
    share = np.clip((at - low) / (high - low), 0, 1)
    return np.stack([share[:, 0], 1 - share[:, 1]], 1)


def turned_wrong(result: Result, rows: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
    """Retained test samples that the original classified correctly, and the run does not.

    Args:
        rows: look among these only, and return positions in it.

    Returns:
        Indices, ascending.
    """
    labels = result.split.dataset.y_test
    before, after = (one.test.argmax(1) for one in (result.original, result.unlearned))
    kept = ~result.split.is_forgotten("test")
    wrong = kept & (before == labels) & (after != labels)
    return np.flatnonzero(wrong if rows is None else wrong[rows])


def wrong_examples(result: Result, count: int) -> NDArray[np.intp]:
    """Some of `turned_wrong`: of each class in turn, the classes that lost most samples first."""
    rows = turned_wrong(result)
    labels = result.split.dataset.y_test[rows]
    lost = np.bincount(labels, minlength=result.split.dataset.num_classes)
    turn = np.array([int((labels[:i] == c).sum()) for i, c in enumerate(labels)], int)
    return rows[np.lexsort((-lost[labels], turn))][:count] if len(rows) else rows


def wrong_caption(result: Result) -> str:
    """How many retained test samples became wrong, and how many right."""
    labels, kept = result.split.dataset.y_test, ~result.split.is_forgotten("test")
    before, after = (one.test.argmax(1) == labels for one in (result.original, result.unlearned))
    wrong, right = int((kept & before & ~after).sum()), int((kept & ~before & after).sum())
    who = "test" if result.split.forget_ids else "other test"
    return f"Of {int(kept.sum()):,} {who} images, {wrong:,} became wrong and {right:,} right."


def bars(careless: Result | None, calibrated: Result | None) -> dict[str, Any]:
    """Changes of accuracy per class, in points.

    Returns:
        "rows": class names, after `AVERAGE`; "values": "careless", "calibrated" and "mask" -> a
        number or None for each row; "titles" and "colours" of the first two; "left_out": what is
        said of the classes that have no row.
        "short": [AVERAGE, *(short[c] for c in shown)],
    """
    values, titles, colours = {}, {}, {}
    for key, run in (("careless", careless), ("calibrated", calibrated)):
        if run is None:
            continue
        numbers = summary(run)
        values[key] = [numbers["gain"]["total"], *changes(numbers, "unlearned")]
        titles[key] = run_title(run)
        colours[key] = [method_colour(run.config.method, look) for look in (LIGHT, DARK)]
        if key == "calibrated" and numbers["mask"]:
            values["mask"] = [numbers["gain"]["free"], *changes(numbers, "mask")]
    any_run = careless or calibrated
    if any_run is None:
        return {}
    shown = _shown(values, any_run.split.retain_classes)
    hidden = len(any_run.split.retain_classes) - len(shown)
    left_out = (
        f"{hidden} more {'class changes' if hidden == 1 else 'classes change'} at most as much."
    )
    names = any_run.split.dataset.class_names
    short = short_names(names)
    picked = {key: [of[0], *(of[c + 1] for c in shown)] for key, of in values.items()}
    return {
        "rows": [AVERAGE, *(names[c] for c in shown)],
        "left_out": left_out if hidden else "",
        "short": [AVERAGE, *(short[c] for c in shown)],
        "values": {key: _rounded(of) for key, of in picked.items()},
        "titles": titles,
        "colours": colours,
    }


def _shown(values: Mapping[str, Sequence[float | None]], retained: Sequence[int]) -> list[int]:
    """The classes that have a row: those that change most, in their own order."""
    most = {c: max(abs(of[c + 1] or 0.0) for of in values.values()) for c in retained}
    return sorted(sorted(retained, key=lambda c: -most[c])[:ROWS])


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    return [None if v is None else round(v, 3) for v in values]


def directions(spectra: Eigenvalues, cut_at: Mapping[str, float]) -> dict[str, Any]:
    """Kept and free directions of every layer, and one layer's spectrum.

    Args:
        spectra: layer -> (groups, d) eigenvalues.
        cut_at: layer -> γ.

    Returns:
        "layers": title, kept and all directions of each; "curve" of the layer with the largest
        share of free directions: [share of the directions, log₁₀ of the energy share]; "rank",
        "dim" and "title" of that layer.
    """
    found = ranks(spectra, cut_at)
    titles = {layer: f"Layer {i + 1}" for i, layer in enumerate(spectra)}
    widest = max(found, key=lambda layer: 1 - found[layer][0] / found[layer][1])
    eigenvalues = np.asarray(spectra[widest][0], np.float64)
    d, rank = len(eigenvalues), energy_rank(eigenvalues, cut_at[widest])
    share = np.log10(np.maximum(eigenvalues / max(eigenvalues.sum(), 1e-300), 10.0**LOWEST))
    picked = np.unique(np.linspace(0, d - 1, min(d, CURVE)).round().astype(int))
    return {
        "layers": [[titles[layer], kept, dim] for layer, (kept, dim) in found.items()],
        "curve": [[int(i), round(float(share[i]), 3)] for i in picked],
        "lowest": LOWEST,
        "rank": rank,
        "dim": d,
        "title": titles[widest],
    }


def destinations(
    result: Result,
    targets: NDArray[np.int64],
    placed: Points,
    rows: NDArray[np.intp],
    window: Window,
) -> dict[str, Any]:
    """Where the forgotten training samples are sent.

    Args:
        result: the run.
        targets: (n_forget,) class that each is trained towards.
        placed: (n, 2) places of `rows` under the original.
        rows: (n,) training samples; may be none.
        window: the ends of the map.

    Returns:
        "counts": [class, samples], most first; "from": [x, y, class] of the samples among `rows`.
    """
    classes, counts = np.unique(targets, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    sent = dict(zip(result.split.forget_train().tolist(), targets.tolist(), strict=True))
    at = _shares(placed, window).round(3).tolist()
    return {
        "counts": [[int(classes[i]), int(counts[i])] for i in order],
        "from": [
            [*place, sent[row]] for place, row in zip(at, rows.tolist(), strict=True) if row in sent
        ],
    }


def probed(probe: Mapping[str, Any] | None, who: str) -> dict[str, Any]:
    """What the linear probe found: a row for each network, and the spread of the retrained.

    Args:
        probe: as `excess.over_seeds` returns it; None if it was not made.
        who: title of the run.
    """
    if probe is None or probe["failed"]:
        return {}
    rows = [
        [
            who if network == "unlearned" else MODEL_TITLES[network],
            probe[network]["mean"],
            value(probe[network]["mean"], probe["unit"]),
        ]
        for network in NETWORKS
    ]
    return {"rows": rows, "band": spread_band(probe["retrained"])}
