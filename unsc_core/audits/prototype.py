"""Prototype: are forgotten samples nearest to the mean of their own class?

Source: Snell, Swersky, Zemel: Prototypical Networks for Few-shot Learning, NeurIPS 2017,
arXiv 1703.05175.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unsc_core.audits.entry import Audit, Outcome
from unsc_core.audits.subject import Subject

AUDIT = Audit(
    name="prototype",
    title="Nearest class mean",
    question="Are forgotten samples nearest to the mean of their own class?",
    measures="Accuracy of the nearest class mean on held-out forgotten samples.",
    unit="%",
    direction="higher",
    group="features",
    source="Snell et al., NeurIPS 2017, arXiv 1703.05175",
    order=40,
)


def measure(subject: Subject, retrained: Subject) -> Outcome:
    """In the penultimate features."""
    features, rows = subject.penultimate, subject.forgotten
    nearest = nearest_mean(features.fit, subject.fit_labels, features.test[rows])
    return Outcome(float(100 * np.mean(nearest == subject.test_labels[rows])))


def nearest_mean(
    fit: NDArray[np.floating], fit_labels: NDArray[np.int64], held_out: NDArray[np.floating]
) -> NDArray[np.int64]:
    """(m,) the class whose mean is at the smallest Euclidean distance.

    Args:
        fit: (n, d) samples of every class. fit_labels: (n,) classes from 0.
        held_out: (m, d).
    """
    classes = range(int(fit_labels.max()) + 1)
    means = np.stack([fit[fit_labels == c].mean(0, dtype=np.float64) for c in classes])
    # ‖x − μ‖² without ‖x‖², which is the same for every class
    return ((means**2).sum(1) - 2 * held_out @ means.T).argmin(1)
