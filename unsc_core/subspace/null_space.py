"""Second moment -> spectrum -> retain basis -> null-space projector. Knows tensors only."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from unsc_core.subspace.energy import energy_rank

MERGE_THRESHOLD = 0.99
"""Where the joined bases of `merged` are cut."""


@dataclass(frozen=True)
class Spectrum:
    """Eigendecomposition of one second moment C = X Xᵀ.

    Attributes:
        eigenvalues: (d,) float64, descending, never negative; the squared singular values of X.
        eigenvectors: (d, d) float64, column i belongs to eigenvalue i.
    """

    eigenvalues: Tensor
    eigenvectors: Tensor


Spectra = dict[str, tuple[Spectrum, ...]]
"""Layer -> one spectrum per group."""


@dataclass(frozen=True)
class NullSpace:
    """The directions that the retain representations do not use, at one energy threshold.

    Attributes:
        basis: U (d, k), orthonormal: the leading eigenvectors, holding γ of the energy.
        complement: V (d, d − k), orthonormal: the rest; P = I − U Uᵀ = V Vᵀ.
        energy: the share of Σσ² that U really holds, ≥ γ.
    """

    basis: Tensor
    complement: Tensor
    energy: float

    @property
    def dim(self) -> int:
        """d, the length of a representation vector."""
        return self.basis.shape[0]

    @property
    def rank(self) -> int:
        """k, the number of retained directions; the null space has dim − rank."""
        return self.basis.shape[1]

    @property
    def projector(self) -> Tensor:
        """P (d, d): symmetric, idempotent, P U = 0."""
        return self.complement @ self.complement.T

    def to(self, like: Tensor) -> NullSpace:
        """The same null space in the dtype and on the device of `like`."""
        return NullSpace(self.basis.to(like), self.complement.to(like), self.energy)

    def project(self, rows: Tensor) -> Tensor:
        """`rows` (n, d) times P, through whichever factor is thinner."""
        if self.rank <= self.dim - self.rank:
            return rows - (rows @ self.basis) @ self.basis.T
        return (rows @ self.complement) @ self.complement.T


def spectrum(second_moment: Tensor) -> Spectrum:
    """Eigenvalues and eigenvectors of C (d, d), in float64: in float32 the small ones are noise."""
    values, vectors = torch.linalg.eigh(second_moment.to(torch.float64))
    return Spectrum(values.flip(0).clamp_min(0.0), vectors.flip(1))


def spectra(second_moments: Mapping[str, Tensor]) -> Spectra:
    """Layer -> one spectrum per group, of second moments (groups, d, d); the caller may have layers computed side by side.

    One decomposition gains nothing from a second thread (it waits for memory), several side by side do.
    """
    groups = [group for moment in second_moments.values() for group in moment]
    with ThreadPoolExecutor(max(1, os.cpu_count() or 1)) as pool:
        found = iter(
            list(pool.map(spectrum, groups))
            if not groups or groups[0].device.type == "cpu"
            else [spectrum(group) for group in groups]
        )
    return {layer: tuple(next(found) for _ in moment) for layer, moment in second_moments.items()}


def merged(per_class: Sequence[Spectra], energy_threshold: float) -> Spectra:
    """The published subspace: a basis per class at γ, all of them joined, and decomposed once more (Chen et al., IJCAI 2024).

    Args:
        per_class: for each retain class, layer -> one spectrum per group.
        energy_threshold: γ each class is cut at.

    Returns:
        Layer -> spectra of Σ_c U_c U_cᵀ, to be cut at MERGE_THRESHOLD.
    """
    joined = {
        layer: torch.stack(
            [
                reduce(
                    torch.add,
                    (
                        space.basis @ space.basis.T
                        for space in (null_space(c[layer][g], energy_threshold) for c in per_class)
                    ),
                )
                for g in range(len(groups))
            ]
        )
        for layer, groups in per_class[0].items()
    }
    return spectra(joined)


def null_space(spectrum: Spectrum, energy_threshold: float) -> NullSpace:
    """Cut `spectrum` at γ. Only slices: a new γ costs nothing but this.

    Raises:
        ConfigError: γ is not in (0, 1].

    >>> samples = torch.tensor([[3.0, 0.0, 0.0], [0.0, 0.5, 0.0]])  # one per row; the third number is never used
    >>> space = null_space(spectrum(samples.T @ samples), 1.0)
    >>> space.rank, space.dim
    (2, 3)
    >>> space.project(torch.tensor([[1.0, 1.0, 1.0]], dtype=torch.float64)).abs().round(decimals=9).tolist()
    [[0.0, 0.0, 1.0]]
    """
    k = energy_rank(spectrum.eigenvalues, energy_threshold)
    total = float(spectrum.eigenvalues.sum())
    energy = float(spectrum.eigenvalues[:k].sum()) / total if total > 0 else 1.0
    return NullSpace(spectrum.eigenvectors[:, :k], spectrum.eigenvectors[:, k:], energy)


def energy_along(spectrum: Spectrum, second_moment: Tensor) -> Tensor:
    """(d,) float64: the energy uᵢᵀ C uᵢ that other data C (d, d) has along each eigenvector uᵢ; it sums up to C's trace."""
    return ((spectrum.eigenvectors.T @ second_moment) * spectrum.eigenvectors.T).sum(1)


def mean_angle(one: NullSpace, other: NullSpace) -> float:
    """Mean principal angle between two kept subspaces, in degrees: 0 if one holds the other, 90 if they share nothing (Björck, Golub, 1973)."""
    cosines = torch.linalg.svdvals(one.basis.T @ other.basis)
    return float(cosines.clamp(0.0, 1.0).arccos().rad2deg().mean()) if len(cosines) else 90.0


def project_gradient(gradient: Tensor, spaces: tuple[NullSpace, ...]) -> Tensor:
    """G P for the weight gradient of one layer.

    Args:
        gradient: (out, …) of a Linear or Conv2d weight; the trailing part flattens to d.
        spaces: one null space per group of the layer (one for an ungrouped layer); group i owns the
            i-th block of output rows.

    Returns:
        The projected gradient, in the shape of `gradient`.
    """
    blocks = gradient.flatten(1).chunk(len(spaces))
    projected = [space.project(block) for space, block in zip(spaces, blocks, strict=True)]
    return (
        torch.cat(projected).view_as(gradient)
        if len(projected) > 1
        else projected[0].view_as(gradient)
    )
