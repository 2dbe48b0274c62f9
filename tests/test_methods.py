"""Every method of the registry, on images and on points, one class and two."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import blobs, digits
from unsc_core.config import ExperimentConfig
from unsc_core.errors import ConfigError
from unsc_core.experiment import Experiment
from unsc_core.methods import METHODS, method_entry
from unsc_core.representations import represented_layers
from unsc_core.results import Result
from unsc_core.store import Store

REQUESTS = {
    "digits, one class": digits(),
    "digits, two classes": digits(forget_classes=(0, 8)),
    "blobs, one class": blobs(),
    "blobs, two classes": blobs(forget_classes=(1, 3)),
}
FORGETTING = ("unsc", "retrain")


def _run(method: str, request_name: str, store: Store) -> tuple[Experiment, Result]:
    values = {**REQUESTS[request_name].to_dict(), "method": method}
    work = Experiment(ExperimentConfig.from_dict(values), store)
    return work, work.run()


@pytest.mark.parametrize("request_name", REQUESTS)
@pytest.mark.parametrize("method", METHODS)
def test_method(method: str, request_name: str, shared_store: Store) -> None:
    work, result = _run(method, request_name, shared_store)
    dataset, entry = work.dataset, METHODS[method]
    forget = work.config.forget_classes

    assert result.unlearned.test.shape == (len(dataset.y_test), dataset.num_classes)
    assert result.unlearned.train.shape == (len(dataset.y_train), dataset.num_classes)
    assert np.isfinite(result.unlearned.test).all()
    assert not np.array_equal(result.unlearned.test, result.original.test)

    of_forget = np.isin(dataset.y_test, forget)
    before, after = ((answers.test.argmax(1) == dataset.y_test) for answers in (result.original, result.unlearned))
    assert before[of_forget].mean() > 0.85
    assert after[of_forget].mean() < before[of_forget].mean()
    if method in FORGETTING:
        assert after[of_forget].mean() < 0.1
        assert after[~of_forget].mean() > before[~of_forget].mean() - 0.05

    if entry.epochs is None:
        assert result.history == []
        assert result.labels is None
    else:
        assert result.history[0]["epoch"] == 0
        assert 2 <= len(result.history) <= entry.epochs + 1
        assert result.labels.shape == (len(work.split.forget_train()),)
        assert not np.isin(result.labels, forget).any()
        assert ((result.labels >= 0) & (result.labels < dataset.num_classes)).all()

    layers = represented_layers(work.original)
    assert set(result.null_space) == (set(layers) if entry.uses_energy_threshold else set())
    for layer, numbers in result.null_space.items():
        assert numbers["dim"] == layers[layer].weight[0].numel() * getattr(layers[layer], "groups", 1)
        assert 0 < numbers["rank"] <= numbers["dim"]


@pytest.mark.parametrize("request_name", REQUESTS)
def test_unsc_keeps_frozen_what_has_no_null_space(request_name: str, shared_store: Store) -> None:
    work, result = _run("unsc", request_name, shared_store)
    before, after = work.original.state_dict(), work.unlearned.model.state_dict()
    free = {f"{layer}.weight" for layer, numbers in result.null_space.items() if numbers["rank"] < numbers["dim"]}
    assert free
    for name, value in before.items():
        assert torch.equal(value, after[name]) == (name not in free), name


@pytest.mark.parametrize("request_name", REQUESTS)
def test_retrain_is_training_without_the_forgotten(request_name: str, shared_store: Store) -> None:
    work, result = _run("retrain", request_name, shared_store)
    assert all(torch.equal(value, work.retrained.state_dict()[name]) for name, value in work.unlearned.model.state_dict().items())
    seen = result.unlearned.train.argmax(1)
    assert np.isin(seen, work.split.retain_classes).mean() > 0.99


@pytest.mark.parametrize("method", METHODS)
def test_entries_name_source_and_defaults(method: str) -> None:
    entry = method_entry(method)
    assert entry.name == method
    assert entry.summary.endswith(".")
    assert any(year in entry.source for year in map(str, range(2015, 2027)))
    assert (entry.epochs is None) == (entry.learning_rate is None)


def test_unknown_method_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="nope.*unsc"):
        method_entry("nope")
