"""A config with every default filled in and every value checked: the one place where that is done."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeVar

from unsc_core.config import ExperimentConfig, MomentsConfig
from unsc_core.data import dataset_entry
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.errors import ConfigError
from unsc_core.learning.edits import check_edits
from unsc_core.methods import METHODS, method_entry
from unsc_core.models import check_model_name
from unsc_core.subspace.energy import check_energy_threshold

DEFAULT_ENERGY_THRESHOLD = METHODS["unsc"].energy_threshold or 1.0


MOMENTS = MomentsConfig()
MAX_EPOCHS = 1000
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
    training_epochs = _given(
        config.training_epochs, entry.training_epochs or _epochs_for(len(dataset.y_train))
    )
    _check_epochs("training_epochs", training_epochs)
    check_edits(config.edits, request)
    chosen = replace(
        config,
        forget_classes=request.forget_classes,
        forget_ids=request.forget_ids,
        training_epochs=training_epochs,
    )
    return resolve_method(chosen)


def resolve_method(config: ExperimentConfig) -> ExperimentConfig:
    """The config with its method's defaults filled in, None where the method lacks a setting; those and the seed are checked.

    Raises:
        ConfigError: one sentence about the first impossible value.
    """
    method = method_entry(config.method)
    threshold = (
        None
        if method.energy_threshold is None
        else check_energy_threshold(_given(config.energy_threshold, method.energy_threshold))
    )
    each = (
        tuple(map(check_energy_threshold, config.energy_thresholds))
        if method.uses_energy_threshold
        else ()
    )
    subspace = _given_subspace(config.subspace) if method.uses_energy_threshold else None
    if each:
        threshold = None  # it decides nothing then
        if subspace == "merge":
            raise ConfigError(
                "The merged subspace has one γ for all layers; use joint for a γ per layer."
            )
    rate = (
        None if method.learning_rate is None else _given(config.learning_rate, method.learning_rate)
    )
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
        config,
        energy_threshold=threshold,
        energy_thresholds=each,
        subspace=subspace,
        learning_rate=rate,
        epochs=epochs,
        edits=edits,
    )


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
