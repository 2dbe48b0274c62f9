"""Nearest neighbours: do forgotten samples still lie together in the features?

Source: Cover & Hart: Nearest neighbor pattern classification, IEEE Trans. Inf. Theory 1967; for
features of networks, Wu et al.: Unsupervised Feature Learning via Non-Parametric Instance
Discrimination, CVPR 2018.
"""

from __future__ import annotations

from sklearn.neighbors import KNeighborsClassifier

from unsc_core.audits.entry import Audit, Outcome
from unsc_core.audits.probing import probe
from unsc_core.audits.subject import Subject

AUDIT = Audit(
    name="neighbours",
    title="20 nearest neighbours",
    question="Do forgotten samples still lie together in the features?",
    measures="Accuracy of 20 nearest neighbours on held-out forgotten samples.",
    unit="%",
    direction="higher",
    group="features",
    source="Cover & Hart 1967; Wu et al., CVPR 2018",
    order=20,
)
NEIGHBOURS = 20


def measure(subject: Subject, retrained: Subject) -> Outcome:
    """A vote of the 20 nearest of the training samples, in the penultimate features."""
    features = subject.penultimate
    return Outcome(
        probe(
            subject,
            features.fit,
            features.test,
            KNeighborsClassifier(min(NEIGHBOURS, len(subject.fit_rows))),
        )
    )
