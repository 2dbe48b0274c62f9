"""Dataset: training and test samples with their labels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test samples; never changed after construction.

    Attributes:
        name: registry name, or the path of user-supplied data.
        x_train, x_test: images (n, channels, height, width) uint8, or points (n, features) float32.
        y_train, y_test: (n,) int64, classes 0 … classes − 1, every class present in training.
        class_names: one per class.
        mean, std: per channel or feature, of the training samples (images: on the scale 0–1).
        augment: whether training shifts and mirrors images.
    """

    name: str
    x_train: NDArray[np.generic]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.generic]
    y_test: NDArray[np.int64]
    class_names: tuple[str, ...]
    mean: tuple[float, ...] = field(default=())
    std: tuple[float, ...] = field(default=())
    augment: bool = False

    def __post_init__(self) -> None:
        if not self.mean:
            mean, std = _channel_statistics(self.x_train)
            object.__setattr__(self, "mean", mean)
            object.__setattr__(self, "std", std)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample: (channels, height, width) or (features,)."""
        return self.x_train.shape[1:]

    @property
    def is_images(self) -> bool:
        """Whether samples are uint8 images rather than points."""
        return self.x_train.ndim == 4

    def samples(self, part: str) -> NDArray[np.generic]:
        """The samples of "train" or "test"."""
        return self.x_train if part == "train" else self.x_test

    def labels(self, part: str) -> NDArray[np.int64]:
        """(n,) true classes of "train" or "test"."""
        return self.y_train if part == "train" else self.y_test

    def first_of_each_class(self, part: str, count: int) -> NDArray[np.intp]:
        """Indices, ascending, of the first `count` samples of every class in "train" or "test"."""
        labels = self.labels(part)
        rows = [np.flatnonzero(labels == c)[:count] for c in range(self.num_classes)]
        return np.sort(np.concatenate(rows))

    @cached_property
    def train_digest(self) -> str:
        """Identifies what a model is trained on: samples, labels, normalisation, augmentation."""
        return _digest(f"{self.mean}{self.std}{self.augment}", self.x_train, self.y_train)

    @cached_property
    def test_digest(self) -> str:
        """Identifies what a model is tested on: samples and labels."""
        return _digest("", self.x_test, self.y_test)


def _digest(settings: str, *arrays: NDArray[np.generic]) -> str:
    sha = hashlib.sha256(settings.encode())
    for array in arrays:
        sha.update(f"{array.dtype.str}{array.shape}".encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()[:20]


def _channel_statistics(x: NDArray[np.generic]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel, rounded so that all machines derive the same key."""
    scale = 255.0 if x.ndim == 4 else 1.0
    axes = (0, *range(2, x.ndim))
    mean = x.mean(axes, dtype=np.float64) / scale
    std = x.std(axes, dtype=np.float64) / scale
    return tuple(round(float(m), 4) for m in mean), tuple(
        max(round(float(s), 4), 1e-3) for s in std
    )
