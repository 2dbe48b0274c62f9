"""The chapters of the story on how UNSC works: the null space, and what samples are trained on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import class_title, percent
from unsc_core.figures.story import Chapter
from unsc_core.figures.story_ends import these

UNCUT = {
    "soft projector": "This run makes no cut, but shortens each step more where more energy lies.",
    "selective directions": "This run makes no such cut: it changes weights only along directions "
    "that the forgotten samples use far more than the rest.",
}
"""What a run has in place of a cut at γ -> how it changes weights."""


def null_space(
    ranks: Mapping[str, tuple[int, int]],
    cut_at: Mapping[str, float],
    *,
    single: bool = False,
    uncut: str = "",
) -> Chapter:
    """Where weights may move.

    Args:
        ranks: layer -> (number of kept directions, number of directions).
        cut_at: layer -> the γ it is cut at; empty for the merged subspace, whose cut does not
            limit the energy outside it.
        single: whether single samples are forgotten.
        uncut: what the run has in place of this cut: "soft projector" or "selective directions".
    """
    free = 1 - sum(rank for rank, _ in ranks.values()) / sum(dim for _, dim in ranks.values())
    kept = "remaining samples" if single else "other classes"
    changed = "UNSC changes weights along the remaining directions only."
    if uncut:
        changed = UNCUT[uncut]
    return Chapter(
        "space",
        "3 · The null space",
        f"What the {kept} send into a layer lies mostly along some directions. {changed}",
        "",
        f"{_held(cut_at, kept)} A weight change along them moves the outputs for the {kept} less "
        "than one of the same size elsewhere, but small movements may add up from layer to layer.",
        percent(free),
        f"of all directions {'would ' if uncut else ''}remain to move in",
    )


def _held(cut_at: Mapping[str, float], kept: str) -> str:
    """The energy along the remaining directions; `kept`: whose."""
    if not cut_at:
        return (
            "The kept ones were found class by class and merged, while the figure shows those of "
            "all classes together; the rest remain."
        )
    left = 100 * (1 - min(cut_at.values()))
    held = f"at most {left:.4g}\u00a0% of the energy" if left > 0 else "no energy at all"
    return f"The remaining ones hold {held} of the {kept}' sampled images in any layer."


def pseudo_labels(result: Result) -> Chapter:
    """The training labels of the forgotten samples.

    Raises:
        ValueError: the method trains on no labels.
    """
    if result.labels is None:
        raise ValueError("this method trains on no labels")
    counts, names = np.bincount(result.labels), these(result)
    most = class_title(result.split.dataset.class_names[int(counts.argmax())])
    similar, kept = "retained class", "the other classes"
    if result.split.forget_ids:
        similar, kept = "class other than its own", "classes"
    edited = " Some were edited by hand here." if result.config.edits else ""
    return Chapter(
        "targets",
        "4 · Pseudo-labels",
        f"Where should {names} go? Each sample is trained towards the {similar} that the original "
        f"finds most similar to it, its **pseudo-label**.{edited}",
        "",
        f"The idea: the boundaries between {kept} then have to bend less.",
        percent(counts.max() / counts.sum()),
        f"of the forgotten training samples are trained towards {most}",
    )


def masked_targets(result: Result) -> tuple[Chapter, NDArray[np.float64]]:
    """The original's probabilities without what is to be forgotten, which replace pseudo-labels.

    Returns:
        The chapter; and the probabilities (n_forget, classes).

    Raises:
        ValueError: the original's predictions on the training samples are not there yet.
    """
    if result.original.train is None:
        raise ValueError("the targets need the original's predictions on training samples")
    from scipy.special import softmax  # slow to load

    logits = result.original.train[result.split.forget_train()].astype(np.float64)
    logits[result.split.banned()] = -np.inf
    targets = softmax(logits, axis=1)
    names = these(result)
    chapter = Chapter(
        "targets",
        "4 · Where should they go?",
        f"Where should {names} go? Each sample is trained towards the probabilities that the "
        "original gives the classes it may still become.",
        "",
        "Lines lead to the likeliest of these classes, which does not get all of the probability.",
        percent(float(targets.max(1).mean())),
        "probability of the likeliest of these classes, on average",
    )
    return chapter, targets
