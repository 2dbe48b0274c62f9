"""Maps of the decision space, on the logits of real networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from tests.conftest import digits
from unsc_core.analysis.maps import (
    fit_umap,
    make_umap,
    pca_map,
    place,
    positions,
    read_umap,
    sample,
    shown,
    umap_key,
)
from unsc_core.data import load_dataset
from unsc_core.errors import ConfigError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.figures.decision_space import LINE, NARROW, class_names, space
from unsc_core.figures.theme import LIGHT


@pytest.fixture(scope="module")
def result(shared_store: Store) -> Result:
    return Experiment(digits(), shared_store).run()


@pytest.mark.parametrize(
    ("name", "points"), [("digits", 200), ("digits", 10_000), ("fashion-mnist-mini", 1200)]
)
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


def test_umap_keeps_classes_together_and_forgotten_samples_move(
    result: Result, shared_store: Store
) -> None:
    dataset = result.split.dataset
    make_umap(result.config, shared_store)
    positions = read_umap(result.config, dataset, shared_store)
    rows = sample(dataset)
    labels, z0, z = dataset.y_test[rows], result.original.test[rows], result.unlearned.test[rows]
    assert positions.shape == (len(rows), 2)
    assert np.isfinite(positions).all()
    assert (
        KNeighborsClassifier(5)
        .fit(positions[::2], labels[::2])
        .score(positions[1::2], labels[1::2])
        > 0.9
    )
    placed = place(z0, positions, {"original": z0, "unlearned": z})
    assert np.array_equal(placed["original"], positions)
    moved = np.linalg.norm(placed["unlearned"] - positions, axis=1)
    assert np.median(moved[labels == 3]) > np.median(moved[labels != 3])


def test_map_is_that_of_the_original_whatever_is_forgotten(result: Result) -> None:
    dataset = result.split.dataset
    assert umap_key(replace(result.config, forget_classes=(7,)), dataset) == umap_key(
        result.config, dataset
    )
    assert umap_key(replace(result.config, training_epochs=3), dataset) != umap_key(
        result.config, dataset
    )


def test_map_needs_the_original(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="run the experiment first"):
        make_umap(digits(), Store(tmp_path))
    assert (
        read_umap(
            resolve(digits(), load_dataset("digits")), load_dataset("digits"), Store(tmp_path)
        )
        is None
    )


def test_same_seed_draws_the_same_map(result: Result) -> None:
    z0 = result.original.test[:150]
    assert np.array_equal(fit_umap(z0, 0), fit_umap(z0, 0))


@pytest.mark.parametrize("points", [1, 2, 5, 400])
def test_placed_samples_lie_among_their_neighbours(result: Result, points: int) -> None:
    z0, z = result.original.test[:points], result.unlearned.test
    positions = pca_map(result.original.test, {"original": z0})["original"]
    placed = place(z0, positions, {"unlearned": z, "same": z0})
    assert np.array_equal(placed["same"], positions)
    assert placed["unlearned"].shape == (len(z), 2)
    assert placed["unlearned"].dtype == np.float32
    assert (placed["unlearned"] >= positions.min(0) - 1e-4).all()
    assert (placed["unlearned"] <= positions.max(0) + 1e-4).all()
    nudged = place(z0, positions, {"nudged": z0 + np.float32(1e-5)})["nudged"]
    assert np.allclose(nudged, positions, atol=1e-2)


@pytest.mark.parametrize("ids", [(), (3, 900, 1250)])
def test_every_panel_shows_the_original_at_the_same_places_and_itself_without_a_move(
    ids: tuple[int, ...], shared_store: Store
) -> None:
    request = {"forget_classes": (), "forget_ids": ids} if ids else {}
    result = Experiment(digits(**request), shared_store).run()
    itself = replace(result, unlearned=result.original, retrained=result.original)
    make_umap(result.config, shared_store)
    umap = read_umap(result.config, result.split.dataset, shared_store)
    for part in ("test", "train"):
        rows = shown(result.split, part)
        assert set(ids) <= set(rows.tolist()) or part == "test"
        assert np.array_equal(rows, np.unique(rows))
        for fitted in (None, umap):
            found, same = (positions(one, part, fitted) for one in (result, itself))
            assert all(np.array_equal(placed, found["original"]) for placed in same.values())
            assert found["unlearned"].shape == (len(rows), 2)
            assert not np.array_equal(found["unlearned"], found["original"])
            if fitted is not None and part == "test":
                assert np.array_equal(found["original"], umap)
            drawn = [
                space(one, model, found, rows, LIGHT, part=part).table
                for one in (result, itself)
                for model in ("original",)
            ]
            assert np.array_equal(drawn[0]["x"], drawn[1]["x"])


@pytest.mark.parametrize("seed", range(20))
def test_names_on_a_narrow_map_do_not_lie_on_each_other(seed: int) -> None:
    names, forget, height = (
        ("T-shirt", "Pullover", "Dress", "Coat", "Shirt", "Ankle boot"),
        (4,),
        440,
    )
    middles = dict(
        enumerate(np.random.default_rng(seed).uniform((0.2, 0.2), (0.8, 0.7), (len(names), 2)))
    )
    written = class_names(middles, names, forget, ((0.0, 1.0), (0.0, 1.0)), height, LIGHT)
    boxes = [
        (
            NARROW * one["x"] + one.get("ax", 0),
            height * one["y"] + one.get("yshift", -one.get("ay", 0)),
            5 * (len(one["text"]) - 7) + 4,
        )
        for one in written
    ]
    assert len(boxes) == len(names)
    for i, (x, y, half) in enumerate(boxes):
        for other_x, other_y, other_half in boxes[:i]:
            assert abs(x - other_x) >= half + other_half - 1 or abs(y - other_y) >= LINE - 1
    x, _, half = boxes[-1]
    assert half < x < NARROW - half
