"""Directions chosen by what both kinds of samples use: the retained and the forgotten ones.

The null space looks at the retained second moment R alone. Among all sets of orthonormal directions
U, those that reach most of the forgotten samples' energy tr UᵀFU for the retained energy tr UᵀRU
that they let through are the eigenvectors of F − λR with positive eigenvalues (Ky Fan, 1949): no
other U has a larger tr Uᵀ(F − λR)U. λ is the price of retained energy. Knows tensors only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse.linalg import eigsh
from threadpoolctl import threadpool_limits
from torch import Tensor

Groups = Sequence[Tensor] | Tensor
"""One second moment (d, d) for each group of a layer, or (groups, d, d)."""
PRICES = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0, 50.0, 200.0)
"""λ, relative to the ratio of the two energies: at 1 a direction is taken if forgotten samples have
a larger share of their energy along it than retained samples of theirs."""
BISECTIONS = 12
DENSE, MOST = 1200, 64
"""Inputs up to which all directions are found, and how many of a wider layer."""


@dataclass(frozen=True)
class Reach:
    """What a set of directions reaches in one layer.

    Attributes:
        retained: share of the retained energy along them, from 0 to 1.
        forgotten: share of the forgotten samples' energy along them, from 0 to 1.
        directions: their number.
    """

    retained: float
    forgotten: float
    directions: int


def best_directions(retained: Groups, forgotten: Groups, price: float) -> list[Tensor]:
    """The eigenvectors of F − λR with positive eigenvalues, in each group of a layer.

    Args:
        retained, forgotten: second moments of each group, with traces that are not all 0.
        price: λ for moments whose traces, over all groups, are 1.

    Returns:
        (d, k) float64 orthonormal columns of each group, on the CPU; at most MOST in a layer of
        more than DENSE inputs.
    """
    r, f = (_shares(moments) for moments in (retained, forgotten))
    return [torch.from_numpy(_positive(b - price * a)) for a, b in zip(r, f, strict=True)]


def _positive(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d, k) eigenvectors with positive eigenvalues of a symmetric matrix (d, d)."""
    if len(matrix) <= DENSE:
        with threadpool_limits(1, "blas"):  # several mostly wait for each other, for long if busy
            return eigh(matrix, subset_by_value=(0.0, np.inf))[1]
    start = np.ones(len(matrix))
    values, vectors = eigsh(matrix, MOST, which="LA", v0=start)
    return vectors[:, values > 0]


def at_price(retained: Groups, forgotten: Groups, price: float) -> Reach:
    """What `best_directions` reach; arguments as there."""
    r, f = (_shares(moments) for moments in (retained, forgotten))
    with threadpool_limits(1, "blas"):
        directions = [u.numpy() for u in best_directions(retained, forgotten, price)]
        through, reached = (
            sum(float((u * (c @ u)).sum()) for u, c in zip(directions, of, strict=True))
            for of in (r, f)
        )
    return Reach(through, reached, sum(u.shape[1] for u in directions))


def frontier(retained: Groups, forgotten: Groups) -> list[Reach]:
    """The most that can be reached, from every direction to hardly any; arguments as `at_price`.

    Empty if one of the two has no energy.
    """
    if min(_energy(retained), _energy(forgotten)) <= 0:
        return []
    return [at_price(retained, forgotten, price) for price in PRICES]


def within(retained: Groups, forgotten: Groups, budget: float) -> Reach:
    """The most that `at_price` reaches while at most the share `budget` of R is let through."""
    best = Reach(0.0, 0.0, 0)
    if min(_energy(retained), _energy(forgotten)) <= 0:
        return best
    low, high = PRICES[1], 2 * PRICES[-1]
    for _ in range(BISECTIONS):
        price = (low * high) ** 0.5
        found = at_price(retained, forgotten, price)
        if found.retained > budget:
            low = price
        else:
            high, best = price, found
    return best


def leading_free(space: Tensor, forgotten: Tensor) -> Tensor:
    """(d,) the direction within `space` (d, k) along which forgotten samples have most energy.

    Args:
        space: orthonormal columns, at least one.
        forgotten: second moment (d, d).
    """
    inside = space.T @ forgotten.to(space) @ space
    return space @ torch.linalg.eigh(inside).eigenvectors[:, -1]


def soft_reach(eigenvalues: Any, forgotten: Any, softness: Sequence[float]) -> list[Reach]:
    """What a soft projector P = m(R + mI)⁻¹ lets through: the energy of P x in place of x.

    Args:
        eigenvalues: (d,) of R; numpy array or torch tensor.
        forgotten: (d,) energy of the forgotten samples along its eigenvectors.
        softness: m relative to the mean energy of a direction, tr R / d.
    """
    found = []
    for each in softness:
        m = each * float(eigenvalues.mean())
        squared = (m / (eigenvalues + m)) ** 2
        through, reached = (
            float((squared * energy).sum() / energy.sum()) for energy in (eigenvalues, forgotten)
        )
        found.append(Reach(through, reached, len(eigenvalues)))
    return found


def _shares(moments: Groups) -> list[NDArray[np.float64]]:
    total = max(_energy(moments), 1e-300)
    return [(moment.double() / total).cpu().numpy() for moment in moments]


def _energy(moments: Groups) -> float:
    return sum(float(moment.double().trace()) for moment in moments)
