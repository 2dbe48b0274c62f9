"""Named quantities that lessons ask for: each is computed from stored results, never typed.

A quantity comes with the bars that it is asked on: those that are known, and the one to guess. A
new one is an entry of QUANTITIES; lesson files name it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.claims import least_change
from unsc_core.analysis.summary import summary
from unsc_core.course.evidence import Evidence
from unsc_core.errors import UnscError
from unsc_core.experiment.resolve import settings
from unsc_core.experiment.result import Result
from unsc_core.figures import explainer
from unsc_core.figures.phrases import joined, method_title, requested, run_title
from unsc_core.subspace.energy import energy_rank, kept_share, unkept

RANDOM, PLAIN = "method:random-labels", "method:pseudo-labels"


class UnknownQuantityError(UnscError):
    """The quantity has no value for this run; the message says why."""


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its value, and whose colour it has: "retained", "forgotten" or ""."""

    name: str
    value: float
    of: str = ""


@dataclass(frozen=True)
class Asked:
    """What is asked, on the bars of a real result.

    Attributes:
        title: of the bars. unit: of their values.
        bars: in the order in which they are drawn.
        asked: the name of the bar that is to be guessed; empty for a choice.
        answer: of a choice, in words or the name of a bar.
    """

    title: str
    unit: str
    bars: tuple[Bar, ...]
    asked: str = ""
    answer: str = ""

    @property
    def truth(self) -> float | str:
        """The answer: a number, or the right choice."""
        if not self.asked:
            return self.answer
        return next(bar.value for bar in self.bars if bar.name == self.asked)


@dataclass(frozen=True)
class Quantity:
    """One entry.

    Attributes:
        name: in lesson files.
        meaning: one line, for those who write lessons.
        kind: "number" or "choice".
        compute: from what is stored.
        needs: beside the experiment itself; see `evidence.pieces`.
    """

    name: str
    meaning: str
    kind: str
    compute: Callable[[Evidence], Asked]
    needs: tuple[str, ...] = ()


QUANTITIES: dict[str, Quantity] = {}
Compute = Callable[[Evidence], Asked]


def quantity(name: str, meaning: str, *needs: str, kind: str = "number") -> Callable[..., Compute]:
    """Register a quantity: a decorator of the function that computes it."""

    def add(compute: Compute) -> Compute:
        QUANTITIES[name] = Quantity(name, meaning, kind, compute, needs)
        return compute

    return add


def written(value: float | str, unit: str) -> str:
    """An answer in words: "78.5 %", "−12.8 points", "Coat"."""
    if isinstance(value, str):
        return value
    text = f"{value:+.1f}" if unit == "points" else f"{value:.1f}"
    text = "0.0" if float(text) == 0 else text.replace("-", "−")
    return f"{text}\u00a0{unit}" if unit else text


def _only(bars: Sequence[Bar], choose: Callable[[Iterable[float]], float], what: str) -> str:
    """The name of the bar with the lowest or highest value, which must be one."""
    best = choose(bar.value for bar in bars)
    names = [bar.name for bar in bars if bar.value == best]
    if len(names) > 1:
        raise UnknownQuantityError(
            f"{joined(names)} are tied for {what}, so there is no one answer; choose another state."
        )
    return names[0]


# Accuracies.


def _acc(result: Result, key: str, model: str = "unlearned") -> float:
    """A measure of a model in percent."""
    numbers = summary(result)
    value = numbers[model][key] if numbers.get(model) else None
    if value is None:
        raise UnknownQuantityError(
            f"The {model} model of {run_title(result)} has no such value; choose another state."
        )
    return float(value)


def _accuracies(
    evidence: Evidence, key: str, title: str, known: Sequence[Bar], asked: str = ""
) -> Asked:
    """Acc_f or Acc_r of the unlearned model, beside what is known."""
    of = "retained" if key == "acc_retain" else "forgotten"
    name = asked or run_title(evidence.result)
    bar = Bar(name, _acc(evidence.result, key), of)
    return Asked(title, "%", (*known, bar), name)


