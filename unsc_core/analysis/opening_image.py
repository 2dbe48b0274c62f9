"""Which samples a page offers to try, and in which order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unsc_core.data.request import Split

ORDER = 0
"""The seed of the order in which the samples of a class are offered."""


def offered(request: Split, label: int | None) -> NDArray[np.intp]:
    """The test samples of a class, in the order in which they are offered.

    Args:
        request: what is to be forgotten, and the dataset.
        label: a class; None for the training samples to be forgotten one by one.
    """
    dataset = request.dataset
    rows = (
        np.array(request.forget_ids) if label is None else np.flatnonzero(dataset.y_test == label)
    )
    return np.random.default_rng(ORDER).permutation(rows).astype(np.intp)


def first_choice(request: Split, original: NDArray[np.float32]) -> int:
    """The test sample to begin with: one of the class to forget that the original recognises.

    Args:
        request: what is to be forgotten, and the dataset.
        original: (n, classes) the original's logits on the test samples.

    Returns:
        Its row; the first that is offered if the original recognises none.
    """
    label = request.forget_classes[0]
    rows = offered(request, label)
    right = np.flatnonzero(original[rows].argmax(1) == label)
    return int(rows[right[0]] if len(right) else rows[0])


def next_after(rows: NDArray[np.intp], row: int) -> int:
    """The row that follows `row` in `rows`, the first after the last; the first if it is absent."""
    at = np.flatnonzero(rows == row)
    return int(rows[(at[0] + 1) % len(rows)] if len(at) else rows[0])
