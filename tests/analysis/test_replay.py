"""Epoch by epoch: the recording starts at the original and ends at the stored model."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import blobs, digits
from unsc_core.analysis import replay as recorded
from unsc_core.analysis.evaluation import accuracies, per_class_accuracy
from unsc_core.analysis.replay import Epochs, counted_rows, epochs_key, make_epochs, read_epochs
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.artefacts import UNLEARNED
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import OTHERS, Result
from unsc_core.experiment.store import Store
from unsc_core.jobs.worker import JOBS
from unsc_core.methods import LISTED, METHODS
from unsc_core.progress import silent


def of(config: ExperimentConfig, store: Store) -> tuple[Epochs, Result]:
    """The recorded epochs and the stored result of one config."""
    make_epochs(config, store)
    work = Experiment(config, store)
    found = read_epochs(work.config, work.dataset, store)
    assert found is not None
    return found, work.run()


@pytest.mark.parametrize("method", LISTED)
def test_from_the_original_to_the_stored_model_bit_for_bit(
    method: str, shared_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for method_file in ("fisher", "ssd"):
        monkeypatch.setattr(f"unsc_core.methods.{method_file}.SAMPLES", 50)
    epochs = 4 if METHODS[method].epochs else None
    found, result = of(digits(method=method, epochs=epochs), shared_store)
    entries = len(result.history) or 2
    assert found.epoch.tolist() == list(range(entries))
    assert found.logits.shape == (entries, len(found.rows), 10)
    for entry, answers in ((0, result.original), (-1, result.unlearned)):
        np.testing.assert_array_equal(found.logits[entry], answers.test[found.rows])
        expected = accuracies(
            answers.test, result.split.dataset.y_test, result.split.is_forgotten("test")
        )
        assert found.per_class[entry].tolist() == expected["per_class"]
        assert found.acc_forget[entry] == expected["acc_forget"]
        assert found.acc_retain[entry] == pytest.approx(expected["acc_retain"])


def test_recorded_while_it_runs_or_repeated_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, slow = digits(epochs=2), []
    add = recorded._EpochRecorder.add

    def slowly(recorder: recorded._EpochRecorder, epoch: int, model: object) -> None:
        time.sleep(0.5)
        slow.append(epoch)
        add(recorder, epoch, model)

    stores = Store(tmp_path / "first"), Store(tmp_path / "afterwards")
    Experiment(config, stores[1]).run()
    monkeypatch.setattr(recorded._EpochRecorder, "add", slowly)
    (during, ran), (after, repeated) = (of(config, store) for store in stores)
    assert slow == [0, 1, 2] * 2
    np.testing.assert_array_equal(during.logits, after.logits)
    np.testing.assert_array_equal(ran.unlearned.train, repeated.unlearned.train)
    stages = UNLEARNED.read(stores[0], ran.key).meta["seconds"]
    assert stages["evaluate"] > 1.5
    own = sum(spent for stage, spent in stages.items() if stage not in OTHERS)
    assert ran.took["unlearned"].seconds == pytest.approx(own, abs=0.5)


def test_epochs_in_between_are_those_of_the_history(shared_store: Store) -> None:
    """A run of fewer epochs ends where the longer one passes."""
    whole, _ = of(digits(method="fine-tune", epochs=4), shared_store)
    part, result = of(digits(method="fine-tune", epochs=2), shared_store)
    np.testing.assert_array_equal(whole.logits[:3], part.logits)
    np.testing.assert_array_equal(whole.logits[2], result.unlearned.test[whole.rows])
    assert not np.array_equal(whole.logits[2], whole.logits[4])


def test_forgotten_samples_are_measured_where_they_are(shared_store: Store) -> None:
    ids = (0, 7, 19, 23, 42)
    found, result = of(
        digits(forget_classes=(), forget_ids=ids, method="gradient-ascent", learning_rate=0.01),
        shared_store,
    )
    y = result.split.dataset.y_train[list(ids)]
    assert result.original.train is not None
    assert result.unlearned.train is not None
    for entry, answers in ((0, result.original.train), (-1, result.unlearned.train)):
        assert found.acc_forget[entry] == 100 * (answers[list(ids)].argmax(1) == y).mean()
    assert found.acc_forget[0] > found.acc_forget[-1]
    assert found.acc_retain[0] == pytest.approx(np.mean(found.per_class[0]))


def test_a_large_test_set_is_counted_evenly_and_many_epochs_are_thinned(
    shared_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = blobs(method="fine-tune", epochs=13)
    whole, result = of(config, shared_store)
    assert whole.counted == len(result.split.dataset.y_test)
    monkeypatch.setattr(recorded, "MAX_ENTRIES", 5)
    thinned, _ = of(config, shared_store)
    assert thinned.epoch.tolist() == [0, 4, 8, 12, 13]
    np.testing.assert_array_equal(thinned.logits, whole.logits[thinned.epoch])
    monkeypatch.setattr(recorded, "MAX_SAMPLES", 40)
    dataset = result.split.dataset
    rows = counted_rows(dataset)
    assert (
        np.bincount(dataset.y_test[rows]).tolist()
        == [40 // dataset.num_classes] * dataset.num_classes
    )
    few, _ = of(config, shared_store)
    expected = per_class_accuracy(
        result.original.test[rows].argmax(1), dataset.y_test[rows], dataset.num_classes
    )
    np.testing.assert_array_equal(few.per_class[0], expected)


def test_the_job_records_once_and_ordinary_runs_record_nothing(shared_store: Store) -> None:
    config = digits(method="random-labels")
    work = Experiment(config, shared_store)
    work.run()
    other = replace(config, epochs=3)
    Experiment(other, shared_store).run()
    assert read_epochs(Experiment(other, shared_store).config, work.dataset, shared_store) is None
    JOBS["epochs"](config, shared_store, silent)
    path = shared_store.path("epochs", epochs_key(work.config, work.dataset))
    written = path.stat().st_mtime_ns
    JOBS["epochs"](config, shared_store, silent)
    assert path.stat().st_mtime_ns == written
