"""Second moment -> spectrum -> retain basis -> null-space projector. Knows tensors only."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from unsc_core.spectrum import energy_rank


@dataclass(frozen=True)
class Spectrum:
    """Eigendecomposition of one second moment C = X Xᵀ.

    Attributes:
        eigenvalues: (d,) float64, descending, never negative; the squared singular values of X.
        eigenvectors: (d, d) float64, column i belongs to eigenvalue i.
    """

    eigenvalues: Tensor
    eigenvectors: Tensor


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


def null_space(spectrum: Spectrum, energy_threshold: float) -> NullSpace:
    """Cut `spectrum` at γ. Only slices: a new γ costs nothing but this.

    Raises:
        ConfigError: γ is not in (0, 1].
    """
    k = energy_rank(spectrum.eigenvalues, energy_threshold)
    total = float(spectrum.eigenvalues.sum())
    energy = float(spectrum.eigenvalues[:k].sum()) / total if total > 0 else 1.0
    return NullSpace(spectrum.eigenvectors[:, :k], spectrum.eigenvectors[:, k:], energy)


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
    return torch.cat(projected).view_as(gradient) if len(projected) > 1 else projected[0].view_as(gradient)
