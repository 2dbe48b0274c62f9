"""The one experiment that all pages show: a typed state, held in the URL."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import streamlit as st

from unsc_core.config import DEVICES, ExperimentConfig
from unsc_core.data import DATASETS, DEFAULT_DATASET
from unsc_core.data.dataset import Dataset
from unsc_core.data.own import path_in_data_folder
from unsc_core.data.request import split
from unsc_core.errors import ConfigError
from unsc_core.experiment.resolve import CLASS_WEIGHTS, DEFAULT_ENERGY_THRESHOLD, SAMPLES, SUBSPACES
from unsc_core.figures.phrases import requested
from unsc_core.learning.edits import EDIT
from unsc_core.methods import METHODS
from unsc_core.models import MODELS
from unsc_core.runs.history import MAX_IDS

GAMMAS = (0.5, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999, 1.0)
SEEDS = (1, 3)
NOTE_S = 20.0
"""How long a note about the link stays, in seconds: a page is drawn again whenever a job is done."""
_KEY = "experiment"


@dataclass(frozen=True)
class State:
    """What the controls say. Unlike an ExperimentConfig it may be impossible; `config` finds out.

    Attributes:
        dataset: a name in DATASETS, or a path relative to the data folder; checkpoint: such a path.
        forget: class indices; ids: training samples to forget instead of them, if any.
        gamma: the energy threshold, None for the method's default; gammas: one for each layer instead, if any.
        subspace: how the classes' directions are put together.
        edits: changes of the pseudo-labels, as in ExperimentConfig.
        lr, epochs: None means the method's default.
        seeds: how many seeds methods are compared over, from `seed` on; equal: the Acc_f in percent they are compared at.
        training: epochs of the original and the retrained model, None for the dataset's default; device: where to compute; sample, weights:
            the images that second moments are collected from, and how classes count in them. Links have these for older runs and
            those made on the command line or elsewhere; no control does.
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
    edits: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    checkpoint: str | None = None
    seeds: int = 1
    equal: int = 5
    training: int | None = None
    device: str = "auto"
    sample: str = SAMPLES[0]
    weights: str = CLASS_WEIGHTS[0]

    @property
    def shown_gamma(self) -> float:
        """γ as a slider shows it: the chosen one, else the method's default, else that of UNSC."""
        return (
            self.gamma
            if self.gamma is not None
            else METHODS[self.method].energy_threshold or DEFAULT_ENERGY_THRESHOLD
        )

    def config(self) -> ExperimentConfig:
        """The experiment, own data and weights looked for in the data folder only.

        Raises:
            ConfigError: the model is not in MODELS: a file that makes one is a program, and none is run for the app.
            DataError: the dataset or checkpoint points outside the data folder.
        """
        if self.model not in MODELS:
            raise ConfigError(
                f"The app has no model '{self.model}'; choose one of {', '.join(MODELS)}."
            )
        dataset = (
            self.dataset if self.dataset in DATASETS else str(path_in_data_folder(self.dataset))
        )
        return ExperimentConfig(
            dataset=dataset,
            model=self.model,
            forget_classes=() if self.ids else self.forget,
            forget_ids=self.ids,
            method=self.method,
            seed=self.seed,
            energy_threshold=self.gamma,
            energy_thresholds=self.gammas,
            subspace=self.subspace,
            learning_rate=self.lr,
            epochs=self.epochs,
            edits=self.edits,
            checkpoint=str(path_in_data_folder(self.checkpoint)) if self.checkpoint else None,
            training_epochs=self.training,
            device=self.device,
            moments_sample=self.sample,
            class_weights=self.weights,
        )


@dataclass(frozen=True, eq=False)
class Chosen:
    """What a page shows: the resolved experiment and its dataset."""

    config: ExperimentConfig
    dataset: Dataset

    @property
    def forgotten(self) -> str:
        """What is to be forgotten: "Shirt and Coat", or "12 samples"."""
        return requested(split(self.dataset, self.config.forget_classes, self.config.forget_ids))


def _classes(text: str) -> tuple[int, ...]:
    classes = tuple(sorted({int(part) for part in text.split(",")}))
    if min(classes) < 0:
        raise ValueError
    return classes


def _ids(text: str) -> tuple[int, ...]:
    ids = _classes(text)
    if len(ids) > MAX_IDS:
        raise ValueError
    return ids


def _edits(text: str) -> tuple[str, ...]:
    edits = tuple(text.split(","))
    if not all(EDIT.fullmatch(edit) for edit in edits):
        raise ValueError
    return edits


def _one_of(options: Any) -> Callable[[str], str]:
    def read(text: str) -> str:
        text = text.replace(" ", "+")  # a plus that a person typed into a link arrives as a space
        if text not in options:
            raise ValueError
        return text

    return read


def _positive(kind: type) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = kind(text)
        if not 0 < value < 1e6:
            raise ValueError
        return value

    return read


