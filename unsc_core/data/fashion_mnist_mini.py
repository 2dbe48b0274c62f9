"""Fashion-MNIST mini: the bundled part of Fashion-MNIST (MIT licence)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unsc_core.data import fashion_mnist
from unsc_core.data.dataset import Dataset
from unsc_core.data.entry import DatasetEntry
from unsc_core.errors import DataError
from unsc_core.paths import ASSETS
from unsc_core.progress import Report, silent

MINI_PATH = ASSETS / "data" / "fashion-mnist-mini.npz"
MINI_PER_CLASS = (1000, 500)


def load(_: Report = silent) -> Dataset:
    """1,000 training and 500 test images per class, 28×28."""
    try:
        with np.load(MINI_PATH, allow_pickle=False) as file:
            parts = [file[name] for name in ("x_train", "y_train", "x_test", "y_test")]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"The bundled {MINI_PATH} cannot be read ({error}); restore it from the repository."
        ) from None
    x_train, y_train, x_test, y_test = parts
    return Dataset(
        "fashion-mnist-mini",
        x_train[:, None],
        y_train.astype(np.int64),
        x_test[:, None],
        y_test.astype(np.int64),
        fashion_mnist.CLASS_NAMES,
    )


def make_fashion_mnist_mini() -> Path:
    """Write the bundled file: the first images of each class of Fashion-MNIST, in their order."""
    full = fashion_mnist.load(silent)
    arrays = {}
    for part, per_class in zip(("train", "test"), MINI_PER_CLASS, strict=True):
        x, y = full.samples(part), full.labels(part)
        chosen = full.first_of_each_class(part, per_class)
        arrays[f"x_{part}"], arrays[f"y_{part}"] = x[chosen, 0], y[chosen].astype(np.uint8)
    MINI_PATH.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(MINI_PATH, allow_pickle=False, **arrays)
    return MINI_PATH


DATASET = DatasetEntry(
    name="fashion-mnist-mini",
    title="Fashion-MNIST mini",
    summary="10,000 + 5,000 images of clothing, 28×28, bundled.",
    load=load,
    default_model="small-cnn",
    default_forget_class=6,
    training_epochs=10,
    order=10,
)
