"""DATASETS: every dataset by name, and loading by name or path."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from unsc_core.data import downloads
from unsc_core.data.bundled import (
    _fashion_mnist_32,
    blobs,
    digits,
    fashion_mnist_32,
    fashion_mnist_mini,
)
from unsc_core.data.dataset import Dataset
from unsc_core.data.held_out import VALIDATION, held_out
from unsc_core.data.own import load_own_data
from unsc_core.errors import ConfigError
from unsc_core.progress import Report, silent


@dataclass(frozen=True)
class DatasetEntry:
    """One dataset to choose.

    Attributes:
        name: as typed; title: as shown; summary: one sentence.
        load: makes the Dataset; may report progress.
        model, forget_class, training_epochs: what to begin with.
        validation: makes the Dataset that settings are chosen on, instead of `held_out`.
    """

    name: str
    title: str
    summary: str
    load: Callable[[Report], Dataset]
    model: str
    forget_class: int
    training_epochs: int
    validation: Callable[[Report], Dataset] | None = None


DATASETS: dict[str, DatasetEntry] = {
    entry.name: entry
    for entry in (
        DatasetEntry(
            "fashion-mnist-mini",
            "Fashion-MNIST mini",
            "10,000 + 5,000 clothes, 28×28, bundled.",
            fashion_mnist_mini,
            "small-cnn",
            6,
            10,
        ),
        DatasetEntry(
            "digits",
            "Digits",
            "1,797 handwritten digits, 8×8, bundled with scikit-learn.",
            digits,
            "small-cnn",
            3,
            40,
        ),
        DatasetEntry("blobs", "Blobs", "Four clouds of points in the plane.", blobs, "mlp", 0, 40),
        DatasetEntry(
            "fashion-mnist",
            "Fashion-MNIST",
            "All 60,000 + 10,000 clothes, 28×28.",
            downloads.fashion_mnist,
            "small-cnn",
            6,
            10,
        ),
        DatasetEntry(
            "fashion-mnist-32",
            "Fashion-MNIST 32×32",
            "54,000 + 10,000 clothes, resized as in the published experiments.",
            fashion_mnist_32,
            "alexnet",
            6,
            10,
            validation=lambda report: _fashion_mnist_32(report, validation=True),
        ),
        DatasetEntry(
            "cifar10",
            "CIFAR-10",
            "50,000 + 10,000 photographs, 32×32, ten classes.",
            downloads.cifar10,
            "allcnn",
            3,
            30,
        ),
        DatasetEntry(
            "cifar100",
            "CIFAR-100",
            "50,000 + 10,000 photographs, 32×32, a hundred classes.",
            downloads.cifar100,
            "resnet18",
            19,
            60,
        ),
        DatasetEntry(
            "svhn", "SVHN", "73,257 + 26,032 house numbers, 32×32.", downloads.svhn, "vgg11", 3, 15
        ),
    )
}


DEFAULT_DATASET = "fashion-mnist-mini"


def dataset_entry(name: str) -> DatasetEntry:
    """The registry entry of `name`; for a path, an entry with sensible beginnings.

    A name that ends in ":validation" is the training part of that dataset, split in two.

    Raises:
        ConfigError: neither a known name nor something that looks like a path.
    """
    if name in DATASETS:
        return DATASETS[name]
    if name.endswith(VALIDATION):
        entry = dataset_entry(name.removesuffix(VALIDATION))
        load = entry.validation or (lambda report: held_out(entry.load(report)))
        return replace(entry, name=name, title=f"{entry.title}, validation", load=load)
    path, there = _own_path(name)
    if path.suffix == ".npz" or os.sep in name or there:
        return DatasetEntry(
            name, path.name, "Own images.", lambda _: load_own_data(path), "small-cnn", 0, 0
        )
    raise ConfigError(
        f"Unknown dataset '{name}'; choose one of {', '.join(DATASETS)}, or give the path of an .npz file or image folder."
    )


def load_dataset(name: str, report: Report = silent) -> Dataset:
    """The dataset called `name`, or own data at that path; the last few stay in memory.

    Raises:
        ConfigError: unknown name.
        DataError: missing or unusable data.
    """
    entry = dataset_entry(name)
    key = (name, data_mark(name))
    found = _loaded.get(key)
    if found is None:
        with _loading:  # so that two threads do not download or read the same files
            found = _loaded.get(key) or entry.load(report)
            _loaded[key] = found
            while len(_loaded) > MAX_LOADED:
                _loaded.pop(next(iter(_loaded)))
    return found


def data_mark(name: str) -> tuple[int, ...]:
    """Changes when the files of own data do; always the same for a dataset in DATASETS.

    Raises:
        ConfigError: no file can have this name.
    """
    plain = name.removesuffix(VALIDATION)
    return () if plain in DATASETS else _fingerprint(_own_path(plain)[0])


MAX_LOADED = 4
_loaded: dict[tuple[str, tuple[int, ...]], Dataset] = {}
_loading = threading.RLock()


def _own_path(name: str) -> tuple[Path, bool]:
    """Where own data called `name` would lie, and whether something is there.

    Raises:
        ConfigError: no file can have this name (too long, unknown home folder).
    """
    try:
        path = Path(name).expanduser()
        return path, path.exists()
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"'{name}' is neither a dataset nor a path that can be looked up ({reason}); choose one of {', '.join(DATASETS)}."
        ) from None


def _fingerprint(path: Path) -> tuple[int, ...]:
    """Changes when the file, or any file of the folder, does."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    stats = [file.stat() for file in files if file.exists()]
    return (
        len(stats),
        sum(s.st_size for s in stats),
        max((s.st_mtime_ns for s in stats), default=0),
    )
