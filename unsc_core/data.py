"""DATASETS: every dataset by name, and loading by name or path."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unsc_core import downloads
from unsc_core.dataset import Dataset
from unsc_core.errors import ConfigError, DataError
from unsc_core.home import ASSETS
from unsc_core.own_data import load_own_data
from unsc_core.progress import Report, silent

MINI_PATH = ASSETS / "data" / "fashion-mnist-mini.npz"
MINI_PER_CLASS = (1000, 500)
VALIDATION = ":validation"


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


def blobs(_: Report = silent) -> Dataset:
    """Four Gaussian blobs in the plane, 400 training and 200 test points each, always the same."""
    rng = np.random.default_rng(0)
    centres = np.array([[-1.5, -1.2], [1.5, -1.2], [1.2, 1.5], [-1.2, 1.3]])

    def points(per_class: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.repeat(np.arange(4), per_class)
        return (centres[labels] + 0.55 * rng.standard_normal((len(labels), 2))).astype(np.float32), labels

    x_train, y_train = points(400)
    x_test, y_test = points(200)
    return Dataset("blobs", x_train, y_train, x_test, y_test, ("south-west", "south-east", "north-east", "north-west"))


def digits(_: Report = silent) -> Dataset:
    """scikit-learn's 1,797 handwritten digits, 8×8 (Alpaydin & Kaynak, 1998), 70 % for training."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    x = np.round(images.reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    x_train, x_test, y_train, y_test = train_test_split(x, labels.astype(np.int64), test_size=0.3, random_state=0, stratify=labels)
    return Dataset("digits", x_train, y_train, x_test, y_test, tuple(str(c) for c in range(10)))


def fashion_mnist_mini(_: Report = silent) -> Dataset:
    """The bundled part of Fashion-MNIST (MIT licence): 1,000 training and 500 test images a class, 28×28."""
    try:
        with np.load(MINI_PATH, allow_pickle=False) as file:
            parts = [file[name] for name in ("x_train", "y_train", "x_test", "y_test")]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"The bundled {MINI_PATH} cannot be read ({error}); restore it from the repository.") from None
    x_train, y_train, x_test, y_test = parts
    names = downloads.FASHION_NAMES
    return Dataset("fashion-mnist-mini", x_train[:, None], y_train.astype(np.int64), x_test[:, None], y_test.astype(np.int64), names)


def fashion_mnist_32(report: Report = silent) -> Dataset:
    """Fashion-MNIST as in the published experiments: resized to 32×32, the last tenth of each class left out for validation."""
    return _fashion_mnist_32(report, validation=False)


def _fashion_mnist_32(report: Report, validation: bool) -> Dataset:
    full = downloads.fashion_mnist(report)
    fit, held = _held_out(full.y_train, 0.1)
    x_train, y_train = resized(full.x_train[fit], 32), full.y_train[fit]
    x_test, y_test = (full.x_train[held], full.y_train[held]) if validation else (full.x_test, full.y_test)
    name = f"fashion-mnist-32{VALIDATION if validation else ''}"
    return Dataset(name, x_train, y_train, resized(x_test, 32), y_test, full.class_names, (0.286,), (0.353,))


