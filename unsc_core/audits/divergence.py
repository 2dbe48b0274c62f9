"""Divergence: does the network answer like the retrained one where it has forgotten?

Source: Lin: Divergence Measures Based on the Shannon Entropy, IEEE Trans. Inf. Theory 1991; for
unlearning, Chundawat et al.: Can Bad Teaching Induce Forgetting?, AAAI 2023, arXiv 2205.08096.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr, softmax

from unsc_core.audits.entry import Audit, Outcome
from unsc_core.audits.subject import Subject

AUDIT = Audit(
    name="divergence",
    title="Divergence from the retrained",
    question="Does the network answer like the retrained one where it has forgotten?",
    measures="Mean Jensen–Shannon divergence from the retrained model on forgotten test samples.",
    unit="bits",
    direction="higher",
    group="answers",
    source="Lin 1991; Chundawat et al., AAAI 2023, arXiv 2205.08096",
    order=80,
    compares=True,
    reads_answers=True,
)


def measure(subject: Subject, retrained: Subject) -> Outcome:
    """The mean over the forgotten test samples."""
    rows = subject.forgotten
    return Outcome(jensen_shannon(subject.logits("test")[rows], retrained.logits("test")[rows]))


def jensen_shannon(logits: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Mean divergence of two predictions in bits, from 0 for equal to 1 for disjoint ones.

    Args:
        logits, others: (n, classes); −∞ where hidden.
    """
    p, q = softmax(logits, axis=1), softmax(others, axis=1)
    middle = (p + q) / 2
    nats = (rel_entr(p, middle) + rel_entr(q, middle)).sum(1) / 2
    return float(nats.mean() / np.log(2))
