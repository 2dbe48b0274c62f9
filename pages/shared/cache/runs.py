"""Results of experiments, and what is known of their subspaces."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.shared.cache.files import can_be_shown, dataset, request, store, time_of, times_of
from unsc_core.analysis import gamma_sweep, geometry, glimpses
from unsc_core.analysis.comparison import MethodRun, read_run
from unsc_core.analysis.replay import Epochs, epochs_key, read_epochs
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.artefacts import EPOCHS, LOGITS, SPECTRA, UNSEEN_ENERGY
from unsc_core.experiment.keys import keys, logits_key
from unsc_core.experiment.resolve import settings
from unsc_core.experiment.result import Result, read_original, read_result
from unsc_core.figures import at_once
from unsc_core.progress import Glimpse


def result(config: ExperimentConfig) -> Result | None:
    """The stored result of a resolved config, as far as it has been computed."""
    written = times_of(config)
    return _result(config, written) if can_be_shown(written) else None


def known(config: ExperimentConfig) -> str:
    """What can be said of a request before it is unlearned; empty without an original."""
    data = dataset(config.dataset)
    found = keys(config, data)
    written = tuple(
        time_of(LOGITS, logits_key(found.original, data, part)) for part in ("test", "train")
    )
    return _known(config, written) if written[0] else ""


def glimpse(config: ExperimentConfig) -> Glimpse | None:
    """What the original answers on a few samples, as epoch 0 of the config's unlearning."""
    asked = request(config)
    found, part = keys(config, asked.dataset).original, asked.measured_part
    written = time_of(LOGITS, logits_key(found, asked.dataset, part))
    return _glimpse(config, written) if written else None


@st.cache_data(show_spinner=False, max_entries=32)
def _glimpse(config: ExperimentConfig, written: float) -> Glimpse | None:
    asked = request(config)
    original = read_original(config, asked.dataset, store())
    if original is None or not original.has(asked.measured_part):
        return None
    logits = original.of(asked.measured_part)[glimpses.looked_at(asked)]
    return glimpses.glimpse(logits, asked, "unlearning", 0, settings(config).epochs)


@st.cache_data(show_spinner=False, max_entries=32)
def _known(config: ExperimentConfig, written: tuple[float, ...]) -> str:
    data = dataset(config.dataset)
    original = read_original(config, data, store())
    return "" if original is None else at_once.known(request(config), original)


@st.cache_resource(show_spinner=False, max_entries=32)
def _result(config: ExperimentConfig, written: tuple[float, ...]) -> Result | None:
    return read_result(config, dataset(config.dataset), store())


def run(config: ExperimentConfig) -> MethodRun | None:
    """What a comparison needs of a stored result, as far as it has been computed."""
    written = times_of(config)
    epochs = time_of(EPOCHS, epochs_key(config, dataset(config.dataset)))
    return _run(config, (*written, epochs)) if can_be_shown(written) else None


@st.cache_resource(show_spinner=False, max_entries=256)
def _run(config: ExperimentConfig, written: tuple[float, ...]) -> MethodRun | None:
    return read_run(config, dataset(config.dataset), store())


def predicted(config: ExperimentConfig, part: str) -> np.ndarray | None:
    """(n,) classes that the unlearned network of a resolved config predicts for "test" or "train".

    None while they are not stored.
    """
    data = dataset(config.dataset)
    key = logits_key(keys(config, data).unlearned, data, part)
    written = time_of(LOGITS, key)
    return _predicted(key, written) if written else None


@st.cache_resource(show_spinner=False, max_entries=256)
def _predicted(key: str, written: float) -> np.ndarray | None:
    logits = LOGITS.read(store(), key)
    return None if logits is None else logits.argmax(1)


def sweep_run(config: ExperimentConfig) -> gamma_sweep.SweepRun | None:
    """What a sweep over γ needs of a stored result."""
    written = times_of(config)
    return _sweep_run(config, written) if can_be_shown(written) else None


@st.cache_resource(show_spinner=False, max_entries=256)
def _sweep_run(config: ExperimentConfig, written: tuple[float, ...]) -> gamma_sweep.SweepRun | None:
    found = read_result(config, dataset(config.dataset), store())
    gamma = settings(config).energy_threshold
    return None if found is None else gamma_sweep.sweep_run(gamma, found)


def epochs(config: ExperimentConfig) -> Epochs | None:
    """The model of a resolved config after every epoch, or None until that has been recorded."""
    return read_epochs(config, dataset(config.dataset), store())


def spectra(config: ExperimentConfig) -> dict[str, np.ndarray] | None:
    """Layer -> (groups, d) eigenvalues of the retained classes, or None until computed."""
    return SPECTRA.read(store(), keys(config, dataset(config.dataset)).spectra)


def unseen_energy(config: ExperimentConfig) -> dict[str, np.ndarray]:
    """Layer -> (groups, d) energy of the retained images that `spectra` was not computed from.

    Along the same directions; empty where it was never measured.
    """
    return UNSEEN_ENERGY.read(store(), keys(config, dataset(config.dataset)).spectra) or {}


def subspaces(config: ExperimentConfig) -> geometry.Subspaces | None:
    """How the subspaces of a resolved config compare, or None until computed."""
    return geometry.read(config, dataset(config.dataset), store())