def resized(images: NDArray[np.generic], side: int) -> NDArray[np.uint8]:
    """Square images (n, channels, size, size) uint8, resized to `side` × `side` by bilinear interpolation."""
    size = images.shape[-1]
    centres = np.clip((np.arange(side) + 0.5) * size / side - 0.5, 0, size - 1)
    weights = np.maximum(0.0, 1.0 - np.abs(centres[:, None] - np.arange(size))).astype(np.float32)  # (side, size)
    parts = [np.rint(weights @ part.astype(np.float32) @ weights.T).astype(np.uint8) for part in np.array_split(images, -(-len(images) // 5000))]
    return np.concatenate(parts)


def held_out(dataset: Dataset, share: float = 0.2) -> Dataset:
    """The training part of `dataset` split in two, to choose settings without a look at its test part.

    Returns:
        A dataset that trains on the first of each class and tests on the last `share` of it.
    """
    fit, held = _held_out(dataset.y_train, share)
    x, y = dataset.x_train, dataset.y_train
    return Dataset(dataset.name + VALIDATION, x[fit], y[fit], x[held], y[held], dataset.class_names, augment=dataset.augment)


def _held_out(labels: NDArray[np.int64], share: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to fit on, and the last `share` of each class, one sample or more."""
    of_class = [np.flatnonzero(labels == c) for c in range(int(labels.max()) + 1)]
    held = np.sort(np.concatenate([rows[-max(1, round(share * len(rows))) :] for rows in of_class]))
    return np.setdiff1d(np.arange(len(labels)), held), held


def make_fashion_mnist_mini(report: Report = silent) -> Path:
    """Write the bundled dataset anew: the first images of each class of the full Fashion-MNIST, in their order there."""
    full = downloads.fashion_mnist(report)
    arrays = {}
    for part, x, y, per_class in (
        ("train", full.x_train, full.y_train, MINI_PER_CLASS[0]),
        ("test", full.x_test, full.y_test, MINI_PER_CLASS[1]),
    ):
        chosen = np.sort(np.concatenate([np.flatnonzero(y == c)[:per_class] for c in range(full.num_classes)]))
        arrays[f"x_{part}"], arrays[f"y_{part}"] = x[chosen, 0], y[chosen].astype(np.uint8)
    MINI_PATH.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(MINI_PATH, allow_pickle=False, **arrays)
    return MINI_PATH


DATASETS: dict[str, DatasetEntry] = {
    entry.name: entry
    for entry in (
        DatasetEntry("fashion-mnist-mini", "Fashion-MNIST mini", "10,000 + 5,000 clothes, 28×28, bundled.", fashion_mnist_mini, "small-cnn", 6, 10),
        DatasetEntry("digits", "Digits", "1,797 handwritten digits, 8×8, bundled with scikit-learn.", digits, "small-cnn", 3, 40),
        DatasetEntry("blobs", "Blobs", "Four clouds of points in the plane.", blobs, "mlp", 0, 40),
        DatasetEntry("fashion-mnist", "Fashion-MNIST", "All 60,000 + 10,000 clothes, 28×28.", downloads.fashion_mnist, "small-cnn", 6, 10),
        DatasetEntry(
            "fashion-mnist-32", "Fashion-MNIST 32×32", "54,000 + 10,000 clothes, resized as in the published experiments.",
            fashion_mnist_32, "alexnet", 6, 10, validation=lambda report: _fashion_mnist_32(report, validation=True),
        ),
        DatasetEntry("cifar10", "CIFAR-10", "50,000 + 10,000 photographs, 32×32, ten classes.", downloads.cifar10, "allcnn", 3, 30),
        DatasetEntry("cifar100", "CIFAR-100", "50,000 + 10,000 photographs, 32×32, a hundred classes.", downloads.cifar100, "resnet18", 19, 60),
        DatasetEntry("svhn", "SVHN", "73,257 + 26,032 house numbers, 32×32.", downloads.svhn, "vgg11", 3, 15),
    )
}  # fmt: skip
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
        return DatasetEntry(name, path.name, "Own images.", lambda _: load_own_data(path), "small-cnn", 0, 0)
    raise ConfigError(f"Unknown dataset '{name}'; choose one of {', '.join(DATASETS)}, or give the path of an .npz file or image folder.")


def load_dataset(name: str, report: Report = silent) -> Dataset:
    """The dataset called `name`, or own data at that path; the last few stay in memory.

    Raises:
        ConfigError: unknown name.
        DataError: missing or unusable data.
    """
    entry = dataset_entry(name)
    key = (name, data_mark(name))
    if key not in _loaded:
        while len(_loaded) >= MAX_LOADED:
            _loaded.pop(next(iter(_loaded)), None)
        _loaded[key] = entry.load(report)
    return _loaded[key]


def data_mark(name: str) -> tuple[int, ...]:
    """Changes when the files of own data do; always the same for a dataset in DATASETS.

    Raises:
        ConfigError: no file can have this name.
    """
    plain = name.removesuffix(VALIDATION)
    return () if plain in DATASETS else _fingerprint(_own_path(plain)[0])


MAX_LOADED = 4
_loaded: dict[tuple[str, tuple[int, ...]], Dataset] = {}


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
    return (len(stats), sum(s.st_size for s in stats), max((s.st_mtime_ns for s in stats), default=0))
