"""LEACE: take out of the features, in closed form, what tells the forget set from the rest.

Source: Belrose, Schneider-Joseph, Ravfogel, Cotterell, Raff, Biderman: LEACE: Perfect Linear
Concept Erasure in Closed Form, NeurIPS 2023, arXiv 2306.03819. Differences here: the concepts
are the forgotten classes, and the eraser is folded into the last layer, so that no layer
is added and the features themselves stay as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unsc_core.methods.context import Context, Unlearned
from unsc_core.methods.entry import Method
from unsc_core.subspace.features import features, last_linear

METHOD = Method(
    name="leace",
    title="LEACE in the last layer",
    short_title="LEACE",
    summary="Removes from the last layer the direction that tells the forget set from the rest.",
    source="Belrose et al.: LEACE, NeurIPS 2023",
    order=190,
    further=True,
    mark="star-square-open",
)
RIDGE = 1e-4
"""Added to the covariance, as a share of its mean diagonal."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """W ← W R and b ← b + W (I − R) μ for the eraser x ↦ R (x − μ) + μ."""
    name, layer = last_linear(model)
    rows = torch.arange(len(context.data.y_train), device=context.data.device)
    with context.stages.stage("unlearn", "unlearning"), torch.no_grad():
        x = features(model, name, context.data, rows).to(torch.float64)
        keep, mean = eraser(x, concepts(context).to(x))
        weight = layer.weight.to(torch.float64)
        if layer.bias is not None:
            layer.bias.add_((weight @ (mean - keep @ mean)).to(layer.bias))
        layer.weight.copy_((weight @ keep).to(layer.weight))
    return Unlearned(model.eval())


def concepts(context: Context) -> Tensor:
    """(n, k) whether each training sample is of each forgotten class; is forgotten, without one."""
    truth, classes = context.data.y_train, context.split.forget_classes
    if classes:
        return torch.stack([truth == c for c in classes], 1)
    found = torch.zeros(len(truth), 1, dtype=torch.bool, device=truth.device)
    found[context.forget_rows()] = True
    return found


def eraser(x: Tensor, concepts: Tensor) -> tuple[Tensor, Tensor]:
    """R (d, d) and μ (d,): x ↦ R (x − μ) + μ has no linear information about the concepts.

    R = I − W⁺ P W with W = C^(−½) for the covariance C of x, and P the orthogonal projector onto
    the columns of W Cov(x, concepts).

    Args:
        x: (n, d). concepts: (n, k).
    """
    mean = x.mean(0)
    centred = x - mean
    covariance = centred.T @ centred / len(x)
    ridge = (RIDGE * covariance.diagonal().mean()).clamp_min(1e-12)
    identity = torch.eye(len(covariance), dtype=x.dtype, device=x.device)
    values, vectors = torch.linalg.eigh(covariance + ridge * identity)
    whiten = vectors @ torch.diag(values.rsqrt()) @ vectors.T
    colour = vectors @ torch.diag(values.sqrt()) @ vectors.T
    cross = whiten @ (centred.T @ (concepts - concepts.mean(0)) / len(x))
    left, sizes, _ = torch.linalg.svd(cross, full_matrices=False)
    basis = left[:, sizes > 1e-12 * sizes.max().clamp_min(1e-300)]
    return identity - colour @ basis @ basis.T @ whiten, mean
