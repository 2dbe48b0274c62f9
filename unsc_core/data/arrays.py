"""A Dataset from user-supplied arrays, which are checked first."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from unsc_core.data.dataset import Dataset
from unsc_core.errors import DataError, only_text

LONGEST_NAME = 60
"""Characters of a class's name; a longer one is cut."""
_ALIKE_ANYWHERE = str.maketrans("<>*`$[]~|\\#", "‹›∗ˋ＄［］∼｜＼＃")
_ALIKE = str.maketrans("_:&", "＿∶＆")
_IN_PLACES = re.compile(r"(?<!\w)_|_(?!\w)|:(?=\S+:|//)|&(?=#?\w+;)")
"""Where these are more than text: _around words_, :names: of emoji, addresses, HTML entities."""


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
    classes = _count_classes(name, labels, test_labels)
    names = _checked_names(name, class_names, classes)
    return Dataset(name, train, labels, test, test_labels, names)


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


def _count_classes(name: str, labels: NDArray[np.int64], test_labels: NDArray[np.int64]) -> int:
    """How many classes there are: two or more, each with samples to learn from and to test on."""
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
    return classes


def _checked_names(name: str, class_names: tuple[str, ...], classes: int) -> tuple[str, ...]:
    """One name for each class, all of them different."""
    if class_names and len(class_names) != classes:
        raise DataError(
            f"{name}: class_names has {len(class_names)} names for {classes} classes; give one per "
            "class."
        )
    names = tuple(map(_shown, class_names, range(classes))) or tuple(map(str, range(classes)))
    if len(set(names)) < classes:
        twice, _ = Counter(names).most_common(1)[0]
        raise DataError(f"{name}: two classes are called '{twice}'; give each its own name.")
    return names


def _shown(name: str, label: int) -> str:
    """The name of a class as any screen can show it; its label where nothing is left of it.

    What Markdown or HTML would read as more than text is replaced by characters that look like it.
    """
    plain = _IN_PLACES.sub(lambda found: found[0].translate(_ALIKE), only_text(name, LONGEST_NAME))
    return plain.translate(_ALIKE_ANYWHERE) or str(label)


def _size(x: NDArray[np.generic]) -> str:
    channels, height, width = x.shape[1:]
    return f"{height}×{width}×{channels}"
