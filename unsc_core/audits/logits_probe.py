"""Probe of the retained logits: what somebody sees who can only ask for predictions.

Source: Tramèr et al.: Stealing Machine Learning Models via Prediction APIs, USENIX Security 2016
(confidences as the attacker's view); the probe as in Alain & Bengio 2016, arXiv 1610.01644.
"""

from __future__ import annotations

from unsc_core.audits.entry import Audit, Outcome
from unsc_core.audits.probing import linear_classifier, probe
from unsc_core.audits.subject import Subject

AUDIT = Audit(
    name="logits-probe",
    title="Probe of the retained logits",
    question="Can a linear classifier find the forgotten class in the retained logits alone?",
    measures="Accuracy of a linear probe of the retained logits on held-out forgotten samples.",
    unit="%",
    direction="higher",
    group="logits",
    source="Tramèr et al., USENIX Security 2016; Alain & Bengio 2016, arXiv 1610.01644",
    order=50,
)


def measure(subject: Subject, retrained: Subject) -> Outcome:
    """The probe on the logits of the retained classes, each sample's shifted to mean 0.

    Probabilities do not show the shift, so somebody outside cannot use it.
    """
    retained = list(subject.request.retain_classes)
    fit, test = (subject.logits(part)[:, retained] for part in ("train", "test"))
    fit, test = (z - z.mean(1, keepdims=True) for z in (fit[subject.fit_rows], test))
    return Outcome(probe(subject, fit, test, linear_classifier()))
