"""Config -> keys, and stored pieces -> one Result. Reads only; what is missing is None."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from unsc_core import evaluation
from unsc_core.config import ExperimentConfig, MomentsConfig, TrainingConfig, content_key
from unsc_core.data import dataset_entry
from unsc_core.dataset import Dataset, Split, split
from unsc_core.edits import check_edits
from unsc_core.errors import CheckpointError, ConfigError
from unsc_core.machine import ELSEWHERE, Took
from unsc_core.methods import METHODS, method_entry
from unsc_core.models import check_model, model_digest
from unsc_core.spectrum import check_energy_threshold
from unsc_core.store import Store

DEFAULT_ENERGY_THRESHOLD = METHODS["unsc"].energy_threshold or 1.0
MOMENTS = MomentsConfig()
MAX_EPOCHS = 1000
SUBSPACES = ("joint", "merge")
SAMPLES = ("random", "first")
CLASS_WEIGHTS = ("equal", "size")
UNSEEN_ENERGY = "unseen_energy"
"""Kind of the stored energy that images which were not drawn have along each retain eigenvector, in the order of the spectra."""
Number = TypeVar("Number", int, float)


def resolve(config: ExperimentConfig, dataset: Dataset) -> ExperimentConfig:
    """The config with every default filled in and every value checked.

    Raises:
        ConfigError: one sentence about the first impossible value.
    """
    entry = dataset_entry(config.dataset)
    check_model(config.model, dataset.input_shape)
    request = split(dataset, config.forget_classes, config.forget_ids)
    training_epochs = _given(config.training_epochs, entry.training_epochs or _epochs_for(len(dataset.y_train)))
    _check_epochs("training_epochs", training_epochs)
    check_edits(config.edits, request)
    chosen = replace(config, forget_classes=request.forget_classes, forget_ids=request.forget_ids, training_epochs=training_epochs)
    return resolve_method(chosen)


def resolve_method(config: ExperimentConfig) -> ExperimentConfig:
    """The config with its method's defaults filled in, None where the method lacks a setting; those and the seed are checked.

    Raises:
        ConfigError: one sentence about the first impossible value.
    """
    method = method_entry(config.method)
    threshold = None if method.energy_threshold is None else check_energy_threshold(_given(config.energy_threshold, method.energy_threshold))
    each = tuple(map(check_energy_threshold, config.energy_thresholds)) if method.uses_energy_threshold else ()
    subspace = _given_subspace(config.subspace) if method.uses_energy_threshold else None
    if each:
        threshold = None  # it decides nothing then
        if subspace == "merge":
            raise ConfigError("The merged subspace has one γ for all layers; use joint for a γ per layer.")
    rate = None if method.learning_rate is None else _given(config.learning_rate, method.learning_rate)
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise ConfigError(f"The learning rate must be above 0, not {rate:g}.")
    epochs = None if method.epochs is None else _given(config.epochs, method.epochs)
    if epochs is not None:
        _check_epochs("epochs", epochs)
    for name, known in (("moments_sample", SAMPLES), ("class_weights", CLASS_WEIGHTS)):
        if (value := getattr(config, name)) not in known:
            raise ConfigError(f"Unknown {name} '{value}'; choose one of {', '.join(known)}.")
    if not 0 <= config.seed < 2**31:
        raise ConfigError(f"The seed must be 0 to {2**31 - 1}, not {config.seed}.")
    edits = config.edits if method.uses_pseudo_labels else ()
    return replace(
        config, energy_threshold=threshold, energy_thresholds=each, subspace=subspace, learning_rate=rate, epochs=epochs, edits=edits
    )  # fmt: skip


def _check_epochs(name: str, value: int) -> None:
    if not 1 <= value <= MAX_EPOCHS:
        raise ConfigError(f"{name} must be 1 to {MAX_EPOCHS}, not {value}.")


def _given_subspace(name: str | None) -> str:
    if name not in (None, *SUBSPACES):
        raise ConfigError(f"Unknown subspace '{name}'; choose one of {', '.join(SUBSPACES)}.")
    return name or SUBSPACES[0]


def _given(value: Number | None, default: Number) -> Number:
    return default if value is None else value


def _epochs_for(samples: int) -> int:
    """About 800 steps of 128 samples, whatever the size."""
    return min(60, max(5, round(100_000 / samples)))


@dataclass(frozen=True)
class Keys:
    """The names under which an experiment's pieces are stored.

    Attributes:
        original, retrained: trained networks and their logits.
        moments, spectra: second moments of the original, and their spectra for this request.
        unlearned: the experiment itself: what the unlearned model and its logits are stored under.
    """

    original: str
    retrained: str
    moments: str
    spectra: str
    unlearned: str


def keys(config: ExperimentConfig, dataset: Dataset) -> Keys:
    """Keys of a resolved config.

    Raises:
        CheckpointError: the config names a checkpoint that is not there.
    """
    original = _training_key(config, dataset, ())
    if config.checkpoint is not None:
        original = content_key(
            checkpoint=_file_digest(Path(config.checkpoint)), model=model_digest(config.model), data=dataset.train_digest, device=config.device
        )
    forget = _forget(config)
    moments = content_key(
        moments=original, **asdict(MOMENTS), seed=config.seed, without=forget if config.forget_ids else [],
        **({} if config.moments_sample == "first" else {"sample": config.moments_sample}),  # "first" and "equal" have the keys that
        **({} if config.class_weights == "equal" else {"class_weights": config.class_weights}),  # they had before there was a choice
    )  # fmt: skip
    unlearned = content_key(
        original=original, forget=forget, method=config.method, seed=config.seed,
        energy_threshold=config.energy_threshold, subspace=config.subspace, learning_rate=config.learning_rate, epochs=config.epochs,
        training_epochs=config.training_epochs if config.method == "retrain" else None,
        moments=moments if METHODS[config.method].uses_moments else None, **({"edits": config.edits} if config.edits else {}),
        **({"energy_thresholds": config.energy_thresholds} if config.energy_thresholds else {}),
    )  # fmt: skip
    retrained = _training_key(config, dataset, forget)
    return Keys(original, retrained, moments, content_key(spectra=moments, forget=forget), unlearned)


def logits_key(model_key: str, dataset: Dataset, part: str) -> str:
    """The name of a model's logits on "train" or "test"; two datasets may share their training samples only."""
    return f"{model_key}-train" if part == "train" else f"{model_key}-test-{dataset.test_digest}"


