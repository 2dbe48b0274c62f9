"""Networks that are run in this process, and features to compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from unsc_core.analysis import nearest
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.artefacts import FEATURES, TRAINED, UNLEARNED
from unsc_core.experiment.keys import keys

if TYPE_CHECKING:
    from unsc_core.analysis.networks import Networks
from pages.shared.cache.files import dataset, is_stored, store, time_of


def networks(config: ExperimentConfig) -> Networks:
    """The networks of a resolved config, as far as they are stored, to run in this process."""
    found = keys(config, dataset(config.dataset))
    stored = (TRAINED, found.original), (UNLEARNED, found.unlearned), (TRAINED, found.retrained)
    written = (time_of(*one) for one in stored)
    return _networks(config, tuple(written))


def stored_networks(config: ExperimentConfig) -> list[str]:
    """The models of a resolved config whose networks are stored."""
    found = keys(config, dataset(config.dataset))
    stored = {"original": TRAINED, "unlearned": UNLEARNED, "retrained": TRAINED}
    return [name for name, kind in stored.items() if is_stored(kind, getattr(found, name))]


@st.cache_resource(show_spinner=False, max_entries=3)
def _networks(config: ExperimentConfig, written: tuple[float, ...]) -> Networks:
    from unsc_core.analysis.networks import read_networks  # loads torch

    return read_networks(config, dataset(config.dataset), store())


def features(config: ExperimentConfig) -> dict[str, np.ndarray] | None:
    """Network -> (n, d) features of the training images that an image is compared with.

    None until they have been made.
    """
    data = dataset(config.dataset)
    names = [
        (model, nearest.features_key(config, data, model)) for model in nearest.MODELS_COMPARED
    ]
    if not all(is_stored(FEATURES, key) for _, key in names):
        return None
    read = ((model, _features(key, time_of(FEATURES, key))) for model, key in names)
    found = {model: one for model, one in read if one is not None}
    return found if len(found) == len(names) else None  # a damaged file is removed when it is read


@st.cache_resource(show_spinner=False, max_entries=8)
def _features(key: str, written: float) -> np.ndarray | None:
    return FEATURES.read(store(), key)
