"""The steps of the story in words, which follow from the numbers of the run that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from unsc_core.analysis.claims import SAME, Outcome, has_forgotten, outcome
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.summary import summary
from unsc_core.experiment.result import Result
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
        "…" if before is None else f"{before:.0f} %",
        f"accuracy on {names}, before",
    )


DAMAGE = (
    "All classes share the same weights, so the others lose accuracy on average. "
    "Every bar below zero is damage that nobody asked for."
)
NO_DAMAGE = (
    "The other classes lose nothing on average here. Look for bars below zero all the same: "
    "an average hides damage to a single class."
)


def over_unlearning(careless: Result) -> Step:
    """The obvious way, and what it costs."""
    numbers, names = summary(careless), _these(careless)
    gain, acc_forget = numbers["gain"]["total"], MEASURES["acc_forget"]
    went = {
        True: "The network forgets",
        False: f"Here it does not even forget (Acc_f {acc_forget.text(acc_forget.read(numbers))})",
        None: "The network learns them",
    }[has_forgotten(numbers)]
    return Step(
        "2 · Over-unlearning",
        f"The obvious way: train on *random* labels for {names}. {went}. "
        f"{DAMAGE if gain <= -SAME else NO_DAMAGE}",
        f"{points(gain)} points",
        "accuracy of the other classes, random labels",
    )


def null_space(ranks: Mapping[str, tuple[int, int]], cut_at: Mapping[str, float]) -> Step:
    """Where weights may move.

    Args:
        ranks: layer -> (number of kept directions, number of directions).
        cut_at: layer -> the γ it is cut at.
    """
    free = 1 - sum(rank for rank, _ in ranks.values()) / sum(dim for _, dim in ranks.values())
    left = 100 * (1 - min(cut_at.values()))
    held = f"at most {left:.2g} % of their energy" if left > 0 else "no energy at all"
    return Step(
        "3 · The null space",
        "What the other classes send into a layer lies mostly along some directions. All "
        f"remaining directions together hold {held} in any layer. The less energy lies there, the "
        "less a weight change of a given size moves the outputs for those classes; what does move "
        "adds up from layer to layer. UNSC changes weights along these remaining directions only.",
        percent(free),
        "of all directions remain to move in",
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
    targets = (
        "each sample is trained towards the class that the network finds most similar to it, its "
        "**pseudo-label**. The idea: the boundaries between the other classes then have to bend "
        "less."
    )
    if result.config.edits:
        targets = (
            "each sample has a **pseudo-label**, the class that the network finds most similar to "
            "it; some of them were edited by hand here."
        )
    return Step(
        "4 · Pseudo-labels",
        f"Where should {names} go? Not just anywhere: {targets}",
        percent(counts.max() / counts.sum()),
        f"of the forgotten training samples are trained towards {most}",
    )


ENDS = {
    Outcome.CALIBRATED: (
        "5 · Calibrated",
        "The network has forgotten, the other classes gain on average, and on the forgotten images "
        "it agrees with the retrained model about as often as the mask does.",
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
"""Outcome -> heading and first sentence of the ending."""


def ending(result: Result) -> Step:
    """How it went, judged by the retrained model."""
    numbers, names = summary(result), _these(result)
    title, text = ENDS[outcome(numbers)]
    before, left = (numbers[model]["acc_forget"] for model in ("original", "unlearned"))
    agreement = numbers["agreement"]
    of = names if result.split.forget_ids else f"the test images of {names}"
    still = "" if left is None else f" Accuracy on {of}: {left:.1f} %, from {before:.1f} % before."
    judged = (
        "It has yet to be trained."
        if agreement is None
        else f"It predicts the same class for {agreement:.0f} % of them."
    )
    return Step(
        title,
        f"{text}{still} The judge is a network retrained from scratch without {names}. {judged}",
        f"{points(numbers['gain']['total'])} points",
        f"accuracy of the other classes, {run_title(result)}",
    )


ADDED = "more than the mask, **added** by changing weights. In a single run that may be chance."
NOT_ADDED = (
    "compared with the mask: nothing is **added** by changing weights, "
    "so accuracy alone is no reason to unlearn."
)


def hiding(result: Result) -> Step:
    """What masking alone would have given."""
    numbers, names, who = summary(result), _these(result), run_title(result)
    mask, original, now = numbers["mask"], numbers["original"], numbers["unlearned"]
    if mask is None:
        return Step(
            "6 · Why not just hide the answer?",
            f"The network could be forbidden to predict a whole class. For {names} that does not "
            "work: their classes stay. Nor should their accuracy fall to 0 %, but to that of the "
            "retrained model, which may recognise some of them without having seen them.",
            "–",
            "no mask for single samples",
        )
    free, added = numbers["gain"]["free"], numbers["gain"]["added"]
    went = f"goes from {original['acc_retain']:.1f} to {mask['acc_retain']:.1f} %"
    went += f" ({points(free)} points)"
    if free >= SAME:
        went += f". This gain is **free**: it comes from images that were mistaken for {names}"
    return Step(
        "6 · Why not just hide the answer?",
        f"Take the original and forbid it to predict {names}: a **mask**, one line of code "
        f"without any training. It never predicts {names} again, and the accuracy of the other "
        f"classes {went}. {who} reaches {now['acc_retain']:.1f} %, {points(added)} points "
        f"{ADDED if added >= SAME else NOT_ADDED} What the mask cannot give: it leaves every "
        "weight as it was, and deleting that line brings back what was hidden. Neither number "
        "says whether it has left the network's features.",
        f"{points(added)} points",
        f"compared with the mask, {who}",
    )