def _forget(config: ExperimentConfig) -> list[Any]:
    """The request as part of a key."""
    return ["samples", *config.forget_ids] if config.forget_ids else list(config.forget_classes)


def _training_key(config: ExperimentConfig, dataset: Dataset, without: Sequence[Any]) -> str:
    training = asdict(TrainingConfig(config.training_epochs or 0))
    return content_key(
        data=dataset.train_digest, model=model_digest(config.model), seed=config.seed, training=training, without=without, device=config.device
    )


def shipped_key(config: ExperimentConfig, dataset: Dataset, without: Sequence[Any]) -> str:
    """The key a shipped checkpoint carries: that of its training, for any device."""
    return _training_key(replace(config, device="any"), dataset, without)


def _file_digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.expanduser().read_bytes()).hexdigest()[:20]
    except OSError as error:
        raise CheckpointError(f"The checkpoint {path} cannot be read ({error.strerror}); check the path.") from None


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
            keeps of those that were; see `spectrum.energy_error`. Empty without a null space, and where it was never measured.
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
        return Answers(evaluation.masked(self.original.test, forget), None if train is None else evaluation.masked(train, forget))

    @property
    def rows(self) -> dict[str, Answers]:
        """Name -> answers of the models that are there and of the mask, in the order in which tables show them."""
        found = {"original": self.original, "mask": self.mask, "unlearned": self.unlearned, "retrained": self.retrained}
        return {name: answers for name, answers in found.items() if answers is not None}

    @property
    def models(self) -> dict[str, Answers]:
        """Name -> answers of the models that are there."""
        found = {"original": self.original, "unlearned": self.unlearned, "retrained": self.retrained}
        return {name: answers for name, answers in found.items() if answers is not None}


