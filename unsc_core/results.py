"""Config -> keys, and stored pieces -> one Result. Reads only; what is missing is None."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
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
        device: where the unlearning ran.
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
    device: str = "cpu"

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
    seconds = dict(made.meta["seconds"])
    for kind, key, stage in (("trained", found.original, "train"), ("trained", found.retrained, "retrain")):
        if (trained := store.get(kind, key)) is not None:
            seconds[stage] = trained.meta["seconds"]
    return Result(
        config, found.unlearned, split(dataset, config.forget_classes, config.forget_ids), original, unlearned,
        retrained=_answers(store, found.retrained, dataset), labels=made.arrays.get("labels"), history=made.meta["history"],
        null_space=made.meta["null_space"], energy_error=made.meta.get("energy_error", {}), seconds=seconds, device=made.meta["device"],
    )  # fmt: skip


def _answers(store: Store, key: str, dataset: Dataset) -> Answers | None:
    test, train = (store.get("logits", logits_key(key, dataset, part)) for part in ("test", "train"))
    return None if test is None else Answers(test.arrays["logits"], None if train is None else train.arrays["logits"])


def summary(result: Result) -> dict[str, Any]:
    """The result in numbers, as the command line prints it for one seed."""
    request, dataset = result.split, result.split.dataset
    models: dict[str, Any] = {}
    for name, answers in result.models.items():
        models[name] = evaluation.accuracies(answers.test, dataset.y_test, request.is_forgotten("test"))
        if answers.train is not None:
            train = evaluation.accuracies(answers.train, dataset.y_train, request.is_forgotten("train"))
            models[name]["train"] = train
            if request.forget_ids:
                models[name]["acc_forget"] = train["acc_forget"]
    stay = ~request.is_forgotten("test")
    over = evaluation.over_unlearning(models["original"], models["unlearned"])
    return {
        "seed": result.config.seed,
        "key": result.key,
        **models,
        "over_unlearning": over["acc_retain"],
        "over_unlearning_per_class": [None if c in request.forget_classes else value for c, value in enumerate(over["per_class"])],
        "gap_to_retrain": evaluation.gap(models["unlearned"], models["retrained"]) if result.retrained else None,
        "logit_drift": evaluation.logit_drift(result.unlearned.test[stay], result.original.test[stay]),
        "agreement": _agreement(result),
        "null_space": result.null_space,
        "energy_error": result.energy_error,
        "epochs_run": max(len(result.history) - 1, 0),
        "seconds": {stage: round(s, 3) for stage, s in result.seconds.items()},
        "device": result.device,
    }


def _agreement(result: Result) -> float | None:
    """Percent of forgotten test samples (training samples when single ones are forgotten) answered as the retrained model does."""
    part = result.split.measured_part
    forgotten = result.split.is_forgotten(part)
    both = [getattr(answers, part) for answers in (result.unlearned, result.retrained) if answers is not None]
    if len(both) < 2 or any(logits is None for logits in both):
        return None
    return evaluation.agreement(*(logits[forgotten].argmax(1) for logits in both))


def mean_and_sd(values: list[Any]) -> tuple[Any, Any]:
    """Mean and standard deviation (n − 1; 0 for one value) over runs, through nested dicts and lists alike."""
    first = values[0]
    if any(value is None for value in values):
        return None, None
    if isinstance(first, dict):
        pairs = {k: mean_and_sd([v[k] for v in values]) for k in first if all(k in v for v in values)}
        return {k: p[0] for k, p in pairs.items()}, {k: p[1] for k, p in pairs.items()}
    if isinstance(first, list):
        both = [mean_and_sd(list(column)) for column in zip(*values, strict=True)]
        return [p[0] for p in both], [p[1] for p in both]
    if isinstance(first, str):
        return first, None
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
