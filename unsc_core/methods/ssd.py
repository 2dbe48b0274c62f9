"""SSD: dampen the weights that matter much more to the forget set than to all data.

Source: Foster, Schoepf, Brintrup: Fast Machine Unlearning Without Retraining Through Selective
Synaptic Dampening, AAAI 2024, arXiv 2308.07707. Differences here: the diagonal of the Fisher
information is estimated from at most 1,000 samples of each set, one at a time.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.learning.training import check_finite
from unsc_core.methods.context import Context, Unlearned
from unsc_core.methods.entry import Method

METHOD = Method(
    name="ssd",
    title="Selective synaptic dampening",
    short_title="SSD",
    summary="Shrinks weights that matter more to the forget set; α = 1 / learning rate.",
    source="Foster, Schoepf, Brintrup: Selective Synaptic Dampening, AAAI 2024",
    order=160,
    learning_rate=0.1,
    single_gradients=2000,
    further=True,
    mark="circle-open",
)
SAMPLES = 1000
DAMPENING = 1.0
"""λ (published)."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """w ← min(λ I_D / I_f, 1) w where I_f > α I_D, for the importances I and α = 1/rate."""
    everyone = torch.arange(len(context.data.y_train), device=context.data.device)
    with context.stages.stage("fisher", "estimating the Fisher information"):
        of_all = importance(model, context, everyone)
        of_forget = importance(model, context, context.forget_rows())
    with context.stages.stage("unlearn", "unlearning"), torch.no_grad():
        for name, parameter in model.named_parameters():
            whole, own = of_all[name], of_forget[name]
            selected = own * context.learning_rate > whole
            factor = (DAMPENING * whole / own.clamp_min(1e-30)).clamp(max=1.0)
            parameter.mul_(torch.where(selected, factor, torch.ones_like(factor)))
            check_finite(parameter.sum(), "Unlearning")
    return Unlearned(model.eval())


def importance(model: nn.Module, context: Context, rows: Tensor) -> dict[str, Tensor]:
    """Parameter name -> mean squared gradient of the loss of single training samples `rows`."""
    data, order = context.data, torch.Generator().manual_seed(context.seed)
    drawn = rows[torch.randperm(len(rows), generator=order, device="cpu")[:SAMPLES].to(rows.device)]
    parameters = dict(model.named_parameters())
    totals = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    model.eval()
    for i, row in enumerate(drawn.split(1)):
        loss = F.cross_entropy(model(data.inputs(data.x_train[row])), data.y_train[row])
        gradients = torch.autograd.grad(loss, list(parameters.values()), materialize_grads=True)
        for total, gradient in zip(totals.values(), gradients, strict=True):
            total.addcmul_(gradient, gradient)
        context.stages.tick(i + 1, len(drawn))
    return {name: total / len(drawn) for name, total in totals.items()}
