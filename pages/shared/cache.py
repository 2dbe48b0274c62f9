"""The only home of streamlit's caches. What they return is never changed."""

from __future__ import annotations

import multiprocessing.spawn
from typing import Any

import numpy as np
import streamlit as st

from unsc_core import embedding
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.dataset import Dataset
from unsc_core.engine import Engine
from unsc_core.results import Result, keys, logits_key, read_result
from unsc_core.store import Store


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The process's one engine; it starts in the background."""
    _start_workers_without_main()
    return Engine()


def _start_workers_without_main() -> None:
    """Keep new worker processes from running the page: streamlit makes it `__main__`, which a spawned process imports first."""
    prepare = multiprocessing.spawn.get_preparation_data

    def without_main(name: str) -> dict[str, Any]:
        return {key: value for key, value in prepare(name).items() if not key.startswith("init_main")}

    multiprocessing.spawn.get_preparation_data = without_main


def forget_results() -> None:
    """Drop every result and map in memory: a run was deleted or imported, perhaps under a key that is shown."""
    _result.clear()
    positions.clear()


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
    wanted += [("logits", logits_key(key, data, part)) for key in (found.original, found.unlearned, found.retrained) for part in ("test", "train")]
    there = tuple(_mark(*name) for name in wanted)
    return _result(config, there) if there[0] and there[2] and there[4] else None


def _mark(kind: str, key: str) -> float:
    path = store().path(kind, key)
    return path.stat().st_mtime if path.is_file() else 0.0


@st.cache_resource(show_spinner=False, max_entries=32)
def _result(config: ExperimentConfig, there: tuple[float, ...]) -> Result | None:
    return read_result(config, dataset(config.dataset), store())


@st.cache_resource(show_spinner=False, max_entries=32)
def positions(kind: str, key: str, models: tuple[str, ...], _result: Result) -> dict[str, np.ndarray]:
    """Model -> (n, 2): the shown samples on the "PCA" or "UMAP" of the original's; UMAP must have been fitted."""
    dataset = _result.split.dataset
    rows = embedding.sample(dataset)
    logits = {name: _result.models[name].test[rows] for name in models}
    if kind == "PCA":
        return embedding.pca_map(logits["original"], logits)
    fitted = embedding.read_umap(_result.config, dataset, store())
    assert fitted is not None
    return embedding.place(logits["original"], fitted, logits)


def has_umap(config: ExperimentConfig) -> bool:
    """Whether the original's UMAP has been fitted."""
    return embedding.read_umap(config, dataset(config.dataset), store()) is not None


def spectra(config: ExperimentConfig) -> dict[str, np.ndarray] | None:
    """Layer -> (groups, d) eigenvalues of the retain classes, or None until they have been computed."""
    stored = store().get("spectra", keys(config, dataset(config.dataset)).spectra)
    return None if stored is None else {layer: stored.arrays[layer] for layer in stored.meta["layers"]}


def energy_error(config: ExperimentConfig) -> dict[str, float]:
    """Layer -> what sampling patches cost, as a share of the energy; empty until the spectra have been computed."""
    stored = store().get("spectra", keys(config, dataset(config.dataset)).spectra)
    return {} if stored is None else stored.meta["energy_error"]


def session() -> str:
    """A name for this browser tab, for the engine's watchers."""
    context: Any = st.runtime.scriptrunner.get_script_run_ctx()
    return context.session_id if context else "test"
