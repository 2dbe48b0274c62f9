"""The training images that a network finds most alike, by its features. Reading needs no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.artefacts import FEATURES
from unsc_core.experiment.keys import content_key, keys
from unsc_core.experiment.store import Store
from unsc_core.progress import Report, silent

MAX_COMPARED = 10_000
"""Most training images that an image is compared with: the first few of every class."""
BATCH = 500
MODELS_COMPARED = ("original", "unlearned")
"""Whose features are compared: does unlearning leave an image among what it resembled?"""


def compared(dataset: Dataset) -> NDArray[np.intp]:
    """Indices of the training images that an image is compared with."""
    return dataset.first_of_each_class("train", max(1, MAX_COMPARED // dataset.num_classes))


def features_key(config: ExperimentConfig, dataset: Dataset, model: str) -> str:
    """The key of the features of the "original" or the "unlearned" network of a resolved config."""
    network = getattr(keys(config, dataset), model)
    return content_key(features=network, data=dataset.train_digest, compared=MAX_COMPARED)


def read_features(
    config: ExperimentConfig, dataset: Dataset, store: Store, model: str
) -> NDArray[np.float32] | None:
    """(n, d) features of `compared(dataset)`, each of length 1; None until they have been made."""
    return FEATURES.read(store, features_key(config, dataset, model))


def nearest(
    features: NDArray[np.float32], of: NDArray[np.float32], count: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The samples whose features point most nearly in the direction of `of`.

    Args:
        features: (n, d), each of length 1.
        of: (d,) features of an image.
        count: how many; all if there are fewer.

    Returns:
        Their rows in `features`, the most similar first, and their cosines with `of`.
    """
    cosines = features @ (of / max(float(np.linalg.norm(of)), 1e-12))
    rows = np.argsort(-cosines, kind="stable")[:count]
    return rows, cosines[rows]


def make_features(config: ExperimentConfig, store: Store, report: Report = silent) -> None:
    """Compute and store the features of both networks of a config.

    Raises:
        ConfigError: the last layer of the network is not Linear.
    """
    from unsc_core.analysis.networks import features
    from unsc_core.experiment.experiment import Experiment

    work = Experiment(config, store, report)
    rows = work.data.index(compared(work.dataset))
    batches = rows.split(BATCH)
    for model in MODELS_COMPARED:
        key = features_key(work.config, work.dataset, model)
        if FEATURES.has(store, key):
            continue
        network = work.original if model == "original" else work.unlearned.model
        parts = []
        with work.stages.stage("features", "comparing training images"):
            for i, batch in enumerate(batches):
                parts.append(features(network, work.data, work.data.x_train[batch]))
                work.stages.tick(i + 1, len(batches))
        found = np.concatenate(parts)
        lengths = np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        FEATURES.write(store, key, (found / lengths).astype(np.float32))
