"""What is seen of a network while it is trained or unlearned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.conftest import blobs, digits
from unsc_core.analysis.glimpses import FORGOTTEN, corners, glimpse, look_at, looked_at
from unsc_core.config import ExperimentConfig, TrainingConfig
from unsc_core.data import load_dataset
from unsc_core.data.request import split
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.learning.batches import predict, to_device
from unsc_core.learning.training import train
from unsc_core.methods.unsc_auto import CANDIDATES
from unsc_core.progress import Glimpse, Progress

CONFIG = replace(blobs(), training_epochs=2, epochs=4)


def seen_of(config: ExperimentConfig, home: Path) -> tuple[Experiment, dict[str, list[Glimpse]]]:
    """The work, and its glimpses in their order by what was done."""
    reports: list[Progress] = []
    work = Experiment(config, Store(home), reports.append)
    work.run(with_retrain=True, look=look_at(work))
    seen: dict[str, list[Glimpse]] = {}
    for one in {id(report.glimpse): report.glimpse for report in reports}.values():
        if one is not None:
            seen.setdefault(one.work, []).append(one)
    return work, seen


@pytest.mark.parametrize(
    "config", [CONFIG, replace(CONFIG, forget_classes=(), forget_ids=(3, 5, 8))], ids=str
)
def test_every_epoch_is_seen_and_the_last_is_the_result(
    config: ExperimentConfig, tmp_path: Path
) -> None:
    work, seen = seen_of(config, tmp_path)
    result = work.run(with_retrain=True)
    training, unlearning, retraining = seen.values()
    assert [one.epoch for one in training] == [one.epoch for one in retraining] == [0, 1, 2]
    assert [one.epoch for one in unlearning] == [one["epoch"] for one in result.history]
    part, rows = work.split.measured_part, looked_at(work.split)
    labels, gone = work.dataset.labels(part)[rows], work.split.is_forgotten(part)[rows]
    models = (result.original, result.unlearned, result.retrained)
    for glimpses, model in zip((training, unlearning, retraining), models, strict=True):
        assert model is not None
        last, logits = glimpses[-1], model.of(part)[rows]
        right = logits.argmax(1) == labels
        assert last.forgotten[-1] == pytest.approx(100 * right[gone].mean())
        assert last.others[-1] == pytest.approx(100 * right[~gone].mean())
        assert len(last.forgotten) == len(last.others) == last.epoch + 1
        assert (np.frombuffer(last.answers, np.uint16) == logits.argmax(1)).all()
        likely = np.exp(logits - logits.max(1, keepdims=True))
        likely /= likely.sum(1, keepdims=True)
        places = np.frombuffer(last.places, np.float32).reshape(-1, 2)
        np.testing.assert_allclose(places, likely @ corners(logits.shape[1]), atol=1e-5)


def test_settings_that_are_only_tried_are_seen_too(tmp_path: Path) -> None:
    _, seen = seen_of(replace(CONFIG, method="unsc-auto"), tmp_path)
    starts = [one for one in seen["unlearning"] if one.epoch == 0]
    assert len(starts) == len(CANDIDATES) + 1
    assert all(len(one.forgotten) == one.epoch + 1 for one in seen["unlearning"])


def test_more_is_seen_of_what_is_forgotten() -> None:
    request = split(load_dataset("digits"), (3,), ())
    rows = looked_at(request)
    gone = request.is_forgotten("test")
    assert gone[rows].sum() == min(FORGOTTEN, gone.sum()) == len(set(rows[gone[rows]]))
    assert np.bincount(request.dataset.y_test[rows]).min() == 20


def test_many_classes_are_seen_as_exactly_as_few() -> None:
    data = load_dataset("digits")
    many = replace(data, class_names=tuple(map(str, range(300))))
    request = split(many, (3,), ())
    rows = looked_at(request)
    logits = np.random.default_rng(0).normal(0, 0.1, (len(rows), 300)).astype(np.float32)
    one = glimpse(logits, request, "training", 0, 5)
    assert (np.frombuffer(one.answers, np.uint16) == logits.argmax(1)).all()
    places = np.frombuffer(one.places, np.float32).reshape(-1, 2)
    assert np.linalg.norm(places, axis=1).max() < 0.1


def test_a_network_that_has_no_numbers_is_seen_without_a_warning() -> None:
    request = split(load_dataset("digits"), (3,), ())
    logits = np.full((len(looked_at(request)), 10), np.nan, np.float32)
    assert len(glimpse(logits, request, "training", 1, 5).places) == 8 * len(logits)


def test_looking_changes_no_result(tmp_path: Path) -> None:
    seen, _ = seen_of(CONFIG, tmp_path / "seen")
    unseen = Experiment(CONFIG, Store(tmp_path / "unseen"))
    unseen.run(with_retrain=True)
    pairs = [(seen.original, unseen.original), (seen.retrained, unseen.retrained)]
    for one, other in (*pairs, (seen.unlearned.model, unseen.unlearned.model)):
        assert all(
            (value == other.state_dict()[key]).all() for key, value in one.state_dict().items()
        )


def test_looking_changes_neither_dropout_nor_running_statistics() -> None:
    config = digits()
    data = to_device(load_dataset(config.dataset), "cpu")
    rows = torch.arange(200)
    how = TrainingConfig(2)
    trained = []
    for look in (False, True):
        torch.manual_seed(0)
        layers = (nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten())
        model = nn.Sequential(*layers, nn.Linear(4 * (data.x_train.shape[2] - 2) ** 2, 10))

        def seen(epoch: int, model: nn.Module, look: bool = look) -> None:
            if look:
                predict(model, data, data.x_test[:50])

        train(model, data, rows, how, 0, on_epoch=seen)
        trained.append(model.state_dict())
    assert all((value == trained[1][key]).all() for key, value in trained[0].items())
    assert trained[0]["1.num_batches_tracked"] > 0
