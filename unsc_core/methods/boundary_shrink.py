"""Boundary shrink: send each forgotten sample across the nearest boundary, to the class found there by one FGSM step.

Source: Chen, Gao, Liu, Peng, Wang: Boundary Unlearning: Rapid Forgetting of Deep Networks via Shifting the Decision
Boundary, CVPR 2023, arXiv 2303.11570. Differences here: a neighbour that is itself to be forgotten, or the sample's
own class where the step does not leave it, gives way to the next likely class (the published code teaches whatever the
step ends in); the gradient norm is clipped and unlearning stops by itself.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.learning.batches import DeviceData, evaluating
from unsc_core.learning.labels import pseudo_labels
from unsc_core.learning.training import SgdConfig, relabel
from unsc_core.methods.context import Context, Unlearned

STEP = 0.1
"""Length of the step in every pixel, as a share of black to white (published); of points, as a share of each coordinate's range."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Teach each forget sample the class beyond its nearest boundary, all parameters free."""
    data, rows = context.data, context.forget_rows()
    with context.stages.stage("pseudo_labels", "finding neighbours"):
        labels = neighbour_labels(model, data, rows, context.banned())
    with context.stages.stage("unlearn", "unlearning"):
        config = SgdConfig(context.learning_rate, context.epochs)
        history = relabel(
            model, data, rows, labels, config, context.seed, on_epoch=context.on_epoch
        )
    return Unlearned(model, history, labels)


def neighbour_labels(
    model: nn.Module, data: DeviceData, rows: Tensor, banned: Tensor, batch_size: int = 500
) -> Tensor:
    """argmax over allowed classes of the logits at x + ε sign(∇ₓ cross-entropy(x, y)), images kept between black and white.

    Args:
        model: the original; its weights are left as they are.
        rows: (n,) training samples.
        banned: (n, classes) bool.

    Returns:
        (n,) int64 class indices.
    """
    images = data.x_train.dtype == torch.uint8
    step = STEP * (255.0 if images else data.x_train.amax(0) - data.x_train.amin(0))
    labels = []
    with evaluating(model):
        for chosen, not_there in zip(rows.split(batch_size), banned.split(batch_size), strict=True):
            samples = data.x_train[chosen].to(torch.float32).requires_grad_()
            loss = F.cross_entropy(
                model(data.inputs(samples)), data.y_train[chosen], reduction="sum"
            )
            (gradient,) = torch.autograd.grad(loss, samples)
            moved = samples.detach() + step * gradient.sign()
            with torch.no_grad():
                logits = model(data.inputs(moved.clamp(0.0, 255.0) if images else moved))
            labels.append(pseudo_labels(logits, not_there))
    return torch.cat(labels)
