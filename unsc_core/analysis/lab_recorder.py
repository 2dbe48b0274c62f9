"""Runs the methods of the 2-D lab and records them epoch by epoch."""

from __future__ import annotations

import copy
import time
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from unsc_core.analysis import evaluation
from unsc_core.analysis.lab import LEVELS, MAX_FRAMES, SHOWN, lab_key, plane
from unsc_core.config import ExperimentConfig
from unsc_core.errors import DivergedError
from unsc_core.experiment.artefacts import LAB
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import settings
from unsc_core.experiment.store import Arrays, Artefact, Store
from unsc_core.learning.batches import predict
from unsc_core.learning.labels import pseudo_labels
from unsc_core.methods import METHODS
from unsc_core.methods.context import projections
from unsc_core.progress import Report, silent

BATCH = 1024
"""Points predicted at a time: their hidden units stay in the processor's cache."""


def run(config: ExperimentConfig, store: Store | None = None, report: Report = silent) -> None:
    """Record every method of SHOWN on one network and store the frames, unless they are stored.

    Raises:
        UnscError: an impossible config, or a store that cannot be written.
    """
    work = Experiment(config, store, report)
    key = lab_key(work.config)
    if LAB.read(work.store, key) is not None:
        return
    work.store.check_writable()
    original, retrained = work.original, work.retrained
    started = time.perf_counter()
    recorder = LabRecorder(work, original, retrained)
    arrays: Arrays = {}
    stopped = {}
    for name in SHOWN:
        found, stopped[name] = recorder.path(name)
        arrays |= {f"{name}.{part}": array for part, array in found.items()}
    gradients, ranks = _first_gradients(work)
    seconds = round(time.perf_counter() - started, 3)
    meta = {"stopped": stopped, "layers": ranks, "seconds": seconds}
    LAB.write(work.store, key, Artefact(arrays | gradients, meta))


class LabRecorder:
    """Compares predictions on the plane and the test set with the original and retrained model."""

    def __init__(self, work: Experiment, original: nn.Module, retrained: nn.Module) -> None:
        self.work, self.original = work, original
        # (cells + test points, 2)
        self._asked = torch.cat([torch.from_numpy(plane()), work.data.x_test])
        self._forgotten = work.split.is_forgotten("test")
        self._first, target = self._logits(original), self._logits(retrained)
        cells = slice(0, -len(self._forgotten))
        self._before, self._target = self._first[cells].argmax(1), target[cells].argmax(1)

    def path(self, method: str) -> tuple[Arrays, str]:
        """The frames of one method as arrays, see `lab.Recording`; and why it ended early."""
        model, total = copy.deepcopy(self.original), settings(self.work.config).epochs
        every = -(-total // (MAX_FRAMES - 1))
        frames: list[tuple[int, NDArray[np.float32]]] = []
        last = 0, 1.0

        def watch(epoch: int, accuracy: float) -> None:
            nonlocal last
            last = epoch, accuracy
            if epoch % every == 0:
                frames.append((epoch, self._logits(model)))

        stopped = ""
        try:
            METHODS[method].unlearn(model, self.work.context(watch))
        except DivergedError:
            stopped = f"diverged after epoch {last[0]}: use a smaller learning rate"
        else:
            if not frames or last[0] != frames[-1][0]:
                frames.append((last[0], self._logits(model)))
            if frames[-1][0] < total and method != "retrain":
                known = f"{100 * last[1]:.1f}\u00a0% of the forgotten training points"
                stopped = f"stopped after epoch {last[0]}: {known} still recognised"
        return self._arrays(frames), stopped

    def _logits(self, model: nn.Module) -> NDArray[np.float32]:
        return predict(model, self.work.data, self._asked, batch_size=BATCH).numpy()

    def _arrays(self, frames: list[tuple[int, NDArray[np.float32]]]) -> Arrays:
        test = len(self.work.dataset.y_test)
        cells = np.stack([packed(logits[:-test]) for _, logits in frames])
        answers = np.stack([logits[-test:].argmax(1) for _, logits in frames])
        return {
            "epochs": np.array([epoch for epoch, _ in frames], np.int32),
            "measures": np.array([self._measures(logits) for _, logits in frames], np.float32),
            "answers": answers.astype(np.uint8),
            "cells": np.frombuffer(zlib.compress(cells.tobytes(), 6), np.uint8),
        }

    def _measures(self, logits: NDArray[np.float32]) -> list[float]:
        """In the order of `lab.RECORDED`."""
        labels, forgotten = self.work.dataset.y_test, self._forgotten
        test = len(labels)
        right = evaluation.accuracies(logits[-test:], labels, forgotten)
        drift = evaluation.logit_drift(logits[-test:][~forgotten], self._first[-test:][~forgotten])
        now = logits[:-test].argmax(1)
        retain = ~np.isin(self._before, self.work.config.forget_classes)
        changed = float((now != self._before)[retain].mean()) if retain.any() else 0.0
        as_retrained = float((now == self._target).mean())
        return [right["acc_forget"], right["acc_retain"], drift, changed, as_retrained]


def packed(logits: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(n,) class · LEVELS + confidence of logits (n, classes); see `lab.Recording.cells`."""
    finite = torch.from_numpy(logits).nan_to_num()  # far from the points they may overflow
    highest, answers = finite.max(1)
    confidence = (finite - highest[:, None]).exp().sum(1).reciprocal()  # the largest softmax
    least = 1.0 / logits.shape[1]
    steps = ((confidence - least) / (1.0 - least) * (LEVELS - 1)).round().clamp(0, LEVELS - 1)
    return (answers * LEVELS + steps.long()).to(torch.uint8).numpy()


def _first_gradients(work: Experiment) -> tuple[Arrays, list[tuple[str, int]]]:
    """UNSC's gradient at the original, raw and projected, with its spectra; and (layer, rank)."""
    model, context = copy.deepcopy(work.original), work.context()
    project, ranks = projections(model, context)
    rows = context.forget_rows()
    labels = pseudo_labels(predict(model, work.data, work.data.x_train[rows]), context.banned())
    F.cross_entropy(model(work.data.inputs(work.data.x_train[rows])), labels).backward()
    arrays: Arrays = {}
    weights = dict(model.named_parameters())
    for layer, groups in work.spectra.items():
        raw: Tensor | None = weights[f"{layer}.weight"].grad
        assert raw is not None
        arrays |= {
            f"{layer}.raw": raw.numpy(),
            f"{layer}.projected": project[f"{layer}.weight"](raw).numpy(),
            f"{layer}.eigenvalues": groups[0].eigenvalues.numpy(),
            f"{layer}.directions": groups[0].eigenvectors.to(torch.float32).numpy(),
        }
    return arrays, [(layer, found["rank"]) for layer, found in ranks.items()]
