"""Accuracy and distance of predictions: pure functions of logits and labels, in percent."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Labels = NDArray[np.int64]
"""Classes: the true ones, or those that a model predicts."""
Flags = NDArray[np.bool_]
FEW = 25
"""From so many on, the normal approximation is close to the sign test."""


def confusion(answers: Labels, labels: Labels, num_classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts: row = true class, column = predicted class."""
    counts = np.bincount(labels * num_classes + answers, minlength=num_classes * num_classes)
    return counts.reshape(num_classes, num_classes)


def per_class_accuracy(answers: Labels, labels: Labels, num_classes: int) -> NDArray[np.float64]:
    """(classes,) accuracy of each class in percent; NaN for a class without samples."""
    counts = confusion(answers, labels, num_classes)
    totals = counts.sum(1)
    return np.divide(
        100.0 * counts.diagonal(), totals, out=np.full(num_classes, np.nan), where=totals > 0
    )


def acc_forget(answers: Labels, labels: Labels, forgotten: Flags) -> float:
    """Acc_f: accuracy on the forgotten samples in percent; NaN without any."""
    return float(100.0 * (answers == labels)[forgotten].mean()) if forgotten.any() else float("nan")


def acc_retain(answers: Labels, labels: Labels, forgotten: Flags, num_classes: int) -> float:
    """Acc_r: accuracy on the retained samples in percent, averaged over classes.

    >>> labels = np.array([0, 0, 1, 1, 2])
    >>> acc_retain(np.array([0, 0, 1, 0, 0]), labels, labels == 2, 3)  # mean of 100 and 50
    75.0
    """
    return float(
        np.nanmean(per_class_accuracy(answers[~forgotten], labels[~forgotten], num_classes))
    )


def accuracies(logits: Logits, labels: Labels, forgotten: Flags) -> dict[str, Any]:
    """Accuracies of one model: {"acc_forget", "acc_retain", "per_class"}.

    Args:
        logits: (n, classes).
        labels: (n,).
        forgotten: (n,) bool, which samples are to be forgotten.

    Returns:
        acc_forget is None without forgotten samples; per_class is in class order, None for a class
        without samples.
    """
    classes, answers = logits.shape[1], logits.argmax(1)
    return {
        "acc_forget": acc_forget(answers, labels, forgotten) if forgotten.any() else None,
        "acc_retain": acc_retain(answers, labels, forgotten, classes),
        "per_class": [
            None if np.isnan(a) else float(a) for a in per_class_accuracy(answers, labels, classes)
        ],
    }


def over_unlearning(original: dict[str, Any], unlearned: dict[str, Any]) -> dict[str, Any]:
    """Accuracy lost, in points; negative is a calibration gain (Chen et al., IJCAI 2024).

    Args:
        original, unlearned: as returned by `accuracies`.

    Returns:
        {"acc_retain", "per_class"}: original − unlearned.
    """
    pairs = zip(original["per_class"], unlearned["per_class"], strict=True)
    return {
        "acc_retain": original["acc_retain"] - unlearned["acc_retain"],
        "per_class": [None if a is None or b is None else a - b for a, b in pairs],
    }


def gap(unlearned: dict[str, Any], retrained: dict[str, Any]) -> dict[str, float | None]:
    """acc_forget and acc_retain, unlearned − retrained in points; 0 is what retraining gives."""
    pairs = {name: (unlearned[name], retrained[name]) for name in ("acc_forget", "acc_retain")}
    return {name: None if a is None or b is None else a - b for name, (a, b) in pairs.items()}


def logit_drift(logits: Logits, original: Logits) -> float:
    """‖z − z₀‖ / ‖z₀‖ over the given samples (usually retain test samples)."""
    norm = float(np.linalg.norm(original))
    return float(np.linalg.norm(logits - original)) / norm if norm else 0.0


def margins(logits: Logits, labels: Labels, banned: Flags) -> NDArray[np.float32]:
    """(n,) logit of each sample's label − highest logit of any other class not in `banned`.

    Args:
        logits: (n, classes).
        labels: (n,).
        banned: (n, classes) bool.
    """
    others = np.where(banned, -np.inf, logits).astype(logits.dtype)
    np.put_along_axis(others, labels[:, None], -np.inf, 1)
    return np.take_along_axis(logits, labels[:, None], 1)[:, 0] - others.max(1)


def agreement(answers: Labels, others: Labels) -> float:
    """Percent of samples for which two models predict the same class; NaN without samples."""
    return float(100.0 * (answers == others).mean()) if len(answers) else float("nan")


def chance(
    before: Labels, after: Labels, labels: Labels, forgotten: Flags, num_classes: int
) -> float:
    """How far chance alone may move Acc_r between two models, in points: half a 95 % interval.

    Both models predict the same samples, so only those that one gets right and the other wrong
    count. The interval is over the choice of test samples, not over seeds. Of fewer than FEW such
    samples, the exact sign test must tell right and wrong ones apart as well: where it does not,
    chance reaches as far as the difference.

    Args:
        before, after, labels: (n,). forgotten: (n,) bool, samples that Acc_r leaves out.

    Source: McNemar, Psychometrika 1947, for each class; Acc_r is their mean.
    """
    kept = ~forgotten
    moved = (after == labels)[kept].astype(float) - (before == labels)[kept]
    of_class = [moved[labels[kept] == c] for c in range(num_classes)]
    variances = [one.var() / len(one) for one in of_class if len(one)]
    if not variances:
        return 0.0
    half = float(100 * 1.96 * np.sqrt(sum(variances)) / len(variances))
    if _may_be_chance(int((moved > 0).sum()), int((moved < 0).sum())):
        difference = float(np.mean([one.mean() for one in of_class if len(one)]))
        return max(half, 100 * abs(difference) + 1e-6)
    return half


def _may_be_chance(right: int, wrong: int) -> bool:
    """Whether a few samples are split so unevenly in more than 5 of 100 throws of a coin."""
    n = right + wrong
    tail = sum(comb(n, k) for k in range(min(right, wrong) + 1)) / 2**n
    return 0 < n < FEW and 2 * tail > 0.05
