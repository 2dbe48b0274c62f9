"""Maps of the decision space, on the logits of real networks."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from tests.conftest import digits
from unsc_core.data import load_dataset
from unsc_core.embedding import make_umap, pca_map, read_umap, sample, umap_map
from unsc_core.experiment import Experiment
from unsc_core.results import Result
from unsc_core.store import Store


@pytest.fixture(scope="module")
def result(shared_store: Store) -> Result:
    return Experiment(digits(), shared_store).run()


@pytest.mark.parametrize(("name", "points"), [("digits", 200), ("digits", 10_000), ("fashion-mnist-mini", 1200)])
def test_sample_takes_the_first_of_every_class(name: str, points: int) -> None:
    dataset = load_dataset(name)
    rows = sample(dataset, points)
    assert np.array_equal(rows, np.unique(rows))
    assert len(rows) <= points
    for c in range(10):
        chosen = rows[dataset.y_test[rows] == c]
        assert np.array_equal(chosen, np.flatnonzero(dataset.y_test == c)[: points // 10])


def test_pca_map_is_scikit_learns_up_to_sign(result: Result) -> None:
    z0, z = result.original.test, result.unlearned.test
    found = pca_map(z0, {"original": z0, "unlearned": z})
    pca = PCA(2, svd_solver="full").fit(z0)
    for name, logits in (("original", z0), ("unlearned", z)):
        assert found[name].dtype == np.float32
        assert np.allclose(np.abs(found[name]), np.abs(pca.transform(logits)), atol=1e-3)
    again = pca_map(-z0, {"original": -z0})["original"]
    assert np.allclose(np.abs(again), np.abs(found["original"]), atol=1e-3)


def test_umap_is_stored_and_keeps_classes_together(result: Result, shared_store: Store) -> None:
    dataset = result.split.dataset
    make_umap(result.config, shared_store)
    found = read_umap(result.config, dataset, shared_store, retrained=result.retrained is not None)
    rows = sample(dataset)
    assert set(found) == set(result.models)
    assert all(points.shape == (len(rows), 2) and np.isfinite(points).all() for points in found.values())
    labels = dataset.y_test[rows]
    assert KNeighborsClassifier(5).fit(found["original"][::2], labels[::2]).score(found["original"][1::2], labels[1::2]) > 0.9
    forgotten = labels == 3
    moved = np.linalg.norm(found["unlearned"] - found["original"], axis=1)
    assert np.median(moved[forgotten]) > np.median(moved[~forgotten])


def test_umap_leaves_samples_whose_logits_did_not_change(result: Result) -> None:
    z0 = result.original.test[:150]
    half = z0.copy()
    half[::2] = result.unlearned.test[:150:2]
    found = umap_map(z0, {"original": z0, "half": half}, seed=0)
    assert np.array_equal(found["half"][1::2], found["original"][1::2])
    assert not np.array_equal(found["half"][::2], found["original"][::2])
    assert np.array_equal(umap_map(z0, {"original": z0}, seed=0)["original"], found["original"])
