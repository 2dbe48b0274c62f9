"""SCRUB: a student that leaves its teacher on the forget set and stays close to it on the rest.

Source: Kurmanji, Triantafillou, Hayes, Triantafillou: Towards Unbounded Machine Unlearning, NeurIPS
2023, arXiv 2302.09880, with the loss weights and the temperature of their code. Differences here:
plain SGD at a constant rate without momentum or weight decay, the gradient norm is clipped, and
there is no augmentation, no dropout and no batch statistics. Student and teacher are therefore
identical at the first step, where the divergence has zero gradient: the first epoch only follows
rounding errors on D_f, and forgetting starts once the first pass over D_r has made the two differ.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.learning.batches import predict
from unsc_core.learning.training import SgdConfig, descend, shuffled
from unsc_core.methods.context import Context, Unlearned
from unsc_core.methods.entry import Method

METHOD = Method(
    name="scrub",
    title="SCRUB",
    summary="A student leaves the original on the forget set and stays close to it on the rest.",
    source="Kurmanji et al.: Towards Unbounded Machine Unlearning, NeurIPS 2023",
    order=100,
    learning_rate=0.02,
    epochs=4,
    reads_retain=True,
    colour="#7F8C8D",
    mark="cross",
)
MAX_EPOCHS = 3
"""Number of epochs that begin with a pass over D_f."""
CROSS_ENTROPY, DIVERGENCE = 0.99, 0.001
"""Weights γ and α of the two losses on D_r."""
TEMPERATURE = 4.0


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Maximise the divergence on D_f, then minimise divergence and cross-entropy on D_r.

    Every epoch does both, but only the first MAX_EPOCHS include D_f. All parameters are free.
    """
    data, forget, retain = context.data, context.forget_rows(), context.retain_rows()
    config = SgdConfig(context.learning_rate, context.epochs, floor=-1.0)
    with context.stages.stage("teacher", "computing the original's predictions"):
        # predict() returns an inference tensor, which autograd cannot save; its clone can be saved
        teacher = predict(model, data, data.x_train).clone()

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        if epoch <= MAX_EPOCHS:
            for batch in shuffled(len(forget), config.batch_size, order, data.device):
                rows = forget[batch]
                yield -divergence(teacher[rows], model(data.inputs(data.x_train[rows])))
        for batch in shuffled(len(retain), config.batch_size, order, data.device):
            rows = retain[batch]
            logits = model(data.inputs(data.x_train[rows]))
            supervised = F.cross_entropy(logits, data.y_train[rows])
            yield CROSS_ENTROPY * supervised + DIVERGENCE * divergence(teacher[rows], logits)

    with context.stages.stage("unlearn", "unlearning"):
        history = descend(
            model, data, forget, losses, config, context.seed, on_epoch=context.on_epoch
        )
    return Unlearned(model, history)


def divergence(teacher: Tensor, student: Tensor) -> Tensor:
    """T² KL(softmax(teacher/T) ‖ softmax(student/T)), mean over samples.

    Source: Hinton et al., arXiv 1503.02531. `teacher` and `student` are logits (n, classes).
    """
    target, log_q = (F.log_softmax(logits / TEMPERATURE, 1) for logits in (teacher, student))
    return TEMPERATURE**2 * F.kl_div(log_q, target, reduction="batchmean", log_target=True)
