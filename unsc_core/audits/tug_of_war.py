"""Tug-of-war: are the accuracies those of the retrained network, everywhere at once?

Source: Zhao et al.: What makes unlearning hard and what to do about it, NeurIPS 2024,
arXiv 2406.01257.
"""

from __future__ import annotations

import math

import numpy as np

from unsc_core.audits.entry import Audit, Outcome
from unsc_core.audits.subject import Subject

AUDIT = Audit(
    name="tug-of-war",
    title="Tug-of-war",
    question="Are the accuracies those of the retrained network, everywhere at once?",
    measures="∏(1 − |a − a_retrained|) of the accuracies on forget, retain and test set.",
    unit="",
    direction="lower",
    group="answers",
    source="Zhao et al., NeurIPS 2024, arXiv 2406.01257",
    order=100,
    compares=True,
    reads_answers=True,
)


def measure(subject: Subject, retrained: Subject) -> Outcome:
    """1 if no accuracy differs; detail: the accuracies, as shares."""
    own, other = _accuracies(subject), _accuracies(retrained)
    value = math.prod(1 - abs(own[part] - other[part]) for part in own)
    return Outcome(value, {"accuracies": own, "retrained": other})


def _accuracies(subject: Subject) -> dict[str, float]:
    forgotten = subject.request.is_forgotten("train")
    train = subject.logits("train").argmax(1) == subject.request.dataset.y_train
    test = subject.logits("test").argmax(1) == subject.test_labels
    parts = {"forget": train[forgotten], "retain": train[~forgotten], "test": test}
    return {part: float(np.mean(right)) for part, right in parts.items()}
