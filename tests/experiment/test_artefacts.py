"""Every kind of stored thing: written, found without being opened, and read as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from unsc_core.experiment import artefacts
from unsc_core.experiment.artefacts import Kind, Network
from unsc_core.experiment.store import Artefact, Store
from unsc_core.subspace.moments import Moments

WEIGHTS = {"1.weight": np.ones((2, 3), np.float32)}
LAYERS = {name: np.full((1, 4), i, np.float64) for i, name in enumerate(("9", "10", "2"))}
MOMENTS = Moments(
    {name: torch.full((2, 1, 3, 3), float(i), dtype=torch.float64) for i, name in enumerate("ba")},
    images=5,
    positions=7,
    by_request=True,
)
VALUES: dict[str, Any] = {
    "trained": Network(WEIGHTS, {"seconds": 1.5}),
    "unlearned": Network(WEIGHTS, {"history": []}, np.arange(3)),
    "logits": np.eye(3, dtype=np.float32),
    "moments": MOMENTS,
    "unseen": Moments(MOMENTS.per_class),
    "spectra": LAYERS,
    "unseen_energy": LAYERS,
    "embeddings": np.ones((4, 2), np.float32),
    "features": np.ones((4, 3), np.float32),
    "neighbours": np.zeros((4, 3), np.int32),
    "epochs": {"epoch": np.arange(2)},
    "subspaces": Artefact(WEIGHTS, {"layers": ["1"]}),
    "cost": {"rates": {"step": 0.1}},
    "audits": {"value": 0.5, "detail": {}},
    "shadows": {"logits": np.eye(3, dtype=np.float32), "within": np.array([True, False, True])},
}
KINDS = [kind for kind in vars(artefacts).values() if isinstance(kind, Kind)]


def test_older_stores_have_the_same_folders() -> None:
    assert sorted(kind.name for kind in KINDS) == sorted(VALUES)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_value_comes_back_as_it_was(kind: Kind, tmp_path: Path) -> None:
    store, value = Store(tmp_path), VALUES[kind.name]
    assert (kind.has(store, "key"), kind.read(store, "key"), kind.meta(store, "key")) == (
        False,
        None,
        None,
    )
    kind.write(store, "key", value, created=3.0)
    assert kind.has(store, "key")
    before, after = kind.pack(value), kind.pack(kind.read(store, "key"))
    assert after.meta.items() >= before.meta.items()  # with the order of layers, where there is one
    assert set(after.arrays) == set(before.arrays)
    for name, array in before.arrays.items():
        assert after.arrays[name].dtype == array.dtype
        assert np.array_equal(after.arrays[name], array)
    assert kind.meta(store, "key")["created"] == 3.0


def test_layers_keep_their_order(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for kind in (artefacts.SPECTRA, artefacts.MOMENTS):
        kind.write(store, "key", VALUES[kind.name])
    assert list(artefacts.SPECTRA.read(store, "key")) == list(LAYERS)
    assert list(artefacts.MOMENTS.read(store, "key").per_class) == list(MOMENTS.per_class)


def test_networks_keep_labels_apart_from_weights(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artefacts.UNLEARNED.write(store, "key", VALUES["unlearned"])
    found = artefacts.UNLEARNED.read(store, "key")
    assert set(found.weights) == {"1.weight"}
    assert found.labels.tolist() == [0, 1, 2]
    assert set(store.get("unlearned", "key").arrays) == {"1.weight", "labels"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_damaged_file_is_there_until_it_is_read(kind: Kind, tmp_path: Path) -> None:
    """`has` does not open it; reading does, and removes it."""
    store = Store(tmp_path)
    kind.write(store, "key", VALUES[kind.name])
    store.path(kind.name, "key").write_bytes(b"damaged")
    assert kind.has(store, "key")
    assert kind.meta(store, "key") is None
    assert kind.read(store, "key") is None
    assert not kind.has(store, "key")


def test_moments_of_older_stores_are_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    meta = {
        "config": {"images": 96, "positions": 48, "by_request": False, "energy_error": {"1": 0.1}},
        "layers": ["1"],
        "seconds": 0.5,
    }
    store.put("moments", "key", Artefact({"1": np.ones((2, 1, 3, 3))}, meta))
    found = artefacts.MOMENTS.read(store, "key")
    assert (found.images, found.positions, found.by_request) == (96, 48, False)
    assert found.per_class["1"].dtype == torch.float64
