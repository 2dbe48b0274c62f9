"""Maps of the decision space: fitted once on the original's logits, other models placed on them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split
from unsc_core.errors import ConfigError
from unsc_core.experiment.artefacts import LOGITS, MAPS
from unsc_core.experiment.keys import content_key, keys, logits_key
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.progress import Report, Stages, silent

MAX_POINTS = 1200
"""Of a map that is fitted, and of one in a figure of plotly's."""
MAX_MAPPED = 10_000
"""Of a map that people explore in the browser."""
NEIGHBOURS = 15
Points = NDArray[np.float32]


def sample(dataset: Dataset, points: int = MAX_POINTS, part: str = "test") -> NDArray[np.intp]:
    """Indices of at most `points` "test" or "train" samples: the first few of every class."""
    return dataset.first_of_each_class(part, max(1, points // dataset.num_classes))


def shown(request: Split, part: str) -> NDArray[np.intp]:
    """Indices of "test" or "train" samples on a map of this request: a `sample`, and forget_ids."""
    drawn = sample(request.dataset, part=part)
    if part == "train" and request.forget_ids:
        return np.union1d(drawn, request.forget_ids).astype(np.intp)
    return drawn


def mapped(request: Split, part: str) -> NDArray[np.intp]:
    """Indices of the "test" or "train" samples on a map to explore: all, or MAX_MAPPED of them.

    Of more, the first few of every class, and forget_ids.
    """
    dataset = request.dataset
    if len(dataset.labels(part)) <= MAX_MAPPED:
        return np.arange(len(dataset.labels(part)), dtype=np.intp)
    drawn = sample(dataset, MAX_MAPPED, part)
    forgotten = request.forget_ids if part == "train" else ()
    return np.union1d(drawn, np.array(forgotten, np.intp)).astype(np.intp)


def positions(
    result: Result, part: str, umap: Points | None, rows: NDArray[np.intp] | None = None
) -> dict[str, Points]:
    """Positions of samples under every model, on one map of the original's test samples.

    Args:
        result: the experiment.
        part: "test" or "train".
        umap: positions of the original's test samples on its UMAP; None for PCA.
        rows: (n,) the samples; those of `shown` if None.

    Returns:
        Model that has predicted `part` -> (n, 2) for `rows`.
    """
    rows = shown(result.split, part) if rows is None else rows
    logits = {
        name: answers.of(part)[rows] for name, answers in result.models.items() if answers.has(part)
    }
    original = result.original.test[sample(result.split.dataset)]
    return pca_map(original, logits) if umap is None else place(original, umap, logits)


def pca_map(original: Points, others: dict[str, Points]) -> dict[str, Points]:
    """Each model's logits along the two main directions of the original's (Pearson, 1901).

    Args:
        original: (n, classes) logits the directions are taken from.
        others: model name -> (n, classes) logits.

    Returns:
        Model name -> (n, 2).
    """
    centre = original.mean(0)
    _, _, directions = np.linalg.svd(original - centre, full_matrices=False)
    plane = directions[:2].T
    plane = plane * np.sign(plane.sum(0))  # SVD leaves the sign open
    return {name: ((logits - centre) @ plane).astype(np.float32) for name, logits in others.items()}


def place(original: Points, positions: Points, others: dict[str, Points]) -> dict[str, Points]:
    """Samples on a map of the original's, by inverse distance weighting (Shepard, 1968).

    A sample is placed at the mean position of its nearest original logits, weighted by
    1 / distance: unchanged logits keep their place exactly, and a small change is a small move.

    Args:
        original: (n, classes) logits the map was fitted on.
        positions: (n, 2) of these.
        others: model name -> (m, classes) logits.

    Returns:
        Model name -> (m, 2).
    """
    placed = {}
    k = min(NEIGHBOURS, len(original))
    for name, logits in others.items():
        squared = np.maximum(
            (logits**2).sum(1)[:, None] + (original**2).sum(1) - 2.0 * logits @ original.T, 0.0
        )
        nearest = np.argpartition(squared, k - 1, axis=1)[:, :k]
        distance = np.linalg.norm(logits[:, None] - original[nearest], axis=2)
        exact = (distance == 0).any(1, keepdims=True)
        weight = np.where(exact, distance == 0, 1.0 / np.maximum(distance, 1e-12))
        share = (weight / weight.sum(1, keepdims=True))[..., None]
        placed[name] = (share * positions[nearest]).sum(1).astype(np.float32)
    return placed


def fit_umap(original: Points, seed: int) -> Points:
    """(n, 2) positions of logits (n, classes) by UMAP (McInnes, Healy, Melville, 2018).

    Neighbours are exact, by scikit-learn: umap-learn would spend 5 s on compiling its own search.
    """
    import warnings

    from sklearn.neighbors import NearestNeighbors

    neighbours = min(NEIGHBOURS, len(original) - 1)
    distances, nearest = NearestNeighbors(n_neighbors=neighbours).fit(original).kneighbors(original)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mapper = _umap().UMAP(
            n_neighbors=neighbours,
            min_dist=0.8,
            spread=1.5,
            random_state=seed,
            n_jobs=1,
            precomputed_knn=(nearest, distances.astype(np.float32)),
        )
        return np.asarray(mapper.fit_transform(original), dtype=np.float32)


@cache
def _umap() -> Any:
    """umap-learn, storing what numba compiles beside it, which saves other processes 6 s."""
    import umap
    from umap import umap_

    for function in (umap_.smooth_knn_dist, umap_.compute_membership_strengths):
        function.enable_caching()
    return umap


def umap_key(config: ExperimentConfig, dataset: Dataset) -> str:
    """The key of the original's UMAP, which every request on this original shares."""
    return content_key(
        umap=logits_key(keys(config, dataset).original, dataset, "test"),
        points=MAX_POINTS,
        neighbours=NEIGHBOURS,
        seed=config.seed,
    )


def read_umap(config: ExperimentConfig, dataset: Dataset, store: Store) -> Points | None:
    """(n, 2) positions of `sample(dataset)` for the original, or None until they have been made."""
    return MAPS.read(store, umap_key(config, dataset))


def make_umap(config: ExperimentConfig, store: Store, report: Report = silent) -> None:
    """Fit and store the map of a config's original model, whose logits must be in the store.

    Raises:
        ConfigError: the original has not answered the test set yet.
    """
    stages = Stages(report)
    dataset = load_dataset(config.dataset)
    config = resolve(config, dataset)
    logits = LOGITS.read(store, logits_key(keys(config, dataset).original, dataset, "test"))
    if logits is None:
        raise ConfigError("The map needs the original model's answers; run the experiment first.")
    with stages.stage("umap", "drawing the map (UMAP)"):
        positions = fit_umap(logits[sample(dataset)], config.seed)
    MAPS.write(store, umap_key(config, dataset), positions)
