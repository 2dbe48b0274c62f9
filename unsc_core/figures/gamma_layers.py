"""Every layer of a network at every γ of a slider: its cut, and what is kept and can be reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.figures.reachability import curve
from unsc_core.figures.spectra import Eigenvalues
from unsc_core.subspace.energy import energy_rank

MOST_DIRECTIONS = 400
"""Most directions of one spectrum that are drawn; of wider layers, evenly spread ones."""
FLOOR = -7.0
"""Power of ten below which an energy share is drawn at the axis."""


def layers(
    titles: dict[str, str],
    spectra: Eigenvalues,
    forget_energy: dict[str, NDArray[Any]] | None,
    stops: Sequence[float],
) -> list[dict[str, Any]]:
    """Layers in JSON types.

    Args:
        titles: layer -> its title.
        spectra: layer -> (groups, d) eigenvalues of the retained classes.
        forget_energy: layer -> (groups, d), the forgotten samples' energy along the same
            directions; None while it is unknown.
        stops: the γ.

    Returns:
        Of each layer "title"; "size", how many directions the drawn group has, and "groups";
        "directions" and "shares", its numbers and log10 energy shares; and for every stop "first",
        how many directions of the drawn group are kept, "rank" of how many "dim" in all groups,
        "retained", the share of retained energy that is free, in percent, and "reachable", that of
        the forgotten samples' energy, or None.
    """
    return [
        _layer(
            titles[layer], groups, None if forget_energy is None else forget_energy[layer], stops
        )
        for layer, groups in spectra.items()
    ]


def _layer(
    title: str,
    groups: NDArray[np.float64],
    forget_energy: NDArray[Any] | None,
    stops: Sequence[float],
) -> dict[str, Any]:
    first = groups[0]
    ranks = np.array([[energy_rank(values, gamma) for values in groups] for gamma in stops])
    shares = np.log10(np.maximum(first / max(first.sum(), 1e-300), 10.0**FLOOR))
    drawn = np.unique(np.linspace(0, len(first) - 1, MOST_DIRECTIONS).round().astype(int))
    total = ranks.sum(1)
    # As in the view "Kept and free": of several groups, the directions with most energy first.
    kept, left = curve(groups, groups if forget_energy is None else forget_energy)
    return {
        "title": title,
        "size": len(first),
        "dim": groups.size,
        "groups": len(groups),
        "directions": (drawn + 1).tolist(),
        "shares": shares[drawn].round(3).tolist(),
        "first": ranks[:, 0].tolist(),
        "rank": total.tolist(),
        "retained": (100 - kept[total]).round(3).tolist(),
        "reachable": None if forget_energy is None else left[total].round(2).tolist(),
    }
