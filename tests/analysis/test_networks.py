"""Stored networks, run on single images: they answer as they did when the run was made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from tests.conftest import digits
from unsc_core.analysis.nearest import (
    MODELS_COMPARED,
    compared,
    make_features,
    nearest,
    read_features,
)
from unsc_core.analysis.networks import features, read_networks
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.subspace.features import caught, last_linear


def test_stored_networks_answer_as_before_and_find_an_image_among_its_own(
    shared_store: Store,
) -> None:
    work = Experiment(digits(), shared_store)
    result = work.run(with_retrain=True)
    make_features(digits(), shared_store)
    dataset, row = result.split.dataset, 17
    loaded = read_networks(result.config, dataset, shared_store)
    assert list(loaded.models) == ["original", "unlearned", "retrained"]
    for model, logits in loaded.logits(dataset.x_test[5]).items():
        assert logits == pytest.approx(result.models[model].test[5], abs=1e-4)
    for model in MODELS_COMPARED:
        features = read_features(result.config, dataset, shared_store, model)
        assert features is not None
        assert features.shape == (len(compared(dataset)), 64)
        assert np.linalg.norm(features, axis=1) == pytest.approx(np.ones(len(features)), abs=1e-5)
        rows, cosines = nearest(features, loaded.features(model, dataset.x_train[row]), 3)
        assert compared(dataset)[rows[0]] == row
        assert cosines[0] == pytest.approx(1, abs=1e-5)


def test_what_another_thread_runs_through_the_same_network_is_not_mixed_in(
    shared_store: Store,
) -> None:
    work = Experiment(digits(), shared_store)
    model, data = work.original, work.data
    layer, _ = last_linear(model)
    mine, other = data.x_test[:1], data.x_test[1:4]
    with ThreadPoolExecutor(1) as pool, torch.inference_mode(), caught(model, layer) as found:
        theirs = pool.submit(features, model, data, other).result()
        model(data.inputs(mine))
    assert [len(one) for one in found] == [1]
    assert found[0].numpy() == pytest.approx(features(model, data, mine), abs=1e-5)
    assert theirs == pytest.approx(features(model, data, other), abs=1e-5)


def test_a_network_that_is_not_stored_is_left_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    work = Experiment(digits(), Store(tmp_path_factory.mktemp("none")))
    work.check()
    assert read_networks(work.config, work.dataset, work.store).models == {}
