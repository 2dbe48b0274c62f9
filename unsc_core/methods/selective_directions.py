"""Masked probabilities, learnt along the directions that forgotten samples use far more.

Source: this project, from Chen et al.: Machine Unlearning via Null Space Calibration, IJCAI 2024,
arXiv 2404.13588, and Zhou et al.: Decoupled Distillation to Erase, CVPR 2025, arXiv 2503.23751. The
null space asks what the retained samples hardly use; here, directions are chosen by what both use:
see `subspace.both_moments`. A layer in which no direction is worth its price does not change.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from unsc_core.learning.training import Project
from unsc_core.methods.context import Context, Unlearned, train_on
from unsc_core.methods.entry import Method
from unsc_core.subspace.both_moments import best_directions
from unsc_core.subspace.null_space import Spectrum

METHOD = Method(
    name="selective-directions",
    title="Selective directions",
    summary="Masked probabilities; weights change only along directions that the forgotten samples "
    "use at least five times as much as the rest.",
    source="This project, from UNSC (IJCAI 2024) and DELETE (CVPR 2025)",
    order=125,
    learning_rate=0.1,
    epochs=25,
    uses_moments=True,
    further=True,
    mark="diamond-x-open",
)
PRICE = 5.0
"""How many times as large a share of the forgotten samples' energy as of the retained samples' lies
along the directions; halved while no layer has one."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forgotten sample on its masked probabilities, every gradient G becoming G U Uᵀ."""
    project = selective_projections(model, context)
    targets = context.masked_predictions(model, context.forget_rows(), context.banned())
    return train_on(targets, model, context, project=project)


def selective_projections(model: nn.Module, context: Context, price: float = PRICE) -> Project:
    """Projections onto the directions U that are worth their price.

    Returns:
        Weight name -> G ↦ G U Uᵀ, for `descend`.
    """
    retained, forgotten = context.spectra(), context.forget_spectra()
    r, f = (
        {layer: [_moment(s) for s in groups] for layer, groups in of.items()}
        for of in (retained, forgotten)
    )
    with context.stages.stage("null_space", "choosing directions"):
        found = {layer: best_directions(r[layer], f[layer], price) for layer in r}
        while not any(u.shape[1] for groups in found.values() for u in groups) and price > 1:
            price /= 2
            found = {layer: best_directions(r[layer], f[layer], price) for layer in r}
    weights = dict(model.named_parameters())
    return {
        f"{layer}.weight": partial(
            _onto, directions=[u.to(weights[f"{layer}.weight"]) for u in groups]
        )
        for layer, groups in found.items()
    }


def _moment(spectrum: Spectrum) -> Tensor:
    """The second moment (d, d) of a spectrum."""
    return (spectrum.eigenvectors * spectrum.eigenvalues) @ spectrum.eigenvectors.T


def _onto(gradient: Tensor, directions: list[Tensor]) -> Tensor:
    """A weight gradient (out, …) times U Uᵀ, for one U (d, k) per group."""
    blocks = gradient.flatten(1).chunk(len(directions))
    projected = [(block @ u) @ u.T for block, u in zip(blocks, directions, strict=True)]
    return torch.cat(projected).view_as(gradient)