def _original(evidence: Evidence, key: str) -> Bar:
    return Bar("Original", _acc(evidence.result, key, "original"))


def _forgotten(evidence: Evidence) -> str:
    return requested(evidence.result.split)


STAY = "Accuracy on the classes that stay, on average"


@quantity("acc_f", "Acc_f after unlearning: how much of what was to be forgotten is recognised")
def acc_f(evidence: Evidence) -> Asked:
    """Beside that of the original."""
    title = f"Accuracy on {_forgotten(evidence)}"
    return _accuracies(evidence, "acc_forget", title, [_original(evidence, "acc_forget")])


@quantity("acc_r", "Acc_r after unlearning")
def acc_r(evidence: Evidence) -> Asked:
    """Beside that of the original."""
    return _accuracies(evidence, "acc_retain", STAY, [_original(evidence, "acc_retain")])


@quantity("acc_r_mask", "Acc_r of the mask")
def acc_r_mask(evidence: Evidence) -> Asked:
    """Beside that of the original."""
    mask = Bar("Mask", _acc(evidence.result, "acc_retain", "mask"), "retained")
    return Asked(STAY, "%", (_original(evidence, "acc_retain"), mask), "Mask")


@quantity("acc_r_beside_mask", "Acc_r after unlearning, with the original's and the mask's shown")
def acc_r_beside_mask(evidence: Evidence) -> Asked:
    """The question whether a method keeps more than the mask."""
    known = acc_r_mask(evidence).bars
    return _accuracies(evidence, "acc_retain", STAY, known)


@quantity("acc_r_retrained", "Acc_r of the retrained model", "retrained")
def acc_r_retrained(evidence: Evidence) -> Asked:
    """Beside the original's."""
    found = Bar("Retrained", _acc(evidence.result, "acc_retain", "retrained"), "retained")
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
    random = Bar("Random labels", _acc(evidence.others[RANDOM], "acc_retain"), "retained")
    known = [_original(evidence, "acc_retain"), random]
    return _accuracies(evidence, "acc_retain", STAY, known)


@quantity(
    "acc_r_beside_free", "Acc_r after unlearning, beside pseudo-labels on free weights", PLAIN
)
def acc_r_beside_free(evidence: Evidence) -> Asked:
    """What the null space is worth with the same labels."""
    name = f"{method_title('pseudo-labels')}, all weights"
    plain = Bar(name, _acc(evidence.others[PLAIN], "acc_retain"), "retained")
    return _accuracies(evidence, "acc_retain", STAY, [_original(evidence, "acc_retain"), plain])


@quantity(
    "agreement",
    "How many forgotten test images go where the retrained model sends them",
    "retrained",
)
def agreement(evidence: Evidence) -> Asked:
    """Beside the mask's."""
    mask = Bar("Mask", _acc(evidence.result, "agreement", "mask"), "forgotten")
    title = f"Test images of {_forgotten(evidence)} that are classified as by the retrained model"
    return _accuracies(evidence, "agreement", title, [mask])


# Classes.


def _per_class(result: Result, model: str) -> list[float]:
    """(classes,) accuracy in percent."""
    return [float("nan") if one is None else one for one in summary(result)[model]["per_class"]]


def _class_bars(result: Result, values: Sequence[float], classes: Sequence[int]) -> tuple[Bar, ...]:
    names, gone = result.split.dataset.class_names, result.split.forget_classes
    return tuple(
        Bar(names[c], float(values[c]), "forgotten" if c in gone else "retained") for c in classes
    )


@quantity("weakest_class", "The class that the original recognises least", kind="choice")
def weakest_class(evidence: Evidence) -> Asked:
    """Bars: the original's accuracy on each class."""
    values = _per_class(evidence.result, "original")
    bars = _class_bars(evidence.result, values, range(len(values)))
    least = _only(bars, min, "the lowest accuracy")
    return Asked("The original's accuracy on test images", "%", bars, answer=least)


