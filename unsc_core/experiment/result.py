"""Stored pieces -> one Result. This only reads; what is missing is None."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.experiment.artefacts import LOGITS, TRAINED, UNLEARNED
from unsc_core.experiment.keys import keys, logits_key
from unsc_core.experiment.machine import ELSEWHERE, Took
from unsc_core.experiment.store import Store

OTHERS = ("data", "train", "retrain", "evaluate", "energy_error")
"""Stages that are not a method's own work: what precedes it, and what is measured of it."""


def masked(logits: NDArray[np.float32], forget_classes: tuple[int, ...]) -> NDArray[np.float32]:
    """The mask: logits (n, classes) with −∞ for the forgotten classes, so that none is predicted.

    No weight changes.
    """
    hidden = logits.copy()
    hidden[:, list(forget_classes)] = -np.inf
    return hidden


@dataclass(frozen=True, eq=False)
class Predictions:
    """One model's logits (n, classes) float32; train is None until it has been computed."""

    test: NDArray[np.float32]
    train: NDArray[np.float32] | None = None

    def has(self, part: str) -> bool:
        """Whether there are logits on "test" or "train"."""
        return part == "test" or self.train is not None

    def of(self, part: str) -> NDArray[np.float32]:
        """The logits on "test" or "train".

        Raises:
            ValueError: they have not been computed.
        """
        logits = self.test if part == "test" else self.train
        if logits is None:
            raise ValueError(f"the {part} set has not been predicted")
        return logits


@dataclass(frozen=True, eq=False)
class Result:
    """An experiment as far as it has been computed.

    Attributes:
        config: resolved; key: its content key.
        split: the request and its dataset.
        original, unlearned, retrained: their predictions; retrained is None until computed.
        labels: (n_forget,) training labels of the forgotten samples, in order; None without.
        history: per epoch {"epoch", "accuracy", "loss"}.
        null_space: layer -> {"dim", "rank"}.
        energy_error: layer -> share of the retain energy that this run's cut keeps of images that
            were not drawn, less the share it keeps of those drawn; see
            `subspace.energy.energy_error`. Empty without a null space or where not measured.
        chosen: the settings that the method chose itself, and why; see `Unlearned.chosen`.
        seconds: stage -> what it took when it was computed.
        took: model name -> how long it took to make and where, as far as that is known.
        device: where the unlearning ran.
        imported: whether the run was computed elsewhere and imported.
    """

    config: ExperimentConfig
    key: str
    split: Split
    original: Predictions
    unlearned: Predictions
    retrained: Predictions | None = None
    labels: NDArray[np.int64] | None = None
    history: list[dict[str, float]] = field(default_factory=list)
    null_space: dict[str, dict[str, int]] = field(default_factory=dict)
    energy_error: dict[str, float] = field(default_factory=dict)
    chosen: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    took: dict[str, Took] = field(default_factory=dict)
    device: str = "cpu"
    imported: bool = False

    @property
    def alterations(self) -> tuple[str, ...]:
        """How this run differs from its method as published: see `ExperimentConfig.alterations`."""
        return (*self.config.alterations, *(("imported",) if self.imported else ()))

    @cached_property
    def mask(self) -> Predictions | None:
        """The original with the forgotten logits at −∞; None for single samples."""
        forget = self.split.forget_classes
        if not forget:
            return None
        train = self.original.train
        return Predictions(
            masked(self.original.test, forget), None if train is None else masked(train, forget)
        )

    @property
    def rows(self) -> dict[str, Predictions]:
        """Name -> predictions of the models there are and of the mask, in the order of tables."""
        models = self.models
        if self.mask is None:
            return models
        return {"original": models.pop("original"), "mask": self.mask, **models}

    @property
    def models(self) -> dict[str, Predictions]:
        """Name -> predictions of the models there are."""
        found = {"original": self.original, "unlearned": self.unlearned}
        return found if self.retrained is None else {**found, "retrained": self.retrained}

    def is_complete(self, with_retrain: bool) -> bool:
        """Whether every model, the retrained one only if asked for, has predicted all samples."""
        needed = [self.original, self.unlearned, *([self.retrained] if with_retrain else [])]
        return all(one is not None and one.has("train") for one in needed)


def read_result(config: ExperimentConfig, dataset: Dataset, store: Store) -> Result | None:
    """The stored result of a resolved config.

    None until the unlearned network and the test predictions of it and the original are stored.
    """
    found = keys(config, dataset)
    original, unlearned, retrained = (
        _predictions(store, key, dataset)
        for key in (found.original, found.unlearned, found.retrained)
    )
    made = UNLEARNED.read(store, found.unlearned)
    if original is None or unlearned is None or made is None:
        return None
    seconds, took = dict(made.meta["seconds"]), {"unlearned": took_unlearning(made.meta)}
    for model, key, stage in (
        ("original", found.original, "train"),
        ("retrained", found.retrained, "retrain"),
    ):
        if (meta := TRAINED.meta(store, key)) is not None:
            seconds[stage] = meta["seconds"]
            took[model] = took_training(meta)
    if config.method == "retrain":
        took["unlearned"] = took.get("retrained", took["unlearned"])
    return Result(
        config,
        found.unlearned,
        split(dataset, config.forget_classes, config.forget_ids),
        original,
        unlearned,
        retrained,
        labels=made.labels,
        history=made.meta["history"],
        null_space=made.meta["null_space"],
        energy_error=made.meta.get("energy_error", {}),
        chosen=made.meta.get("chosen", {}),
        seconds=seconds,
        took=took,
        device=made.meta["device"],
        imported="imported" in made.meta,
    )


def read_original(config: ExperimentConfig, dataset: Dataset, store: Store) -> Predictions | None:
    """What the original of a resolved config predicts, before anything is unlearned."""
    return _predictions(store, keys(config, dataset).original, dataset)


def _predictions(store: Store, key: str, dataset: Dataset) -> Predictions | None:
    test, train = (LOGITS.read(store, logits_key(key, dataset, part)) for part in ("test", "train"))
    return None if test is None else Predictions(test, train)


def took_unlearning(meta: dict[str, Any]) -> Took:
    """How long an unlearned network took, from its description.

    Newer files have the time measured around the method; of older ones, the method's own stages
    are summed up, with second moments where they were collected for it.
    """
    machine = meta.get("machine", ELSEWHERE if "imported" in meta else "")
    if "took" in meta:
        return Took(meta["took"], machine)
    own = (spent for stage, spent in meta["seconds"].items() if stage not in OTHERS)
    return Took(float(sum(own)), machine)


def took_training(meta: dict[str, Any]) -> Took:
    """How long a network took to train, from its description.

    Shipped networks have no date; they were trained elsewhere.
    """
    elsewhere = "imported" in meta or "created" not in meta
    return Took(meta["seconds"], meta.get("machine", ELSEWHERE if elsewhere else ""))
