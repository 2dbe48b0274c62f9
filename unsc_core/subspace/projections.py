"""Spectra -> what replaces the gradient G of each weight: G P, for one of three kinds of P.

`cut` is the null space; `soft` makes no cut; `selective` looks at the forgotten samples as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from unsc_core.learning.training import Project
from unsc_core.subspace.both_moments import best_directions
from unsc_core.subspace.null_space import Spectra, null_space, project_gradient

SOFTNESS = 0.03
"""Of `soft`: the energy at which an update is halved, as a share of the mean."""
PRICE = 5.0
"""Of `selective`: how many times as large a share of the forgotten samples' energy as of the
retained samples' lies along the directions; halved while no layer has one."""
Weights = Mapping[str, Tensor]
"""Name -> parameter of the network, whose dtype and device its projection gets."""


def cut(
    spectra: Spectra, cut_at: Mapping[str, float], weights: Weights
) -> tuple[Project, dict[str, dict[str, int]]]:
    """Projections into the null space.

    Args:
        spectra: of the retained samples.
        cut_at: layer -> γ.
        weights: of the network.

    Returns:
        Weight name -> G ↦ G P; and layer -> {"dim", "rank"} summed over groups.
    """
    spaces = {
        layer: tuple(null_space(s, cut_at[layer]).to(weights[f"{layer}.weight"]) for s in groups)
        for layer, groups in spectra.items()
    }
    project = {
        f"{layer}.weight": partial(project_gradient, spaces=groups)
        for layer, groups in spaces.items()
    }
    ranks = {
        layer: {"dim": sum(s.dim for s in groups), "rank": sum(s.rank for s in groups)}
        for layer, groups in spaces.items()
    }
    return project, ranks


def soft(spectra: Spectra, weights: Weights) -> Project:
    """Projections that shrink an update the more the retained samples use its direction.

    P = m (C + m I)⁻¹ for the second moment C (d, d) and m = SOFTNESS · tr C / d.

    Args:
        spectra: of the retained samples.
        weights: of the network.

    Returns:
        Weight name -> G ↦ G P.
    """
    project: dict[str, Callable[[Tensor], Tensor]] = {}
    for layer, groups in spectra.items():
        shrinking = []
        for found in groups:
            softness = SOFTNESS * found.eigenvalues.mean()
            factors = softness / (found.eigenvalues + softness).clamp_min(1e-300)
            matrix = (found.eigenvectors * factors) @ found.eigenvectors.T
            shrinking.append(matrix.to(weights[f"{layer}.weight"]))
        project[f"{layer}.weight"] = partial(_shrunk, matrices=shrinking)
    return project


def _shrunk(gradient: Tensor, matrices: list[Tensor]) -> Tensor:
    """A weight gradient (out, …) times one (d, d) matrix per group."""
    blocks = gradient.flatten(1).chunk(len(matrices))
    pairs = zip(blocks, matrices, strict=True)
    return torch.cat([block @ matrix for block, matrix in pairs]).view_as(gradient)


def selective(retained: Spectra, forgotten: Spectra, weights: Weights, price: float) -> Project:
    """Projections onto the directions U that are worth their price; see `best_directions`.

    Args:
        retained, forgotten: spectra of the two kinds of samples.
        weights: of the network.
        price: see PRICE.

    Returns:
        Weight name -> G ↦ G U Uᵀ.
    """
    r, f = (
        {layer: [s.second_moment for s in groups] for layer, groups in spectra.items()}
        for spectra in (retained, forgotten)
    )

    def chosen() -> dict[str, list[Tensor]]:
        return {layer: best_directions(r[layer], f[layer], price) for layer in r}

    found = chosen()
    while not any(u.shape[1] for groups in found.values() for u in groups) and price > 1:
        price /= 2
        found = chosen()
    return {
        f"{layer}.weight": partial(
            _onto, directions=[u.to(weights[f"{layer}.weight"]) for u in groups]
        )
        for layer, groups in found.items()
    }


def _onto(gradient: Tensor, directions: list[Tensor]) -> Tensor:
    """A weight gradient (out, …) times U Uᵀ, for one U (d, k) per group."""
    blocks = gradient.flatten(1).chunk(len(directions))
    pairs = zip(blocks, directions, strict=True)
    return torch.cat([(block @ u) @ u.T for block, u in pairs]).view_as(gradient)
