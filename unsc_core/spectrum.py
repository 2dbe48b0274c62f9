"""The energy cut, on numpy arrays and torch tensors alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from unsc_core.errors import ConfigError


def check_energy_threshold(energy_threshold: float) -> float:
    """γ itself.

    Raises:
        ConfigError: γ is not in (0, 1].
    """
    if not 0.0 < energy_threshold <= 1.0:
        raise ConfigError(f"The energy threshold γ must be above 0 and at most 1, not {energy_threshold:g}; 0.96 is a good start.")
    return float(energy_threshold)


def cuts(layers: Iterable[str], energy_threshold: float, each: Sequence[float] = ()) -> dict[str, float]:
    """Layer -> the γ it is cut at: `energy_threshold`, or its own of `each`.

    Raises:
        ConfigError: `each` has another number of values than there are layers.
    """
    names = list(layers)
    if each and len(each) != len(names):
        raise ConfigError(f"{len(each)} values of γ were named, but the network has {len(names)} layers with a null space; name one for each.")
    return dict(zip(names, each or [energy_threshold] * len(names), strict=True))


def energy_rank(eigenvalues: Any, energy_threshold: float) -> int:
    """The smallest k whose leading eigenvalues hold at least γ of the sum (METHOD: k smallest with Σ_{i≤k} σ_i² ≥ γ Σσ²).

    Args:
        eigenvalues: (d,) squared singular values, descending, numpy array or torch tensor.
        energy_threshold: γ in (0, 1].

    Returns:
        k between 0 (no energy at all) and the numerical rank; never more, so γ = 1 keeps exactly the
        directions in which the data differs from zero by more than rounding.

    >>> import numpy as np
    >>> energy_rank(np.array([8.0, 1.0, 0.9, 0.1, 0.0]), 0.9)
    2
    >>> energy_rank(np.array([8.0, 1.0, 0.9, 0.1, 0.0]), 1.0)
    4
    """
    check_energy_threshold(energy_threshold)
    if len(eigenvalues) == 0 or float(eigenvalues[0]) <= 0:
        return 0
    rounding = float(eigenvalues[0]) * len(eigenvalues) * 2.2e-16
    numerical_rank = int((eigenvalues > rounding).sum())
    cumulative = eigenvalues.cumsum(0)
    below = int((cumulative < energy_threshold * float(cumulative[-1])).sum())
    return min(below + 1, numerical_rank)
