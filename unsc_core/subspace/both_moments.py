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
from torch import Tensor

PRICES = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0, 50.0, 200.0)
"""λ, relative to the ratio of the two energies: at 1 a direction is taken if forgotten samples have
a larger share of their energy along it than retained samples of theirs."""
BISECTIONS = 12


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


def at_price(retained: Tensor, forgotten: Tensor, price: float) -> Reach:
    """What the eigenvectors of F − λR with positive eigenvalues reach.

    Args:
        retained, forgotten: second moments (groups, d, d), each with a trace above 0.
        price: λ for moments of trace 1.
    """
    r, f = (_shares(moments) for moments in (retained, forgotten))
    through, reached, count = 0.0, 0.0, 0
    for one, other in zip(r, f, strict=True):
        _, found = eigh(other - price * one, subset_by_value=(0.0, np.inf))
        through += float((found * (one @ found)).sum())
        reached += float((found * (other @ found)).sum())
        count += found.shape[1]
    return Reach(through, reached, count)


def frontier(retained: Tensor, forgotten: Tensor) -> list[Reach]:
    """The most that can be reached, from every direction to hardly any; arguments as `at_price`.

    Empty if one of the two has no energy.
    """
    if min(_energy(retained), _energy(forgotten)) <= 0:
        return []
    return [at_price(retained, forgotten, price) for price in PRICES]


def within(retained: Tensor, forgotten: Tensor, budget: float) -> Reach:
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


def _shares(moments: Tensor) -> NDArray[np.float64]:
    return (moments.double() / _energy(moments)).cpu().numpy()


def _energy(moments: Tensor) -> float:
    return float(moments.double().diagonal(dim1=-2, dim2=-1).sum())
