"""UNSC Lab core: make a trained classifier forget classes or samples, and measure what that did to the rest.

The core knows no screen: it imports neither streamlit nor the pages. Importing it, its registries and
everything a view needs does not load torch; that happens where tensors are computed.

A whole experiment (data, original, moments, unlearning, measures, all kept in the store):

>>> import unsc_core as unsc
>>> work = unsc.Experiment(unsc.ExperimentConfig(dataset="digits", forget_classes=(3,)))
>>> numbers = unsc.summary(work.run())
>>> numbers["unlearned"]["acc_forget"] < 10 < 90 < numbers["original"]["acc_forget"]
True

A network of your own, in memory: see `unlearn`. A dataset of your own arrays: see `checked_dataset`.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "ExperimentConfig": "config",
    "MomentsConfig": "config",
    "TrainingConfig": "config",
    "UnscError": "errors",
    "DATASETS": "data",
    "load_dataset": "data",
    "Dataset": "data.dataset",
    "checked_dataset": "data.dataset",
    "split": "data.request",
    "MODELS": "models",
    "build_model": "models",
    "METHODS": "methods",
    "to_device": "learning.batches",
    "predict": "learning.batches",
    "class_batches": "learning.batches",
    "train": "learning.training",
    "second_moments": "subspace.moments",
    "spectra": "subspace.null_space",
    "Experiment": "experiment.experiment",
    "Result": "experiment.result",
    "Store": "experiment.store",
    "unlearn": "experiment.in_memory",
    "summary": "analysis.summary",
    "accuracies": "analysis.evaluation",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """A public name, loaded when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'unsc_core' has no attribute '{name}'")
    return getattr(importlib.import_module(f"unsc_core.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
