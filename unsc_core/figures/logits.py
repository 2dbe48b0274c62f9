"""The logits of a few samples, before and after."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unsc_core.experiment.result import Result
from unsc_core.figures.accuracy import class_bars
from unsc_core.figures.phrases import class_title, points
from unsc_core.figures.theme import Look, Picture


def logits(result: Result, rows: NDArray[np.intp], part: str, look: Look) -> Picture:
    """Mean logit of every class over samples of "test" or "train", original and unlearned."""
    names = list(result.split.dataset.class_names)
    before, after = (
        answers.of(part)[rows].mean(0) for answers in (result.original, result.unlearned)
    )
    series = [("original", before, look.muted, ""), ("unlearned", after, look.ink, "/")]
    figure = class_bars(names, series, "%{y:.2f}", look, 320, "mean logit")
    change = after - before
    most, least = int(change.argmax()), int(change.argmin())
    who = "this sample" if len(rows) == 1 else f"these {len(rows)} samples"
    alt = f"Bars: mean logit of each class over {who}, before and after."
    table = {"class": names, "original": before, "unlearned": after}
    if points(change[least]) == points(change[most]) == "0.0":
        return Picture(figure, alt, f"For {who}, every logit stayed as it was.", table)
    fell = "fell most" if change[least] < 0 else "rose least"
    rose = "rose most" if change[most] > 0 else "fell least"
    sentence = (
        f"For {who}, the logit of {class_title(names[least])} {fell} ({points(change[least])}) "
        f"and that of {class_title(names[most])} {rose} ({points(change[most])})."
    )
    return Picture(figure, alt, sentence, table)
