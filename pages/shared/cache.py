"""The only home of streamlit's caches. What they return is never changed."""

from __future__ import annotations

import multiprocessing.spawn
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from unsc_core.analysis import geometry as core_subspaces
from unsc_core.analysis import maps
from unsc_core.analysis.comparison import Run, read_run
from unsc_core.analysis.replay import Epochs, epochs_key, read_epochs
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.errors import StoreError
from unsc_core.experiment.artefacts import SPECTRA, UNSEEN_ENERGY
from unsc_core.experiment.keys import keys, logits_key
from unsc_core.experiment.result import Result, read_result
from unsc_core.experiment.store import Store
from unsc_core.jobs.cost import Cost, estimate
from unsc_core.jobs.engine import Engine


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The process's one engine; it starts in the background."""
    _start_workers_without_main()
    started = Engine()
    started.track_watchers(is_open)
    return started


def _start_workers_without_main() -> None:
    """Keep new worker processes from running the page: streamlit makes it `__main__`, which a spawned process imports first."""
    prepare = multiprocessing.spawn.get_preparation_data

    def without_main(name: str) -> dict[str, Any]:
        return {
            key: value for key, value in prepare(name).items() if not key.startswith("init_main")
        }

    multiprocessing.spawn.get_preparation_data = without_main


def forget_results() -> None:
    """Drop every result and map in memory: a run was deleted or imported, perhaps under a key that is shown."""
    _result.clear()
    _positions.clear()


def store() -> Store:
    """Where results are."""
    return Store()


def dataset(name: str) -> Dataset:
    """A dataset that is on this machine; the core keeps the last few in memory."""
    return load_dataset(name)


def result(config: ExperimentConfig) -> Result | None:
    """The stored result of a resolved config, as far as it has been computed."""
    there = _there(config)
    return _result(config, there) if there[0] and there[2] and there[4] else None


def _there(config: ExperimentConfig) -> tuple[float, ...]:
    """When each piece of a result was written, 0 where it is missing: unlearned and retrained model, then logits."""
    data = dataset(config.dataset)
    found = keys(config, data)
    wanted = [("unlearned", found.unlearned), ("trained", found.retrained)]
    wanted += [
        ("logits", logits_key(key, data, part))
        for key in (found.original, found.unlearned, found.retrained)
        for part in ("test", "train")
    ]
    return tuple(_mark(*name) for name in wanted)


def _mark(kind: str, key: str) -> float:
    path = store().path(kind, key)
    return path.stat().st_mtime if path.is_file() else 0.0


@st.cache_resource(show_spinner=False, max_entries=32)
def _result(config: ExperimentConfig, there: tuple[float, ...]) -> Result | None:
    return read_result(config, dataset(config.dataset), store())


def run(config: ExperimentConfig) -> Run | None:
    """What a comparison needs of the stored result of a resolved config, as far as it has been computed."""
    there = _there(config)
    epochs = _mark("epochs", epochs_key(config, dataset(config.dataset)))
    return _run(config, (*there, epochs)) if there[0] and there[2] and there[4] else None


@st.cache_resource(show_spinner=False, max_entries=256)
def _run(config: ExperimentConfig, there: tuple[float, ...]) -> Run | None:
    return read_run(config, dataset(config.dataset), store())


def cost(wanted: Sequence[tuple[str, ExperimentConfig]]) -> Cost | None:
    """What is missing of these jobs, (kind, resolved config), in seconds on this machine; None until that is known."""
    try:
        return estimate(wanted, store())
    except StoreError:
        return Cost(0.0)  # the job will say what is wrong with the store


def is_stored(kind: str, key: str) -> bool:
    """Whether the store holds this artefact."""
    return _mark(kind, key) > 0


@st.cache_resource(show_spinner=False, max_entries=32)
def _positions(
    kind: str, part: str, key: str, models: tuple[str, ...], _result: Result
) -> dict[str, np.ndarray]:
    return maps.positions(_result, part, _fitted(kind, _result))


def positions(kind: str, result: Result, part: str = "test") -> dict[str, np.ndarray]:
    """Model -> (n, 2): the samples of `part` that are shown, on the "PCA" or "UMAP" of the original's; UMAP must have been fitted."""
    models = tuple(name for name, answers in result.models.items() if answers.has(part))
    return _positions(kind, part, result.key, models, result)


def _fitted(kind: str, result: Result) -> np.ndarray | None:
    return maps.read_umap(result.config, result.split.dataset, store()) if kind == "UMAP" else None


@st.cache_resource(show_spinner=False, max_entries=32)
def trustworthiness(
    kind: str, part: str, key: str, _result: Result, _positions: np.ndarray
) -> float:
    """How far a map's neighbours are neighbours among the original's logits, too: 1 if all are (Venna, Kaski, 2001)."""
    from sklearn.manifold import trustworthiness as measured

    logits = _result.original.of(part)[maps.shown(_result.split, part)]
    return float(
        measured(logits, _positions, n_neighbors=min(maps.NEIGHBOURS, (len(logits) - 1) // 2))
    )


def has_umap(config: ExperimentConfig) -> bool:
    """Whether the original's UMAP has been fitted."""
    return maps.read_umap(config, dataset(config.dataset), store()) is not None


def epochs(config: ExperimentConfig) -> Epochs | None:
    """A resolved config's model after every epoch, or None until that has been recorded."""
    return read_epochs(config, dataset(config.dataset), store())


@st.cache_resource(show_spinner=False, max_entries=8)
def epoch_positions(kind: str, key: str, _result: Result, _epochs: Epochs) -> np.ndarray:
    """(entries, n, 2): the shown samples after every epoch, on the original's "PCA" or "UMAP", which must have been fitted."""
    original, fitted = (
        _result.original.test[maps.sample(_result.split.dataset)],
        _fitted(kind, _result),
    )
    logits = {str(i): one for i, one in enumerate(_epochs.logits)}
    placed = (
        maps.pca_map(original, logits) if fitted is None else maps.place(original, fitted, logits)
    )
    return np.stack(list(placed.values()))


def spectra(config: ExperimentConfig) -> dict[str, np.ndarray] | None:
    """Layer -> (groups, d) eigenvalues of the retain classes, or None until they have been computed."""
    return SPECTRA.read(store(), keys(config, dataset(config.dataset)).spectra)


def unseen_energy(config: ExperimentConfig) -> dict[str, np.ndarray]:
    """Layer -> (groups, d) energy that retained images which were not drawn have along each direction of `spectra`; empty where never measured."""
    return UNSEEN_ENERGY.read(store(), keys(config, dataset(config.dataset)).spectra) or {}


def subspaces(config: ExperimentConfig) -> core_subspaces.Subspaces | None:
    """How the subspaces of a resolved config lie, or None until that has been computed."""
    return core_subspaces.read(config, dataset(config.dataset), store())


def page() -> str:
    """A name for the page that is being drawn."""
    context: Any = st.runtime.scriptrunner.get_script_run_ctx()
    return context.page_script_hash if context else "test"


def session() -> str:
    """A name for this browser tab, for the engine's watchers."""
    context: Any = st.runtime.scriptrunner.get_script_run_ctx()
    return context.session_id if context else "test"


def is_open(session: str) -> bool:
    """Whether the browser tab of this name is still there; one that was reloaded has another name. Without a server there is always one."""
    return not st.runtime.exists() or st.runtime.get_instance().is_active_session(session)
