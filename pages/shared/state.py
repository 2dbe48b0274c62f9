"""The one experiment that all pages show: a typed state, held in the URL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import streamlit as st

from pages.shared import id_code, selection_text, url_fields
from pages.shared.addresses import IN_LINKS
from pages.shared.url_fields import Reader
from unsc_core.analysis.comparison import METHOD_SETS
from unsc_core.analysis.selection import Selection
from unsc_core.config import ExperimentConfig
from unsc_core.data import DATASETS, DEFAULT_DATASET, OWN_METHOD
from unsc_core.data.dataset import Dataset
from unsc_core.data.own import path_in_data_folder
from unsc_core.data.request import split
from unsc_core.errors import ConfigError
from unsc_core.experiment.resolve import (
    CLASS_WEIGHTS,
    MAX_STRENGTH,
    SAMPLES,
    SUBSPACES,
    default_energy_threshold,
)
from unsc_core.figures.phrases import requested
from unsc_core.methods import METHODS
from unsc_core.models import MODELS

GAMMAS = (0.5, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999, 1.0)
SEED_COUNTS = (1, 3)
KEY = "experiment"
"""Of the state in the session."""


@dataclass(frozen=True)
class ExperimentState:
    """What the controls ask for. It may be impossible, unlike an ExperimentConfig; `config` checks.

    Attributes:
        dataset: a name in DATASETS, or a path relative to the data folder.
        model: a name in MODELS.
        forget: class indices.
        method: a name in METHODS.
        gamma: the energy threshold; None for the method's default.
        gammas: one energy threshold for each layer, instead of `gamma`; empty for none.
        subspace: how the directions of the classes are put together, one of SUBSPACES.
        seed: of everything random.
        lr, epochs: of the method; None for its default. strength: of erasing in the features.
        edits: changes of the pseudo-labels, as in ExperimentConfig.
        ids: training samples to forget instead of classes; empty for none.
        checkpoint: weights of the original, as a path relative to the data folder.
        methods: which methods are compared, a key of METHOD_SETS.
        seeds: how many seeds methods are compared over, from `seed` on.
        equal: the Acc_f, in percent, at which methods are compared.
        training: epochs of the original and the retrained model; None for the dataset's default.
        device: where to compute.
        sample, weights: the images that second moments are collected from, and how classes count
            in them. Like `training` and `device` they have no control: links have them for older
            runs and for runs from the command line.
        picked: the selected samples, of this dataset; None for none. See `selection`.
    """

    dataset: str = DEFAULT_DATASET
    model: str = "small-cnn"
    forget: tuple[int, ...] = (6,)
    method: str = "unsc"
    gamma: float | None = None
    gammas: tuple[float, ...] = ()
    subspace: str = SUBSPACES[0]
    seed: int = 0
    lr: float | None = None
    epochs: int | None = None
    strength: float = 1.0
    edits: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    checkpoint: str | None = None
    methods: str = "main"
    seeds: int = 1
    equal: int = 5
    training: int | None = None
    device: str = "auto"
    sample: str = SAMPLES[0]
    weights: str = CLASS_WEIGHTS[0]
    picked: Selection | None = None

    @property
    def shown_gamma(self) -> float:
        """γ as a slider shows it: the chosen one, else the method's default, else that of UNSC."""
        if self.gamma is not None:
            return self.gamma
        return default_energy_threshold(self.method)

    def config(self) -> ExperimentConfig:
        """The experiment, with user-supplied files looked for in the data folder only.

        Raises:
            ConfigError: the model is not in MODELS. A file that defines a model is a program, and
                the app runs none.
            DataError: the dataset or checkpoint is outside the data folder.
        """
        if self.model not in MODELS:
            raise ConfigError(
                f"The app has no model '{self.model}'; choose one of {', '.join(MODELS)}."
            )
        values = {
            field.name: getattr(self, IN_LINKS.get(field.name, field.name))
            for field in fields(ExperimentConfig)
        }
        if self.ids:
            values["forget_classes"] = ()
        if self.dataset not in DATASETS:
            values["dataset"] = str(path_in_data_folder(self.dataset))
        if self.checkpoint:
            values["checkpoint"] = str(path_in_data_folder(self.checkpoint))
        return ExperimentConfig(**values)


@dataclass(frozen=True, eq=False)
class ResolvedExperiment:
    """What a page shows: the complete config and its dataset."""

    config: ExperimentConfig
    dataset: Dataset

    @property
    def request(self) -> str:
        """What is to be forgotten: "Shirt and Coat", or "12 samples"."""
        return requested(split(self.dataset, self.config.forget_classes, self.config.forget_ids))


