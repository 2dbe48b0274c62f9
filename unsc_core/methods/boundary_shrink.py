"""Boundary shrink: move each forgotten sample across its nearest boundary, found by one FGSM step.

Source: Chen, Gao, Liu, Peng, Wang: Boundary Unlearning: Rapid Forgetting of Deep Networks via
Shifting the Decision Boundary, CVPR 2023, arXiv 2303.11570. Differences here: where the step ends
in a class that is itself to be forgotten, or stays in the sample's own class, the next most likely
class is taken (the published code trains on whatever class the step ends in); the gradient norm is
clipped; and unlearning stops early once the forget set is no longer recognised.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.learning.batches import DeviceData, evaluating
from unsc_core.learning.labels import pseudo_labels
from unsc_core.methods.context import Context, Unlearned, train_on
from unsc_core.methods.entry import Method

METHOD = Method(
    name="boundary-shrink",
    title="Boundary shrink",
    summary="Moves each forgotten sample to the class across its nearest decision boundary.",
    source="Chen, Gao, Liu, Peng, Wang: Boundary Unlearning, CVPR 2023",
    order=70,
    learning_rate=0.01,
    epochs=15,
    colour="#8A7A00",
    mark="star-square",
)
STEP = 0.1
"""Length of the step: per pixel, as a share of the range from black to white (published);
for points, as a share of each coordinate's range."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forgotten sample on the class across its nearest boundary, all parameters free."""
    with context.stages.stage("pseudo_labels", "finding neighbouring classes"):
        rows = context.forget_rows()
        labels = neighbour_labels(model, context.data, rows, context.banned())
    return train_on(labels, model, context)


def neighbour_labels(
    model: nn.Module, data: DeviceData, rows: Tensor, banned: Tensor, batch_size: int = 500
) -> Tensor:
    """argmax over allowed classes of the logits at x + ε sign(∇ₓ cross-entropy(x, y)).

    Images are clamped to the range from black to white after the step.

    Args:
        model: the original; its weights do not change.
        rows: (n,) training samples.
        banned: (n, classes) bool.

    Returns:
        (n,) int64 class indices.
    """
    images = data.x_train.dtype == torch.uint8
    step = STEP * (255.0 if images else data.x_train.amax(0) - data.x_train.amin(0))
    labels = []
    with evaluating(model):
        for chosen, barred in zip(rows.split(batch_size), banned.split(batch_size), strict=True):
            samples = data.x_train[chosen].to(torch.float32).requires_grad_()
            loss = F.cross_entropy(
                model(data.inputs(samples)), data.y_train[chosen], reduction="sum"
            )
            (gradient,) = torch.autograd.grad(loss, samples)
            moved = samples.detach() + step * gradient.sign()
            with torch.no_grad():
                logits = model(data.inputs(moved.clamp(0.0, 255.0) if images else moved))
            labels.append(pseudo_labels(logits, barred))
    return torch.cat(labels)
