"""SalUn: random labels beside the retain samples, moving only the weights that the forgetting loss moves most.

Source: Fan, Liu, Zhang, Wong, Wei, Liu: SalUn: Empowering Machine Unlearning via Gradient-based Weight Saliency in Both
Image Classification and Generation, ICLR 2024, arXiv 2310.12508. Differences here: one random label per sample for all
epochs, never a forgotten class; plain SGD without momentum or weight decay, the gradient norm clipped, BatchNorm on
its running statistics.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.learning.batches import DeviceData
from unsc_core.learning.labels import random_labels
from unsc_core.learning.training import SgdConfig, descend, shuffled
from unsc_core.methods.context import Context, Unlearned

SHARE = 0.5
"""Share of all weights that may move (published)."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train on D_f with random labels and D_r with its own, shuffled together, inside the mask, for all epochs."""
    data, forget = context.data, context.forget_rows()
    with context.stages.stage("saliency", "finding the weights that matter"):
        masks = saliency_masks(model, data, forget)
    labels = random_labels(context.banned(), context.seed)
    rows = torch.cat([forget, context.retain_rows()])
    targets = torch.cat([labels, data.y_train[rows[len(forget) :]]])
    config = SgdConfig(context.learning_rate, context.epochs, floor=-1.0)

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        for batch in shuffled(len(rows), config.batch_size, order, data.device):
            inputs = data.inputs(data.augmented(data.x_train[rows[batch]], order))
            yield F.cross_entropy(model(inputs), targets[batch])

    with context.stages.stage("unlearn", "unlearning"):
        inside = {name: mask.mul for name, mask in masks.items()}
        history = descend(
            model,
            data,
            forget,
            losses,
            config,
            context.seed,
            project=inside,
            on_epoch=context.on_epoch,
        )
    return Unlearned(model, history, labels)


def saliency_masks(
    model: nn.Module, data: DeviceData, rows: Tensor, batch_size: int = 500
) -> dict[str, Tensor]:
    """Parameter name -> bool in its shape: whether |∇ cross-entropy(D_f, own labels)| is in the top SHARE of all weights."""
    parameters = {
        name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad
    }
    saliency = torch.zeros(
        sum(parameter.numel() for parameter in parameters.values()),
        dtype=torch.float32,
        device=data.device,
    )
    for chosen in rows.split(batch_size):
        loss = F.cross_entropy(
            model(data.inputs(data.x_train[chosen])), data.y_train[chosen], reduction="sum"
        )
        gradients = torch.autograd.grad(loss, list(parameters.values()), materialize_grads=True)
        saliency += torch.cat([gradient.reshape(-1) for gradient in gradients])
    salient = torch.zeros_like(saliency, dtype=torch.bool)
    salient[saliency.abs().topk(round(SHARE * len(saliency))).indices] = True
    parts = salient.split([parameter.numel() for parameter in parameters.values()])
    return {
        name: part.view(parameter.shape)
        for (name, parameter), part in zip(parameters.items(), parts, strict=True)
    }
