"""Quantities: how much is forgotten and kept, and what new weights add to the mask."""

from __future__ import annotations

from collections.abc import Sequence

from unsc_core.analysis.claims import least_change
from unsc_core.analysis.summary import summary
from unsc_core.course.evidence import Evidence
from unsc_core.course.quantities.entry import Asked, Bar, UnknownQuantityError, forgotten, quantity
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import method_title, run_title

RANDOM, PLAIN = "method:random-labels", "method:pseudo-labels"


def accuracy(result: Result, key: str, model: str = "unlearned") -> float:
    """A measure of a model in percent."""
    numbers = summary(result)
    value = numbers[model][key] if numbers.get(model) else None
    if value is None:
        raise UnknownQuantityError(
            f"The {model} model of {run_title(result)} has no such value; choose another state."
        )
    return float(value)


def _beside(evidence: Evidence, key: str, title: str, known: Sequence[Bar]) -> Asked:
    """Acc_f or Acc_r of the unlearned model, beside what is known."""
    of = "retained" if key == "acc_retain" else "forgotten"
    name = run_title(evidence.result)
    bar = Bar(name, accuracy(evidence.result, key), of)
    return Asked(title, "%", (*known, bar), name)


def _original(evidence: Evidence, key: str) -> Bar:
    return Bar("Original", accuracy(evidence.result, key, "original"))


STAY = "Accuracy on the classes that stay, on average"


@quantity("acc_f", "Acc_f after unlearning: how much of what was to be forgotten is recognised")
def acc_f(evidence: Evidence) -> Asked:
    """Beside that of the original."""
    title = f"Accuracy on {forgotten(evidence)}"
    return _beside(evidence, "acc_forget", title, [_original(evidence, "acc_forget")])


@quantity("acc_r", "Acc_r after unlearning")
def acc_r(evidence: Evidence) -> Asked:
    """Beside that of the original."""
    return _beside(evidence, "acc_retain", STAY, [_original(evidence, "acc_retain")])


@quantity("acc_r_mask", "Acc_r of the mask")
def acc_r_mask(evidence: Evidence) -> Asked:
    """Beside that of the original."""
    mask = Bar("Mask", accuracy(evidence.result, "acc_retain", "mask"), "retained")
    return Asked(STAY, "%", (_original(evidence, "acc_retain"), mask), "Mask")


@quantity("acc_r_beside_mask", "Acc_r after unlearning, with the original's and the mask's shown")
def acc_r_beside_mask(evidence: Evidence) -> Asked:
    """The question whether a method keeps more than the mask."""
    known = acc_r_mask(evidence).bars
    return _beside(evidence, "acc_retain", STAY, known)


@quantity("acc_r_retrained", "Acc_r of the retrained model", "retrained")
def acc_r_retrained(evidence: Evidence) -> Asked:
    """Beside the original's."""
    found = Bar("Retrained", accuracy(evidence.result, "acc_retain", "retrained"), "retained")
    return Asked(STAY, "%", (_original(evidence, "acc_retain"), found), "Retrained")


@quantity("acc_r_drop", "Over-unlearning: the points of Acc_r that unlearning costs")
def acc_r_drop(evidence: Evidence) -> Asked:
    """Negative if Acc_r rose."""
    name = run_title(evidence.result)
    lost = float(summary(evidence.result)["over_unlearning"])
    return Asked("Acc_r lost, in points", "points", (Bar(name, lost, "retained"),), name)


@quantity("gain_beyond_mask", "The points of Acc_r that changing weights adds to the mask")
def gain_beyond_mask(evidence: Evidence) -> Asked:
    """Beside what the mask gives for free."""
    gain = summary(evidence.result)["gain"]
    if gain["free"] is None:
        raise UnknownQuantityError("Single samples have no mask; forget a class instead.")
    free, name = Bar("Free: the mask", float(gain["free"]), "retained"), "Added by new weights"
    bars = (free, Bar(name, float(gain["added"]), "retained"))
    return Asked("Change of Acc_r against the original, in points", "points", bars, name)


@quantity("acc_r_beside_random", "Acc_r after unlearning, with that of random labels shown", RANDOM)
def acc_r_beside_random(evidence: Evidence) -> Asked:
    """What better targets are worth."""
    random = Bar("Random labels", accuracy(evidence.others[RANDOM], "acc_retain"), "retained")
    known = [_original(evidence, "acc_retain"), random]
    return _beside(evidence, "acc_retain", STAY, known)


@quantity(
    "acc_r_beside_free", "Acc_r after unlearning, beside pseudo-labels on free weights", PLAIN
)
def acc_r_beside_free(evidence: Evidence) -> Asked:
    """What the null space is worth with the same labels."""
    name = f"{method_title('pseudo-labels')}, all weights"
    plain = Bar(name, accuracy(evidence.others[PLAIN], "acc_retain"), "retained")
    return _beside(evidence, "acc_retain", STAY, [_original(evidence, "acc_retain"), plain])


@quantity(
    "agreement",
    "How many forgotten test images go where the retrained model sends them",
    "retrained",
)
def agreement(evidence: Evidence) -> Asked:
    """Beside the mask's."""
    mask = Bar("Mask", accuracy(evidence.result, "agreement", "mask"), "forgotten")
    title = f"Test images of {forgotten(evidence)} that are classified as by the retrained model"
    return _beside(evidence, "agreement", title, [mask])


MORE, SAME, LESS = "More than the mask", "No difference beyond chance", "Less than the mask"


@quantity(
    "beyond_the_mask",
    f"Whether Acc_r differs from the mask's: {MORE} | {SAME} | {LESS}",
    kind="choice",
)
def beyond_the_mask(evidence: Evidence) -> Asked:
    """Judged by the test samples that one gets right and the other wrong."""
    found = gain_beyond_mask(evidence)
    added, chance = found.bars[-1].value, least_change(evidence.result, "mask")
    answer = SAME if abs(added) < chance else MORE if added > 0 else LESS
    return Asked(found.title, "points", found.bars, answer=answer)