@quantity(
    "most_harmed_class", "The class that loses most accuracy of those that stay", kind="choice"
)
def most_harmed_class(evidence: Evidence) -> Asked:
    """Bars: the change of each class that stays."""
    result = evidence.result
    change = np.subtract(_per_class(result, "unlearned"), _per_class(result, "original"))
    bars = _class_bars(result, change.tolist(), result.split.retain_classes)
    if min(bar.value for bar in bars) >= 0:
        raise UnknownQuantityError(
            f"No class that stays loses accuracy with {run_title(result)}; choose another state."
        )
    title = f"Change of accuracy after {run_title(result)}, in points"
    return Asked(title, "points", bars, answer=_only(bars, min, "the largest loss"))


def _shares(result: Result, labels: NDArray[np.int64]) -> tuple[Bar, ...]:
    """Share of each class among `labels`, in percent, the largest first."""
    names = result.split.dataset.class_names
    classes, counts = np.unique(labels, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return tuple(
        Bar(names[classes[i]], 100 * float(counts[i]) / len(labels), "retained") for i in order
    )


def _labels(result: Result) -> NDArray[np.int64]:
    if result.labels is None:
        raise UnknownQuantityError(
            f"{run_title(result)} gives samples no single label; choose the method unsc."
        )
    return result.labels


@quantity("top_pseudo_label", "The pseudo-label that most forgotten samples get", kind="choice")
def top_pseudo_label(evidence: Evidence) -> Asked:
    """Bars: the share of each label."""
    bars = _shares(evidence.result, _labels(evidence.result))
    title = f"Pseudo-labels of the training samples: {_forgotten(evidence)}"
    return Asked(title, "%", bars, answer=_only(bars, max, "the most frequent label"))


@quantity("pseudo_label_share", "The share of the most frequent pseudo-label")
def pseudo_label_share(evidence: Evidence) -> Asked:
    """One bar."""
    (first, *_) = _shares(evidence.result, _labels(evidence.result))
    title = f"Share of the training samples of {_forgotten(evidence)} with this pseudo-label"
    return Asked(title, "%", (first,), first.name)


@quantity(
    "top_retrained_class",
    "Where the retrained model sends most forgotten test images",
    "retrained",
    kind="choice",
)
def top_retrained_class(evidence: Evidence) -> Asked:
    """Bars: the share of each class."""
    result = evidence.result
    assert result.retrained is not None
    answers = result.retrained.test.argmax(1)[result.split.is_forgotten("test")]
    bars = _shares(result, answers)
    title = f"The retrained model's answers to test images of {_forgotten(evidence)}"
    return Asked(title, "%", bars, answer=_only(bars, max, "the most frequent answer"))


@quantity(
    "pseudo_labels_right",
    "How often a pseudo-label is what the retrained model answers",
    "retrained",
)
def pseudo_labels_right(evidence: Evidence) -> Asked:
    """Beside what labels would reach that are dealt out at random in the same shares."""
    result = evidence.result
    labels = _labels(result)
    assert result.retrained is not None
    answers = result.retrained.of("train")[result.split.forget_train()].argmax(1)
    chance = sum(float((labels == c).mean() * (answers == c).mean()) for c in np.unique(labels))
    name = "Pseudo-labels"
    bars = (
        Bar("The same labels, shuffled", 100 * chance, "forgotten"),
        Bar(name, 100 * float((labels == answers).mean()), "forgotten"),
    )
    title = f"Training samples of {_forgotten(evidence)} with the retrained model's answer as label"
    return Asked(title, "%", bars, name)


# Subspaces.


def _cuts(evidence: Evidence) -> Mapping[str, float]:
    return settings(evidence.result.config).cuts(list(evidence.spectra))


def _free(evidence: Evidence, gamma: float | None = None) -> list[float]:
    """(layers,) free directions in percent; at another γ than the run's, if one is given."""
    cut_at = _cuts(evidence)
    found = []
    for layer, groups in evidence.spectra.items():
        at = cut_at[layer] if gamma is None else gamma
        kept = sum(energy_rank(group, at) for group in groups)
        found.append(100 * (1 - kept / groups.size))
    return found


def _last_layer(evidence: Evidence) -> str:
    return list(evidence.spectra)[-1]


@quantity(
    "free_share", "Free directions of the last layer, with those of the others shown", "spectra"
)
def free_share(evidence: Evidence) -> Asked:
    """In percent, at the run's γ."""
    free = _free(evidence)
    bars = tuple(Bar(f"Layer {i}", value) for i, value in enumerate(free, 1))
    gamma = settings(evidence.result.config).energy_threshold
    title = f"Directions that are free at γ = {gamma:g}"
    return Asked(title, "%", bars, bars[-1].name)


@quantity("first_free_share", "Free directions of the first layer, in percent", "spectra")
def first_free_share(evidence: Evidence) -> Asked:
    """Beside no other layer: these are shown with the answer, by a figure."""
    found = free_share(evidence)
    return Asked(found.title, "%", found.bars[:1], found.bars[0].name)


@quantity("free_share_by_gamma", "Free directions of the last layer at γ = 0.999", "spectra")
def free_share_by_gamma(evidence: Evidence) -> Asked:
    """Beside other γ."""
    gammas = (0.9, 0.96, 0.99, 0.999)
    bars = tuple(Bar(f"γ = {g:g}", _free(evidence, g)[-1]) for g in gammas)
    return Asked("Free directions of the last layer", "%", bars, bars[-1].name)


@quantity(
    "freest_layer", "The layer with the largest share of free directions", "spectra", kind="choice"
)
def freest_layer(evidence: Evidence) -> Asked:
    """Bars: the share of each layer."""
    found = free_share(evidence)
    best = _only(found.bars, max, "the largest share")
    return Asked(found.title, "%", found.bars, answer=best)


@quantity("free_energy", "Energy of the retained samples in the last layer's null space", "spectra")
def free_energy(evidence: Evidence) -> Asked:
    """In percent, beside the share of free directions."""
    name = "Energy along them"
    outside = 100 * unkept(evidence.spectra, _cuts(evidence))[_last_layer(evidence)]
    bars = (Bar("Free directions", _free(evidence)[-1]), Bar(name, outside, "retained"))
    return Asked("The last layer's null space holds this much", "%", bars, name)


@quantity(
    "reachable_share",
    "Energy of the forgotten samples in the last layer's null space",
    "spectra",
    "subspaces",
)
def reachable_share(evidence: Evidence) -> Asked:
    """In percent, beside that of the retained samples."""
    assert evidence.subspaces is not None
    layer, retained = _last_layer(evidence), free_energy(evidence).bars[-1]
    groups, cut = evidence.spectra[layer], _cuts(evidence)[layer]
    ranks = [energy_rank(group, cut) for group in groups]
    reached = 100 * (1 - kept_share(evidence.subspaces.forget_energy[layer], ranks))
    name = _forgotten(evidence)
    bars = (Bar("Classes that stay", retained.value, "retained"), Bar(name, reached, "forgotten"))
    return Asked("Share of their energy in the last layer's null space", "%", bars, name)


@quantity(
    "still_direction", "The toy's direction along which a step moves no output", kind="choice"
)
def still_direction(_: Evidence) -> Asked:
    """Bars: how far a step of length 1 moves the outputs of the cloud's retained inputs."""
    made = explainer.toy()
    retained = ~np.array(made["forgotten"], bool)
    inputs = np.array(made["inputs"])[retained] * np.sqrt([*made["spread"], 0.0])
    moved = np.sqrt((inputs**2).mean(0))
    names = [f"Direction {i}" for i in (1, 2, 3)]
    bars = tuple(Bar(n, float(m), "retained") for n, m in zip(names, moved, strict=True))
    title = "How far a step of length 1 moves the retained outputs (root mean square)"
    return Asked(title, "", bars, answer=min(bars, key=lambda bar: bar.value).name)


# γ.


def _by_gamma(evidence: Evidence, key: str, of: str) -> tuple[Bar, ...]:
    gammas = sorted((name for name in evidence.others if name[0].isdigit()), key=float)
    return tuple(Bar(f"γ = {name}", _acc(evidence.others[name], key), of) for name in gammas)


@quantity("acc_f_at_high_gamma", "Acc_f at γ = 0.999, with those of lower γ shown", "sweep")
def acc_f_at_high_gamma(evidence: Evidence) -> Asked:
    """What happens when nearly all directions are kept."""
    bars = _by_gamma(evidence, "acc_forget", "forgotten")
    return Asked(f"Accuracy on {_forgotten(evidence)} after UNSC", "%", bars, bars[-1].name)


@quantity("acc_r_at_low_gamma", "Acc_r at γ = 0.8, with those of higher γ shown", "sweep")
def acc_r_at_low_gamma(evidence: Evidence) -> Asked:
    """What happens when few directions are kept."""
    bars = _by_gamma(evidence, "acc_retain", "retained")
    return Asked(f"{STAY}, after UNSC", "%", bars, bars[0].name)


# The mask, and what is left.

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


def _probe(evidence: Evidence) -> dict[str, float]:
    """Network → what a linear probe finds in its features, in percent."""
    audit = evidence.probe
    found = {name: audit[name]["mean"] for name in ("original", "mask", "unlearned", "retrained")}
    if None in found.values():
        raise UnknownQuantityError(f"The linear probe has no value here: {audit['failed']}")
    return found


def _probed(evidence: Evidence, *networks: str) -> tuple[Bar, ...]:
    titles = {"unlearned": run_title(evidence.result)}
    values = _probe(evidence)
    return tuple(Bar(titles.get(n, n.capitalize()), values[n], "forgotten") for n in networks)


def _probe_title(evidence: Evidence) -> str:
    return f"{_forgotten(evidence)}: test images that a linear probe finds in the features"


@quantity(
    "probe_retrained",
    "What a linear probe finds in the retrained model's features",
    "retrained",
    "probe",
)
def probe_retrained(evidence: Evidence) -> Asked:
    """Beside the original's."""
    bars = _probed(evidence, "original", "retrained")
    return Asked(_probe_title(evidence), "%", bars, bars[-1].name)


@quantity(
    "probe_unlearned",
    "What a linear probe finds in the unlearned model's features",
    "retrained",
    "probe",
)
def probe_unlearned(evidence: Evidence) -> Asked:
    """Beside those of the original, the mask and the retrained model."""
    bars = _probed(evidence, "original", "mask", "retrained", "unlearned")
    return Asked(_probe_title(evidence), "%", bars, bars[-1].name)


@quantity(
    "probe_excess",
    "What the probe finds beyond the retrained model, in points",
    "retrained",
    "probe",
)
def probe_excess(evidence: Evidence) -> Asked:
    """Beside the original's excess."""
    found = _probe(evidence)
    name = run_title(evidence.result)
    bars = tuple(
        Bar(title, found[network] - found["retrained"], "forgotten")
        for title, network in (("Original", "original"), (name, "unlearned"))
    )
    title = "Found by a linear probe beyond the retrained model, in points"
    return Asked(title, "points", bars, name)


AS_ORIGINAL, AS_RETRAINED = "The original's", "The retrained model's"


@quantity(
    "probe_is_like",
    f"Whose features the unlearned ones resemble: {AS_ORIGINAL} | {AS_RETRAINED}",
    "retrained",
    "probe",
    kind="choice",
)
def probe_is_like(evidence: Evidence) -> Asked:
    """By what the probe finds: nearer to the original's or to the retrained model's."""
    found = _probe(evidence)
    near = abs(found["unlearned"] - found["original"]) < abs(
        found["unlearned"] - found["retrained"]
    )
    bars = _probed(evidence, "original", "unlearned", "retrained")
    return Asked(_probe_title(evidence), "%", bars, answer=AS_ORIGINAL if near else AS_RETRAINED)