def read_result(config: ExperimentConfig, dataset: Dataset, store: Store) -> Result | None:
    """The stored result of a resolved config: None until original and unlearned model have answered on the test set."""
    found = keys(config, dataset)
    original, unlearned = _answers(store, found.original, dataset), _answers(store, found.unlearned, dataset)
    made = store.get("unlearned", found.unlearned)
    if original is None or unlearned is None or made is None:
        return None
    seconds, took = dict(made.meta["seconds"]), {"unlearned": took_unlearning(made.meta)}
    for model, key, stage in (("original", found.original, "train"), ("retrained", found.retrained, "retrain")):
        if (trained := store.get("trained", key)) is not None:
            seconds[stage] = trained.meta["seconds"]
            took[model] = took_training(trained.meta)
    if config.method == "retrain":
        took["unlearned"] = took.get("retrained", took["unlearned"])
    return Result(
        config, found.unlearned, split(dataset, config.forget_classes, config.forget_ids), original, unlearned,
        retrained=_answers(store, found.retrained, dataset), labels=made.arrays.get("labels"), history=made.meta["history"],
        null_space=made.meta["null_space"], energy_error=made.meta.get("energy_error", {}), seconds=seconds, device=made.meta["device"],
        took=took, imported="imported" in made.meta,
    )  # fmt: skip


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
    return Took(meta["seconds"], meta.get("machine", ELSEWHERE if "imported" in meta or "created" not in meta else ""))


def _answers(store: Store, key: str, dataset: Dataset) -> Answers | None:
    test, train = (store.get("logits", logits_key(key, dataset, part)) for part in ("test", "train"))
    return None if test is None else Answers(test.arrays["logits"], None if train is None else train.arrays["logits"])


def summary(result: Result) -> dict[str, Any]:
    """The result in numbers, as the command line prints it for one seed.

    Of every model, and of the mask: accuracies, agreement with the retrained model on what is forgotten, drift, and gain over the original.
    The unlearned model's gain is told apart into what the mask gives for free and what is added to that; "mask" and both parts
    are None for single samples, which no mask can hide.
    """
    request = result.split
    models = {name: _measured(result, name) for name in result.rows}
    unlearned, original, mask, retrained = (models.get(name) for name in ("unlearned", "original", "mask", "retrained"))
    assert unlearned is not None
    assert original is not None
    over = evaluation.over_unlearning(original, unlearned)
    return {
        "seed": result.config.seed,
        "key": result.key,
        "alterations": list(result.alterations),
        **{name: models.get(name) for name in ("original", "mask", "unlearned")},
        **({"retrained": retrained} if retrained else {}),
        "gain": {
            "total": unlearned["acc_retain"] - original["acc_retain"],
            "free": mask and mask["acc_retain"] - original["acc_retain"],
            "added": mask and unlearned["acc_retain"] - mask["acc_retain"],
        },
        "over_unlearning": over["acc_retain"],
        "over_unlearning_per_class": [None if c in request.forget_classes else value for c, value in enumerate(over["per_class"])],
        "gap_to_retrain": evaluation.gap(unlearned, retrained) if retrained else None,
        "logit_drift": unlearned["logit_drift"],
        "agreement": unlearned["agreement"],
        "null_space": result.null_space,
        "energy_error": result.energy_error,
        "epochs_run": max(len(result.history) - 1, 0),
        "seconds": {stage: round(s, 3) for stage, s in result.seconds.items()},
        "took": {model: round(took.seconds, 3) for model, took in result.took.items()},
        "device": result.device,
    }


def _measured(result: Result, name: str) -> dict[str, Any]:
    """One model of a result, or the mask: {"acc_forget", "acc_retain", "per_class", "agreement", "logit_drift", "train"}."""
    request, dataset, answers = result.split, result.split.dataset, result.rows[name]
    found = evaluation.accuracies(answers.test, dataset.y_test, request.is_forgotten("test"))
    stay = ~request.is_forgotten("test")
    found["agreement"] = _agreement(result, answers)
    found["logit_drift"] = None if name == "mask" else evaluation.logit_drift(answers.test[stay], result.original.test[stay])
    if answers.train is not None:
        found["train"] = evaluation.accuracies(answers.train, dataset.y_train, request.is_forgotten("train"))
        if request.forget_ids:
            found["acc_forget"] = found["train"]["acc_forget"]
    return found


def _agreement(result: Result, answers: Answers) -> float | None:
    """Percent of forgotten test samples (training samples when single ones are forgotten) answered as the retrained model does."""
    part = result.split.measured_part
    if result.retrained is None or not (answers.has(part) and result.retrained.has(part)):
        return None
    forgotten = result.split.is_forgotten(part)
    return evaluation.agreement(*(one.of(part)[forgotten].argmax(1) for one in (answers, result.retrained)))
