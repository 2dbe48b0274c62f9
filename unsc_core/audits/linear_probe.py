"""Linear probe: can the forgotten class be read off the features by a straight line?

Source: Alain & Bengio: Understanding intermediate layers using linear classifier probes, 2016,
arXiv 1610.01644; for unlearning, Kim et al.: Are We Truly Forgetting?, 2025, arXiv 2503.06991.
"""

from __future__ import annotations

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
)


def measure(subject: Subject, retrained: Subject) -> Outcome:
    """The probe on the penultimate features; detail: on the inputs of every layer."""
    layers = {
        name: probe(subject, features.fit, features.test, linear_classifier())
        for name, features in subject.layers.items()
    }
    return Outcome(list(layers.values())[-1], {"layers": layers})
