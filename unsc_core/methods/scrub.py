"""SCRUB: a student that first moves away from its teacher on the forget set, and stays with it on the rest.

Source: Kurmanji, Triantafillou, Hayes, Triantafillou: Towards Unbounded Machine Unlearning, NeurIPS 2023,
arXiv 2302.09880, with the weights and the temperature of their code. Differences here: plain SGD at a constant rate,
without momentum or weight decay, the gradient norm clipped, no augmentation, and no dropout nor batch statistics.
Student and teacher are therefore one at the first step, where the divergence has no slope: what is climbed in the
first epoch is the rounding, and forgetting begins when a first round on D_r has told the two apart.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.learning.batches import predict
from unsc_core.learning.training import SgdConfig, descend, shuffled
from unsc_core.methods.context import Context, Unlearned

MAX_EPOCHS = 3
"""Epochs that begin with a round on D_f."""
CROSS_ENTROPY, DIVERGENCE = 0.99, 0.001
"""Weights γ and α of the two losses on D_r."""
TEMPERATURE = 4.0


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Each epoch: up the divergence on D_f (the first MAX_EPOCHS only), then down divergence and cross-entropy on D_r; all parameters free."""
    data, forget, retain = context.data, context.forget_rows(), context.retain_rows()
    config = SgdConfig(context.learning_rate, context.epochs, floor=-1.0)
    with context.stages.stage("teacher", "asking the original"):
        teacher = predict(
            model, data, data.x_train
        ).clone()  # outside inference mode, so that a loss may hold it

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        if epoch <= MAX_EPOCHS:
            for batch in shuffled(len(forget), config.batch_size, order, data.device):
                rows = forget[batch]
                yield -divergence(teacher[rows], model(data.inputs(data.x_train[rows])))
        for batch in shuffled(len(retain), config.batch_size, order, data.device):
            rows = retain[batch]
            logits = model(data.inputs(data.x_train[rows]))
            yield CROSS_ENTROPY * F.cross_entropy(
                logits, data.y_train[rows]
            ) + DIVERGENCE * divergence(teacher[rows], logits)

    with context.stages.stage("unlearn", "unlearning"):
        history = descend(
            model, data, forget, losses, config, context.seed, on_epoch=context.on_epoch
        )
    return Unlearned(model, history)


def divergence(teacher: Tensor, student: Tensor) -> Tensor:
    """T² KL(softmax(teacher/T) ‖ softmax(student/T)), mean over samples; logits (n, classes) (Hinton et al., arXiv 1503.02531)."""
    told, says = (F.log_softmax(logits / TEMPERATURE, 1) for logits in (teacher, student))
    return TEMPERATURE**2 * F.kl_div(says, told, reduction="batchmean", log_target=True)
