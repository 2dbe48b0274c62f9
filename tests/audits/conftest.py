"""A small task in memory, on which networks that memorise and networks retrained are trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from unsc_core.audits.subject import Subject
from unsc_core.config import TrainingConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.experiment.result import Predictions
from unsc_core.learning.batches import predict, to_device
from unsc_core.learning.training import train

FEATURES, CLASSES, PER_CLASS, TEST_PER_CLASS = 20, 4, 40, 200


def overlapping(per_class: int = PER_CLASS, seed: int = 0) -> Dataset:
    """Four overlapping classes of points, so few that a network learns them by heart.

    Each class is two clusters on opposite sides of 0: no line finds it in the points themselves.
    """
    rng = np.random.default_rng(seed)
    means = 1.5 * rng.normal(size=(CLASSES, FEATURES))
    y = np.tile(np.arange(CLASSES), per_class + TEST_PER_CLASS)
    side = rng.choice([-1, 1], size=(len(y), 1))
    x = (side * means[y] + 2.6 * rng.normal(size=(len(y), FEATURES))).astype(np.float32)
    names = tuple("abcd")
    first = CLASSES * per_class
    return Dataset("overlapping", x[:first], y[:first], x[first:], y[first:], names)


def subject_of(
    network: nn.Module, dataset: Dataset, forget: tuple[int, ...] = (0,), seed: int = 0
) -> Subject:
    """A network in memory, as the audits see it."""
    data = to_device(dataset, "cpu")
    logits = (predict(network, data, x).numpy() for x in (data.x_test, data.x_train))
    return Subject(network, data, split(dataset, forget), Predictions(*logits), seed)


def trained(dataset: Dataset, without: int | None, seed: int) -> nn.Module:
    """A network trained until it is right on everything it sees."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(FEATURES, 12), nn.ReLU(), nn.Linear(12, CLASSES))
    data = to_device(dataset, "cpu")
    rows = torch.from_numpy(np.flatnonzero(dataset.y_train != without))
    train(network, data, rows, TrainingConfig(150, weight_decay=0.0, batch_size=32), seed)
    return network


@pytest.fixture(scope="package")
def dataset() -> Dataset:
    """The task."""
    return overlapping()


@pytest.fixture(scope="package")
def memoriser(dataset: Dataset) -> Subject:
    """A network trained on all classes."""
    return subject_of(trained(dataset, None, 0), dataset)


@pytest.fixture(scope="package")
def retrained(dataset: Dataset) -> Subject:
    """A network that has never seen class 0."""
    return subject_of(trained(dataset, 0, 0), dataset)


@pytest.fixture(scope="package")
def other_retrained(dataset: Dataset) -> Subject:
    """The same with another seed."""
    return subject_of(trained(dataset, 0, 1), dataset)
