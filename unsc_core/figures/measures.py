"""The header numbers in words: what each is called, what it means, and its value in a summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unsc_core.figures.words import joined, method_title, points, requested
from unsc_core.history import own_seconds
from unsc_core.results import Result, summary

SETTINGS = {
    "dataset": "dataset", "model": "model", "checkpoint": "weights of the original", "forget_classes": "forgotten classes",
    "forget_ids": "forgotten samples", "method": "method", "energy_threshold": "γ",
    "energy_thresholds": "γ per layer", "subspace": "subspace", "learning_rate": "learning rate",
    "epochs": "epochs at most", "edits": "edits of the pseudo-labels", "training_epochs": "training epochs", "seed": "seed", "device": "device",
}  # fmt: skip
"""The settings of an experiment in words."""


@dataclass(frozen=True)
class Measure:
    """One number of a run.

    Attributes:
        name: as shown; meaning: one sentence; unit: with its leading space.
        read: summary -> value, None where it was not measured.
        signed: whether the value is a difference; digits: after the point.
    """

    name: str
    meaning: str
    unit: str
    read: Callable[[dict[str, Any]], float | None]
    signed: bool = False
    digits: int = 1

    def said(self, value: float | None, difference: bool = False) -> str:
        """A value, or a difference of two, with its unit."""
        if value is None:
            return "–"
        unit = " points" if difference and self.unit == " %" else self.unit
        return f"{value:{'+' if self.signed or difference else ''}.{self.digits}f}{unit}".replace("-", "−")


def _gap(numbers: dict[str, Any]) -> float | None:
    return None if numbers["gap_to_retrain"] is None else numbers["gap_to_retrain"]["acc_retain"]


def _seconds(numbers: dict[str, Any]) -> float | None:
    return own_seconds(numbers["seconds"]) or numbers["seconds"].get("retrain")


MEASURES = (
    Measure("Acc_f", "Test accuracy on the forgotten classes; lower is better.", " %", lambda n: n["unlearned"]["acc_forget"]),
    Measure("Acc_r", "Mean test accuracy over the classes that stay; higher is better.", " %", lambda n: n["unlearned"]["acc_retain"]),
    Measure("Over-unlearning", "Acc_r of the original minus Acc_r of the unlearned model; below 0 the rest even improved.", " points",
            lambda n: n["over_unlearning"], signed=True),
    Measure("Gap to retrain", "Acc_r minus that of a model retrained without what is forgotten, the gold standard.", " points", _gap, signed=True),
    Measure("Drift", "How far the retained samples' logits moved: ‖z − z₀‖ / ‖z₀‖; 0 is not at all.", "", lambda n: n["logit_drift"], digits=3),
    Measure("Agreement", "Share of forgotten samples answered as the retrained model answers them.", " %", lambda n: n["agreement"]),
    Measure("Seconds", "Second moments, null space, pseudo-labels and unlearning, when they were computed.", " s", _seconds),
)  # fmt: skip


def differences(a: Result, b: Result) -> str:
    """Which settings two runs do not share, in one sentence."""
    found = []
    for name, words in SETTINGS.items():
        if getattr(a.config, name) != getattr(b.config, name):
            found.append(f"{words} ({_setting(a, name)}; {_setting(b, name)})")
    return f"A and B differ in {joined(found)}." if found else "A and B have the same settings."


def _setting(result: Result, name: str) -> str:
    value = getattr(result.config, name)
    if name in ("forget_classes", "forget_ids"):
        return requested(result.split)
    if name in ("edits", "energy_thresholds"):
        return ", ".join(map(str, value)) or "none"
    if value is None:
        return "trained here" if name == "checkpoint" else "none"
    if name == "method":
        return method_title(value)
    return f"{value:g}" if isinstance(value, float) else str(value).rsplit("/", 1)[-1]


def comparison(a: Result, b: Result) -> str:
    """What two runs' numbers say against one another, in a sentence or two."""
    first, second = summary(a), summary(b)
    same = a.split.forget_classes == b.split.forget_classes and a.split.forget_ids == b.split.forget_ids
    if not same or a.split.dataset.test_digest != b.split.dataset.test_digest:
        return f"A forgets {requested(a.split)} and B forgets {requested(b.split)}: their accuracies are not of the same samples."
    forget = [n["unlearned"]["acc_forget"] for n in (first, second)]
    retain = [n["unlearned"]["acc_retain"] for n in (first, second)]
    over = [n["over_unlearning"] for n in (first, second)]
    less = abs(forget[0] - forget[1])
    text = (
        "Both forget equally well"
        if less < 0.05
        else f"{'A' if forget[0] < forget[1] else 'B'} forgets {requested(a.split)} better by {less:.1f} points"
    )
    text += f" (Acc_f {forget[0]:.1f} and {forget[1]:.1f} %), and "
    kept = abs(retain[0] - retain[1])
    text += "both keep the rest equally well" if kept < 0.05 else f"{'A' if retain[0] > retain[1] else 'B'} keeps {kept:.1f} points more of the rest"
    text += f" (Acc_r {retain[0]:.1f} and {retain[1]:.1f} %). "
    return text + f"Against its original, A changed the retained classes by {points(-over[0])} points and B by {points(-over[1])}."
