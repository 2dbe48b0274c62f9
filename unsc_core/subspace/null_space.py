"""Second moment -> spectrum -> retain basis -> null space projector. Knows tensors only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from unsc_core.subspace.energy import energy_rank


@dataclass(frozen=True)
class Spectrum:
    """Eigendecomposition of one second moment C = X Xᵀ.

    Attributes:
        eigenvalues: (d,) float64, descending, never negative; the squared singular values of X.
        eigenvectors: (d, d) float64, column i belongs to eigenvalue i.
    """

    eigenvalues: Tensor
    eigenvectors: Tensor

    @property
    def second_moment(self) -> Tensor:
        """C (d, d) float64."""
        return (self.eigenvectors * self.eigenvalues) @ self.eigenvectors.T


Spectra = dict[str, tuple[Spectrum, ...]]
"""Layer -> one spectrum per group."""


@dataclass(frozen=True)
class NullSpace:
    """The directions that retain representations hardly use, at one energy threshold γ.

    Attributes:
        basis: U (d, k), orthonormal: the leading eigenvectors, which hold a share γ of the energy.
        complement: V (d, d − k), orthonormal: the other ones; P = I − U Uᵀ = V Vᵀ.
        energy: the share of Σσ² that U holds, at least γ.
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
        """k, the number of kept directions; the null space has dimension dim − rank."""
        return self.basis.shape[1]

    @property
    def projector(self) -> Tensor:
        """P (d, d): symmetric, idempotent, P U = 0."""
        return self.complement @ self.complement.T

    def to(self, like: Tensor) -> NullSpace:
        """The same null space in the dtype and on the device of `like`."""
        return NullSpace(self.basis.to(like), self.complement.to(like), self.energy)

    def project(self, rows: Tensor) -> Tensor:
        """`rows` (n, d) times P, computed with the thinner of U and V."""
        if self.rank <= self.dim - self.rank:
            return rows - (rows @ self.basis) @ self.basis.T
        return (rows @ self.complement) @ self.complement.T


def spectrum(second_moment: Tensor) -> Spectrum:
    """Eigenvalues and eigenvectors of C (d, d), in float64: in float32 the small ones are noise."""
    values, vectors = torch.linalg.eigh(second_moment.to(torch.float64))
    return Spectrum(values.flip(0).clamp_min(0.0), vectors.flip(1))


def spectra(second_moments: Mapping[str, Tensor]) -> Spectra:
    """Layer -> one spectrum per group, of second moments (groups, d, d).

    On a CPU, decompositions run side by side: one gains nothing from a second thread, since it
    waits for memory. The caller should give each a single thread (`learning.device.one_thread`).
    """
    groups = [group for moment in second_moments.values() for group in moment]
    if all(group.device.type == "cpu" for group in groups):
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = iter(list(pool.map(spectrum, groups)))
    else:
        found = iter([spectrum(group) for group in groups])
    return {layer: tuple(next(found) for _ in moment) for layer, moment in second_moments.items()}


def merged(per_class: Sequence[Spectra], energy_threshold: float) -> Spectra:
    """The published subspace: one basis per class, joined and decomposed again.

    Source: Chen et al., IJCAI 2024.

    Args:
        per_class: for each retain class, layer -> one spectrum per group.
        energy_threshold: γ at which each class is cut.

    Returns:
        Layer -> spectra of Σ_c U_c U_cᵀ, to be cut at `energy.MERGE_THRESHOLD`.
    """

    def projectors(layer: str, group: int) -> Iterator[Tensor]:
        for of_class in per_class:
            basis = null_space(of_class[layer][group], energy_threshold).basis
            yield basis @ basis.T

    joined = {
        layer: torch.stack([reduce(torch.add, projectors(layer, g)) for g in range(len(groups))])
        for layer, groups in per_class[0].items()
    }
    return spectra(joined)


def null_space(spectrum: Spectrum, energy_threshold: float) -> NullSpace:
    """`spectrum` cut at γ. This only slices, so another γ needs no new decomposition.

    Raises:
        ConfigError: γ is not in (0, 1].

    >>> samples = torch.tensor([[3.0, 0.0, 0.0], [0.0, 0.5, 0.0]])  # the third feature is unused
    >>> space = null_space(spectrum(samples.T @ samples), 1.0)
    >>> space.rank, space.dim
    (2, 3)
    >>> ones = torch.ones(1, 3, dtype=torch.float64)
    >>> space.project(ones).abs().round(decimals=9).tolist()
    [[0.0, 0.0, 1.0]]
    """
    k = energy_rank(spectrum.eigenvalues, energy_threshold)
    total = float(spectrum.eigenvalues.sum())
    energy = float(spectrum.eigenvalues[:k].sum()) / total if total > 0 else 1.0
    return NullSpace(spectrum.eigenvectors[:, :k], spectrum.eigenvectors[:, k:], energy)


def energy_along(spectrum: Spectrum, second_moment: Tensor) -> Tensor:
    """(d,) float64: the energy uᵢᵀ C uᵢ of C (d, d) along each eigenvector uᵢ; together tr C."""
    return ((spectrum.eigenvectors.T @ second_moment) * spectrum.eigenvectors.T).sum(1)


def energy_along_spectra(found: Spectra, second_moments: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Layer -> (groups, d) float64: `energy_along` of second moments (groups, d, d), on the CPU."""
    along = {}
    for layer, groups in found.items():
        pairs = zip(groups, second_moments[layer], strict=True)
        along[layer] = torch.stack([energy_along(s, c.to(s.eigenvectors)) for s, c in pairs]).cpu()
    return along


def eigenvalues(found: Spectra) -> dict[str, Tensor]:
    """Layer -> (groups, d) float64 eigenvalues, descending."""
    return {layer: torch.stack([s.eigenvalues for s in groups]) for layer, groups in found.items()}


def mean_angle(one: NullSpace, other: NullSpace) -> float:
    """Mean principal angle between two kept subspaces, in degrees (Björck, Golub, 1973).

    0 if one contains the other, 90 if they are orthogonal or one is empty.
    """
    cosines = torch.linalg.svdvals(one.basis.T @ other.basis)
    return float(cosines.clamp(0.0, 1.0).arccos().rad2deg().mean()) if len(cosines) else 90.0


def project_gradient(gradient: Tensor, spaces: tuple[NullSpace, ...]) -> Tensor:
    """G P for the weight gradient of one layer.

    Args:
        gradient: (out, …) of a Linear or Conv2d weight; the trailing part flattens to d.
        spaces: one null space per group of the layer; group i has the i-th block of output rows.

    Returns:
        The projected gradient, in the shape of `gradient`.
    """
    blocks = gradient.flatten(1).chunk(len(spaces))
    projected = [space.project(block) for space, block in zip(spaces, blocks, strict=True)]
    whole = torch.cat(projected) if len(projected) > 1 else projected[0]
    return whole.view_as(gradient)
