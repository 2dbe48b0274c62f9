"""ℓ1-sparse unlearning: fine-tune on the retain set while small weights are driven to zero.

Source: Jia, Liu, Ram, Yao, Liu, Liu, Sharma, Liu: Model Sparsity Can Simplify Machine Unlearning,
NeurIPS 2023, arXiv 2304.04934. Differences here: plain SGD without momentum or weight decay, the
gradient norm is clipped, and BatchNorm uses its running statistics.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unsc_core.methods.context import Context, Unlearned, fine_tune
from unsc_core.methods.entry import Method

METHOD = Method(
    name="l1-sparse",
    title="ℓ1-sparse fine-tuning",
    short_title="ℓ1-sparse",
    summary="Fine-tunes on the retain set with a penalty on the size of weights that fades.",
    source="Jia et al.: Model Sparsity Can Simplify Machine Unlearning, NeurIPS 2023",
    order=170,
    learning_rate=0.1,
    epochs=5,
    reads_retain=True,
    further=True,
    mark="diamond-tall-open",
)
PENALTY = 5e-4
"""Weight of Σ|w| in the first epoch; it falls linearly to 0 (published)."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train on D_r with the penalty, all parameters free."""

    def penalty(epoch: int) -> Tensor:
        size = torch.stack([weight.abs().sum() for weight in model.parameters()]).sum()
        return PENALTY * (1.0 - (epoch - 1) / context.epochs) * size

    return fine_tune(model, context, penalty=penalty)
