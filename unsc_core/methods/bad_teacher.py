"""Bad teacher: learn D_f from a network that knows nothing, and the rest from the original.

Source: Chundawat, Tarun, Mandal, Kankanhalli: Can Bad Teaching Induce Forgetting? Unlearning in
Deep Networks Using an Incompetent Teacher, AAAI 2023, arXiv 2205.08096. Differences here: plain SGD
without momentum or weight decay, the gradient norm is clipped, the incompetent teacher
is a softmax of small random logits, drawn once for each sample, and each step reads 128 retained
samples.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from unsc_core.learning.batches import predict
from unsc_core.learning.training import Held, SgdConfig, descend, divergence, shuffled
from unsc_core.methods.context import Context, Unlearned
from unsc_core.methods.entry import Method

METHOD = Method(
    name="bad-teacher",
    title="Bad teacher",
    summary="Learns the forget set from a network without knowledge, the rest from the original.",
    source="Chundawat et al.: Can Bad Teaching Induce Forgetting?, AAAI 2023",
    order=180,
    learning_rate=0.05,
    epochs=10,
    held=128,
    further=True,
    mark="x-open",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Distil both teachers into the original, all parameters free."""
    data, forget, retain = context.data, context.forget_rows(), context.retain_rows()
    config = SgdConfig(context.learning_rate, context.epochs, floor=-1.0)
    with context.stages.stage("teacher", "computing the original's predictions"):
        competent = predict(model, data, data.x_train[retain]).softmax(1)
    draw = torch.Generator().manual_seed(context.seed)
    shape = (len(forget), competent.shape[1])
    noise = torch.randn(shape, generator=draw, dtype=torch.float32, device="cpu")
    incompetent = noise.to(data.device).mul(0.1).softmax(1)
    held = Held(retain, competent, METHOD.held, 1.0)

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        for batch in shuffled(len(forget), config.batch_size, order, data.device):
            logits = model(data.inputs(data.x_train[forget[batch]]))
            yield divergence(incompetent[batch], logits) + held.loss(model, data, order)

    with context.stages.stage("unlearn", "unlearning"):
        history = descend(
            model, data, forget, losses, config, context.seed, on_epoch=context.on_epoch
        )
    return Unlearned(model, history)
