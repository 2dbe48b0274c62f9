"""Blobs: points in the plane."""

from __future__ import annotations

import numpy as np

from unsc_core.data.dataset import Dataset
from unsc_core.data.entry import DatasetEntry
from unsc_core.progress import Report, silent


def load(_: Report = silent) -> Dataset:
    """Four Gaussian blobs in the plane, 400 training and 200 test points each, always the same."""
    rng = np.random.default_rng(0)
    centres = np.array([[-1.5, -1.2], [1.5, -1.2], [1.2, 1.5], [-1.2, 1.3]])

    def points(per_class: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.repeat(np.arange(4), per_class)
        noise = 0.55 * rng.standard_normal((len(labels), 2))
        return (centres[labels] + noise).astype(np.float32), labels

    names = ("south-west", "south-east", "north-east", "north-west")
    return Dataset("blobs", *points(400), *points(200), names)


DATASET = DatasetEntry(
    name="blobs",
    title="Blobs",
    summary="Four clusters of points in the plane.",
    load=load,
    default_model="mlp",
    default_forget_class=0,
    training_epochs=40,
    order=30,
)
