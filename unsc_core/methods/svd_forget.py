"""SVD forgetting: remove from every layer the directions that only the forget set uses.

Source: Kodge, Saha, Roy: Deep Unlearning: Fast and Efficient Gradient-free Approach to Class
Forgetting, TMLR 2024, arXiv 2312.00761; the projection is applied from the same side as in their
code. Differences here: the spaces come from second moments, whose eigenvectors are the singular
vectors of the representations; α_r is fixed to the value of their CIFAR-10 runs instead of being
searched per request, and α_f is a setting.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unsc_core.learning.device import full_precision
from unsc_core.methods.context import Context, Unlearned
from unsc_core.methods.entry import Method
from unsc_core.subspace.null_space import Spectrum

METHOD = Method(
    name="svd-forget",
    title="SVD forgetting",
    summary="Removes from each layer what only the forget set uses; strength = learning rate.",
    source="Kodge, Saha, Roy: Deep Unlearning, TMLR 2024",
    order=110,
    learning_rate=12,
    uses_moments=True,
    colour="#86B300",
    mark="circle",
)
RETAIN = 100.0
"""α_r: the larger, the sooner a direction counts as used by the retain set."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """W ← W (I − P_dis)ᵀ in every layer, α_f = `learning_rate`; biases and norms do not change."""
    retain, forget = context.spectra(), context.forget_spectra()
    weights = dict(model.named_parameters())
    with context.stages.stage("unlearn", "unlearning"), torch.no_grad(), full_precision():
        for layer, spectra in retain.items():
            weight = weights[f"{layer}.weight"]
            blocks = weight.flatten(1).chunk(len(spectra))
            removed = [
                discriminatory(r, f, context.learning_rate).to(weight)
                for r, f in zip(spectra, forget[layer], strict=True)
            ]
            kept = [block - block @ p_dis.T for block, p_dis in zip(blocks, removed, strict=True)]
            weight.copy_(torch.cat(kept).view_as(weight))
    return Unlearned(model.eval())


def discriminatory(retain: Spectrum, forget: Spectrum, strength: float) -> Tensor:
    """P_dis = P_f (I − P_r), (d, d) float64: the forget space minus the retain space."""
    p_forget, p_retain = importance(forget, strength), importance(retain, RETAIN)
    return p_forget - p_forget @ p_retain


def importance(spectrum: Spectrum, alpha: float) -> Tensor:
    """U Λ Uᵀ, (d, d), with λ = α s / ((α − 1) s + 1) and s = σ² / Σσ².

    λ is 0 for an unused direction and 1 for one that holds all the energy; a larger α raises the
    values between.
    """
    energy = spectrum.eigenvalues.sum().clamp_min(torch.finfo(torch.float64).tiny)
    share = spectrum.eigenvalues / energy
    weights = alpha * share / ((alpha - 1.0) * share + 1.0)
    return (spectrum.eigenvectors * weights) @ spectrum.eigenvectors.T
