"""Membership: do the answers betray which images of the forgotten class were trained on?

Source: Song & Mittal: Systematic Evaluation of Privacy Risks of Machine Learning Models, USENIX
Security 2021, arXiv 2003.10595.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from unsc_core.audits.entry import Audit, Outcome
from unsc_core.audits.ranking import auc, tpr
from unsc_core.audits.subject import Subject

AUDIT = Audit(
    name="membership",
    title="Membership inference",
    question="Do the answers betray which forgotten samples were trained on?",
    measures="AUC at telling forgotten training samples from test samples by modified entropy.",
    unit="",
    direction="higher",
    group="memory",
    source="Song & Mittal, USENIX Security 2021, arXiv 2003.10595",
    order=70,
    reads_answers=True,
)
SMALLEST = 1e-300

Scores = dict[str, NDArray[np.float64]]


def measure(subject: Subject, retrained: Subject) -> Outcome:
    """AUC by modified entropy; detail: AUC and TPR at 1 % FPR by every score."""
    dataset, forget = subject.request.dataset, subject.forgotten
    rows = subject.request.forget_train()
    members = scores(subject.logits("train")[rows], dataset.y_train[rows])
    others = scores(subject.logits("test")[forget], dataset.y_test[forget])
    detail = {
        name: {"auc": auc(members[name], others[name]), "tpr": tpr(members[name], others[name])}
        for name in members
    }
    return Outcome(detail["modified_entropy"]["auc"], detail)


def scores(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Scores:
    """Score -> (n,) values, of which a higher one means a member.

    Modified entropy is −(1 − p_y) log p_y − Σ_{i≠y} p_i log(1 − p_i), from 0 for a sure and right
    answer to ∞ for a sure and wrong one, unlike entropy, which is 0 for both.

    Args:
        logits: (n, classes); −∞ where hidden. labels: (n,) true classes.
    """
    log_p = log_softmax(logits, axis=1)
    p, row = np.exp(log_p), np.arange(len(labels))
    finite_log = np.log(np.maximum(p, SMALLEST))
    terms = p * np.log(np.maximum(1 - p, SMALLEST))
    own = (1 - p[row, labels]) * np.maximum(log_p[row, labels], np.log(SMALLEST))
    return {
        "confidence": log_p[row, labels],
        "entropy": (p * finite_log).sum(1),
        "modified_entropy": own + terms.sum(1) - terms[row, labels],
        "correctness": (logits.argmax(1) == labels).astype(np.float64),
    }
