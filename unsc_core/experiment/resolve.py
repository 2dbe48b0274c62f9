"""A config with every default filled in and every value checked: the only place with defaults."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from unsc_core.config import ExperimentConfig, MomentsConfig, TrainingConfig
from unsc_core.data import dataset_entry
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.errors import ConfigError
from unsc_core.learning.edits import check_edits
from unsc_core.methods import METHODS, Method, method_entry
from unsc_core.models import check_model_name
from unsc_core.subspace.energy import MERGE_THRESHOLD, check_energy_threshold, cuts

DEFAULT_ENERGY_THRESHOLD = METHODS["unsc"].energy_threshold or 1.0
MOMENTS = MomentsConfig()
MAX_EPOCHS = 1000
MAX_STRENGTH = 100.0
SUBSPACES = ("joint", "merge")
SAMPLES = ("random", "first")
CLASS_WEIGHTS = ("equal", "size")
Number = TypeVar("Number", int, float)


def resolve(config: ExperimentConfig, dataset: Dataset) -> ExperimentConfig:
    """The config with every default filled in and every value checked.

    Raises:
        ConfigError: one sentence about the first impossible value.
    """
    entry = dataset_entry(config.dataset)
    check_model_name(config.model, dataset.input_shape)
    request = split(dataset, config.forget_classes, config.forget_ids)
    training_epochs = config.training_epochs
    if training_epochs is None:
        training_epochs = entry.training_epochs or _epochs_for(len(dataset.y_train))
    _check_epochs("training_epochs", training_epochs)
    check_edits(config.edits, request)
    return resolve_method(
        replace(
            config,
            forget_classes=request.forget_classes,
            forget_ids=request.forget_ids,
            training_epochs=training_epochs,
        )
    )


def resolve_method(config: ExperimentConfig) -> ExperimentConfig:
    """The config with its method's defaults filled in, and those settings and the seed checked.

    A setting that the method lacks becomes None, its strength 1.

    Raises:
        ConfigError: one sentence about the first impossible value.
    """
    method = method_entry(config.method)
    threshold, each, subspace = _null_space_settings(config, method)
    rate = None
    if method.learning_rate is not None:
        rate = _given(config.learning_rate, method.learning_rate)
        if not (math.isfinite(rate) and rate > 0):
            raise ConfigError(f"The learning rate must be above 0, not {rate:g}.")
    epochs = None
    if method.epochs is not None:
        epochs = _given(config.epochs, method.epochs)
        _check_epochs("epochs", epochs)
    if not 0 <= config.strength <= MAX_STRENGTH:
        raise ConfigError(f"The strength must be 0 to {MAX_STRENGTH:g}, not {config.strength:g}.")
    for name, known in (("moments_sample", SAMPLES), ("class_weights", CLASS_WEIGHTS)):
        _check_choice(name, getattr(config, name), known)
    if not 0 <= config.seed < 2**31:
        raise ConfigError(f"The seed must be 0 to {2**31 - 1}, not {config.seed}.")
    return replace(
        config,
        energy_threshold=threshold,
        energy_thresholds=each,
        subspace=subspace,
        learning_rate=rate,
        epochs=epochs,
        strength=config.strength if method.erases else 1.0,
        edits=config.edits if method.uses_pseudo_labels else (),
    )


def _null_space_settings(
    config: ExperimentConfig, method: Method
) -> tuple[float | None, tuple[float, ...], str | None]:
    """γ for all layers or None, a γ for each layer or (), and the subspace."""
    if method.energy_threshold is None:
        return None, (), None
    threshold = check_energy_threshold(_given(config.energy_threshold, method.energy_threshold))
    each = tuple(map(check_energy_threshold, config.energy_thresholds))
    subspace = SUBSPACES[0] if config.subspace is None else config.subspace
    _check_choice("subspace", subspace, SUBSPACES)
    if each and subspace == "merge":
        raise ConfigError(
            "The merged subspace has one γ for all layers; use joint for a γ per layer."
        )
    return None if each else threshold, each, subspace


@dataclass(frozen=True)
class Settings:
    """The numbers of a resolved config as computed with: each has a value, whatever the method.

    Attributes:
        energy_threshold: γ; the default where the method has none or every layer has its own.
        energy_thresholds: a γ for each layer, or () if `cut` holds for all.
        cut: where spectra are cut: γ, or MERGE_THRESHOLD for the merged subspace.
        learning_rate, epochs: of the unlearning; 0 where the method has none.
    """

    energy_threshold: float
    energy_thresholds: tuple[float, ...]
    cut: float
    learning_rate: float
    epochs: int

    def cuts(self, layers: Iterable[str]) -> dict[str, float]:
        """Layer -> where its spectra are cut.

        Raises:
            ConfigError: there is not one γ for each layer.
        """
        return cuts(layers, self.cut, self.energy_thresholds)

    def joint_cuts(self, layers: Iterable[str]) -> dict[str, float]:
        """The same of the spectra of all retained classes together, whatever the subspace."""
        return cuts(layers, self.energy_threshold, self.energy_thresholds)


def default_energy_threshold(method: str) -> float:
    """The default γ of a method in METHODS; UNSC's for a method without one."""
    return _given(METHODS[method].energy_threshold, DEFAULT_ENERGY_THRESHOLD)


def settings(config: ExperimentConfig) -> Settings:
    """The numbers of a resolved config."""
    threshold = _given(config.energy_threshold, default_energy_threshold(config.method))
    return Settings(
        energy_threshold=threshold,
        energy_thresholds=config.energy_thresholds,
        cut=MERGE_THRESHOLD if config.subspace == "merge" else threshold,
        learning_rate=_given(config.learning_rate, 0.0),
        epochs=_given(config.epochs, 0),
    )


def training(config: ExperimentConfig) -> TrainingConfig:
    """How the original and the retrained network of a resolved config are trained."""
    if config.training_epochs is None:
        raise ValueError("training_epochs is not filled in: this config has not been resolved")
    return TrainingConfig(config.training_epochs)


def _check_epochs(name: str, value: int) -> None:
    if not 1 <= value <= MAX_EPOCHS:
        raise ConfigError(f"{name} must be 1 to {MAX_EPOCHS}, not {value}.")


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"Unknown {name} '{value}'; choose one of {', '.join(known)}.")


def _given(value: Number | None, default: Number) -> Number:
    return default if value is None else value


def _epochs_for(samples: int) -> int:
    """About 800 steps of 128 samples, whatever the size of the dataset."""
    return min(60, max(5, round(100_000 / samples)))
