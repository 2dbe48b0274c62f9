"""Gradient ascent: climb the loss of the forget set until it is no longer recognised; nothing protects the rest.

Source: Graves, Nagisetty, Ganesh: Amnesiac Machine Learning, AAAI 2021, arXiv 2010.10981, and Thudi, Deza, Chandrasekaran,
Papernot: Unrolling SGD: Understanding Factors Influencing Machine Unlearning, EuroS&P 2022, arXiv 2109.13398.
Differences here: the ascent is taken anew instead of undoing recorded steps, the gradient norm is clipped, since this
loss has no upper end, and unlearning stops by itself at the floor.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.learning.training import SgdConfig, descend, shuffled
from unsc_core.methods.context import Context, Unlearned


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Maximise the cross-entropy of D_f with its own labels; all parameters free. Losses in the history are negative."""
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
