"""The datasets that need no network: points, digits, the bundled part of Fashion-MNIST; and Fashion-MNIST as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unsc_core.data import downloads
from unsc_core.data.dataset import Dataset
from unsc_core.data.held_out import VALIDATION, _held_out
from unsc_core.errors import DataError
from unsc_core.paths import ASSETS
from unsc_core.progress import Report, silent

MINI_PATH = ASSETS / "data" / "fashion-mnist-mini.npz"
MINI_PER_CLASS = (1000, 500)


def blobs(_: Report = silent) -> Dataset:
    """Four Gaussian blobs in the plane, 400 training and 200 test points each, always the same."""
    rng = np.random.default_rng(0)
    centres = np.array([[-1.5, -1.2], [1.5, -1.2], [1.2, 1.5], [-1.2, 1.3]])

    def points(per_class: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.repeat(np.arange(4), per_class)
        return (centres[labels] + 0.55 * rng.standard_normal((len(labels), 2))).astype(
            np.float32
        ), labels

    x_train, y_train = points(400)
    x_test, y_test = points(200)
    return Dataset(
        "blobs",
        x_train,
        y_train,
        x_test,
        y_test,
        ("south-west", "south-east", "north-east", "north-west"),
    )


def digits(_: Report = silent) -> Dataset:
    """scikit-learn's 1,797 handwritten digits, 8×8 (Alpaydin & Kaynak, 1998), 70 % for training."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    x = np.round(images.reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    x_train, x_test, y_train, y_test = train_test_split(
        x, labels.astype(np.int64), test_size=0.3, random_state=0, stratify=labels
    )
    return Dataset("digits", x_train, y_train, x_test, y_test, tuple(str(c) for c in range(10)))


def fashion_mnist_mini(_: Report = silent) -> Dataset:
    """The bundled part of Fashion-MNIST (MIT licence): 1,000 training and 500 test images a class, 28×28."""
    try:
        with np.load(MINI_PATH, allow_pickle=False) as file:
            parts = [file[name] for name in ("x_train", "y_train", "x_test", "y_test")]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"The bundled {MINI_PATH} cannot be read ({error}); restore it from the repository."
        ) from None
    x_train, y_train, x_test, y_test = parts
    names = downloads.FASHION_NAMES
    return Dataset(
        "fashion-mnist-mini",
        x_train[:, None],
        y_train.astype(np.int64),
        x_test[:, None],
        y_test.astype(np.int64),
        names,
    )


def fashion_mnist_32(report: Report = silent) -> Dataset:
    """Fashion-MNIST as in the published experiments: resized to 32×32, the last tenth of each class left out for validation."""
    return _fashion_mnist_32(report, validation=False)


def _fashion_mnist_32(report: Report, validation: bool) -> Dataset:
    full = downloads.fashion_mnist(report)
    fit, held = _held_out(full.y_train, 0.1)
    x_train, y_train = resized(full.x_train[fit], 32), full.y_train[fit]
    x_test, y_test = (
        (full.x_train[held], full.y_train[held]) if validation else (full.x_test, full.y_test)
    )
    name = f"fashion-mnist-32{VALIDATION if validation else ''}"
    return Dataset(
        name, x_train, y_train, resized(x_test, 32), y_test, full.class_names, (0.286,), (0.353,)
    )


def resized(images: NDArray[np.generic], side: int) -> NDArray[np.uint8]:
    """Square images (n, channels, size, size) uint8, resized to `side` × `side` by bilinear interpolation."""
    size = images.shape[-1]
    centres = np.clip((np.arange(side) + 0.5) * size / side - 0.5, 0, size - 1)
    weights = np.maximum(0.0, 1.0 - np.abs(centres[:, None] - np.arange(size))).astype(
        np.float32
    )  # (side, size)
    parts = [
        np.rint(weights @ part.astype(np.float32) @ weights.T).astype(np.uint8)
        for part in np.array_split(images, -(-len(images) // 5000))
    ]
    return np.concatenate(parts)


def make_fashion_mnist_mini(report: Report = silent) -> Path:
    """Write the bundled dataset anew: the first images of each class of the full Fashion-MNIST, in their order there."""
    full = downloads.fashion_mnist(report)
    arrays = {}
    for part, x, y, per_class in (
        ("train", full.x_train, full.y_train, MINI_PER_CLASS[0]),
        ("test", full.x_test, full.y_test, MINI_PER_CLASS[1]),
    ):
        chosen = np.sort(
            np.concatenate([np.flatnonzero(y == c)[:per_class] for c in range(full.num_classes)])
        )
        arrays[f"x_{part}"], arrays[f"y_{part}"] = x[chosen, 0], y[chosen].astype(np.uint8)
    MINI_PATH.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(MINI_PATH, allow_pickle=False, **arrays)
    return MINI_PATH
