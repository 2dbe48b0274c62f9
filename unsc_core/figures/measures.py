"""The header numbers in words: what each is called, what it means, and its value in a summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unsc_core.analysis.claims import SAME, has_forgotten
from unsc_core.analysis.summary import summary
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import joined, method_title, points, requested, run_title

SETTINGS = {
    "dataset": "dataset",
    "model": "model",
    "checkpoint": "weights of the original",
    "forget_classes": "forgotten classes",
    "forget_ids": "forgotten samples",
    "method": "method",
    "energy_threshold": "γ",
    "energy_thresholds": "γ per layer",
    "subspace": "subspace",
    "learning_rate": "learning rate",
    "epochs": "epochs at most",
    "edits": "edits of the pseudo-labels",
    "training_epochs": "training epochs",
    "seed": "seed",
    "device": "device",
}
"""The settings of an experiment in words."""


@dataclass(frozen=True)
class Measure:
    """One number of a run.

    Attributes:
        name: as shown; meaning: one sentence; unit: with its leading space.
        read: `summary` and a model's name in it -> value, None where it was not measured.
        signed: whether the value is a difference; digits: after the point.
    """

    name: str
    meaning: str
    unit: str
    read: Callable[[dict[str, Any], str], float | None]
    signed: bool = False
    digits: int = 1

    def said(self, value: float | None, difference: bool = False) -> str:
        """A value, or a difference of two, with its unit."""
        if value is None:
            return "–"
        unit = " points" if difference and self.unit == " %" else self.unit
        return f"{value:{'+' if self.signed or difference else ''}.{self.digits}f}{unit}".replace(
            "-", "−"
        )


def _own(name: str) -> Callable[[dict[str, Any], str], float | None]:
    """What a model's own entry says."""
    return lambda numbers, model: numbers[model][name] if numbers.get(model) else None


def _against(reference: str) -> Callable[[dict[str, Any], str], float | None]:
    """Acc_r of a model − a reference's, in points."""

    def read(numbers: dict[str, Any], model: str) -> float | None:
        one, other = numbers.get(model), numbers.get(reference)
        return one["acc_retain"] - other["acc_retain"] if one and other else None

    return read


MEASURES = (
    Measure(
        "Acc_f",
        "Test accuracy on the forgotten classes; lower is better.",
        " %",
        _own("acc_forget"),
    ),
    Measure(
        "Acc_r",
        "Mean test accuracy over the classes that stay; higher is better.",
        " %",
        _own("acc_retain"),
    ),
    Measure(
        "Gain",
        "Acc_r minus that of the original; below 0 the rest was damaged: over-unlearning.",
        " points",
        _against("original"),
        signed=True,
    ),
    Measure(
        "Added",
        "Acc_r minus that of the mask: what changing weights brought beyond hiding the answer.",
        " points",
        _against("mask"),
        signed=True,
    ),
    Measure(
        "Gap to retrain",
        "Acc_r minus that of a model retrained without what is forgotten, the gold standard.",
        " points",
        _against("retrained"),
        signed=True,
    ),
    Measure(
        "Drift",
        "How far the retained samples' logits moved: ‖z − z₀‖ / ‖z₀‖; no fault in itself, as the retrained model's shows.",
        "",
        _own("logit_drift"),
        digits=3,
    ),
    Measure(
        "Agreement",
        "Share of forgotten samples answered as the retrained model answers them.",
        " %",
        _own("agreement"),
    ),
    Measure(
        "Seconds",
        "Measured around the method when it ran; of the original and the retrained model, their training.",
        " s",
        lambda numbers, model: numbers["took"].get(model),
    ),
)
COLUMNS = {
    "unlearned": "Unlearned",
    "original": "Original",
    "mask": "Mask",
    "retrained": "Retrained",
}
"""Models of a `summary` in the order in which a table shows them, and how they are called."""


def seconds_note(result: Result) -> str:
    """Which seconds of a run may not be set against those of its unlearning, in one sentence; "" where all may."""
    own = result.took["unlearned"]
    apart = {
        model: own.apart(took)
        for model, took in result.took.items()
        if model != "unlearned" and own.apart(took)
    }
    if not apart:
        return ""
    names = joined([f"the {model} model ({why})" for model, why in apart.items()])
    return f"Seconds are not comparable with those of {names}."


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
    same = (
        a.split.forget_classes == b.split.forget_classes
        and a.split.forget_ids == b.split.forget_ids
    )
    if not same or a.split.dataset.test_digest != b.split.dataset.test_digest:
        return f"A forgets {requested(a.split)} and B forgets {requested(b.split)}, so their accuracies cannot be compared."
    titles = [f"{side} · {run_title(result)}" for side, result in (("A", a), ("B", b))]
    done = [has_forgotten(numbers) for numbers in (first, second)]
    forget, retain, gain = (
        [read(n, "unlearned") for n in (first, second)]
        for read in (_own("acc_forget"), _own("acc_retain"), _against("original"))
    )
    text = f"{titles[0]} and {titles[1]} both forget {requested(a.split)}"
    if None in done:
        text = f"Whether {titles[0]} and {titles[1]} forget {requested(a.split)} is not known yet"
    elif not all(done):
        left = joined([title for title, forgot in zip(titles, done, strict=True) if not forgot])
        text = f"{left} {'does' if any(done) else 'do'} not forget {requested(a.split)}"
    text += f" (Acc_f {_percent(forget[0])} and {_percent(forget[1])}). "
    kept = abs((retain[0] or 0.0) - (retain[1] or 0.0))
    more = "A" if (retain[0] or 0.0) > (retain[1] or 0.0) else "B"
    text += (
        "Both keep the rest equally well"
        if kept < SAME
        else f"{more} keeps {kept:.1f} points more of the rest"
    )
    text += f" (Acc_r {_percent(retain[0])} and {_percent(retain[1])}). "
    return (
        text
        + f"Against its original, A changed the retained classes by {points(gain[0] or 0.0)} points and B by {points(gain[1] or 0.0)}."
    )


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} %"
