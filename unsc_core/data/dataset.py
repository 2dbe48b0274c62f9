"""Dataset: training and test samples with their labels; and the checks of user-supplied arrays."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unsc_core.errors import DataError, only_text

LONGEST_NAME = 60
"""Characters of a class's name; a longer one is cut."""


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


def checked_dataset(
    name: str,
    x_train: NDArray[np.generic],
    y_train: NDArray[np.generic],
    x_test: NDArray[np.generic],
    y_test: NDArray[np.generic],
    class_names: tuple[str, ...] = (),
) -> Dataset:
    """A Dataset from user-supplied arrays, after checking them.

    Args:
        name: where they come from, for messages.
        x_train, x_test: uint8 images (n, height, width) or (n, height, width, channels).
        y_train, y_test: (n,) integers from 0.
        class_names: one per class, or empty for "0", "1", ….

    Raises:
        DataError: the arrays cannot be used; one sentence says why.
    """
    train = _checked_images(name, "x_train", x_train)
    test = _checked_images(name, "x_test", x_test)
    if train.shape[1:] != test.shape[1:]:
        raise DataError(
            f"{name}: training images are {_size(train)} but test images are {_size(test)}; all "
            "images must have one size."
        )
    labels = _checked_labels(name, "y_train", y_train, len(train))
    test_labels = _checked_labels(name, "y_test", y_test, len(test))
    classes = int(labels.max()) + 1
    if classes < 2:
        raise DataError(f"{name}: y_train names only one class; forgetting needs at least two.")
    present, counts = np.unique(labels, return_counts=True)
    if len(present) < classes:
        missing = int(np.flatnonzero(present != np.arange(len(present)))[0])
        raise DataError(
            f"{name}: labels must run from 0 without gaps, but no training sample has label "
            f"{missing} (labels go up to {classes - 1}); renumber the classes."
        )
    if counts.min() < 2:
        raise DataError(
            f"{name}: class {counts.argmin()} has one training sample; every class needs two."
        )
    if test_labels.max() >= classes:
        raise DataError(
            f"{name}: y_test has label {test_labels.max()}, which no training sample has (0 to "
            f"{classes - 1})."
        )
    if untested := sorted(set(range(classes)) - set(test_labels.tolist())):
        raise DataError(
            f"{name}: no test sample has label {untested[0]}; every class needs at least one, or "
            "nothing can be measured on it."
        )
    if class_names and len(class_names) != classes:
        raise DataError(
            f"{name}: class_names has {len(class_names)} names for {classes} classes; give one per "
            "class."
        )
    names = tuple(map(_shown, class_names, range(classes))) or tuple(map(str, range(classes)))
    if len(set(names)) < classes:
        twice, _ = Counter(names).most_common(1)[0]
        raise DataError(f"{name}: two classes are called '{twice}'; give each its own name.")
    return Dataset(name, train, labels, test, test_labels, names)


def _shown(name: str, label: int) -> str:
    """The name of a class as any screen can show it; its label where nothing is left of it.

    What Markdown or HTML would read as more than text is replaced by characters that look like it.
    """
    plain = _IN_PLACES.sub(lambda found: found[0].translate(_ALIKE), only_text(name, LONGEST_NAME))
    return plain.translate(_ALIKE_ANYWHERE) or str(label)


_ALIKE_ANYWHERE = str.maketrans("<>*`$[]~|\\#", "‹›∗ˋ＄［］∼｜＼＃")
_ALIKE = str.maketrans("_:&", "＿∶＆")
_IN_PLACES = re.compile(r"(?<!\w)_|_(?!\w)|:(?=\S+:|//)|&(?=#?\w+;)")
"""Where these are more than text: _around words_, :names: of emoji, addresses, HTML entities."""


def _checked_images(name: str, part: str, x: NDArray[np.generic]) -> NDArray[np.uint8]:
    if x.dtype != np.uint8:
        raise DataError(
            f"{name}: {part} has dtype {x.dtype}; images must be uint8 (values 0 to 255)."
        )
    if x.ndim not in (3, 4):
        raise DataError(f"{name}: {part} has shape {x.shape}; images must be N×H×W or N×H×W×C.")
    if 0 in x.shape:
        raise DataError(f"{name}: {part} is empty (shape {x.shape}); give at least one image.")
    if x.ndim == 3:
        x = x[..., None]
    if x.shape[3] > 4:
        raise DataError(
            f"{name}: {part} has {x.shape[3]} channels (shape {x.shape}); channels come last, and "
            "there are at most 4."
        )
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2).astype(np.uint8, copy=False))


def _checked_labels(name: str, part: str, y: NDArray[np.generic], n: int) -> NDArray[np.int64]:
    if y.ndim != 1 or len(y) != n:
        raise DataError(
            f"{name}: {part} has shape {y.shape} for {n} images; labels must be one integer per "
            "image."
        )
    if not np.issubdtype(y.dtype, np.integer):
        raise DataError(f"{name}: {part} has dtype {y.dtype}; labels must be integers from 0.")
    labels = y.astype(np.int64)
    if labels.min() < 0:
        raise DataError(f"{name}: {part} has label {labels.min()}; labels must start at 0.")
    return labels


def _size(x: NDArray[np.generic]) -> str:
    channels, height, width = x.shape[1:]
    return f"{height}×{width}×{channels}"
