"""What is known of a request as soon as there is an original, before anything is unlearned."""

from __future__ import annotations

import numpy as np

from unsc_core.analysis import evaluation
from unsc_core.analysis.measures import MEASURES
from unsc_core.data.request import Split
from unsc_core.experiment.result import Predictions, masked
from unsc_core.figures.phrases import class_titles, joined, percent, points

NAMED = 3
"""Of the classes that forgotten samples resemble, the most that are named."""


def known(request: Split, original: Predictions) -> str:
    """Acc_f and Acc_r of the original, Acc_r of the mask, and where the forgotten samples go.

    Single samples have no mask; what they resemble is left out, as it is mostly their own class.
    """
    forget, data = request.forget_classes, request.dataset
    if not forget:
        return ""
    labels, forgotten = data.y_test, request.is_forgotten("test")
    before = evaluation.accuracies(original.test, labels, forgotten)
    mask = evaluation.accuracies(masked(original.test, forget), labels, forgotten)
    share = {name: MEASURES[name].text for name in ("acc_forget", "acc_retain")}
    free = points(mask["acc_retain"] - before["acc_retain"])
    names = class_titles([data.class_names[c] for c in forget])
    text = (
        f"Known already: the original has Acc_f {share['acc_forget'](before['acc_forget'])} and "
        f"Acc_r {share['acc_retain'](before['acc_retain'])}; the mask, which only hides {names}, "
        f"has Acc_r {share['acc_retain'](mask['acc_retain'])} ({free} points for free)."
    )
    if original.train is None:
        return text
    likest = masked(original.train[request.forget_train()], forget).argmax(1)
    counts = np.bincount(likest, minlength=data.num_classes)
    most = [c for c in np.argsort(-counts, kind="stable")[:NAMED].tolist() if counts[c]]
    shares = [f"{data.class_names[c]} ({percent(counts[c] / counts.sum())})" for c in most]
    return f"{text} To the original, the samples to forget resemble {joined(shares)} most."
