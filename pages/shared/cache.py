"""The only home of streamlit's caches. What they return is never changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from unsc_core import embedding
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.dataset import Dataset
from unsc_core.engine import Engine
from unsc_core.results import Result, keys, read_result
from unsc_core.store import Store


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The process's one engine; it starts in the background."""
    return Engine()


def store() -> Store:
    """Where results are."""
    return Store()


def dataset(name: str) -> Dataset:
    """A dataset that is on this machine; the core keeps the last few in memory."""
    return load_dataset(name)


def result(config: ExperimentConfig) -> Result | None:
    """The stored result of a resolved config, as far as it has been computed."""
    data = dataset(config.dataset)
    found = keys(config, data)
    wanted = [("unlearned", found.unlearned), ("trained", found.retrained)]
    wanted += [("logits", f"{key}-{part}") for key in (found.original, found.unlearned, found.retrained) for part in ("test", "train")]
    there = tuple(_mark(*name) for name in wanted)
    return _result(config, there) if there[0] and there[2] and there[4] else None


def _mark(kind: str, key: str) -> float:
    path = store().path(kind, key)
    return path.stat().st_mtime if path.is_file() else 0.0


@st.cache_resource(show_spinner=False, max_entries=32)
def _result(config: ExperimentConfig, there: tuple[float, ...]) -> Result | None:
    return read_result(config, dataset(config.dataset), store())


@st.cache_resource(show_spinner=False, max_entries=16)
def pca(config: ExperimentConfig, models: tuple[str, ...], result_key: str, _result: Result) -> dict[str, np.ndarray]:
    """Every model's shown samples on the plane of the original's two main directions."""
    rows = embedding.sample(_result.split.dataset)
    return embedding.pca_map(_result.original.test[rows], {name: _result.models[name].test[rows] for name in models})


def umap(config: ExperimentConfig, with_retrained: bool) -> dict[str, np.ndarray] | None:
    """Every model's shown samples on the UMAP of the original's, or None until it has been made."""
    return embedding.read_umap(config, dataset(config.dataset), store(), with_retrained)


def spectra(config: ExperimentConfig) -> dict[str, np.ndarray] | None:
    """Layer -> (groups, d) eigenvalues of the retain classes, or None until they have been computed."""
    stored = store().get("spectra", keys(config, dataset(config.dataset)).spectra)
    return None if stored is None else {layer: stored.arrays[layer] for layer in stored.meta["layers"]}


def session() -> str:
    """A name for this browser tab, for the engine's watchers."""
    context: Any = st.runtime.scriptrunner.get_script_run_ctx()
    return context.session_id if context else "test"
