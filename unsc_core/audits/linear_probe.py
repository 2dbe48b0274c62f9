"""Linear probe: can the forgotten class be read off the features by a straight line?

Source: Alain & Bengio: Understanding intermediate layers using linear classifier probes, 2016,
arXiv 1610.01644; for unlearning, Kim et al.: Are We Truly Forgetting?, 2025, arXiv 2503.06991.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.audits.entry import Audit, Outcome
from unsc_core.audits.probing import linear_classifier, probe
from unsc_core.audits.subject import Subject

AUDIT = Audit(
    name="linear-probe",
    title="Linear probe",
    question="Can a linear classifier find the forgotten class in the features?",
    measures="Accuracy of a linear probe of all classes on held-out forgotten samples.",
    unit="%",
    direction="higher",
    group="features",
    source="Alain & Bengio 2016, arXiv 1610.01644; Kim et al. 2025, arXiv 2503.06991",
    order=10,
    version=3,
)
LIMIT, WIDTH = 12.0, 0.5
"""Of the histograms of scores: they reach from −LIMIT to LIMIT in bins of WIDTH."""


def measure(subject: Subject, retrained: Subject) -> Outcome:
    """The probe on the penultimate features.

    Detail: "layers", the accuracy on the inputs of every layer; "scores", see `histograms`.
    """
    classifiers = {name: linear_classifier() for name in subject.layers}
    layers = {
        name: probe(subject, features.fit, features.test, classifiers[name])
        for name, features in subject.layers.items()
    }
    last = list(layers)[-1]
    logits = decision_logits(classifiers[last], subject.layers[last].test)
    scores = forgotten_score(logits, subject.test_labels, subject.request.forget_classes)
    return Outcome(
        layers[last], {"layers": layers, "scores": histograms(scores, subject.forgotten)}
    )


def decision_logits(classifier: Any, features: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, classes) logits of a fitted linear classifier, also of one of two classes."""
    found = classifier.decision_function(features)
    return found if found.ndim == 2 else np.column_stack([np.zeros_like(found), found])


def forgotten_score(
    logits: NDArray[np.float64], labels: NDArray[np.int64], forget: tuple[int, ...]
) -> NDArray[np.float64]:
    """(n,) how much more a probe takes each sample for a forgotten class than for any other.

    For a forgotten sample, the logit of its own class less the highest of the others: above 0, the
    probe finds it. For a retained one, the highest of the forgotten classes less the highest of
    the retained ones: above 0, the probe takes it for forgotten.

    Args:
        logits: (n, classes). labels: (n,) true classes.
        forget: the forgotten classes.
    """
    classes = np.arange(logits.shape[1])
    is_forget = np.isin(classes, forget)
    own = classes == labels[:, None]
    target = np.where(np.isin(labels, forget)[:, None], own, is_forget)
    return np.where(target, logits, -np.inf).max(1) - np.where(target, -np.inf, logits).max(1)


def histograms(scores: NDArray[np.float64], forgotten: NDArray[np.bool_]) -> dict[str, list[float]]:
    """Counts of scores of forgotten ("forget") and of other ("retain") samples, and the "edges".

    What lies beyond the edges counts in the first and in the last bin. "each" has the score of
    every forgotten sample, in the order of the test set.
    """
    edges = np.arange(-LIMIT, LIMIT + WIDTH, WIDTH)
    counts = {
        part: np.histogram(np.clip(scores[rows], -LIMIT, LIMIT), edges)[0].tolist()
        for part, rows in (("forget", forgotten), ("retain", ~forgotten))
    }
    each = scores[forgotten].round(2).tolist()
    return {"edges": edges.tolist(), **counts, "each": each}
