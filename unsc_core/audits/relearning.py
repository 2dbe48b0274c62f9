"""Relearning: how much of the forgotten class comes back after a few samples of it?

Source: Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net, CVPR 2020,
arXiv 1911.04933 (relearn time); Tarun et al.: Fast Yet Effective Machine Unlearning, IEEE TNNLS
2023, arXiv 2111.08947.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from unsc_core.audits.entry import RELEARNED_IMAGES, Audit, Outcome
from unsc_core.audits.subject import Subject
from unsc_core.learning.batches import predict
from unsc_core.learning.training import check_finite, shuffled

AUDIT = Audit(
    name="relearning",
    title="Relearning",
    question="How much of the forgotten class comes back after a few samples of it?",
    measures="Acc_f on test after a short fine-tuning with 5 samples of every class.",
    unit="%",
    direction="higher",
    group="memory",
    source="Golatkar et al., CVPR 2020, arXiv 1911.04933; Tarun et al. 2023, arXiv 2111.08947",
    order=60,
    version=2,
)
IMAGES = (1, 5, 10, 50)
"""Numbers of images per class, of forgotten and retained classes alike."""
DRAWS = 3
"""Independent draws of the images, which the accuracies are means over."""
STEPS, BATCH = 100, 50
RECORDED = (0, 1, 2, 5, 10, 20, 50, 100)
"""The steps after which the accuracy is recorded, with RELEARNED_IMAGES images."""
LEARNING_RATE, MOMENTUM, CLIP = 0.01, 0.9, 1.0


def measure(subject: Subject, retrained: Subject) -> Outcome:
    """Fine-tune the whole network, and the head alone, with 1, 5, 10 and 50 images per class.

    Detail: "whole" and "head", each the number of images (a string) -> Acc_f in percent; a number
    larger than what the smallest class has is left out. "steps": step (a string) -> Acc_f of the
    whole network with RELEARNED_IMAGES images.
    """
    drawn = _draws(subject)
    recorded = {k: RECORDED if k == RELEARNED_IMAGES else (STEPS,) for k in drawn}
    races = {
        k: [_relearned(subject, rows, recorded[k]) for rows in each] for k, each in drawn.items()
    }
    whole = {str(k): float(np.mean([race[STEPS] for race in each])) for k, each in races.items()}
    head = {
        str(k): float(np.mean([_relearned_head(subject, rows) for rows in each]))
        for k, each in drawn.items()
    }
    shown = races[RELEARNED_IMAGES]
    steps = {str(n): float(np.mean([race[n] for race in shown])) for n in RECORDED}
    return Outcome(whole[str(RELEARNED_IMAGES)], {"whole": whole, "head": head, "steps": steps})


def _draws(subject: Subject) -> dict[int, list[NDArray[np.intp]]]:
    """Number of images per class -> positions in `Subject.fit_rows`, for each draw."""
    by_class = np.arange(len(subject.fit_rows)).reshape(subject.request.dataset.num_classes, -1)
    size = by_class.shape[1]
    orders = [np.random.default_rng([subject.seed, i]).permutation(size) for i in range(DRAWS)]
    return {k: [by_class[:, order[:k]].ravel() for order in orders] for k in IMAGES if k <= size}


def _relearned(
    subject: Subject, drawn: NDArray[np.intp], recorded: tuple[int, ...]
) -> dict[int, float]:
    """Step -> Acc_f in percent after it, while all weights of a copy are fine-tuned."""
    data, network = subject.data, copy.deepcopy(subject.network).eval()
    rows = data.index(subject.fit_rows[drawn])
    samples = data.x_test[data.index(np.flatnonzero(subject.forgotten))]
    found: dict[int, float] = {}

    def record(step: int) -> None:
        if step in recorded:
            found[step] = _accuracy(predict(network, data, samples), subject)

    record(0)
    inputs = data.inputs(data.x_train[rows])
    fine_tune(network, inputs, data.y_train[rows], subject.seed, record)
    return found


def _relearned_head(subject: Subject, drawn: NDArray[np.intp]) -> float:
    """Acc_f in percent after fine-tuning a copy of the last layer."""
    device, head = subject.data.device, copy.deepcopy(subject.head)
    features = subject.penultimate
    fit, test = (
        torch.from_numpy(part).to(device)
        for part in (features.fit[drawn], features.test[subject.forgotten])
    )
    fine_tune(head, fit, torch.from_numpy(subject.fit_labels[drawn]).to(device), subject.seed)
    with torch.no_grad():
        return _accuracy(head(test), subject)


def _accuracy(logits: Tensor, subject: Subject) -> float:
    right = logits.argmax(1).cpu().numpy() == subject.test_labels[subject.forgotten]
    return float(100 * right.mean())


def fine_tune(
    network: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    seed: int,
    after: Callable[[int], None] = lambda step: None,
) -> None:
    """A few steps of SGD with momentum and clipped gradients on a few samples, in place.

    BatchNorm uses its running statistics.

    Args:
        network: in eval mode.
        inputs: (n, …). labels: (n,).
        seed: of the order of samples.
        after: called with the number of steps made, after each.

    Raises:
        DivergedError: the loss is no longer finite.
    """
    optimizer = torch.optim.SGD(network.parameters(), LEARNING_RATE, MOMENTUM)
    order, done = torch.Generator().manual_seed(seed), 0
    while done < STEPS:
        for batch in shuffled(len(labels), BATCH, order, labels.device)[: STEPS - done]:
            optimizer.zero_grad()
            loss = F.cross_entropy(network(inputs[batch]), labels[batch])
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            optimizer.step()
            done += 1
            after(done)
    check_finite(loss.detach(), "Relearning")
