"""The query of a run: every setting that is not a default, and none for what pages cannot show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pages.shared.addresses import MAX_IDS, query_of
from tests.conftest import blobs
from tests.own_images import save_npz
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.errors import ConfigError
from unsc_core.experiment.resolve import resolve
from unsc_core.paths import data_folder


def test_a_query_has_every_setting_and_no_default(home: Path) -> None:
    dataset = load_dataset("blobs")
    plain = ExperimentConfig(dataset="blobs", model="mlp", forget_classes=(0,))
    assert set(query_of(resolve(plain, dataset), dataset)) == {
        "dataset",
        "model",
        "forget",
        "method",
        "seed",
        "gamma",
        "subspace",
    }
    changed = replace(
        plain,
        forget_classes=(1, 2),
        learning_rate=0.3,
        epochs=4,
        training_epochs=6,
        device="cpu",
        seed=9,
        energy_threshold=0.9,
        edits=("3>0",),
    )
    said = query_of(resolve(changed, dataset), dataset)
    assert said == {
        "dataset": "blobs",
        "model": "mlp",
        "forget": "1,2",
        "method": "unsc",
        "seed": "9",
        "gamma": "0.9",
        "subspace": "joint",
        "lr": "0.3",
        "epochs": "4",
        "edits": "3>0",
        "training": "6",
        "device": "cpu",
    }
    other = replace(plain, moments_sample="first", class_weights="size")
    assert {"sample": "first", "weights": "size"}.items() <= query_of(
        resolve(other, dataset), dataset
    ).items()
    weak = resolve(replace(plain, method="null-space-erasure", strength=0.5), dataset)
    assert query_of(weak, dataset)["strength"] == "0.5"
    assert "strength" not in query_of(resolve(replace(weak, strength=1.0), dataset), dataset)
    data_folder().mkdir(parents=True)
    own = str(save_npz(data_folder() / "own.npz"))
    assert (
        query_of(resolve(replace(plain, dataset=own), load_dataset(own)), load_dataset(own))[
            "dataset"
        ]
        == "own.npz"
    )
    with pytest.raises(ConfigError, match="outside the data folder"):
        query_of(resolve(replace(plain, checkpoint="/somewhere/w.pt"), dataset), dataset)


def test_single_samples_are_listed_up_to_a_limit() -> None:
    dataset = load_dataset("blobs")
    config = resolve(blobs(forget_classes=(), forget_ids=(0, 5, 9)), dataset)
    assert query_of(config, dataset)["ids"] == "0,5,9"
    many = replace(config, forget_ids=tuple(range(MAX_IDS + 1)))
    with pytest.raises(ConfigError, match=f"{MAX_IDS + 1} samples are too many"):
        query_of(many, dataset)


def test_thresholds_per_layer() -> None:
    dataset = load_dataset("blobs")
    query = query_of(resolve(blobs(energy_thresholds=(0.9, 0.999)), dataset), dataset)
    assert query["gammas"] == "0.9,0.999"
    assert "gamma" not in query


def test_a_user_supplied_network_has_no_address() -> None:
    dataset = load_dataset("blobs")
    config = replace(resolve(blobs(), dataset), model="net.py:make")
    with pytest.raises(ConfigError, match="never run"):
        query_of(config, dataset)
