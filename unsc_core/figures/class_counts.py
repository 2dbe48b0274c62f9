"""How many samples each class of a dataset has, and what to be careful about."""

from __future__ import annotations

import numpy as np

from unsc_core.data.dataset import Dataset
from unsc_core.figures.accuracy import class_bars
from unsc_core.figures.phrases import class_title, joined
from unsc_core.figures.theme import Look, Picture

FEW_TRAINING, FEW_TEST = 50, 20
"""A class with fewer samples is named in a caution."""
UNEVEN = 3.0
"""Classes whose sizes differ by more than this factor are called uneven."""
MAX_NAMED = 3


def class_counts(data: Dataset, look: Look) -> Picture:
    """Bars: training and test samples of each class."""
    counts = {part: _counts(data, part) for part in ("training", "test")}
    series = [
        ("Training", counts["training"], look.ink, ""),
        ("Test", counts["test"], look.muted, "/"),
    ]
    kind = "images" if data.is_images else "points"
    names = list(data.class_names)
    figure = class_bars(names, series, "%{y:,}", look, 320, kind)
    alt = f"Bars: training and test {kind} of each of {len(names)} classes."
    return Picture(figure, alt, _sentence(data, counts["training"]), {"class": names, **counts})


def _counts(data: Dataset, part: str) -> np.ndarray:
    """(classes,) samples of each class in "training" or "test"."""
    labels = data.y_train if part == "training" else data.y_test
    return np.bincount(labels, minlength=data.num_classes)


def _sentence(data: Dataset, training: np.ndarray) -> str:
    kind = "images" if data.is_images else "points"
    size = ""
    if data.is_images:
        channels, height, width = data.input_shape
        colour = {1: "grey", 3: "in colour"}.get(channels, f"with {channels} channels")
        size = f" of {width} × {height} pixels, {colour}"
    least, most = training.min(), training.max()
    each = f"{least:,} each" if least == most else f"{least:,} to {most:,} each"
    return (
        f"{training.sum():,} training {kind}{size}, in {data.num_classes} classes of {each}, and "
        f"{len(data.y_test):,} test {kind}."
    )


def cautions(data: Dataset) -> list[str]:
    """One sentence for each thing that makes results on this dataset less certain."""
    training, test = (_counts(data, part) for part in ("training", "test"))
    found = []
    if data.num_classes == 2:
        found.append(
            "With one of two classes forgotten, only the other is left to answer: Acc_r nears "
            "100 % whatever was kept."
        )
    if len(few := np.flatnonzero(test < FEW_TEST)):
        found.append(
            f"{_named(data, few)} {_has(few)} fewer than {FEW_TEST} test samples: accuracy on so "
            f"few is coarse (one sample is up to {100 / test[few].min():.0f} points)."
        )
    if len(few := np.flatnonzero(training < FEW_TRAINING)):
        found.append(
            f"{_named(data, few)} {_has(few)} fewer than {FEW_TRAINING} training samples: the "
            "network may not learn them well enough to have something to forget."
        )
    if (ratio := training.max() / training.min()) > UNEVEN:
        found.append(
            f"Classes are uneven: the largest has {ratio:.1f} times as many training samples as "
            "the smallest. Acc_r is the mean over classes, so a small class counts as much as a "
            "large one."
        )
    return found


def _named(data: Dataset, classes: np.ndarray) -> str:
    names = [class_title(data.class_names[c]) for c in classes[:MAX_NAMED]]
    rest = len(classes) - len(names)
    return joined([*names, f"{rest} more"] if rest else names)


def _has(classes: np.ndarray) -> str:
    return "has" if len(classes) == 1 else "have"
