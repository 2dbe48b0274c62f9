"""A validation set split off the training set, so that tuning never uses the test set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unsc_core.data.dataset import Dataset

VALIDATION = ":validation"
"""Suffix of a dataset's name that stands for its validation split."""


def held_out(dataset: Dataset, share: float = 0.2) -> Dataset:
    """A dataset that trains and tests on the training set of `dataset`, split in two.

    The last `share` of each class becomes its test set.
    """
    fit, held = held_out_rows(dataset.y_train, share)
    x, y = dataset.x_train, dataset.y_train
    return Dataset(
        dataset.name + VALIDATION,
        x[fit],
        y[fit],
        x[held],
        y[held],
        dataset.class_names,
        augment=dataset.augment,
    )


def held_out_rows(
    labels: NDArray[np.int64], share: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to train on, and rows to hold out: the last `share` of each class, at least one."""
    of_class = [np.flatnonzero(labels == c) for c in range(int(labels.max()) + 1)]
    held = np.sort(np.concatenate([rows[-max(1, round(share * len(rows))) :] for rows in of_class]))
    return np.setdiff1d(np.arange(len(labels)), held), held
