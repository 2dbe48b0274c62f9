"""The address that opens an experiment.

`state` reads the query of an address; this module writes it, and nothing else knows its names.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pages.shared import id_code
from unsc_core.config import ExperimentConfig
from unsc_core.data import DATASETS
from unsc_core.data.dataset import Dataset
from unsc_core.errors import ConfigError
from unsc_core.experiment.resolve import CLASS_WEIGHTS, SAMPLES, resolve
from unsc_core.methods import METHODS
from unsc_core.models.own import is_user_model
from unsc_core.paths import data_folder

IN_LINKS = {
    "forget_classes": "forget",
    "forget_ids": "ids",
    "energy_threshold": "gamma",
    "energy_thresholds": "gammas",
    "learning_rate": "lr",
    "training_epochs": "training",
    "moments_sample": "sample",
    "class_weights": "weights",
}
"""Setting of an ExperimentConfig -> its name in links, where that is another one."""
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
    usual = {
        name: getattr(default, name) for name in ("learning_rate", "epochs", "training_epochs")
    }
    usual |= {"device": "auto", "moments_sample": SAMPLES[0], "class_weights": CLASS_WEIGHTS[0]}
    usual |= {"strength": 1.0}
    values = {name: value for name, value in vars(config).items() if value != usual.get(name)}
    if config.forget_ids:
        values["forget_ids"] = id_code.pack(config.forget_ids)
    if config.dataset not in DATASETS:
        values["dataset"] = _in_data_folder(config.dataset)
    if config.checkpoint is not None:
        values["checkpoint"] = _in_data_folder(config.checkpoint)
    if not METHODS[config.method].uses_energy_threshold:
        values.pop("energy_threshold", None)
    return {
        IN_LINKS.get(name, name): _text(value)
        for name, value in values.items()
        if value not in (None, ())
    }


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _in_data_folder(path: str) -> str:
    """A path relative to the data folder."""
    try:
        return Path(path).expanduser().resolve().relative_to(data_folder().resolve()).as_posix()
    except (ValueError, OSError, RuntimeError):
        raise ConfigError(
            f"{Path(path).name} is outside the data folder, where the pages look for files."
        ) from None
