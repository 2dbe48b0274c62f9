"""Stored pieces -> one Result. Reads only; what is missing is None."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.experiment.keys import keys, logits_key
from unsc_core.experiment.machine import ELSEWHERE, Took
from unsc_core.experiment.store import Store

UNSEEN_ENERGY = "unseen_energy"
"""Kind of the stored energy that images which were not drawn have along each retain eigenvector, in the order of the spectra."""


def masked(logits: NDArray[np.float32], forget_classes: tuple[int, ...]) -> NDArray[np.float32]:
    """The mask: logits (n, classes) whose forgotten columns are −∞, so that a forgotten class is never answered. No weight changes."""
    hidden = logits.copy()
    hidden[:, list(forget_classes)] = -np.inf
    return hidden


@dataclass(frozen=True, eq=False)
class Answers:
    """One model's logits (n, classes) float32; train is None until it has been computed."""

    test: NDArray[np.float32]
    train: NDArray[np.float32] | None = None

    def has(self, part: str) -> bool:
        """Whether "test" or "train" has been answered."""
        return part == "test" or self.train is not None

    def of(self, part: str) -> NDArray[np.float32]:
        """The logits on "test" or "train".

        Raises:
            ValueError: they have not been computed.
        """
        logits = self.test if part == "test" else self.train
        if logits is None:
            raise ValueError(f"the {part} set has not been answered")
        return logits


@dataclass(frozen=True, eq=False)
class Result:
    """An experiment as far as it has been computed.

    Attributes:
        config: resolved; key: its content key.
        split: the request and its dataset.
        original, unlearned, retrained: their answers; retrained is None until it has been computed.
        labels: (n_forget,) class each forget training sample was taught, in training order; None without.
        history: per epoch {"epoch", "accuracy", "loss"}.
        null_space: layer -> {"dim", "rank"}.
        energy_error: layer -> share of the retain energy that this run's cut keeps of images that were not drawn, less what it
            keeps of those that were; see `subspace.energy.energy_error`. Empty without a null space, and where it was never measured.
        seconds: stage -> what it took when it was computed.
        took: model name -> how long it took to make and where, as far as that is known; see `OTHERS`.
        device: where the unlearning ran; imported: whether the run was computed elsewhere and taken in here.
    """

    config: ExperimentConfig
    key: str
    split: Split
    original: Answers
    unlearned: Answers
    retrained: Answers | None = None
    labels: NDArray[np.int64] | None = None
    history: list[dict[str, float]] = field(default_factory=list)
    null_space: dict[str, dict[str, int]] = field(default_factory=dict)
    energy_error: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    took: dict[str, Took] = field(default_factory=dict)
    device: str = "cpu"
    imported: bool = False

    @property
    def alterations(self) -> tuple[str, ...]:
        """What makes this run another than its method's own, in words: see `ExperimentConfig.alterations`."""
        return (*self.config.alterations, *(("imported",) if self.imported else ()))

    @cached_property
    def mask(self) -> Answers | None:
        """The original with the forgotten logits at −∞; None for single samples, whose class stays."""
        forget = self.split.forget_classes
        if not forget:
            return None
        train = self.original.train
        return Answers(
            masked(self.original.test, forget), None if train is None else masked(train, forget)
        )

    @property
    def rows(self) -> dict[str, Answers]:
        """Name -> answers of the models that are there and of the mask, in the order in which tables show them."""
        found = {
            "original": self.original,
            "mask": self.mask,
            "unlearned": self.unlearned,
            "retrained": self.retrained,
        }
        return {name: answers for name, answers in found.items() if answers is not None}

    @property
    def models(self) -> dict[str, Answers]:
        """Name -> answers of the models that are there."""
        found = {
            "original": self.original,
            "unlearned": self.unlearned,
            "retrained": self.retrained,
        }
        return {name: answers for name, answers in found.items() if answers is not None}


def read_result(config: ExperimentConfig, dataset: Dataset, store: Store) -> Result | None:
    """The stored result of a resolved config: None until original and unlearned model have answered on the test set."""
    found = keys(config, dataset)
    original, unlearned = (
        _answers(store, found.original, dataset),
        _answers(store, found.unlearned, dataset),
    )
    made = store.get("unlearned", found.unlearned)
    if original is None or unlearned is None or made is None:
        return None
    seconds, took = dict(made.meta["seconds"]), {"unlearned": took_unlearning(made.meta)}
    for model, key, stage in (
        ("original", found.original, "train"),
        ("retrained", found.retrained, "retrain"),
    ):
        if (trained := store.get("trained", key)) is not None:
            seconds[stage] = trained.meta["seconds"]
            took[model] = took_training(trained.meta)
    if config.method == "retrain":
        took["unlearned"] = took.get("retrained", took["unlearned"])
    return Result(
        config,
        found.unlearned,
        split(dataset, config.forget_classes, config.forget_ids),
        original,
        unlearned,
        retrained=_answers(store, found.retrained, dataset),
        labels=made.arrays.get("labels"),
        history=made.meta["history"],
        null_space=made.meta["null_space"],
        energy_error=made.meta.get("energy_error", {}),
        seconds=seconds,
        device=made.meta["device"],
        took=took,
        imported="imported" in made.meta,
    )


OTHERS = ("data", "train", "retrain", "evaluate", "energy_error")
"""Stages that are not a method's own work: what it begins with, and what is measured of it."""


def own_seconds(seconds: dict[str, float]) -> float:
    """What a method itself took, of the stages of a run; second moments count where they were collected for it."""
    return float(sum(took for stage, took in seconds.items() if stage not in OTHERS))


def took_unlearning(meta: dict[str, Any]) -> Took:
    """How long a stored unlearned model took: measured around its method; of older files, the sum of the stages that were its own."""
    machine = meta.get("machine", ELSEWHERE if "imported" in meta else "")
    return Took(meta["took"] if "took" in meta else own_seconds(meta["seconds"]), machine)


def took_training(meta: dict[str, Any]) -> Took:
    """How long a stored network took to train; bundled ones have no date, and were trained elsewhere."""
    return Took(
        meta["seconds"],
        meta.get("machine", ELSEWHERE if "imported" in meta or "created" not in meta else ""),
    )


def _answers(store: Store, key: str, dataset: Dataset) -> Answers | None:
    test, train = (
        store.get("logits", logits_key(key, dataset, part)) for part in ("test", "train")
    )
    return (
        None
        if test is None
        else Answers(test.arrays["logits"], None if train is None else train.arrays["logits"])
    )
