"""The address that opens an experiment.

`state` reads the query of an address; this module writes it, and nothing else knows its names.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from unsc_core.config import ExperimentConfig
from unsc_core.data import DATASETS
from unsc_core.data.dataset import Dataset
from unsc_core.errors import ConfigError
from unsc_core.experiment.resolve import CLASS_WEIGHTS, SAMPLES, resolve
from unsc_core.methods import METHODS
from unsc_core.models.own import is_user_model
from unsc_core.paths import data_folder

MAX_IDS = 500
"""Most single samples in one address: every browser takes an address of that length."""


def query_of(config: ExperimentConfig, dataset: Dataset) -> dict[str, str]:
    """The query that opens a resolved config on a page; settings at their default are left out.

    Raises:
        ConfigError: the pages cannot show it; the message says why.
    """
    if len(config.forget_ids) > MAX_IDS:
        raise ConfigError(
            f"{len(config.forget_ids)} samples are too many for a link (at most {MAX_IDS})."
        )
    if is_user_model(config.model):
        raise ConfigError(
            "Its model is defined in a user's Python file, which the pages never run."
        )
    default = resolve(
        replace(config, learning_rate=None, epochs=None, training_epochs=None), dataset
    )
    own_data = config.dataset not in DATASETS
    has_threshold = METHODS[config.method].uses_energy_threshold
    values = {
        "dataset": _in_data_folder(config.dataset) if own_data else config.dataset,
        "model": config.model,
        "forget": ",".join(map(str, config.forget_classes)) or None,
        "ids": ",".join(map(str, config.forget_ids)) or None,
        "method": config.method,
        "seed": config.seed,
        "gamma": config.energy_threshold if has_threshold else None,
        "subspace": config.subspace,
        "gammas": ",".join(f"{one:.12g}" for one in config.energy_thresholds) or None,
        "lr": _unless(config.learning_rate, default.learning_rate),
        "epochs": _unless(config.epochs, default.epochs),
        "training": _unless(config.training_epochs, default.training_epochs),
        "device": _unless(config.device, "auto"),
        "edits": ",".join(config.edits) or None,
        "sample": _unless(config.moments_sample, SAMPLES[0]),
        "weights": _unless(config.class_weights, CLASS_WEIGHTS[0]),
        "checkpoint": None if config.checkpoint is None else _in_data_folder(config.checkpoint),
    }
    return {name: str(value) for name, value in values.items() if value is not None}


def _unless(value: Any, default: Any) -> Any:
    return None if value == default else value


def _in_data_folder(path: str) -> str:
    """A path relative to the data folder."""
    try:
        return Path(path).expanduser().resolve().relative_to(data_folder().resolve()).as_posix()
    except (ValueError, OSError, RuntimeError):
        raise ConfigError(
            f"{Path(path).name} is outside the data folder, where the pages look for files."
        ) from None
