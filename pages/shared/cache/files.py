"""What is stored, and when it was written: what the caches are keyed on."""

from __future__ import annotations

from typing import Any

from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.experiment.artefacts import LOGITS, TRAINED, UNLEARNED, Kind
from unsc_core.experiment.keys import keys, logits_key
from unsc_core.experiment.store import Store


def store() -> Store:
    """Where results are."""
    return Store()


def dataset(name: str) -> Dataset:
    """A dataset on this machine; the core keeps the last few in memory."""
    return load_dataset(name)


def request(config: ExperimentConfig) -> Split:
    """What a resolved config asks to forget, and its dataset."""
    return split(dataset(config.dataset), config.forget_classes, config.forget_ids)


def times_of(config: ExperimentConfig) -> tuple[float, ...]:
    """When each part of a result was written, 0 where it is missing.

    The parts: unlearned model, retrained model, and the logits of the original, the unlearned and
    the retrained model on test and training samples.
    """
    data = dataset(config.dataset)
    found = keys(config, data)
    parts: list[tuple[Kind[Any], str]]
    parts = [(UNLEARNED, found.unlearned), (TRAINED, found.retrained)]
    parts += [
        (LOGITS, logits_key(key, data, part))
        for key in (found.original, found.unlearned, found.retrained)
        for part in ("test", "train")
    ]
    return tuple(time_of(kind, key) for kind, key in parts)


def can_be_shown(written: tuple[float, ...]) -> bool:
    """Whether a page can show it: the unlearned model, and what it and the original predict."""
    return all(written[part] for part in (0, 2, 4))


def time_of(kind: Kind[Any], key: str) -> float:
    """When an artefact was written, 0 where it is missing."""
    path = kind.path(store(), key)
    return path.stat().st_mtime if path.is_file() else 0.0


def is_stored(kind: Kind[Any], key: str) -> bool:
    """Whether the store holds this artefact."""
    return time_of(kind, key) > 0
