"""UNSC Lab core: make a trained classifier forget, and measure what that did to the rest.

The core knows no screen: it imports neither streamlit nor the pages. Importing it, its registries
and all that a view needs does not load torch.

An experiment with its data, original, moments, unlearning and measures, all stored:

>>> import unsc_core as unsc
>>> work = unsc.Experiment(unsc.ExperimentConfig(dataset="digits", forget_classes=(3,)))
>>> numbers = unsc.summary(work.run())
>>> numbers["unlearned"]["acc_forget"] < 10 < 90 < numbers["original"]["acc_forget"]
True

For a network in memory see `unlearn`; for a dataset in memory see `checked_dataset`.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    # Experiments and their results.
    "Experiment": "experiment.experiment",
    "ExperimentConfig": "config",
    "Result": "experiment.result",
    "Store": "experiment.store",
    "summary": "analysis.summary",
    "accuracies": "analysis.evaluation",
    # What there is to choose from.
    "DATASETS": "data",
    "MODELS": "models",
    "METHODS": "methods",
    # A network and data in memory.
    "unlearn": "experiment.in_memory",
    "load_dataset": "data",
    "Dataset": "data.dataset",
    "checked_dataset": "data.arrays",
    "split": "data.request",
    "build_model": "models",
    "to_device": "learning.batches",
    "train": "learning.training",
    "TrainingConfig": "config",
    "predict": "learning.batches",
    # The null space, step by step.
    "class_batches": "learning.batches",
    "second_moments": "subspace.moments",
    "MomentsConfig": "config",
    "spectra": "subspace.null_space",
    # What can go wrong.
    "UnscError": "errors",
}
"""Public name -> module it is loaded from when first used, so that torch is not loaded before."""
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """A public name, from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module 'unsc_core' has no attribute '{name}'")
    return getattr(importlib.import_module(f"unsc_core.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
