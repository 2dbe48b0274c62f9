"""The steps of the story in words, which follow from the numbers of the run that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.claims import (
    SAME,
    Forgetting,
    Outcome,
    ahead_of_mask,
    forgetting_of,
    outcome,
)
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.summary import summary
from unsc_core.experiment.result import Result
from unsc_core.figures.audit_words import sentence
from unsc_core.figures.phrases import class_title, percent, points, requested, run_title
from unsc_core.methods import METHODS


@dataclass(frozen=True)
class Step:
    """One step: a heading, its text, and one number with its meaning."""

    title: str
    text: str
    number: str
    meaning: str


def _these(result: Result) -> str:
    """What is forgotten, in the middle of a sentence: "Shirt", "class 3", or "the 12 samples"."""
    names = requested(result.split)
    return f"the {names}" if result.split.forget_ids else names


def _others(result: Result) -> str:
    """Whose accuracy Acc_r is: no class is gone where single samples are forgotten."""
    return "all classes together" if result.split.forget_ids else "the other classes"


def _change(result: Result) -> str:
    return f"change in the accuracy of {_others(result)}"


def _percent(accuracy: float) -> str:
    return MEASURES["acc_retain"].text(accuracy)


def _as_retrained(numbers: dict[str, Any], samples: int) -> str:
    """How many single samples are recognised: "more than the retrained model (…)"."""
    how = {Forgetting.MORE: "more than", Forgetting.FEWER: "fewer than"}
    words = how.get(forgetting_of(numbers, samples), "about as many as")
    mine, goal = (numbers[model]["acc_forget"] for model in ("unlearned", "retrained"))
    return f"{words} the retrained model ({_percent(mine)}; retrained {_percent(goal)})"


def lead(result: Result) -> str:
    """What the page is about, and which run it shows."""
    what = METHODS[result.config.method].summary
    edited = " Some of its pseudo-labels were edited by hand." if result.config.edits else ""
    return (
        f"A trained classifier is asked to **forget {requested(result.split)}**. Many methods "
        f"damage what it should keep: **over-unlearning**. Shown here: **{run_title(result)}** "
        f"({what[0].lower()}{what[1:].removesuffix('.')}).{edited}"
    )


def forgetting(result: Result) -> Step:
    """What is asked for."""
    names, before = _these(result), summary(result)["original"]["acc_forget"]
    return Step(
        "1 · Forget",
        f"The network learned {result.split.dataset.num_classes} classes from samples like these. "
        f"Someone asks it to forget {names}, as if that had never been part of its training data. "
        "Retraining from scratch on the rest would do that, but takes about as long as the first "
        "training. Can the trained network be changed instead?",
        "…" if before is None else percent(before / 100),
        f"accuracy on {names}, before",
    )


DAMAGE = "{others} lose accuracy on average, though nobody asked for that."
NO_DAMAGE = (
    "{others} lose nothing on average here. Look for bars below zero all the same: an average "
    "hides damage to a single class."
)


def over_unlearning(careless: Result) -> Step:
    """The obvious way, and what it costs."""
    numbers, names = summary(careless), _these(careless)
    gain = numbers["gain"]["total"]
    cost = DAMAGE if gain <= -SAME else NO_DAMAGE
    return Step(
        "2 · Over-unlearning",
        f"The obvious way: train on *random* labels for {names}. "
        f"{_went(numbers, len(careless.split.forget_ids))} "
        f"{cost.format(others=_others(careless).capitalize())}",
        f"{points(gain)} points",
        f"{_change(careless)}, random labels",
    )


def _went(numbers: dict[str, Any], samples: int) -> str:
    """Whether random labels make a network forget."""
    reached = forgetting_of(numbers, samples)
    if reached is Forgetting.UNKNOWN:
        return "Whether that forgets them is known once there is a retrained model."
    if samples:
        return f"Of these, the network then recognises {_as_retrained(numbers, samples)}."
    if reached is Forgetting.DONE:
        return "The network forgets."
    return f"Here it does not even forget (Acc_f {_percent(numbers['unlearned']['acc_forget'])})."


def null_space(
    ranks: Mapping[str, tuple[int, int]],
    cut_at: Mapping[str, float],
    *,
    single: bool = False,
    soft: bool = False,
) -> Step:
    """Where weights may move.

    Args:
        ranks: layer -> (number of kept directions, number of directions).
        cut_at: layer -> the γ it is cut at; empty for the merged subspace, whose cut does not
            limit the energy outside it.
        single: whether single samples are forgotten.
        soft: whether the run has a soft projector in place of this cut.
    """
    free = 1 - sum(rank for rank, _ in ranks.values()) / sum(dim for _, dim in ranks.values())
    kept = "remaining samples" if single else "other classes"
    return Step(
        "3 · The null space",
        f"What the {kept} send into a layer lies mostly along some directions. {_held(cut_at)} "
        "The less energy lies along a direction, the less a weight change of a given size along it "
        f"moves the outputs for the {kept}; small movements may add up from layer to layer. UNSC "
        f"{_changed(soft)}",
        percent(free),
        f"of all directions {'would ' if soft else ''}remain to move in",
    )


def _changed(soft: bool) -> str:
    """Along which directions weights change."""
    if not soft:
        return "changes weights along the remaining directions only."
    return (
        "changes weights along the remaining directions only; the run shown here makes no cut, but "
        "shortens each step the more, the more energy lies along it."
    )


def _held(cut_at: Mapping[str, float]) -> str:
    """The energy along the remaining directions."""
    if not cut_at:
        return (
            "This run finds these directions class by class and merges them, as published. The "
            "figure shows the directions of all classes together instead."
        )
    left = 100 * (1 - min(cut_at.values()))
    held = f"at most {left:.4g}\u00a0% of their energy" if left > 0 else "no energy at all"
    return (
        f"All remaining directions together hold {held} in any layer, on the training images "
        "sampled to find them."
    )


def pseudo_labels(result: Result) -> Step:
    """The training labels of the forgotten samples.

    Raises:
        ValueError: the method trains on no labels.
    """
    if result.labels is None:
        raise ValueError("this method trains on no labels")
    counts, names = np.bincount(result.labels), _these(result)
    most = class_title(result.split.dataset.class_names[int(counts.argmax())])
    others = "the other classes"
    similar = "the retained class that the network finds most similar to it"
    if result.split.forget_ids:
        others = "classes"
        similar = "the class other than its own that the network finds most similar to it"
    targets = (
        f"each sample is trained towards {similar}, its **pseudo-label**. The idea: "
        f"the boundaries between {others} then have to bend less."
    )
    if result.config.edits:
        targets = (
            f"each sample has a **pseudo-label**, {similar}; some of them were edited by hand here."
        )
    return Step(
        "4 · Pseudo-labels",
        f"Where should {names} go? Not just anywhere: {targets}",
        percent(counts.max() / counts.sum()),
        f"of the forgotten training samples are trained towards {most}",
    )


def masked_targets(result: Result) -> tuple[Step, NDArray[np.float64]]:
    """The original's probabilities without what is to be forgotten, which replace pseudo-labels.

    Returns:
        The step; and the probabilities (n_forget, classes).

    Raises:
        ValueError: the original's predictions on the training samples are not there yet.
    """
    if result.original.train is None:
        raise ValueError("the targets need the original's predictions on training samples")
    from scipy.special import softmax  # slow to load

    logits = result.original.train[result.split.forget_train()].astype(np.float64)
    logits[result.split.banned()] = -np.inf
    targets = softmax(logits, axis=1)
    names = _these(result)
    hidden = f" A **mask** that hides {names} would show the same probabilities."
    return Step(
        "4 · Where should they go?",
        f"Where should {names} go? Not just anywhere, and not all the way to a single class: each "
        "sample is trained towards the probabilities that the original gives the classes it may "
        f"still become.{'' if result.split.forget_ids else hidden}",
        percent(float(targets.max(1).mean())),
        "probability of the likeliest of these classes, on average",
    ), targets


ENDS = {
    Outcome.CALIBRATED: (
        "5 · Calibrated",
        "The network has forgotten, and the other classes gain accuracy on average.",
    ),
    Outcome.GAINED: (
        "5 · Forgotten, and the rest gains",
        "The network has forgotten, and the other classes gain accuracy on average.",
    ),
    Outcome.KEPT: (
        "5 · Forgotten, and the rest kept",
        "The network has forgotten, and the other classes are on average as accurate as before.",
    ),
    Outcome.DAMAGED: (
        "5 · Forgotten, at a price",
        "The network has forgotten, but the others lose on average: over-unlearning again.",
    ),
    Outcome.REMAINS: (
        "5 · Not forgotten here",
        "More is still recognised than counts as forgotten.",
    ),
    Outcome.UNDECIDED: (
        "5 · Is it forgotten?",
        "This is known once there is a retrained model to compare with.",
    ),
}
"""Outcome of a request for classes -> heading and first sentence of the ending."""
SAMPLE_ENDS = {
    Outcome.GAINED: ("5 · As the retrained model", "All classes together gain accuracy."),
    Outcome.KEPT: ("5 · As the retrained model", "All classes together are as accurate as before."),
    Outcome.DAMAGED: (
        "5 · As the retrained model, at a price",
        "All classes together lose accuracy: over-unlearning again.",
    ),
    Outcome.REMAINS: ("5 · Not forgotten here", "So they are not forgotten."),
    Outcome.OVERSHOT: ("5 · Too much forgotten", "If that is not chance, it is a trace as well."),
    Outcome.UNDECIDED: ENDS[Outcome.UNDECIDED],
}
"""Outcome of a request for single samples -> heading, and what follows from the comparison."""


def ending(result: Result) -> Step:
    """How it went, and what the retrained model predicts."""
    numbers, names, samples = summary(result), _these(result), len(result.split.forget_ids)
    of = names if samples else f"the test images of {names}"
    title = (SAMPLE_ENDS if samples else ENDS)[outcome(numbers, samples)][0]
    text = _samples_end(numbers, samples, of) if samples else _classes_end(numbers, of)
    judge, agreement = f"A network retrained from scratch without {names}", numbers["agreement"]
    judged = "has yet to be trained."
    if agreement is not None:
        judged = f"predicts the same class as this one for {percent(agreement / 100)} of {of}."
    return Step(
        title,
        f"{text} {judge} {judged}",
        f"{points(numbers['gain']['total'])} points",
        f"{_change(result)}, {run_title(result)}",
    )


def _classes_end(numbers: dict[str, Any], of: str) -> str:
    reached = outcome(numbers)
    sentences = [ENDS[reached][1]]
    before, left = (numbers[model]["acc_forget"] for model in ("original", "unlearned"))
    if left is not None:
        sentences.append(f"Accuracy on {of}: {_percent(left)}, from {_percent(before)} before.")
    ahead = ahead_of_mask(numbers)
    if reached is Outcome.CALIBRATED and ahead is not None:
        how = "as often as"
        if abs(ahead) >= SAME:
            how = f"{abs(ahead):.1f} points {'more' if ahead > 0 else 'less'} often than"
        sentences.append(f"On them, it agrees with the retrained model {how} the mask does.")
    return " ".join(sentences)


def _samples_end(numbers: dict[str, Any], samples: int, of: str) -> str:
    reached, said = forgetting_of(numbers, samples), SAMPLE_ENDS[outcome(numbers, samples)][1]
    if reached is Forgetting.UNKNOWN:
        return said
    before = _percent(numbers["original"]["acc_forget"])
    text = f"Of {of}, the network recognises {_as_retrained(numbers, samples)}; it was "
    text += f"{before} before."
    if reached is forgetting_of(numbers, samples, "original") is Forgetting.DONE:
        text += " The original was as near to it, so this cannot tell whether they are forgotten."
    return f"{text} {said}"


def _added(gain: float) -> str:
    """What changing weights gave beyond the mask."""
    if gain >= SAME:
        return "**added** by changing weights. In a single run that may be chance."
    if gain <= -SAME:
        return "in this run, changing weights has cost more than it **added**."
    return "in this run, changing weights has **added** nothing."


def hiding(result: Result) -> Step:
    """What masking alone would have given."""
    numbers, names, who = summary(result), _these(result), run_title(result)
    mask, original, now = numbers["mask"], numbers["original"], numbers["unlearned"]
    title = "6 · Why not just hide the answer?"
    if mask is None:
        return Step(
            title,
            f"The network could be forbidden to predict a whole class. For {names} that does not "
            "work: their classes stay. Nor should their accuracy fall to 0\u00a0%, but to that of "
            "the retrained model, which may recognise some of them without having seen them.",
            "–",
            "no mask for single samples",
        )
    free, added = numbers["gain"]["free"], numbers["gain"]["added"]
    went = f"goes from {_percent(original['acc_retain'])} to {_percent(mask['acc_retain'])}"
    went += f" ({points(free)} points)"
    if free >= SAME:
        went += f". This gain is **free**: it comes from images that were mistaken for {names}"
    versus = "as much as the mask"
    if abs(added) >= SAME:
        versus = f"{abs(added):.1f} points {'more' if added > 0 else 'less'} than the mask"
    return Step(
        title,
        f"Take the original and forbid it to predict {names}: a **mask**, one line of code "
        f"without any training. It never predicts {names} again, and the accuracy of the other "
        f"classes {went}. {who} reaches {_percent(now['acc_retain'])}, {versus}: "
        f"{_added(added)} But the mask leaves every weight as it was: "
        f"delete that line, and the network predicts {names} again. Neither accuracy shows "
        f"whether anything of {names} is left in the network's features.",
        f"{points(added)} points",
        f"Acc_r minus the mask's, {who}",
    )


def gone(result: Result, probe: Mapping[str, Any] | None) -> Step:
    """Whether the class is still in the features.

    Args:
        result: whole classes are forgotten.
        probe: the linear probe as `excess.over_seeds` returns it; None if it was not made.
    """
    names, who, title = _these(result), run_title(result), "7 · But is it gone?"
    if probe is None:
        return Step(
            title,
            f"A network may never predict {names} and still tell them apart in its features. "
            "**Audits** look for that in the answers, the features and the memory, and compare "
            f"with the retrained model. For {who} they have not been made yet. The page Audit "
            "makes them and says beforehand how long they take.",
            "?",
            f"of {names} left in the features",
        )
    number = "–" if probe["failed"] else f"{points(probe['excess']['mean'])} points"
    return Step(
        title,
        f"A **linear probe** is trained to find {names} in the features of each network, and "
        f"judged on held-out samples. {sentence(probe)}",
        number,
        f"found beyond the retrained, {who}",
    )
