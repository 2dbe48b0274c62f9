"""Which samples on a map a network finds most alike, by its features. Reading needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.maps import MAX_MAPPED, mapped
from unsc_core.analysis.selection import MODELS
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.data.request import Split, split
from unsc_core.errors import ConfigError
from unsc_core.experiment.artefacts import NEIGHBOURS
from unsc_core.experiment.keys import content_key, keys
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store
from unsc_core.progress import Report, Stages, silent

if TYPE_CHECKING:
    from unsc_core.analysis.networks import Networks

COUNT = 8
"""Most neighbours of a sample."""
BATCH = 500


def neighbours_key(config: ExperimentConfig, request: Split, model: str, part: str) -> str:
    """The key of a model's neighbours among the samples of `mapped(request, part)`.

    It begins with the network's own key.

    Args:
        config: resolved; request: what it asks to forget.
        model: "original", "unlearned" or "retrained".
        part: "test" or "train".
    """
    data = request.dataset
    beside = request.forget_ids if len(data.labels(part)) > MAX_MAPPED and part == "train" else ()
    digest = data.test_digest if part == "test" else data.train_digest
    among = content_key(neighbours=COUNT, part=part, data=digest, beside=list(beside))
    return f"{getattr(keys(config, data), model)}-{among}"


def nearest_of_each(features: NDArray[np.float32], count: int = COUNT) -> NDArray[np.int32]:
    """(n, count) the rows whose features point most nearly in a row's own direction.

    Args:
        features: (n, d).
        count: how many; n − 1 if there are fewer.

    Returns:
        For each row, others, by their cosine with it, the most similar first.
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    count = min(count, len(unit) - 1)
    found = np.empty((len(unit), count), np.int32)
    for start in range(0, len(unit), BATCH):
        cosines = unit[start : start + BATCH] @ unit.T
        here = np.arange(len(cosines))
        cosines[here, start + here] = -np.inf
        best = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(cosines, best, 1), axis=1, kind="stable")
        found[start : start + BATCH] = np.take_along_axis(best, order, 1)
    return found


def read_neighbours(
    config: ExperimentConfig, request: Split, store: Store, model: str, part: str
) -> NDArray[np.int32] | None:
    """(n, count) what `nearest_of_each` finds in a model's features of `mapped(request, part)`.

    None until it has been made; (n, 0) where the network has no features, because its last layer is
    not Linear.
    """
    return NEIGHBOURS.read(store, neighbours_key(config, request, model, part))


def make_neighbours(
    part: str, config: ExperimentConfig, store: Store, report: Report = silent
) -> None:
    """Find and store the neighbours of "test" or "train" samples in every stored network."""
    from unsc_core.analysis.networks import read_networks

    stages, dataset = Stages(report), load_dataset(config.dataset)
    config = resolve(config, dataset)
    request = split(dataset, config.forget_classes, config.forget_ids)
    loaded = read_networks(config, dataset, store)
    for model in MODELS:
        key = neighbours_key(config, request, model, part)
        if model in loaded.models and not NEIGHBOURS.has(store, key):
            rows = mapped(request, part)
            with stages.stage("features", "comparing samples"):
                found = _neighbours(loaded, model, part, rows, stages)
            NEIGHBOURS.write(store, key, found)


def _neighbours(
    loaded: Networks, model: str, part: str, rows: NDArray[np.intp], stages: Stages
) -> NDArray[np.int32]:
    from unsc_core.analysis.networks import features

    data = loaded.data
    samples = (data.x_test if part == "test" else data.x_train)[data.index(rows)].split(BATCH)
    parts = []
    try:
        for i, batch in enumerate(samples):
            parts.append(features(loaded.models[model], data, batch))
            stages.tick(i + 1, len(samples))
    except ConfigError:  # its last layer is not Linear
        return np.empty((len(rows), 0), np.int32)
    return nearest_of_each(np.concatenate(parts))
