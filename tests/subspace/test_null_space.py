"""The theorems: energy cut, basis, projector, projection of gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from unsc_core.errors import ConfigError
from unsc_core.subspace.energy import energy_rank
from unsc_core.subspace.null_space import NullSpace, null_space, project_gradient, spectrum

THRESHOLDS = (0.05, 0.3, 0.6, 0.9, 0.96, 0.99, 0.999, 1.0)


def _digit_vectors(kind: str) -> Tensor:
    """X (d, samples) float64 of real digits, with more, fewer and few samples than dimensions."""
    x = torch.from_numpy(load_digits().data / 16.0).T
    return {"many": x, "few": x[:, :20], "one": x[:, :1], "centred": x - x.mean(1, keepdim=True)}[
        kind
    ]


KINDS = ("many", "few", "one", "centred")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("energy_threshold", THRESHOLDS)
def test_projector_is_a_projector_that_annihilates_the_basis(
    kind: str, energy_threshold: float
) -> None:
    x = _digit_vectors(kind)
    found = null_space(spectrum(x @ x.T), energy_threshold)
    p, u, v = found.projector, found.basis, found.complement
    assert torch.allclose(p @ p, p, atol=1e-12)
    assert torch.allclose(p, p.T, atol=1e-14)
    assert (p @ u).abs().max() < 1e-12
    assert torch.allclose(u.T @ u, torch.eye(found.rank, dtype=u.dtype), atol=1e-12)
    assert torch.allclose(u @ u.T + v @ v.T, torch.eye(found.dim, dtype=u.dtype), atol=1e-12)
    assert int(torch.linalg.matrix_rank(p, tol=0.5)) == found.dim - found.rank
    assert float(p.trace()) == pytest.approx(found.dim - found.rank, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_rank_grows_with_the_threshold(kind: str) -> None:
    x = _digit_vectors(kind)
    found = spectrum(x @ x.T)
    ranks = [null_space(found, g).rank for g in np.linspace(0.01, 1.0, 100)]
    assert ranks == sorted(ranks)
    assert ranks[0] >= 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("energy_threshold", THRESHOLDS[:-1])
def test_held_energy_reaches_the_threshold_with_the_fewest_directions(
    kind: str, energy_threshold: float
) -> None:
    x = _digit_vectors(kind)
    found = null_space(spectrum(x @ x.T), energy_threshold)
    squares = np.linalg.svd(x.numpy(), compute_uv=False) ** 2
    assert found.energy >= energy_threshold
    assert found.energy == pytest.approx(squares[: found.rank].sum() / squares.sum(), rel=1e-12)
    assert squares[: found.rank - 1].sum() / squares.sum() < energy_threshold


@pytest.mark.parametrize("kind", KINDS)
def test_basis_holds_the_measured_energy_of_the_data(kind: str) -> None:
    x = _digit_vectors(kind)
    found = null_space(spectrum(x @ x.T), 0.9)
    lost = (found.projector @ x).square().sum() / x.square().sum()
    assert float(lost) == pytest.approx(1 - found.energy, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_everything_kept_is_the_numerical_rank(kind: str) -> None:
    x = _digit_vectors(kind)
    found = null_space(spectrum(x @ x.T), 1.0)
    assert found.rank == np.linalg.matrix_rank(x.numpy())
    assert found.energy == pytest.approx(1.0, abs=1e-12)
    assert (found.projector @ x).abs().max() < 1e-6


@pytest.mark.parametrize("energy_threshold", THRESHOLDS)
def test_zero_second_moment_leaves_every_direction_free(energy_threshold: float) -> None:
    found = null_space(spectrum(torch.zeros(5, 5)), energy_threshold)
    assert (found.rank, found.dim) == (0, 5)
    assert torch.equal(found.projector, torch.eye(5, dtype=torch.float64))


def test_spectrum_is_descending_never_negative_and_rebuilds_the_moment() -> None:
    x = _digit_vectors("few")
    found = spectrum(x @ x.T)
    assert bool((found.eigenvalues.diff() <= 0).all())
    assert float(found.eigenvalues.min()) >= 0
    rebuilt = found.eigenvectors @ found.eigenvalues.diag() @ found.eigenvectors.T
    assert torch.allclose(rebuilt, x @ x.T, atol=1e-10)


@pytest.mark.parametrize("energy_threshold", [0.5, 0.9999])
def test_project_is_multiplying_by_p_whichever_factor_is_thinner(energy_threshold: float) -> None:
    x = _digit_vectors("many")
    found = null_space(spectrum(x @ x.T), energy_threshold)
    basis_is_thinner = found.rank <= found.dim - found.rank
    assert basis_is_thinner == (energy_threshold == 0.5)
    rows = torch.linspace(-1, 1, 7 * 64, dtype=torch.float64).view(7, 64)
    assert torch.allclose(found.project(rows), rows @ found.projector, atol=1e-12)


def test_project_gradient_keeps_shape_and_gives_each_group_its_own_space() -> None:
    x = _digit_vectors("many")
    spaces = tuple(null_space(spectrum(part @ part.T), 0.9) for part in (x[:18], x[18:36]))
    gradient = torch.linspace(-1, 1, 6 * 18, dtype=torch.float64).view(6, 2, 3, 3)
    projected = project_gradient(gradient, spaces)
    assert projected.shape == gradient.shape
    for space, block, found in zip(spaces, gradient.chunk(2), projected.chunk(2), strict=True):
        assert torch.allclose(found.flatten(1), block.flatten(1) @ space.projector, atol=1e-12)


def test_to_follows_the_dtype_of_a_weight() -> None:
    x = _digit_vectors("few")
    found: NullSpace = null_space(spectrum(x @ x.T), 0.9).to(torch.zeros(1, dtype=torch.float32))
    assert found.basis.dtype == found.complement.dtype == torch.float32


@pytest.mark.parametrize("energy_threshold", [0.0, -1.0, 1.0001, 1.5, float("nan"), float("inf")])
def test_impossible_threshold_is_refused(energy_threshold: float) -> None:
    x = _digit_vectors("few")
    with pytest.raises(ConfigError, match=f"{energy_threshold:g}"):
        null_space(spectrum(x @ x.T), energy_threshold)


@pytest.mark.parametrize("energy_threshold", THRESHOLDS)
def test_energy_rank_is_the_same_for_numpy_and_torch(energy_threshold: float) -> None:
    values = spectrum(_digit_vectors("many") @ _digit_vectors("many").T).eigenvalues
    assert energy_rank(values, energy_threshold) == energy_rank(values.numpy(), energy_threshold)


@pytest.mark.parametrize("kept", range(1, 9))
def test_threshold_that_is_met_exactly_takes_no_further_direction(kept: int) -> None:
    assert energy_rank(np.ones(8), kept / 8) == kept
