"""Looking at a network while it is trained or unlearned: what it answers on a few samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from unsc_core.analysis import evaluation
from unsc_core.analysis.maps import shown
from unsc_core.data.request import Split
from unsc_core.experiment.resolve import settings, training
from unsc_core.progress import Glimpse

if TYPE_CHECKING:
    from torch import nn

    from unsc_core.experiment.experiment import Experiment

SAMPLES = 200
"""About as many are looked at: the first few of every class, and single samples to forget."""


def looked_at(request: Split) -> NDArray[np.intp]:
    """Indices of the samples that are looked at, in the request's `measured_part`."""
    return shown(request, request.measured_part, SAMPLES)


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
    rows, part = looked_at(request), request.measured_part
    now = evaluation.accuracies(
        logits, request.dataset.labels(part)[rows], request.is_forgotten(part)[rows]
    )
    forget, retain = (np.nan if now[of] is None else now[of] for of in ("acc_forget", "acc_retain"))
    curves: tuple[tuple[float, ...], tuple[float, ...]] = (), ()
    if before is not None and before.work == work:  # of an earlier attempt's, only the start
        curves = before.acc_forget[:epoch], before.acc_retain[:epoch]
    likely = np.round(255 * softmax(logits, axis=1)).astype(np.uint8)
    return Glimpse(work, epoch, last, (*curves[0], forget), (*curves[1], retain), likely.tobytes())


def probabilities(of: Glimpse, classes: int) -> NDArray[np.float32]:
    """(n, classes) of the samples that are `looked_at`."""
    stored = np.frombuffer(of.probabilities, np.uint8).reshape(-1, classes)
    return stored.astype(np.float32) / np.float32(255)


def look_at(work: Experiment) -> Callable[[int, nn.Module], None]:
    """Let an experiment report a `Glimpse` after every epoch of its trainings.

    Returns:
        What does so for its unlearning: `work.run(watch=look_at(work))`.
    """

    def look(epoch: int, last: int, model: nn.Module) -> None:
        from unsc_core.learning.batches import predict

        stages, data, request = work.stages, work.data, work.split
        with stages.aside("evaluate"):
            samples = data.x_train if request.measured_part == "train" else data.x_test
            chosen = samples[data.index(looked_at(request))]
            logits = predict(model, data, chosen).cpu().numpy()
            stages.glimpse = glimpse(logits, request, stages.words, epoch, last, stages.glimpse)

    work.watch_training = lambda epoch, model: look(epoch, training(work.config).epochs, model)
    return lambda epoch, model: look(epoch, settings(work.config).epochs, model)
