"""Gradient ascent: maximise the loss on the forget set until it is no longer recognised.

Source: Graves, Nagisetty, Ganesh: Amnesiac Machine Learning, AAAI 2021, arXiv 2010.10981, and
Thudi, Deza, Chandrasekaran, Papernot: Unrolling SGD: Understanding Factors Influencing Machine
Unlearning, EuroS&P 2022, arXiv 2109.13398. Differences here: the gradients are computed at
unlearning time, where the first paper undoes recorded steps; the gradient norm is clipped, since
this loss has no upper bound; and unlearning stops early once the forget set is no longer
recognised.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.learning.training import SgdConfig, descend, shuffled
from unsc_core.methods.context import Context, Unlearned
from unsc_core.methods.entry import Method

METHOD = Method(
    name="gradient-ascent",
    title="Gradient ascent",
    summary="Maximises the loss on the forgotten samples; nothing protects the rest.",
    source="Graves, Nagisetty, Ganesh: Amnesiac Machine Learning, AAAI 2021",
    order=60,
    learning_rate=0.001,
    epochs=15,
    colour="#CC79A7",
    mark="triangle-down",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Maximise the cross-entropy on D_f, all parameters free; recorded losses are negative."""
    data, rows = context.data, context.forget_rows()
    config = SgdConfig(context.learning_rate, context.epochs)

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        for batch in shuffled(len(rows), config.batch_size, order, data.device):
            chosen = rows[batch]
            yield -F.cross_entropy(model(data.inputs(data.x_train[chosen])), data.y_train[chosen])

    with context.stages.stage("unlearn", "unlearning"):
        history = descend(
            model, data, rows, losses, config, context.seed, on_epoch=context.on_epoch
        )
    return Unlearned(model, history)
