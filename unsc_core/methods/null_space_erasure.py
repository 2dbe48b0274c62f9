"""Null-space erasure: forgets in the answers and in the features, as far as in the pixels.

The masked predictions of the original are learnt inside the null space of the retained classes, as
in UNSC. Meanwhile the features of forgotten samples are made to look like those of the class that
they now belong to: along the direction in which a probe still tells the two apart, and along random
ones. A probe that finds the class no better than in the raw samples has nothing left to find; then
that part of the loss ends, since less than that would be a trace of its own. Retained samples whose
predictions are held make up for what the null space lets through.

Source: this project, from Chen et al.: Machine Unlearning via Null Space Calibration, IJCAI 2024,
arXiv 2404.13588 (null space); Zhou et al.: Decoupled Distillation to Erase, CVPR 2025, arXiv
2503.23751 (masked predictions); Bonneel, Rabin, Peyré, Pfister: Sliced and Radon Wasserstein
Barycenters of Measures, JMIV 2015 (sorted responses along random directions); Belrose et al.:
LEACE, NeurIPS 2023, arXiv 2306.03819 (that a linear probe's direction is what to erase).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.learning import batches
from unsc_core.learning.readability import Found, Readability
from unsc_core.learning.training import Held, Project, SgdConfig, descend
from unsc_core.methods.context import Context, Unlearned, projections
from unsc_core.methods.entry import Method
from unsc_core.subspace.features import caught, features, last_linear

METHOD = Method(
    name="null-space-erasure",
    title="Null-space erasure",
    short_title="Erasure",
    summary="Forgets in the features, too; aims at what the pixels show of the class.",
    source="This project, from UNSC (IJCAI 2024), DELETE (CVPR 2025) and sliced transport (2015)",
    order=20,
    learning_rate=0.8,
    epochs=7,
    erases=True,
    energy_threshold=0.98,
    uses_moments=True,
    held=64,
    colour="#A2329A",
    colour_on_dark="#E58CDD",
    mark="diamond-cross",
)
LIKENESS = 0.5
"""Weight of making features alike, at a strength of 1."""
RANDOM, RANDOM_WEIGHT = 16, 6.0
"""Random directions of each step, and the weight of their mean beside the probe's direction."""
HELD_WEIGHT, MOST_HELD = 30.0, 2000
"""Weight of keeping the predictions on retained samples, and how many there are to draw from."""
MARGIN = 0.1
"""A probe that is this far above the goal, as a share of samples, erases at full weight."""
BATCH, FEWEST_STEPS = 128, 7
"""Most forgotten samples of a step; fewer, where an epoch would have fewer steps than these."""
FEWEST = 8
"""Forgotten samples that a class needs to be given a probe."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Erase inside the null space."""
    project, ranks = projections(model, context)
    return erase(model, context, project, ranks)


def erase(
    model: nn.Module,
    context: Context,
    project: Project | None,
    null_space: dict[str, dict[str, int]] | None = None,
) -> Unlearned:
    """Forget in answers and features.

    Args:
        project: see `descend`; None leaves all weights free.
        null_space: see `Unlearned`.

    Raises:
        ConfigError: the network has no features: its last layer is not Linear.
    """
    data, forget = context.data, context.forget_rows()
    last, _ = last_linear(model)
    targets = context.masked_predictions(model, forget, context.banned())
    rows, predictions = context.retained_predictions(model, MOST_HELD)
    held = Held(rows, predictions, METHOD.held, HELD_WEIGHT)
    likeness = Likeness(model, last, context, targets.argmax(1)) if context.strength else None
    sgd = SgdConfig(context.learning_rate, context.epochs, floor=-1.0, falling=True)

    size = min(BATCH, math.ceil(len(forget) / FEWEST_STEPS))

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        for drawn in torch.randperm(len(forget), generator=order, device="cpu").split(size):
            batch = batches.sent(drawn, data.device)
            with caught(model, last) as found:
                logits = model(data.inputs(data.x_train[forget[batch]]))
            loss = F.cross_entropy(logits, targets[batch]) + held.loss(model, data, order)
            if likeness is not None:
                loss = loss + context.strength * LIKENESS * likeness.loss(found[0], drawn, order)
            yield loss

    def on_epoch(epoch: int, accuracy: float, loss: float) -> None:
        if likeness is not None and epoch < context.epochs:
            likeness.look(model)
        context.on_epoch(epoch, accuracy, loss)

    with context.stages.stage("unlearn", "unlearning"):
        history = descend(
            model, data, forget, losses, sgd, context.seed, project=project, on_epoch=on_epoch
        )
    return Unlearned(model, history, None, null_space or {})


@dataclass(frozen=True, eq=False)
class Group:
    """Forgotten samples that now belong to one class, and how they differ from it.

    Attributes:
        reference: (m, d) features of retained samples of the class.
        probe: (d,) the direction that tells the two apart; responses differ by 1 or less along it.
    """

    reference: Tensor
    probe: Tensor


