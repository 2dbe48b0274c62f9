"""Unlearning a network in memory: the pipeline of an experiment without its store."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import unsc_core as unsc
from tests.conftest import digits, flat
from unsc_core.errors import ConfigError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.methods import LISTED, METHODS


@pytest.fixture(scope="module")
def work(shared_store: Store) -> Experiment:
    return Experiment(digits(), shared_store)


@pytest.mark.parametrize("method", sorted(set(LISTED) - {"retrain"}))
def test_every_method_leaves_the_network_itself_alone(work: Experiment, method: str) -> None:
    before, epochs = flat(work.original), 3 if METHODS[method].epochs else None
    unlearned = unsc.unlearn(
        work.original, work.dataset, (3,), method=method, epochs=epochs, device="cpu"
    )
    assert torch.equal(flat(work.original), before)
    assert torch.isfinite(flat(unlearned.model)).all()
    assert not torch.equal(flat(unlearned.model), before)


@pytest.mark.parametrize(
    ("method", "request_values"),
    [
        ("pseudo-labels", {"forget_classes": (3,)}),
        ("unsc", {"forget_ids": tuple(range(30))}),
        ("svd-forget", {"forget_ids": (4, 5, 6)}),
    ],
)
def test_it_is_the_experiment_bit_for_bit(
    method: str, request_values: dict, shared_store: Store
) -> None:
    """Without moments, or with those of the request, as experiments on single samples have them."""
    config = digits(method=method, **{"forget_classes": (), **request_values})
    work = Experiment(config, shared_store)
    unlearned = unsc.unlearn(
        work.original, work.dataset, method=method, device="cpu", **request_values
    )
    assert torch.equal(flat(unlearned.model), flat(work.unlearned.model))


@pytest.mark.parametrize("subspace", ["joint", "merge"])
def test_unsc_forgets(work: Experiment, subspace: str) -> None:
    unlearned = unsc.unlearn(
        work.original, work.dataset, forget_classes=(3, 5), subspace=subspace, device="cpu"
    )
    logits = unsc.predict(unlearned.model, work.data, work.data.x_test).numpy()
    numbers = unsc.accuracies(
        logits, work.dataset.y_test, (work.dataset.y_test == 3) | (work.dataset.y_test == 5)
    )
    assert numbers["acc_forget"] < 10 < 90 < numbers["acc_retain"]


def test_single_samples(work: Experiment) -> None:
    ids = tuple(range(30))
    unlearned = unsc.unlearn(work.original, work.dataset, forget_ids=ids, device="cpu")
    right = (
        unsc.predict(unlearned.model, work.data, work.data.x_train).argmax(1) == work.data.y_train
    )
    assert float(right[:30].float().mean()) < 0.2 < 0.8 < float(right[30:].float().mean())


def test_user_supplied_network() -> None:
    blobs = unsc.load_dataset("blobs")
    data = unsc.to_device(blobs, "cpu")
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 64), nn.GELU(), nn.LayerNorm(64), nn.Linear(64, 4))
    unsc.train(
        network, data, torch.arange(len(data.y_train)), unsc.TrainingConfig(epochs=20), seed=0
    )
    unlearned = unsc.unlearn(network, blobs, forget_classes=(1,), device="cpu")
    logits = unsc.predict(unlearned.model, data, data.x_test).numpy()
    numbers = unsc.accuracies(logits, blobs.y_test, blobs.y_test == 1)
    assert numbers["acc_forget"] < 50 < 90 < numbers["acc_retain"]


@pytest.mark.parametrize(
    ("request_values", "words"),
    [
        ({"method": "retrain", "forget_classes": (3,)}, "Experiment"),
        ({}, "No class"),
        ({"forget_classes": (3,), "subspace": "nope"}, "merge"),
        ({"forget_classes": (3,), "energy_threshold": 2.0}, "γ"),
        ({"forget_classes": (3,), "learning_rate": 0.0}, "learning rate"),
        ({"forget_classes": (3,), "epochs": 0}, "epochs"),
        ({"forget_classes": (3,), "seed": -1}, "seed"),
        ({"forget_classes": (3,), "method": "nope"}, "nope"),
    ],
)
def test_impossible_requests_are_refused(
    work: Experiment, request_values: dict, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        unsc.unlearn(work.original, work.dataset, device="cpu", **request_values)
