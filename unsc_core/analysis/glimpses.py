"""Looking at a network while it is trained or unlearned: what it answers on a few samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unsc_core.data.request import Split
from unsc_core.progress import Glimpse

if TYPE_CHECKING:
    from torch import nn

    from unsc_core.experiment.experiment import Experiment
    from unsc_core.experiment.pipeline import Look

SAMPLES, FORGOTTEN = 200, 50
"""About as many samples of all classes, and of those to forget, are looked at."""


def looked_at(request: Split) -> NDArray[np.intp]:
    """Indices of the samples that are looked at, in the request's `measured_part`.

    The first few of every class, and more of those to forget.
    """
    part, classes = request.measured_part, request.dataset.num_classes
    few = request.dataset.first_of_each_class(part, max(1, SAMPLES // classes))
    gone = np.flatnonzero(request.is_forgotten(part))
    return np.union1d(few, gone if request.forget_ids else gone[:FORGOTTEN]).astype(np.intp)


def corners(classes: int) -> NDArray[np.float64]:
    """(classes, 2): the classes' places on a circle of radius 1, the first on top (y is down)."""
    angles = 2 * np.pi * np.arange(classes) / classes - np.pi / 2
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def glimpse(
    logits: NDArray[np.float32],
    request: Split,
    work: str,
    epoch: int,
    last: int,
    before: Glimpse | None = None,
) -> Glimpse:
    """What a network answers.

    Args:
        logits: (n, classes) of the samples that are `looked_at`.
        request: what is forgotten.
        work, epoch, last: as in `Glimpse`.
        before: the glimpse before, whose curves go on if it is of the same work.
    """
    from scipy.special import softmax  # slow to load

    rows, part = looked_at(request), request.measured_part
    answers, gone = logits.argmax(1), request.is_forgotten(part)[rows]
    right = answers == request.dataset.labels(part)[rows]
    now = [100.0 * right[of].mean() if of.any() else np.nan for of in (gone, ~gone)]
    curves: list[tuple[float, ...]] = [(), ()]
    if before is not None and before.work == work:  # of an earlier attempt's, only the start
        curves = [before.forgotten[:epoch], before.others[:epoch]]
    forgotten, others = ((*curve, float(value)) for curve, value in zip(curves, now, strict=True))
    places = softmax(np.nan_to_num(logits), axis=1) @ corners(logits.shape[1])
    return Glimpse(
        work,
        epoch,
        last,
        forgotten,
        others,
        answers.astype(np.uint16).tobytes(),
        places.astype(np.float32).tobytes(),
    )


def look_at(work: Experiment) -> Look:
    """What makes `work.run(look=…)` report a `Glimpse` after every epoch."""

    def look(epoch: int, last: int, model: nn.Module) -> None:
        from unsc_core.learning.batches import predict

        stages, data, request = work.stages, work.data, work.split
        with stages.aside("evaluate"):
            samples = data.x_train if request.measured_part == "train" else data.x_test
            chosen = samples[data.index(looked_at(request))]
            logits = predict(model, data, chosen).cpu().numpy()
            stages.glimpse = glimpse(logits, request, stages.words, epoch, last, stages.glimpse)

    return look
