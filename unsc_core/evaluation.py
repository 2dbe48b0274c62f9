"""Measures: pure functions of logits and labels (numpy), accuracies in percent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Labels = NDArray[np.int64]


def confusion(answers: Labels, labels: Labels, num_classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts: row = true class, column = answer."""
    counts = np.bincount(labels * num_classes + answers, minlength=num_classes * num_classes)
    return counts.reshape(num_classes, num_classes)


def per_class_accuracy(answers: Labels, labels: Labels, num_classes: int) -> NDArray[np.float64]:
    """(classes,) percent right of each class; NaN for a class without samples."""
    counts = confusion(answers, labels, num_classes)
    totals = counts.sum(1)
    return np.divide(100.0 * counts.diagonal(), totals, out=np.full(num_classes, np.nan), where=totals > 0)


def acc_forget(answers: Labels, labels: Labels, forget_classes: tuple[int, ...]) -> float:
    """Acc_f: percent right among samples of the forget classes; lower is better."""
    of_forget = np.isin(labels, forget_classes)
    return float(100.0 * (answers == labels)[of_forget].mean()) if of_forget.any() else float("nan")


def acc_retain(answers: Labels, labels: Labels, forget_classes: tuple[int, ...], num_classes: int) -> float:
    """Acc_r: mean over the retain classes of their accuracy; higher is better."""
    per_class = per_class_accuracy(answers, labels, num_classes)
    return float(np.nanmean(np.delete(per_class, list(forget_classes))))


def accuracies(logits: Logits, labels: Labels, forget_classes: tuple[int, ...]) -> dict[str, Any]:
    """{"acc_forget", "acc_retain", "per_class"} of one model; per_class in class order, None without samples."""
    classes, answers = logits.shape[1], logits.argmax(1)
    per_class = per_class_accuracy(answers, labels, classes)
    return {
        "acc_forget": acc_forget(answers, labels, forget_classes),
        "acc_retain": acc_retain(answers, labels, forget_classes, classes),
        "per_class": [None if np.isnan(a) else float(a) for a in per_class],
    }


def logit_drift(logits: Logits, original: Logits) -> float:
    """‖z − z₀‖ / ‖z₀‖ over the given samples (usually retain test samples)."""
    norm = float(np.linalg.norm(original))
    return float(np.linalg.norm(logits - original)) / norm if norm else 0.0


def margins(logits: Logits, labels: Labels, forget_classes: tuple[int, ...]) -> NDArray[np.float32]:
    """(n,) how far the logit of each sample's label is above that of any other retain class."""
    others = np.array(logits)
    others[:, list(forget_classes)] = -np.inf
    np.put_along_axis(others, labels[:, None], -np.inf, 1)
    return np.take_along_axis(logits, labels[:, None], 1)[:, 0] - others.max(1)


def agreement(answers: Labels, others: Labels) -> float:
    """Percent of samples on which two models answer the same; NaN without samples."""
    return float(100.0 * (answers == others).mean()) if len(answers) else float("nan")
