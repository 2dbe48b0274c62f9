"""Class forgetting without gradients: take out of every layer what only the forget set's representations use.

Source: Kodge, Saha, Roy: Deep Unlearning: Fast and Efficient Gradient-free Approach to Class Forgetting, TMLR 2024,
arXiv 2312.00761; the projection acts from the side it does in their code. Differences here: the spaces come from second
moments, whose eigenvectors are the singular vectors of the representations; α_r is that of their CIFAR-10 runs instead
of a search per request, and α_f is open.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unsc_core.learning.device import full_precision
from unsc_core.methods.context import Context, Unlearned
from unsc_core.subspace.null_space import Spectrum

RETAIN = 100.0
"""α_r: how soon a direction counts as used by the retain set."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """W ← W (I − P_dis)ᵀ in every layer; biases and norm parameters stay. The strength α_f is what `learning_rate` sets."""
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
    """P_dis = P_f (I − P_r) (d, d) float64: the forget space, at α_f = `strength`, without what it shares with the retain space."""
    p_forget, p_retain = importance(forget, strength), importance(retain, RETAIN)
    return p_forget - p_forget @ p_retain


def importance(spectrum: Spectrum, alpha: float) -> Tensor:
    """U Λ Uᵀ (d, d) with λ = α s / ((α − 1) s + 1), s = σ² / Σσ²: 0 for an unused direction, 1 for the only one; a greater α lifts those between."""
    share = spectrum.eigenvalues / spectrum.eigenvalues.sum().clamp_min(
        torch.finfo(torch.float64).tiny
    )
    return (
        spectrum.eigenvectors * (alpha * share / ((alpha - 1.0) * share + 1.0))
    ) @ spectrum.eigenvectors.T
