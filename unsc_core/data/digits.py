"""Digits: the handwritten digits that come with scikit-learn."""

from __future__ import annotations

import numpy as np

from unsc_core.data.dataset import Dataset
from unsc_core.data.entry import DatasetEntry
from unsc_core.progress import Report, silent


def load(_: Report = silent) -> Dataset:
    """1,797 handwritten digits, 8×8 (Alpaydin & Kaynak, 1998), 70 % of them for training."""
    from sklearn.datasets import load_digits  # takes a second to load
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    x = np.round(images.reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    x_train, x_test, y_train, y_test = train_test_split(
        x, labels.astype(np.int64), test_size=0.3, random_state=0, stratify=labels
    )
    return Dataset("digits", x_train, y_train, x_test, y_test, tuple(str(c) for c in range(10)))


DATASET = DatasetEntry(
    name="digits",
    title="Digits",
    summary="1,797 handwritten digits, 8×8, bundled with scikit-learn.",
    load=load,
    default_model="small-cnn",
    default_forget_class=3,
    training_epochs=40,
    order=20,
)
