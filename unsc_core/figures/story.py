"""The story's steps in words: each says what this machine's own numbers carry, and would be false for others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from unsc_core.analysis.claims import SAME, Outcome, has_forgotten, outcome
from unsc_core.analysis.summary import summary
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import percent, points, requested, run_title
from unsc_core.methods import METHODS


@dataclass(frozen=True)
class Step:
    """One step: a heading, its text, and one number with its meaning."""

    title: str
    text: str
    number: str
    meaning: str


def lead(result: Result) -> str:
    """What the page is about, and what is shown on it."""
    return (
        f"A trained classifier is asked to **forget {requested(result.split)}**. Many methods damage what should remain: **over-unlearning**. "
        f"Shown here is **{run_title(result)}**. {METHODS[result.config.method].summary}"
        + (" Here a person has sent some of them elsewhere." if result.config.edits else "")
    )


def forgetting(result: Result) -> Step:
    """What is asked for."""
    names, before = requested(result.split), summary(result)["original"]["acc_forget"]
    return Step(
        "1 · Forget",
        f"The network learned {result.split.dataset.num_classes} classes from pictures like these. Someone asks that {names} be forgotten: "
        "the network should answer as if it had never seen such pictures. Training again without them would do it, and take as long as training did. "
        "Can the trained network be changed instead?",
        "…" if before is None else f"{before:.0f} %",
        f"of {names} recognised, before",
    )


def over_unlearning(careless: Result) -> Step:
    """The obvious way, and what it costs."""
    numbers, names = summary(careless), requested(careless.split)
    gain, done = numbers["gain"]["total"], has_forgotten(numbers)
    went = {
        True: "It forgets",
        False: f"Here it does not even forget (Acc_f {numbers['unlearned']['acc_forget'] or 0.0:.1f} %)",
        None: "It learns them",
    }
    if gain <= -SAME:
        paid = ", but all classes share the same weights, and the others pay. Every bar under zero is damage that nobody asked for."
    else:
        paid = ", and here the others do not pay on average. Look for bars under zero all the same: damage to one class hides in a mean."
    return Step(
        "2 · Over-unlearning",
        f"The obvious way: teach it *random* labels for {names}. {went[done]}{paid}",
        f"{points(gain)} points",
        "accuracy of the other classes, random labels",
    )


def null_space(ranks: Mapping[str, tuple[int, int]], cut_at: Mapping[str, float]) -> Step:
    """Where weights may move.

    Args:
        ranks: layer -> (directions kept, directions in all); cut_at: layer -> the γ it is cut at.
    """
    free = 1 - sum(rank for rank, _ in ranks.values()) / sum(dim for _, dim in ranks.values())
    left = 100 * (1 - min(cut_at.values()))
    held = f"at most {left:.2g} % of their energy" if left > 0 else "no energy at all"
    return Step(
        "3 · The null space",
        "What the other classes send into a layer lies mostly along some directions. Along all the others together they have "
        f"{held} in any layer. The less energy there, the less a change of weights of a given size moves their answers; what is left adds up from "
        "layer to layer. UNSC lets weights change nowhere else.",
        percent(free),
        "of all directions are left to move in",
    )


def pseudo_labels(result: Result) -> Step:
    """Where each forgotten sample is sent.

    Raises:
        ValueError: the method taught no labels.
    """
    if result.labels is None:
        raise ValueError("this method taught no labels")
    counts, names = np.bincount(result.labels), requested(result.split)
    most = result.split.dataset.class_names[int(counts.argmax())]
    taught = "each sample is taught the class that the network already found most like it, its **pseudo-label**. The idea: the borders between the "
    taught += "other classes then have to bend less."
    if result.config.edits:
        taught = "each sample has a **pseudo-label**, the class that the network found most like it; here a person has changed some of them."
    return Step(
        "4 · Pseudo-labels",
        f"Where should {names} go? Not anywhere: {taught}",
        percent(counts.max() / counts.sum()),
        f"of the training samples are taught {most}",
    )


ENDS = {
    Outcome.CALIBRATED: (
        "5 · Calibrated",
        "What had to go is gone from the answers, the other classes gain, and its images are answered as the judge answers them, "
        "about as often as by the mask.",
    ),
    Outcome.GAINED: (
        "5 · Forgotten, and the rest gains",
        "What had to go is gone from the answers, and the other classes are answered better.",
    ),
    Outcome.KEPT: (
        "5 · Forgotten, and the rest kept",
        "What had to go is gone from the answers, and the other classes are answered as well as before.",
    ),
    Outcome.DAMAGED: (
        "5 · Forgotten, at a price",
        "What had to go is gone from the answers, but the other classes pay: over-unlearning here, too.",
    ),
    Outcome.REMAINS: (
        "5 · Not forgotten here",
        "More of it is still recognised than counts as forgotten.",
    ),
    Outcome.UNDECIDED: (
        "5 · Is it forgotten?",
        "Whether what had to go is gone is known once the retrained model is there.",
    ),
}


def ending(result: Result) -> Step:
    """How it went, by the gold standard."""
    numbers, names = summary(result), requested(result.split)
    title, text = ENDS[outcome(numbers)]
    left, agreement = numbers["unlearned"]["acc_forget"], numbers["agreement"]
    of = f"the {names}" if result.split.forget_ids else f"the test images of {names}"
    still = (
        ""
        if left is None
        else f" {left:.1f} % of {of} are still recognised, {numbers['original']['acc_forget']:.1f} % were before."
    )
    judged = (
        "is still to be trained"
        if agreement is None
        else f"gives the same answer on {agreement:.0f} % of them"
    )
    return Step(
        title,
        f"{text}{still} The judge is a network trained again without {names}: it {judged}.",
        f"{points(numbers['gain']['total'])} points",
        f"accuracy of the other classes, {run_title(result)}",
    )


def hiding(result: Result) -> Step:
    """What masking the answer would have given."""
    numbers, names, who = summary(result), requested(result.split), run_title(result)
    mask, original, gain = numbers["mask"], numbers["original"], numbers["gain"]
    if mask is None:
        return Step(
            "6 · Why not just hide the answer?",
            f"For whole classes one could forbid the network to answer them. For {names} that is not possible: their class stays. "
            "The goal for them is not 0 % either, but what the retrained model recognises of them without having seen them.",
            "–",
            "no mask for single samples",
        )
    free, added = gain["free"], gain["added"]
    went = f"goes from {original['acc_retain']:.1f} to {mask['acc_retain']:.1f} %: {points(free)} points that cost nothing"
    if free >= SAME:
        went += f" and are therefore **free**. They come from images that were taken for {names}"
    if added >= SAME:
        beyond = f"{points(added)} points beyond the mask, **added** by its change of weights. In one run, that may be chance"
    else:
        beyond = f"{points(added)} points against the mask: nothing is **added**. So accuracy alone is no reason to unlearn"
    return Step(
        "6 · Why not just hide the answer?",
        f"Take the original and forbid it to answer {names}: a **mask**, one line and no training. It never answers {names} again, and the accuracy "
        f"of the other classes {went}. {who} reaches {numbers['unlearned']['acc_retain']:.1f} %, {beyond}. What the mask cannot give: it leaves "
        "every weight as it was, and whoever deletes the line has the class back. Whether the class has also left the network's features, neither "
        "number says.",
        f"{points(added)} points",
        f"against the mask, {who}",
    )
