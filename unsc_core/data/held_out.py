"""A validation part of the training data, so that settings are chosen without a look at the test part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unsc_core.data.dataset import Dataset

VALIDATION = ":validation"


def held_out(dataset: Dataset, share: float = 0.2) -> Dataset:
    """The training part of `dataset` split in two, to choose settings without a look at its test part.

    Returns:
        A dataset that trains on the first of each class and tests on the last `share` of it.
    """
    fit, held = _held_out(dataset.y_train, share)
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


def _held_out(labels: NDArray[np.int64], share: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to fit on, and the last `share` of each class, one sample or more."""
    of_class = [np.flatnonzero(labels == c) for c in range(int(labels.max()) + 1)]
    held = np.sort(np.concatenate([rows[-max(1, round(share * len(rows))) :] for rows in of_class]))
    return np.setdiff1d(np.arange(len(labels)), held), held
