"""What it takes to change the answers for an image, in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.answers import Answer
from unsc_core.data.request import Split
from unsc_core.figures.phrases import class_title, class_titles, counted, joined

AMPLIFIED_TO = 127.0
"""Grey levels that the largest change of a pixel is amplified to in pictures of differences."""


def size_text(norm: float, share: float | None) -> str:
    """How large a change is, as a share of the image or, for a black one, in grey levels."""
    if share is None:
        return f"{norm:,.0f} grey levels"
    return f"{100 * share:.1f}\u00a0%"


def amplified(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """The difference of two images on mid-grey, and how many times it is amplified.

    Args:
        before, after: (channels, height, width); the largest difference becomes AMPLIFIED_TO.
    """
    difference = after.astype(np.float64) - before
    times = int(max(1, AMPLIFIED_TO // max(float(np.abs(difference).max()), 1.0)))
    return np.clip(128 + times * difference, 0, 255).astype(np.uint8), times


def change_sentence(
    sizes: Mapping[str, tuple[float, float | None] | None],
    after: Mapping[str, int],
    answers: Mapping[str, Answer],
    request: Split,
    title: str,
) -> str:
    """Whose answer changes with least, and whether unlearning brought a border closer.

    Args:
        sizes: model -> norm and share of the smallest change found; None where none was.
        after: model -> what it then answers.
        answers: model -> what it answers now.
        request: the request and its dataset. title: of the run that made the unlearned model.
    """
    names = request.dataset.class_names
    called = {
        "original": "the original",
        "mask": "the mask",
        "unlearned": title,
        "retrained": "the retrained network",
    }
    none = [called[model] for model, size in sizes.items() if size is None]
    found = {model: size for model, size in sizes.items() if size is not None}
    if not found:
        return f"No change was found that makes {joined(none)} answer otherwise."
    least = min(found, key=lambda model: found[model][0])
    alike = [
        model
        for model in found
        if (found[model], after[model], answers[model].label)
        == (found[least], after[least], answers[least].label)
    ]
    whose = f"The answer of {called[least]} takes"
    if len(alike) > 1:
        whose = f"The answers of {joined([called[model] for model in alike])} take"
    size = size_text(*found[least]) + (" of the image's norm" if found[least][1] else "")
    now, then = (class_title(names[label]) for label in (answers[least].label, after[least]))
    text = f"{whose} the smallest change: one of {size} turns {now} into {then}."
    if after.get("unlearned") in request.forget_classes:
        after_it = "That" if "unlearned" in alike else f"What {title} answers after its own change"
        text += f" {after_it} is the class it was to forget."
    if none:
        text += f" For {joined(none)} no change was found."
    return text


def neighbour_sentence(labels: Mapping[str, NDArray[np.int64]], request: Split, title: str) -> str:
    """How many of the nearest training images were to be forgotten, before and after.

    Args:
        labels: "original" and "unlearned" -> (n,) classes of the nearest training images.
        request: the request and its dataset. title: of the run that made the unlearned model.
    """
    names, count = request.dataset.class_names, len(labels["original"])
    about = f"Of the {counted(count, 'training image')} nearest by features,"
    if not request.forget_classes:
        votes = {model: np.bincount(of) for model, of in labels.items()}
        most = {
            m: f"{_are(int(v.max()))} {class_title(names[v.argmax()])}" for m, v in votes.items()
        }
        return f"{about} {most['original']} for the original and {most['unlearned']} for {title}."
    here = {m: int(np.isin(of, request.forget_classes).sum()) for m, of in labels.items()}
    before = f"{_are(here['original'])} {class_titles([names[c] for c in request.forget_classes])}"
    if here["unlearned"]:
        after = f"{here['unlearned']} for {title}, although that is to be forgotten"
    else:
        after = f"none for {title}"
    return f"{about} {before} for the original and {after}."


def _are(count: int) -> str:
    """A count with its verb: "1 is", "3 are", "none are"."""
    return {0: "none are", 1: "1 is"}.get(count, f"{count} are")
