"""How subspaces lie, against numpy's SVD of the vectors themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import digits
from unsc_core import subspaces
from unsc_core.experiment import Experiment
from unsc_core.figures.subspaces import curve, selectivity
from unsc_core.null_space import energy_along, mean_angle, null_space, spectrum
from unsc_core.store import Store


def vectors(seed: int, n: int = 40, d: int = 12, rank: int = 5) -> np.ndarray:
    """(n, d) rows in a random plane of `rank` dimensions."""
    draw = np.random.default_rng(seed)
    return draw.standard_normal((n, rank)) @ draw.standard_normal((rank, d))


def moment(rows: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(rows.T @ rows)


def test_angles_are_those_of_the_bases() -> None:
    one, other = vectors(0), vectors(1)
    bases = [np.linalg.svd(x, full_matrices=False)[2][:5].T for x in (one, other)]
    expected = np.degrees(np.arccos(np.clip(np.linalg.svd(bases[0].T @ bases[1], compute_uv=False), 0, 1))).mean()
    found = [null_space(spectrum(moment(x)), 1.0) for x in (one, other)]
    assert mean_angle(*found) == pytest.approx(expected, abs=1e-6)
    assert mean_angle(found[0], found[0]) == pytest.approx(0, abs=1e-4)


def test_energy_along_is_that_of_the_projected_vectors() -> None:
    retain, forget = vectors(0, rank=12), vectors(1)
    found = spectrum(moment(retain))
    along = energy_along(found, moment(forget))
    assert torch.allclose(along, torch.from_numpy(((forget @ found.eigenvectors.numpy()) ** 2).sum(0)), rtol=1e-9, atol=1e-9)
    assert float(along.sum()) == pytest.approx(float((forget**2).sum()))


def test_selectivity_is_half_for_the_same_directions_and_one_for_others() -> None:
    retain = np.array([[8.0, 1.0, 0.5, 0.5, 0.0, 0.0]])
    assert selectivity(retain, 3 * retain) == pytest.approx(0.5)
    assert selectivity(retain, np.array([[0.0, 0.0, 0.0, 0.0, 2.0, 5.0]])) == pytest.approx(1.0)
    frozen, reachable = curve(retain, np.array([[1.0, 0.0, 0.0, 0.0, 3.0, 0.0]]))
    assert frozen.tolist() == [0, 80, 90, 95, 100, 100, 100]
    assert reachable.tolist() == [100, 75, 75, 75, 75, 0, 0]


@pytest.mark.parametrize("settings", [{}, {"subspace": "merge"}, {"method": "pseudo-labels"}])
def test_what_is_stored_of_an_experiment(shared_store: Store, settings: dict[str, str]) -> None:
    work = Experiment(digits(**settings), shared_store)
    subspaces.make(work.config, shared_store)
    found = subspaces.read(work.config, work.dataset, shared_store)
    assert found is not None
    assert list(found.forget_energy) == list(found.angles) == list(found.drift) == list(work.spectra)
    for layer, angles in found.angles.items():
        assert angles.shape == (10, 10)
        assert np.array_equal(angles, angles.T)
        assert (angles.diagonal() == 0).all()
        assert 0 < angles.max() <= 90
        assert found.forget_energy[layer].sum() == pytest.approx(float(work.moments.forget((3,))[layer].diagonal(dim1=1, dim2=2).sum()))
        drift = found.drift[layer]
        if work.config.method == "pseudo-labels":
            assert drift["bound"] is None
        else:
            assert 0 <= drift["measured"] <= drift["bound"] * (1 + 1e-6)


def test_protecting_everything_leaves_less_drift_than_protecting_nothing(shared_store: Store) -> None:
    def moved(method: str) -> float:
        work = Experiment(digits(method=method), shared_store)
        subspaces.make(work.config, shared_store)
        found = subspaces.read(work.config, work.dataset, shared_store)
        assert found is not None
        return max(layer["measured"] for layer in found.drift.values())

    assert moved("unsc") < moved("random-labels")


def test_nothing_is_there_before_it_was_made(tmp_path, shared_store: Store) -> None:
    work = Experiment(digits(), shared_store)
    assert subspaces.read(work.config, work.dataset, Store(tmp_path)) is None
