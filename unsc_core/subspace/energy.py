"""Where a spectrum is cut by its energy, for numpy arrays and torch tensors alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from unsc_core.errors import ConfigError

MERGE_THRESHOLD = 0.99
"""Share of the energy at which the merged subspace is cut; see `null_space.merged`."""


def check_energy_threshold(energy_threshold: float) -> float:
    """γ itself.

    Raises:
        ConfigError: γ is not in (0, 1].
    """
    if not 0.0 < energy_threshold <= 1.0:
        raise ConfigError(
            f"The energy threshold γ must be above 0 and at most 1, not {energy_threshold:g}; "
            "0.96 is a good start."
        )
    return float(energy_threshold)


def cuts(
    layers: Iterable[str], energy_threshold: float, each: Sequence[float] = ()
) -> dict[str, float]:
    """Layer -> the γ it is cut at: `energy_threshold`, or its entry in `each`.

    Raises:
        ConfigError: `each` is not empty and has not one value for each layer.
    """
    names = list(layers)
    if each and len(each) != len(names):
        raise ConfigError(
            f"{len(each)} values of γ were named, but the network has {len(names)} layers "
            "with a null space; name one for each."
        )
    return dict(zip(names, each or [energy_threshold] * len(names), strict=True))


def energy_rank(eigenvalues: Any, energy_threshold: float) -> int:
    """The smallest k whose leading eigenvalues hold at least γ of the sum: Σ_{i≤k} σ_i² ≥ γ Σσ².

    Args:
        eigenvalues: (d,) squared singular values, descending; numpy array or torch tensor.
        energy_threshold: γ in (0, 1].

    Returns:
        k between 0 (no energy at all) and the numerical rank: γ = 1 keeps exactly the directions
        in which the data differs from zero by more than rounding.

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


def kept_share(energy: Any, ranks: Sequence[int]) -> float:
    """The share of energy (groups, d) along the first `ranks` directions of each group.

    1 if there is no energy. Takes numpy arrays and torch tensors.
    """
    total = float(energy.sum())
    if total <= 0:
        return 1.0
    pairs = zip(energy, ranks, strict=True)
    return sum(float(group[:rank].sum()) for group, rank in pairs) / total


def unkept(eigenvalues: Mapping[str, Any], cut_at: Mapping[str, float]) -> dict[str, float]:
    """Layer -> share of the energy outside the kept directions when it is cut at its γ.

    Args:
        eigenvalues: layer -> (groups, d), descending.
        cut_at: layer -> γ.
    """
    shares = {}
    for layer, groups in eigenvalues.items():
        free = sum(float(group[energy_rank(group, cut_at[layer]) :].sum()) for group in groups)
        shares[layer] = free / max(float(groups.sum()), 1e-300)
    return shares


def energy_error(
    eigenvalues: Mapping[str, Any],
    own: Mapping[str, Any],
    other: Mapping[str, Any],
    cut_at: Mapping[str, float],
) -> dict[str, float]:
    """How much more of other data's energy a cut keeps than of the data it was made from.

    Args:
        eigenvalues: layer -> (groups, d), descending, which decide where the layer is cut.
        own, other: layer -> (groups, d), energy of the data it was made from, and of other data,
            along the eigenvectors; for a joint subspace, `own` is `eigenvalues`.
        cut_at: layer -> γ.

    Returns:
        Layer -> kept share of the other data's Σσ² − kept share of its own, which is at least γ.

    >>> import numpy as np
    >>> own, other = {"layer": np.array([[9.0, 1.0]])}, {"layer": np.array([[4.0, 1.0]])}
    >>> round(energy_error(own, own, other, {"layer": 0.9})["layer"], 3)
    -0.1
    """
    errors = {}
    for layer, groups in eigenvalues.items():
        ranks = [energy_rank(group, cut_at[layer]) for group in groups]
        errors[layer] = kept_share(other[layer], ranks) - kept_share(own[layer], ranks)
    return errors