_READERS: dict[str, Reader] = {
    "dataset": str,
    "model": url_fields.one_of(MODELS),
    "forget": url_fields.classes,
    "method": url_fields.one_of(METHODS),
    "gamma": url_fields.gamma,
    "gammas": url_fields.gammas,
    "subspace": url_fields.one_of(SUBSPACES),
    "seed": url_fields.between(int, 0, 2**31 - 1),
    "lr": url_fields.positive(float),
    "epochs": url_fields.positive(int),
    "strength": url_fields.between(float, 0, MAX_STRENGTH),
    "edits": url_fields.edits,
    "ids": url_fields.ids,
    "checkpoint": lambda text: text or None,
    "methods": url_fields.one_of(METHOD_SETS),
    "seeds": url_fields.among(int, SEED_COUNTS),
    "equal": url_fields.between(int, 0, 30),
    "training": url_fields.positive(int),
    "device": url_fields.device,
    "sample": url_fields.one_of(SAMPLES),
    "weights": url_fields.one_of(CLASS_WEIGHTS),
}


def from_query(query: dict[str, str]) -> tuple[ExperimentState, list[str]]:
    """The state in a link, and one sentence for each part that is not possible."""
    part = "train" if query.get("samples") == "Training" else "test"  # of a link with plain numbers
    readers = _READERS | {"picked": lambda text: selection_text.read(text, part)}
    values, notes = url_fields.read_fields(query, readers)
    if not _OF_UNSC.isdisjoint(values):
        values.setdefault("method", "unsc")
    return replace(default_state(query.get("dataset", DEFAULT_DATASET)), **values), notes


_OF_UNSC = frozenset(("gamma", "gammas", "subspace", "edits"))
"""Settings that a link without a method means for UNSC."""


_WRITERS: dict[str, Callable[[Any], str]] = {"ids": id_code.pack, "picked": selection_text.write}
"""Parts of a link whose texts are shorter than their values."""


def to_query(state: ExperimentState) -> dict[str, str]:
    """The shortest link to `state`: defaults are left out."""
    default = default_state(state.dataset)
    values = {field.name: getattr(state, field.name) for field in fields(ExperimentState)}
    query = {
        name: _WRITERS.get(name, url_fields.write)(value)
        for name, value in values.items()
        if value is not None and value != getattr(default, name)
    }
    return query if state.dataset == DEFAULT_DATASET else {"dataset": state.dataset, **query}


def default_state(dataset: str) -> ExperimentState:
    """The state in which a dataset opens."""
    if dataset not in DATASETS:
        return ExperimentState(dataset, forget=(), method=OWN_METHOD)
    entry = DATASETS[dataset]
    return ExperimentState(dataset, entry.default_model, (entry.default_forget_class,))


def current() -> ExperimentState:
    """The session's state; at first, the one in the link."""
    if KEY not in st.session_state:
        st.session_state[KEY], notes = from_query(st.query_params.to_dict())
        st.session_state["link_notes"] = notes
    return st.session_state[KEY]


def keep(state: ExperimentState) -> None:
    """Make `state` the session's, and the link's."""
    st.session_state[KEY] = state
    query = to_query(state)
    for field in fields(ExperimentState):  # other parts of the link belong to the page's widgets
        if field.name in query and st.query_params.get(field.name) != query[field.name]:
            st.query_params[field.name] = query[field.name]
        elif field.name not in query and field.name in st.query_params:
            del st.query_params[field.name]


def change(**changes: Any) -> None:
    """Change the state from a button, and have the widgets start from it."""
    state = current()
    if changes.get("dataset", state.dataset) != state.dataset:
        kept = {name: getattr(state, name) for name in _KEPT_WITH_DATASET}
        usual = default_state(changes["dataset"])
        if state.method == default_state(state.dataset).method:
            kept["method"] = usual.method
        if state.picked is not None:
            text = f"The selected samples were of {state.dataset}; nothing is selected any more."
            st.session_state.setdefault("link_notes", []).append(text)
        state = replace(usual, **kept)
    st.session_state[KEY] = replace(state, **changes)
    reset_widgets()


_KEPT_WITH_DATASET = ("method", "gamma", "seed", "methods", "seeds", "equal")
"""What stays when another dataset is chosen."""


def reset_widgets() -> None:
    """Have the widgets start from the state's values again."""
    for field in fields(ExperimentState):
        st.session_state.pop(f"{_CONTROL}{field.name}", None)


def draw_again() -> None:
    """Run the page again, and send the values of its controls once more.

    Streamlit drops what the run before has not sent yet; that may be the values of its widgets.
    """
    st.session_state[_UNSENT] = {key for key in st.session_state if key.startswith(_CONTROL)}
    st.rerun()


def widget_key(name: str, value: Any) -> str:
    """The key of a control, whose first value on a page is `value`; it then keeps its own."""
    key = f"{_CONTROL}{name}"
    unsent = st.session_state.get(_UNSENT, set())
    st.session_state.setdefault(key, value)
    if key in unsent:
        unsent.remove(key)
        st.session_state[key] = st.session_state[key]  # a value set in a run is sent by that run
    return key


_CONTROL, _UNSENT = "control_", "unsent_controls"


def open_default() -> None:
    """Open the default experiment of the dataset, or of the usual one where this has none."""
    dataset = current().dataset
    open_preset(dataset if dataset in DATASETS else DEFAULT_DATASET)


def open_preset(dataset: str, **changes: Any) -> None:
    """Open `changes` to the default state of a dataset, whatever was shown before."""
    st.session_state[KEY] = default_state(dataset)
    change(**changes)
