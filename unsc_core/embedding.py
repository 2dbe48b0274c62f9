"""Two-dimensional maps of the decision space: fitted once on the original's logits, other models placed into it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unsc_core.config import ExperimentConfig, content_key
from unsc_core.data import load_dataset
from unsc_core.dataset import Dataset
from unsc_core.progress import Report, Stages, silent
from unsc_core.results import keys, resolve
from unsc_core.store import Artefact, Store

MAX_POINTS = 1200
NEIGHBOURS = 15
Points = NDArray[np.float32]


def sample(dataset: Dataset, points: int = MAX_POINTS) -> NDArray[np.intp]:
    """Indices of test samples to show: the first of every class in equal shares, `points` at most."""
    per_class = max(1, points // dataset.num_classes)
    return np.sort(np.concatenate([np.flatnonzero(dataset.y_test == c)[:per_class] for c in range(dataset.num_classes)]))


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


def umap_map(original: Points, others: dict[str, Points], seed: int) -> dict[str, Points]:
    """UMAP (McInnes, Healy, Melville, 2018) fitted on the original's logits; every model placed by its neighbours there.

    A sample of another model lies at the mean of its nearest original points, weighted by UMAP's own
    memberships, without further optimisation: logits that did not change keep their place exactly.

    Returns:
        Model name -> (n, 2); a model with the original's logits gets the original's positions.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import umap
        from umap.umap_ import init_graph_transform

        mapper = umap.UMAP(n_neighbors=min(NEIGHBOURS, len(original) - 1), min_dist=0.3, random_state=seed, n_jobs=1)
        positions = mapper.fit_transform(original)
        mapper.transform_mode = "graph"
        placed = {}
        for name, logits in others.items():
            memberships = mapper.transform(logits).tocsr()
            memberships.eliminate_zeros()
            same = (logits == original).all(1)
            placed[name] = np.where(same[:, None], positions, init_graph_transform(memberships, positions)).astype(np.float32)
    return placed


def umap_key(config: ExperimentConfig, dataset: Dataset, retrained: bool) -> str:
    """The key of the stored map of a resolved config, with or without the retrained model."""
    found = keys(config, dataset)
    return content_key(umap=found.original, models=[found.unlearned, found.retrained if retrained else ""], points=MAX_POINTS, seed=config.seed)


def read_umap(config: ExperimentConfig, dataset: Dataset, store: Store, retrained: bool) -> dict[str, Points] | None:
    """Model name -> (n, 2) positions of `sample(dataset)`, or None until the map has been made."""
    stored = store.get("embeddings", umap_key(config, dataset, retrained))
    return None if stored is None else stored.arrays


def make_umap(config: ExperimentConfig, store: Store, report: Report = silent) -> None:
    """Fit and store the map of a config whose logits are in the store, with the retrained model if it is there."""
    from unsc_core.results import read_result

    stages = Stages(report)
    dataset = load_dataset(config.dataset)
    config = resolve(config, dataset)
    result = read_result(config, dataset, store)
    if result is None:
        return
    rows = sample(dataset)
    logits = {name: answers.test[rows] for name, answers in result.models.items()}
    with stages.stage("umap", "drawing the map (UMAP)"):
        positions = umap_map(logits["original"], logits, config.seed)
    store.put("embeddings", umap_key(config, dataset, result.retrained is not None), Artefact(dict(positions)))
