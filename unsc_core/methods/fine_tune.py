"""Fine-tuning: continue training on the retain set and rely on the network forgetting the rest.

Source: the fine-tuning baseline of Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net:
Selective Forgetting in Deep Networks, CVPR 2020, arXiv 1911.04933; also Warnecke, Pirch,
Wressnegger, Rieck: Machine Unlearning of Features and Labels, NDSS 2023, arXiv 2108.11577.
Differences here: plain SGD without momentum or weight decay, the gradient norm is clipped, and
BatchNorm uses its running statistics.
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
    name="fine-tune",
    title="Fine-tune",
    summary="Continues training on the retain set; whatever is forgotten fades by itself.",
    source="Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net, CVPR 2020 (baseline)",
    order=50,
    learning_rate=0.08,
    epochs=5,
    reads_retain=True,
    colour="#56B4E9",
    mark="hexagon",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train on the whole of D_r in every epoch, augmented as in training; all parameters free."""
    data, rows = context.data, context.retain_rows()
    config = SgdConfig(context.learning_rate, context.epochs, floor=-1.0)

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        for batch in shuffled(len(rows), config.batch_size, order, data.device):
            chosen = rows[batch]
            inputs = data.inputs(data.augmented(data.x_train[chosen], order))
            yield F.cross_entropy(model(inputs), data.y_train[chosen])

    forget = context.forget_rows()
    with context.stages.stage("unlearn", "unlearning"):
        history = descend(
            model, data, forget, losses, config, context.seed, on_epoch=context.on_epoch
        )
    return Unlearned(model, history)
