"""What is seen of a network while it is trained or unlearned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import blobs
from unsc_core.analysis import evaluation
from unsc_core.analysis.glimpses import look_at, looked_at, probabilities
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.progress import Glimpse, Progress

CONFIG = replace(blobs(), training_epochs=2, epochs=4)


def seen_of(config: ExperimentConfig, home: Path) -> tuple[Experiment, dict[str, list[Glimpse]]]:
    """The work, and its glimpses in their order by what was done."""
    reports: list[Progress] = []
    work = Experiment(config, Store(home), reports.append)
    work.run(with_retrain=True, watch=look_at(work))
    seen: dict[str, list[Glimpse]] = {}
    for glimpse in dict.fromkeys(one.glimpse for one in reports if one.glimpse):
        seen.setdefault(glimpse.work, []).append(glimpse)
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
    labels, forgotten = work.dataset.labels(part)[rows], work.split.is_forgotten(part)[rows]
    models = (result.original, result.unlearned, result.retrained)
    for glimpses, model in zip((training, unlearning, retraining), models, strict=True):
        assert model is not None
        last, logits = glimpses[-1], model.of(part)[rows]
        measured = evaluation.accuracies(logits, labels, forgotten)
        assert last.acc_forget[-1] == pytest.approx(measured["acc_forget"])
        assert last.acc_retain[-1] == pytest.approx(measured["acc_retain"])
        assert len(last.acc_forget) == len(last.acc_retain) == last.epoch + 1
        likely = np.exp(logits - logits.max(1, keepdims=True))
        likely /= likely.sum(1, keepdims=True)
        found = probabilities(last, work.dataset.num_classes)
        assert np.abs(found - likely).max() <= 0.5 / 255 + 1e-6


def test_looking_changes_nothing(tmp_path: Path) -> None:
    seen, _ = seen_of(CONFIG, tmp_path / "seen")
    unseen = Experiment(CONFIG, Store(tmp_path / "unseen"))
    unseen.run(with_retrain=True)
    for name in ("original", "retrained"):
        one, other = (getattr(work, name).state_dict() for work in (seen, unseen))
        assert all((one[key] == other[key]).all() for key in one)
    one, other = (work.unlearned.model.state_dict() for work in (seen, unseen))
    assert all((one[key] == other[key]).all() for key in one)
