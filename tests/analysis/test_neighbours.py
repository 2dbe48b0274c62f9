"""The samples that a network finds most alike: by brute force, stored once, for every network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import blobs
from unsc_core.analysis import networks
from unsc_core.analysis.maps import mapped
from unsc_core.analysis.neighbours import make_neighbours, nearest_of_each, read_neighbours
from unsc_core.analysis.networks import features, read_networks
from unsc_core.errors import ConfigError
from unsc_core.experiment.artefacts import NEIGHBOURS
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.jobs.job import NEIGHBOURS as KINDS
from unsc_core.jobs.worker import JOBS
from unsc_core.progress import silent


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("neighbours"))


@pytest.fixture(scope="module")
def result(store: Store) -> Result:
    return Experiment(blobs(training_epochs=3, epochs=3), store).run(with_retrain=True)


def by_hand(vectors: np.ndarray, i: int, count: int) -> list[int]:
    """The others in the order of their angle with row i."""
    unit = [v / np.sqrt((v**2).sum()) for v in vectors.astype(float)]
    others = [j for j in range(len(unit)) if j != i]
    return sorted(others, key=lambda j: -float(unit[i] @ unit[j]))[:count]


def test_neighbours_are_those_with_the_smallest_angle() -> None:
    vectors = np.random.default_rng(0).normal(size=(1203, 5)).astype(np.float32)  # of three blocks
    found = nearest_of_each(vectors, 4)
    for i in (0, 499, 500, 1202):
        assert found[i].tolist() == by_hand(vectors, i, 4)
    assert nearest_of_each(vectors[:3], 8).shape == (3, 2)


@pytest.mark.parametrize("part", ["test", "train"])
def test_every_stored_network_has_its_own_neighbours(
    result: Result, store: Store, part: str
) -> None:
    assert read_neighbours(result.config, result.split, store, "original", part) is None
    JOBS[KINDS[part]](result.config, store, silent)
    rows = mapped(result.split, part)
    loaded = read_networks(result.config, result.split.dataset, store)
    samples = torch.from_numpy(result.split.dataset.samples(part)[rows])
    for model in result.models:
        found = read_neighbours(result.config, result.split, store, model, part)
        assert found is not None
        made = features(loaded.models[model], loaded.data, samples)
        unit = made / np.linalg.norm(made, axis=1, keepdims=True)
        best = np.sort(unit[7] @ unit.T)[::-1][1:9]  # after itself
        assert unit[found[7]] @ unit[7] == pytest.approx(best, abs=1e-5)
        assert 7 not in found[7]


def test_a_network_without_features_has_no_neighbours(
    result: Result, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise ConfigError("its last layer is not Linear")

    monkeypatch.setattr(networks, "features", none)
    for path in (store.root / NEIGHBOURS.name).glob("*"):
        path.unlink()
    make_neighbours("test", result.config, store)
    found = read_neighbours(result.config, result.split, store, "unlearned", "test")
    assert found is not None
    assert found.shape == (len(mapped(result.split, "test")), 0)
