"""Two runs side by side, in sentences."""

from __future__ import annotations

from typing import Any

from unsc_core.analysis.claims import SAME, Forgetting, forgetting_of
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.summary import summary
from unsc_core.data.request import Split
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import (
    dataset_title,
    joined,
    method_title,
    model_title,
    moved,
    requested,
    run_title,
)
from unsc_core.figures.standings import does

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
    "moments_sample": "images for the second moments",
    "class_weights": "weights of the classes in them",
    "learning_rate": "learning rate",
    "epochs": "maximum number of epochs",
    "strength": "strength of erasing",
    "edits": "edits of the pseudo-labels",
    "training_epochs": "training epochs",
    "seed": "seed",
    "device": "device",
}
"""Settings of an experiment -> what they are called."""
_TITLES = {"dataset": dataset_title, "model": model_title, "method": method_title}


def seconds_note(result: Result) -> str:
    """Which times of a run are not comparable with that of its unlearning; "" if all are."""
    own = result.took["unlearned"]
    apart = {
        model: own.apart(took)
        for model, took in result.took.items()
        if model != "unlearned" and own.apart(took)
    }
    if not apart:
        return ""
    names = joined([f"the {model} model ({why})" for model, why in apart.items()])
    return f"The time of unlearning is not comparable with that of {names}."


def differences(a: Result, b: Result) -> str:
    """Which settings differ between two runs, in one sentence."""
    found = []
    for name, words in SETTINGS.items():
        if getattr(a.config, name) != getattr(b.config, name):
            of_a, of_b = _setting(a, name), _setting(b, name)
            found.append(f"{words} ({of_a}; {of_b})" if of_a != of_b else words)
    return f"A and B differ in {joined(found)}." if found else "A and B have the same settings."


def _setting(result: Result, name: str) -> str:
    value = getattr(result.config, name)
    if name in ("forget_classes", "forget_ids"):
        return requested(result.split)
    if name in ("edits", "energy_thresholds"):
        return ", ".join(map(str, value)) or "none"
    if value is None:
        return "trained here" if name == "checkpoint" else "none"
    if name in _TITLES:
        return _TITLES[name](value)
    return f"{value:g}" if isinstance(value, float) else str(value).rsplit("/", 1)[-1]


def same_request(a: Result, b: Result) -> bool:
    """Whether both forget the same of the same data, so that their accuracies are comparable."""
    of_a, of_b = (
        (one.split.forget_classes, one.split.forget_ids, one.split.dataset.test_digest)
        for one in (a, b)
    )
    return of_a == of_b


def comparison(a: Result, b: Result) -> str:
    """What the numbers of two runs say about each other, in a few sentences."""
    if not same_request(a, b):
        return f"{_requests(a, b)}, so their accuracies cannot be compared."
    numbers = [summary(result) for result in (a, b)]
    retain, gain = (
        [MEASURES[key].read(one) or 0.0 for one in numbers] for key in ("acc_retain", "gain")
    )
    ahead = retain[0] - retain[1]
    kept = f"{'A' if ahead > 0 else 'B'} keeps {abs(ahead):.1f} points more of the rest"
    if abs(ahead) < SAME:
        kept = "Both keep the rest equally well"
    titles = [f"{side} · {run_title(result)}" for side, result in (("A", a), ("B", b))]
    return (
        f"{_who_forgets(titles, numbers, a.split)} ({_both('acc_forget', numbers)}). "
        f"{kept} ({_both('acc_retain', numbers)}). Compared with its original, "
        f"A {moved('Acc_r', gain[0])} and B {moved('it', gain[1])}."
    )


def _requests(a: Result, b: Result) -> str:
    """How two requests that are not the same differ."""
    of_a, of_b = requested(a.split), requested(b.split)
    if of_a != of_b:
        return f"A forgets {of_a} and B forgets {of_b}"
    if a.split.dataset.test_digest != b.split.dataset.test_digest:
        return "A and B have different test sets"
    return "A and B forget different samples"


def _who_forgets(titles: list[str], numbers: list[dict[str, Any]], request: Split) -> str:
    what, samples = requested(request), len(request.forget_ids)
    found = [forgetting_of(one, samples) for one in numbers]
    if Forgetting.UNKNOWN in found:
        return f"It is not known yet whether {joined(titles)} forget {what}"
    if samples or Forgetting.NOTHING in found:
        said = [
            f"{who} {does(state, samples, 1)}" for who, state in zip(titles, found, strict=True)
        ]
        return f"Of {what}, {joined(said)}"
    left = [t for t, state in zip(titles, found, strict=True) if state is not Forgetting.DONE]
    if not left:
        return f"{joined(titles)} both forget {what}"
    text = f"{joined(left)} {does(Forgetting.MORE, 0, len(left))} {what}"
    return f"{text}; {next(t for t in titles if t not in left)} does" if len(left) == 1 else text


def _both(key: str, numbers: list[dict[str, Any]]) -> str:
    measure = MEASURES[key]
    a, b = (measure.text(measure.read(one)) for one in numbers)
    return f"{measure.name}: A {a}, B {b}"
