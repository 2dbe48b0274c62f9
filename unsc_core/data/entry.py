"""The registry entry of a dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from unsc_core.data.dataset import Dataset
from unsc_core.progress import Report


def _always() -> bool:
    return True


@dataclass(frozen=True)
class DatasetEntry:
    """One dataset, and the settings that an experiment on it starts with.

    Attributes:
        name: as typed on the command line. title: as shown. summary: one sentence.
        load: reads or downloads the Dataset, and may report progress.
        default_model: a name in MODELS. default_forget_class: index of a class.
        default_method: a name in METHODS.
        training_epochs: default number of epochs; 0 for a number that follows from the size.
        order: place in lists; datasets without one come after the others.
        load_validation: the Dataset that settings are chosen on; None for `held_out`.
        is_available: whether `load` works without a download.
    """

    name: str
    title: str
    summary: str
    load: Callable[[Report], Dataset]
    default_model: str
    default_forget_class: int
    default_method: str = "unsc"
    training_epochs: int = 0
    order: int = 500
    load_validation: Callable[[Report], Dataset] | None = None
    is_available: Callable[[], bool] = _always
