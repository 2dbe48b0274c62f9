"""Epoch by epoch: an experiment's unlearning, recorded. Reading needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis import evaluation
from unsc_core.analysis.maps import MAX_POINTS, shown
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.experiment.artefacts import EPOCHS
from unsc_core.experiment.keys import content_key, keys
from unsc_core.experiment.store import Arrays, Store
from unsc_core.methods import METHODS
from unsc_core.progress import Report, silent

if TYPE_CHECKING:
    from torch import nn

    from unsc_core.experiment.experiment import Experiment

MAX_SAMPLES = 5000
"""Most test samples that accuracies are counted on; a larger set gives an equal share per class."""
MAX_ENTRIES = 128
"""Most entries; with more epochs only every second, fourth, … is kept, and always the last."""


@dataclass(frozen=True, eq=False)
class Epochs:
    """The model after every epoch of its unlearning, from the original to the unlearned model.

    A method without epochs has these two entries only.

    Attributes:
        epoch: (entries,) int64, from 0.
        rows: (n,) the samples that `maps.shown` returns for the split's `measured_part`.
        logits: (entries, n, classes) float32, of the shown samples.
        per_class: (entries, classes) test accuracy in percent, NaN for a class without samples.
        acc_forget: (entries,) Acc_f in percent, on test samples or on single forgotten samples.
        acc_retain: (entries,) Acc_r in percent: mean of `per_class` over the retained classes.
        counted: how many test samples the accuracies are counted on, MAX_SAMPLES at most.
    """

    epoch: NDArray[np.int64]
    rows: NDArray[np.intp]
    logits: NDArray[np.float32]
    per_class: NDArray[np.float64]
    acc_forget: NDArray[np.float64]
    acc_retain: NDArray[np.float64]
    counted: int


def counted_rows(dataset: Dataset) -> NDArray[np.intp]:
    """Indices of the test samples that accuracies are counted on: all, or MAX_SAMPLES of them."""
    if len(dataset.y_test) <= MAX_SAMPLES:
        return np.arange(len(dataset.y_test))
    share = max(1, MAX_SAMPLES // dataset.num_classes)
    of_class = [np.flatnonzero(dataset.y_test == c) for c in range(dataset.num_classes)]
    places = [np.linspace(0, len(rows) - 1, min(share, len(rows))).astype(int) for rows in of_class]
    chosen = [rows[place] for rows, place in zip(of_class, places, strict=True)]
    return np.sort(np.concatenate(chosen))


def epochs_key(config: ExperimentConfig, dataset: Dataset) -> str:
    """The key of the epochs of a resolved config, made from its experiment's."""
    recorded = content_key(
        test=dataset.test_digest, points=MAX_POINTS, samples=MAX_SAMPLES, entries=MAX_ENTRIES
    )
    return f"{keys(config, dataset).unlearned}-{recorded}"


def read_epochs(config: ExperimentConfig, dataset: Dataset, store: Store) -> Epochs | None:
    """The stored epochs of a resolved config, or None until they have been recorded."""
    stored = EPOCHS.read(store, epochs_key(config, dataset))
    if stored is None:
        return None
    retain = list(split(dataset, config.forget_classes, config.forget_ids).retain_classes)
    return Epochs(
        **stored,
        acc_retain=np.nanmean(stored["per_class"][:, retain], axis=1),
        counted=len(counted_rows(dataset)),
    )


def make_epochs(config: ExperimentConfig, store: Store, report: Report = silent) -> None:
    """Record the epochs of a config's experiment, which is run first if necessary."""
    from unsc_core.experiment.experiment import Experiment

    work = Experiment(config, store, report)
    work.check()
    key = epochs_key(work.config, work.dataset)
    if EPOCHS.read(store, key) is not None:
        work.run()
        return
    recorded = _each if METHODS[work.config.method].epochs else _first_and_last
    EPOCHS.write(store, key, recorded(work))


def _each(work: Experiment) -> Arrays:
    """The arrays of Epochs, recorded while the experiment runs.

    If it ran before, its unlearning is repeated, which gives the same weights where it runs with as
    many threads on the same kind of machine, and nearly the same elsewhere.
    """
    recorder = _EpochRecorder(work)
    work.run(watch=recorder.watch)
    repeat = not recorder.kept
    model = work.unlearn(recorder.watch).model if repeat else work.unlearned.model
    if recorder.last != recorder.kept[-1]:
        recorder.add(recorder.last, model)
    return recorder.arrays()


def _first_and_last(work: Experiment) -> Arrays:
    """The arrays of Epochs for a method without epochs."""
    work.run()
    recorder = _EpochRecorder(work)
    recorder.add(0, work.original)
    recorder.add(1, work.unlearned.model)
    return recorder.arrays()


class _EpochRecorder:
    """Records a model after each epoch, and keeps at most MAX_ENTRIES records."""

    def __init__(self, work: Experiment) -> None:
        self._data, self._split, self._stages = work.data, work.split, work.stages
        self._shown = shown(work.split, work.split.measured_part)
        self._counted = self._rows = counted_rows(work.dataset)
        if not work.split.forget_ids:
            self._rows = np.union1d(self._shown, self._counted)
        self._records: list[Arrays] = []
        self._every = 1
        self.kept: list[int] = []
        self.last = 0

    def watch(self, epoch: int, model: nn.Module) -> None:
        """Record the model after an epoch, unless that would exceed the limit."""
        self.last = epoch
        if epoch % self._every:
            return
        if len(self.kept) == MAX_ENTRIES - 1:  # one is left for the last epoch
            self.kept, self._records = self.kept[::2], self._records[::2]
            self._every *= 2
            if epoch % self._every:
                return
        with self._stages.aside("evaluate"):
            self.add(epoch, model)

    def add(self, epoch: int, model: nn.Module) -> None:
        """Record a model."""
        from unsc_core.learning.batches import predict

        data, request = self._data, self._split
        logits = predict(model, data, data.x_test[data.index(self._rows)]).cpu().numpy()
        answers = logits[np.searchsorted(self._rows, self._counted)].argmax(1)
        labels = request.dataset.y_test[self._counted]
        per_class = evaluation.per_class_accuracy(answers, labels, request.dataset.num_classes)
        if request.forget_ids:
            seen = predict(model, data, data.x_train[data.index(self._shown)]).cpu().numpy()
            answers, labels = seen.argmax(1), request.dataset.y_train[self._shown]
            forgotten = request.is_forgotten("train")[self._shown]
        else:
            seen = logits[np.searchsorted(self._rows, self._shown)]
            forgotten = request.is_forgotten("test")[self._counted]
        acc_forget = np.array(evaluation.acc_forget(answers, labels, forgotten))
        self._records.append({"logits": seen, "per_class": per_class, "acc_forget": acc_forget})
        self.kept.append(epoch)

    def arrays(self) -> Arrays:
        """All records in one, as they are stored."""
        names = self._records[0]
        together = {name: np.stack([record[name] for record in self._records]) for name in names}
        epoch, rows = np.array(self.kept, np.int64), self._shown.astype(np.int64)
        return {"epoch": epoch, "rows": rows, **together}