def _gamma(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError
    return value


def _gammas(text: str) -> tuple[float, ...]:
    return tuple(_gamma(part) for part in text.split(","))


def _up_to_30(text: str) -> int:
    if not 0 <= (value := int(text)) <= 30:
        raise ValueError
    return value


def _seeds(text: str) -> int:
    if (value := int(text)) not in SEEDS:
        raise ValueError
    return value


def _seed(text: str) -> int:
    if not 0 <= (value := int(text)) < 2**31:
        raise ValueError
    return value


def _device(text: str) -> str:
    if not re.fullmatch(DEVICES, text):
        raise ValueError
    return text


_READERS: dict[str, Callable[[str], Any]] = {
    "dataset": str,
    "model": _one_of(MODELS),
    "forget": _classes,
    "method": _one_of(METHODS),
    "gamma": _gamma,
    "gammas": _gammas,
    "subspace": _one_of(SUBSPACES),
    "seed": _seed,
    "lr": _positive(float),
    "epochs": _positive(int),
    "edits": _edits,
    "ids": _ids,
    "checkpoint": str,
    "seeds": _seeds,
    "equal": _up_to_30,
    "training": _positive(int),
    "device": _device,
    "sample": _one_of(SAMPLES),
    "weights": _one_of(CLASS_WEIGHTS),
}


def from_query(query: dict[str, str]) -> tuple[State, list[str]]:
    """The state in a link, and one sentence for each part that could not be used."""
    values: dict[str, Any] = {}
    notes = []
    for name, read in _READERS.items():
        if name in query:
            try:
                values[name] = read(query[name])
            except ValueError:
                notes.append(
                    f"The link says {name} = '{query[name][:40]}', which is not possible; the default is shown instead."
                )
    return replace(_first(query.get("dataset", DEFAULT_DATASET)), **values), notes


def note(text: str) -> None:
    """Say something about the link now, and for NOTE_S seconds on whatever is drawn again by itself."""
    notes = st.session_state.setdefault("notes", {})
    if text not in notes:
        notes[text] = time.monotonic()
        st.warning(text, icon=":material/link_off:")


def repeat_notes() -> None:
    """Draw the notes that are not old yet."""
    for text, since in st.session_state.get("notes", {}).items():
        if time.monotonic() - since < NOTE_S:
            st.warning(text, icon=":material/link_off:")


def note_impossible(name: str, options: Iterable[Any]) -> None:
    """Say so when the link asks a page's own control, just before it is drawn first, for something that it does not offer."""
    asked = st.query_params.get(name)
    if asked is not None and name not in st.session_state and asked not in map(str, options):
        note(
            f"The link says {name} = '{asked[:40]}', which is not possible here; the default is shown instead."
        )


def to_query(state: State) -> dict[str, str]:
    """The shortest link that says `state`: defaults are left out."""
    default = _first(state.dataset)
    texts = {}
    for field in fields(State):
        value = getattr(state, field.name)
        if value is not None and (field.name == "dataset" or value != getattr(default, field.name)):
            texts[field.name] = (
                ",".join(map(str, value))
                if isinstance(value, tuple)
                else f"{value:.12g}"
                if isinstance(value, float)
                else str(value)
            )
    if texts["dataset"] == DEFAULT_DATASET:
        del texts["dataset"]
    return texts


def current() -> State:
    """The session's state; at first, what the link says."""
    if _KEY not in st.session_state:
        st.session_state[_KEY], st.session_state["link_notes"] = from_query(
            st.query_params.to_dict()
        )
    return st.session_state[_KEY]


def keep(state: State) -> None:
    """Make `state` the session's, and the link's."""
    st.session_state[_KEY] = state
    wanted = to_query(state)
    for field in fields(State):  # what else is in the link belongs to the page's own widgets
        if field.name in wanted and st.query_params.get(field.name) != wanted[field.name]:
            st.query_params[field.name] = wanted[field.name]
        elif field.name not in wanted and field.name in st.query_params:
            del st.query_params[field.name]


@dataclass(frozen=True)
class Lesson:
    """Controls that a teacher's link takes away (`hide=`) or shows without letting them be changed (`lock=`)."""

    hidden: frozenset[str] = frozenset()
    locked: frozenset[str] = frozenset()

    def fixed(self, *names: str) -> bool:
        """Whether any of these controls may not be changed."""
        return bool((self.hidden | self.locked) & set(names))


CONTROLS = ("dataset", "model", "forget", "method", "gamma", "more")
"""What a link may hide or lock; "all" means every one of them."""


def lesson_from_query(query: dict[str, str]) -> tuple[Lesson, list[str]]:
    """The lesson in a link, and one sentence for each name that is no control."""
    parts, notes = {}, []
    for name in ("hide", "lock"):
        asked = [part.strip() for part in query.get(name, "").split(",") if part.strip()]
        notes += [
            f"The link says {name} = '{part[:40]}', which is no control; known are all, {', '.join(CONTROLS)}."
            for part in asked
            if part not in (*CONTROLS, "all")
        ]
        parts[name] = frozenset(CONTROLS if "all" in asked else asked)
    return Lesson(parts["hide"], parts["lock"]), notes


def lesson() -> Lesson:
    """The session's lesson; it stays in the link."""
    if "lesson" not in st.session_state:
        st.session_state["lesson"], notes = lesson_from_query(st.query_params.to_dict())
        st.session_state.setdefault("link_notes", []).extend(notes)
    return st.session_state["lesson"]


def choose(**changes: Any) -> None:
    """Change the state from a button: widgets are drawn anew from it."""
    state = current()
    if "dataset" in changes and changes["dataset"] != state.dataset:
        state = replace(
            _first(changes["dataset"]),
            method=state.method,
            gamma=state.gamma,
            seed=state.seed,
            seeds=state.seeds,
            equal=state.equal,
        )
    st.session_state[_KEY] = replace(state, **changes)
    forget_controls()


def forget_controls() -> None:
    """Have the widgets begin at the state's values again."""
    for field in fields(State):
        st.session_state.pop(f"control_{field.name}", None)


def begin(dataset: str, **changes: Any) -> None:
    """Open a preset: `changes` to what `dataset` begins with, whatever was shown before."""
    st.session_state[_KEY] = _first(dataset)
    choose(**changes)


def _first(dataset: str) -> State:
    """What a dataset begins with."""
    entry = DATASETS.get(dataset)
    return (
        State(dataset, entry.default_model, (entry.default_forget_class,))
        if entry
        else State(dataset, forget=(0,))
    )
