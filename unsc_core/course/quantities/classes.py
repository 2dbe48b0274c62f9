"""Quantities: single classes, pseudo-labels, and where the retrained model sends samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.summary import summary
from unsc_core.course.evidence import Evidence
from unsc_core.course.quantities.entry import (
    Asked,
    Bar,
    UnknownQuantityError,
    forgotten,
    only,
    quantity,
)
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import run_title


def _per_class(result: Result, model: str) -> list[float]:
    """(classes,) accuracy in percent."""
    return [float("nan") if one is None else one for one in summary(result)[model]["per_class"]]


def _class_bars(result: Result, values: Sequence[float], classes: Sequence[int]) -> tuple[Bar, ...]:
    names, gone = result.split.dataset.class_names, result.split.forget_classes
    return tuple(
        Bar(names[c], float(values[c]), "forgotten" if c in gone else "retained") for c in classes
    )


@quantity("weakest_class", "The class that the original recognises least", kind="choice")
def weakest_class(evidence: Evidence) -> Asked:
    """Bars: the original's accuracy on each class."""
    values = _per_class(evidence.result, "original")
    bars = _class_bars(evidence.result, values, range(len(values)))
    least = only(bars, min, "the lowest accuracy")
    return Asked("The original's accuracy on test images", "%", bars, answer=least)


@quantity(
    "most_harmed_class", "The class that loses most accuracy of those that stay", kind="choice"
)
def most_harmed_class(evidence: Evidence) -> Asked:
    """Bars: the change of each class that stays."""
    result = evidence.result
    change = np.subtract(_per_class(result, "unlearned"), _per_class(result, "original"))
    bars = _class_bars(result, change.tolist(), result.split.retain_classes)
    if min(bar.value for bar in bars) >= 0:
        raise UnknownQuantityError(
            f"No class that stays loses accuracy with {run_title(result)}; choose another state."
        )
    title = f"Change of accuracy after {run_title(result)}, in points"
    return Asked(title, "points", bars, answer=only(bars, min, "the largest loss"))


def _shares(result: Result, labels: NDArray[np.int64]) -> tuple[Bar, ...]:
    """Share of each class among `labels`, in percent, the largest first."""
    names = result.split.dataset.class_names
    classes, counts = np.unique(labels, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return tuple(
        Bar(names[classes[i]], 100 * float(counts[i]) / len(labels), "retained") for i in order
    )


def _labels(result: Result) -> NDArray[np.int64]:
    if result.labels is None:
        raise UnknownQuantityError(
            f"{run_title(result)} gives samples no single label; choose the method unsc."
        )
    return result.labels


@quantity("top_pseudo_label", "The pseudo-label that most forgotten samples get", kind="choice")
def top_pseudo_label(evidence: Evidence) -> Asked:
    """Bars: the share of each label."""
    bars = _shares(evidence.result, _labels(evidence.result))
    title = f"Pseudo-labels of the training samples: {forgotten(evidence)}"
    return Asked(title, "%", bars, answer=only(bars, max, "the most frequent label"))


@quantity("pseudo_label_share", "The share of the most frequent pseudo-label")
def pseudo_label_share(evidence: Evidence) -> Asked:
    """One bar."""
    (first, *_) = _shares(evidence.result, _labels(evidence.result))
    title = f"Share of the training samples of {forgotten(evidence)} with this pseudo-label"
    return Asked(title, "%", (first,), first.name)


@quantity(
    "top_retrained_class",
    "Where the retrained model sends most forgotten test images",
    "retrained",
    kind="choice",
)
def top_retrained_class(evidence: Evidence) -> Asked:
    """Bars: the share of each class."""
    result = evidence.result
    assert result.retrained is not None
    answers = result.retrained.test.argmax(1)[result.split.is_forgotten("test")]
    bars = _shares(result, answers)
    title = f"The retrained model's answers to test images of {forgotten(evidence)}"
    return Asked(title, "%", bars, answer=only(bars, max, "the most frequent answer"))


@quantity(
    "pseudo_labels_right",
    "How often a pseudo-label is what the retrained model answers",
    "retrained",
)
def pseudo_labels_right(evidence: Evidence) -> Asked:
    """Beside what labels would reach that are dealt out at random in the same shares."""
    result = evidence.result
    labels = _labels(result)
    assert result.retrained is not None
    answers = result.retrained.of("train")[result.split.forget_train()].argmax(1)
    chance = sum(float((labels == c).mean() * (answers == c).mean()) for c in np.unique(labels))
    name = "Pseudo-labels"
    bars = (
        Bar("The same labels, shuffled", 100 * chance, "forgotten"),
        Bar(name, 100 * float((labels == answers).mean()), "forgotten"),
    )
    title = f"Training samples of {forgotten(evidence)} with the retrained model's answer as label"
    return Asked(title, "%", bars, name)
