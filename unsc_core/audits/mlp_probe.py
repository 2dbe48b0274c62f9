"""MLP probe: can the forgotten class be read off the features by a small network?

Source: Hewitt & Liang: Designing and Interpreting Probes with Control Tasks, EMNLP 2019,
arXiv 1909.03368.
"""

from __future__ import annotations

from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from unsc_core.audits.entry import Audit, Outcome
from unsc_core.audits.probing import probe
from unsc_core.audits.subject import Subject

AUDIT = Audit(
    name="mlp-probe",
    title="MLP probe",
    question="Can a small network find the forgotten class in the features?",
    measures="Accuracy of an MLP of 64 hidden units on held-out forgotten samples.",
    unit="%",
    direction="higher",
    group="features",
    source="Hewitt & Liang, EMNLP 2019, arXiv 1909.03368",
    order=30,
)
UNITS, EPOCHS = 64, 40


def measure(subject: Subject, retrained: Subject) -> Outcome:
    """An MLP on the standardised penultimate features."""
    network = MLPClassifier((UNITS,), max_iter=EPOCHS, random_state=subject.seed)
    features = subject.penultimate
    return Outcome(
        probe(subject, features.fit, features.test, make_pipeline(StandardScaler(), network))
    )