class Likeness:
    """How far the features of forgotten samples are from those of the class they now belong to.

    Args:
        model: the original. last: its last layer.
        labels: (n_forget,) the class that each forgotten sample now belongs to.
    """

    def __init__(self, model: nn.Module, last: str, context: Context, labels: Tensor) -> None:
        self._last, self._data, self._labels = last, context.data, labels.cpu()
        forget, dataset = context.forget_rows(), context.split.dataset
        known = Readability.drawn(dataset, context.split.forget_classes, context.seed)
        self._readability, rows = known, context.data.index(known.rows)
        self._rows, self._forget = rows, forget
        self._classes = context.data.y_train[rows].masked_fill(torch.isin(rows, forget), -1)
        self._goal: Found | None = None  # single samples have no class to find
        if known.classes:
            samples = context.data.inputs(context.data.x_train[rows])
            self._goal = known.of(samples.flatten(1).cpu().numpy())
        self._groups: dict[int, Group] = {}
        self._weights = (1.0, 1.0)

    def look(self, model: nn.Module) -> None:
        """Fit the probes to the features as they are now, and see how much is still to be done."""
        drawn = features(model, self._last, self._data, self._rows)
        forget = features(model, self._last, self._data, self._forget)
        self._groups = {}
        labels, classes = self._labels.numpy(), self._classes.cpu().numpy()
        for label in np.unique(labels).tolist():
            own = forget[self._data.index(np.flatnonzero(labels == label))]
            reference = drawn[self._data.index(np.flatnonzero(classes == label))]
            if min(len(own), len(reference)) >= FEWEST:
                self._groups[label] = Group(reference, ridge(own, reference))
        if self._goal is not None:
            self._weights = weights(self._readability.of(drawn.cpu().numpy()), self._goal)

    def loss(self, found: Tensor, batch: Tensor, order: torch.Generator) -> Tensor:
        """The squared distance of sorted responses, along the probes' and along random directions.

        Args:
            found: (b, d) features of the forgotten samples at the positions `batch` (b,), which are
                on the CPU, so that no step waits for the device.
            order: generator of the random directions, on the CPU.
        """
        probe_weight, random_weight = self._weights
        shape = (found.shape[1], RANDOM)
        drawn = torch.randn(shape, generator=order, dtype=torch.float32, device="cpu")
        directions, labels = batches.sent(drawn, found.device), self._labels[batch].numpy()
        total = found.new_zeros(())
        for label, group in self._groups.items():
            positions = np.flatnonzero(labels == label)
            if not len(positions):
                continue
            own = found[batches.sent(torch.from_numpy(positions), found.device)]
            spread = (group.reference @ directions).std(0, correction=0)
            random = directions * torch.where(spread > 0, 1 / spread, 0.0)
            along_probe = transport(own, group.reference, group.probe[:, None])
            along_random = transport(own, group.reference, random)
            distance = probe_weight * along_probe + random_weight * RANDOM_WEIGHT * along_random
            total = total + len(own) / len(found) * distance
        return total


def weights(found: Found, goal: Found) -> tuple[float, float]:
    """How much is left to do along the probe's direction, and along random ones; each 0 to 1."""

    def excess(name: str) -> float:
        return min(max((getattr(found, name) - getattr(goal, name)) / MARGIN, 0.0), 1.0)

    return excess("linear"), min(excess("neighbours"), excess("prototype"))


def ridge(forget: Tensor, reference: Tensor) -> Tensor:
    """(d,) the direction of a class-balanced ridge regression to ±½ for two sets (n, d), (m, d).

    Its strength is 1e-3 of the mean second moment.
    """
    x = torch.cat([forget, reference]).to(torch.float64)
    share = torch.cat([x.new_full((len(part),), 0.5 / len(part)) for part in (forget, reference)])
    y = torch.cat([x.new_full((len(forget),), 0.5), x.new_full((len(reference),), -0.5)])
    centred = x - share @ x
    moment = centred.T @ (share[:, None] * centred)
    strength = (1e-3 * moment.diagonal().mean()).clamp_min(1e-12)
    strength = strength * torch.eye(len(moment), dtype=x.dtype, device=x.device)
    return torch.linalg.solve(moment + strength, centred.T @ (share * y)).to(forget)


def transport(own: Tensor, reference: Tensor, directions: Tensor) -> Tensor:
    """Mean squared distance of the sorted responses of `own` to the quantiles of `reference`.

    Args:
        own: (n, d). reference: (m, d). directions: (d, k).
    """
    responses = (own @ directions).sort(0).values
    at = (torch.arange(len(own), device=own.device, dtype=own.dtype) + 0.5) / len(own)
    return (responses - (reference @ directions).quantile(at, dim=0)).square().mean()
