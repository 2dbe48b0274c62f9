"""Samples on a map, and what people explore of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.shared.cache.files import dataset, store, time_of
from unsc_core.analysis import maps
from unsc_core.analysis.neighbours import neighbours_key
from unsc_core.analysis.replay import Epochs
from unsc_core.config import ExperimentConfig
from unsc_core.data.request import Split
from unsc_core.experiment.artefacts import NEIGHBOURS
from unsc_core.experiment.result import Result
from unsc_core.figures import explorer

Sheet = tuple[bytes, int, int]
"""A PNG, its columns and the pixels of a side of a tile; see `explorer.sheet`."""


@dataclass(frozen=True, eq=False)
class Explored:
    """Samples to explore: their indices, model -> places on a map, and `explorer.numbers`."""

    rows: np.ndarray
    positions: dict[str, np.ndarray]
    numbers: bytes


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Neighbours of explored samples in the features of networks.

    Attributes:
        counts: model -> how many each sample has: 0 where the network has no features.
        numbers: model by model, uint16 (n, count) places among the samples, little-endian.
    """

    counts: dict[str, int]
    numbers: bytes


@st.cache_resource(show_spinner=False, max_entries=32)
def _positions(
    kind: str, part: str, key: str, models: tuple[str, ...], _result: Result
) -> dict[str, np.ndarray]:
    return maps.positions(_result, part, _fitted(kind, _result))


def positions(kind: str, result: Result, part: str = "test") -> dict[str, np.ndarray]:
    """Model -> (n, 2): the shown samples of `part` on a map of the original's logits.

    Args:
        kind: "PCA", or "UMAP", which must have been fitted.
        result: of the experiment.
        part: "test" or "train".
    """
    models = tuple(name for name, answers in result.models.items() if answers.has(part))
    return _positions(kind, part, result.key, models, result)


def positions_of(kind: str, result: Result, part: str, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Model -> (n, 2): any samples `rows` (n,) of `part`; the rest as in `positions`."""
    models = tuple(name for name, answers in result.models.items() if answers.has(part))
    return _positions_of(kind, part, result.key, models, tuple(rows.tolist()), result)


@st.cache_resource(show_spinner=False, max_entries=32)
def _positions_of(
    kind: str, part: str, key: str, models: tuple[str, ...], rows: tuple[int, ...], _result: Result
) -> dict[str, np.ndarray]:
    return maps.positions(_result, part, _fitted(kind, _result), np.array(rows, np.intp))


def _fitted(kind: str, result: Result) -> np.ndarray | None:
    return maps.read_umap(result.config, result.split.dataset, store()) if kind == "UMAP" else None


@st.cache_resource(show_spinner=False, max_entries=8)
def _explored(kind: str, part: str, key: str, models: tuple[str, ...], _result: Result) -> Explored:
    rows = maps.mapped(_result.split, part)
    placed = maps.positions(_result, part, _fitted(kind, _result), rows)
    return Explored(rows, placed, explorer.numbers(_result, placed, rows, part))


def explored(kind: str, result: Result, part: str) -> Explored:
    """The samples that people explore in the browser; arguments as in `positions`."""
    models = tuple(name for name, answers in result.models.items() if answers.has(part))
    return _explored(kind, part, result.key, models, result)


def neighbours(result: Result, part: str) -> Neighbours:
    """The neighbours of the samples of `explored`, as far as they are known."""
    request, written = result.split, {}
    for model in result.models:
        key = neighbours_key(result.config, request, model, part)
        if at := time_of(NEIGHBOURS, key):
            written[model] = key, at
    return _neighbours(tuple(written.items()))


@st.cache_resource(show_spinner=False, max_entries=8)
def _neighbours(written: tuple[tuple[str, tuple[str, float]], ...]) -> Neighbours:
    read = {model: NEIGHBOURS.read(store(), key) for model, (key, _) in written}
    found = {model: one for model, one in read.items() if one is not None}
    counts = {model: one.shape[1] for model, one in found.items()}
    return Neighbours(counts, b"".join(one.astype("<u2").tobytes() for one in found.values()))


@st.cache_resource(show_spinner=False, max_entries=6)
def _sheet(digest: str, part: str, forget_ids: tuple[int, ...], _request: Split) -> Sheet:
    return explorer.sheet(_request.dataset, part, maps.mapped(_request, part))


def sheet(request: Split, part: str) -> Sheet | None:
    """The images of the samples that people explore, as one PNG; None for points."""
    data = request.dataset
    if not data.is_images:
        return None
    digest = f"{data.train_digest}{data.test_digest}"
    return _sheet(digest, part, request.forget_ids if part == "train" else (), request)


@st.cache_resource(show_spinner=False, max_entries=32)
def trustworthiness(
    kind: str, part: str, key: str, _result: Result, _positions: np.ndarray
) -> float:
    """How far neighbours on a map are neighbours in the original's logits, too; 1 if all are.

    After Venna and Kaski (2001), of the samples that `positions` has.
    """
    from sklearn import manifold  # takes a second to load: after the map is drawn

    logits = _result.original.of(part)[maps.shown(_result.split, part)]
    neighbours = min(maps.NEIGHBOURS, (len(logits) - 1) // 2)
    return float(manifold.trustworthiness(logits, _positions, n_neighbors=neighbours))


def has_umap(config: ExperimentConfig) -> bool:
    """Whether the original's UMAP has been fitted."""
    return maps.read_umap(config, dataset(config.dataset), store()) is not None


@st.cache_resource(show_spinner=False, max_entries=8)
def epoch_positions(kind: str, key: str, _result: Result, _epochs: Epochs) -> np.ndarray:
    """(entries, n, 2): the shown samples after every epoch; arguments as in `positions`."""
    original = _result.original.test[maps.sample(_result.split.dataset)]
    fitted = _fitted(kind, _result)
    logits = {str(i): one for i, one in enumerate(_epochs.logits)}
    placed = (
        maps.pca_map(original, logits) if fitted is None else maps.place(original, fitted, logits)
    )
    return np.stack(list(placed.values()))
