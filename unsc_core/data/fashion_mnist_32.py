"""Fashion-MNIST as in the paper's experiments: 32×32, a tenth of the training set held out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unsc_core.data import fashion_mnist
from unsc_core.data.dataset import Dataset
from unsc_core.data.entry import DatasetEntry
from unsc_core.data.held_out import VALIDATION, held_out_rows
from unsc_core.progress import Report


def load(report: Report) -> Dataset:
    """54,000 training and 10,000 test images."""
    full = fashion_mnist.load(report)
    return _resized("fashion-mnist-32", full, full.x_test, full.y_test)


def load_validation(report: Report) -> Dataset:
    """The same training images, with the 6,000 held-out ones in place of the test images."""
    full = fashion_mnist.load(report)
    _, held = held_out_rows(full.y_train, 0.1)
    return _resized(f"fashion-mnist-32{VALIDATION}", full, full.x_train[held], full.y_train[held])


def _resized(
    name: str, full: Dataset, x_test: NDArray[np.generic], y_test: NDArray[np.int64]
) -> Dataset:
    fit, _ = held_out_rows(full.y_train, 0.1)
    return Dataset(
        name,
        resized(full.x_train[fit], 32),
        full.y_train[fit],
        resized(x_test, 32),
        y_test,
        full.class_names,
        mean=(0.286,),
        std=(0.353,),
    )


def resized(images: NDArray[np.generic], side: int) -> NDArray[np.uint8]:
    """Square images (n, channels, size, size) uint8, resized by bilinear interpolation."""
    size = images.shape[-1]
    centres = np.clip((np.arange(side) + 0.5) * size / side - 0.5, 0, size - 1)
    distances = np.abs(centres[:, None] - np.arange(size))
    weights = np.maximum(0.0, 1.0 - distances).astype(np.float32)  # (side, size)
    parts = [
        np.rint(weights @ part.astype(np.float32) @ weights.T).astype(np.uint8)
        for part in np.array_split(images, -(-len(images) // 5000))
    ]
    return np.concatenate(parts)


DATASET = DatasetEntry(
    name="fashion-mnist-32",
    title="Fashion-MNIST 32×32",
    summary="54,000 + 10,000 images of clothing, resized as in the paper's experiments.",
    load=load,
    default_model="alexnet",
    default_forget_class=6,
    training_epochs=10,
    order=50,
    load_validation=load_validation,
    is_available=fashion_mnist.is_available,
)
