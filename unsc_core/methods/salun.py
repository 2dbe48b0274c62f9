"""SalUn: random labels and the retain set, in the weights most salient for the forget set only.

Source: Fan, Liu, Zhang, Wong, Wei, Liu: SalUn: Empowering Machine Unlearning via Gradient-based
Weight Saliency in Both Image Classification and Generation, ICLR 2024, arXiv 2310.12508.
Differences here: each sample keeps one random label for all epochs, never a forgotten class; plain
SGD without momentum or weight decay, the gradient norm is clipped, and BatchNorm uses its running
statistics.
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
from unsc_core.methods.entry import Method

METHOD = Method(
    name="salun",
    title="SalUn",
    summary="Random labels and the retain set, in the weights that matter most to the forget set.",
    source="Fan, Liu, Zhang, Wong, Wei, Liu: SalUn, ICLR 2024",
    order=90,
    learning_rate=0.01,
    epochs=3,
    reads_retain=True,
    colour="#8C510A",
    mark="bowtie",
)
SHARE = 0.5
"""Share of all weights that may change (published)."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train on D_f with random labels and D_r with true ones, shuffled together, in the mask."""
    data, forget = context.data, context.forget_rows()
    with context.stages.stage("saliency", "finding the salient weights"):
        masks = saliency_masks(model, data, forget)
    labels = random_labels(context.banned(), context.seed)
    rows = torch.cat([forget, context.retain_rows()])
    targets = torch.cat([labels, data.y_train[rows[len(forget) :]]])
    config = SgdConfig(context.learning_rate, context.epochs, floor=-1.0)

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        for batch in shuffled(len(rows), config.batch_size, order, data.device):
            inputs = data.inputs(data.augmented(data.x_train[rows[batch]], order))
            yield F.cross_entropy(model(inputs), targets[batch])

    masked = {name: mask.mul for name, mask in masks.items()}
    with context.stages.stage("unlearn", "unlearning"):
        history = descend(
            model,
            data,
            forget,
            losses,
            config,
            context.seed,
            project=masked,
            on_epoch=context.on_epoch,
        )
    return Unlearned(model, history, labels)


def saliency_masks(
    model: nn.Module, data: DeviceData, rows: Tensor, batch_size: int = 500
) -> dict[str, Tensor]:
    """Parameter name -> bool in its shape: whether a weight is in the SHARE of largest gradients.

    The gradient is that of the cross-entropy of D_f with its true labels.
    """
    parameters = {
        name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad
    }
    sizes = [parameter.numel() for parameter in parameters.values()]
    saliency = torch.zeros(sum(sizes), dtype=torch.float32, device=data.device)
    for chosen in rows.split(batch_size):
        loss = F.cross_entropy(
            model(data.inputs(data.x_train[chosen])), data.y_train[chosen], reduction="sum"
        )
        gradients = torch.autograd.grad(loss, list(parameters.values()), materialize_grads=True)
        saliency += torch.cat([gradient.reshape(-1) for gradient in gradients])
    salient = torch.zeros_like(saliency, dtype=torch.bool)
    salient[saliency.abs().topk(round(SHARE * len(saliency))).indices] = True
    parts = salient.split(sizes)
    return {
        name: part.view(parameter.shape)
        for (name, parameter), part in zip(parameters.items(), parts, strict=True)
    }
