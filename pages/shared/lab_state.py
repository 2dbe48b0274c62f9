"""The 2-D lab's own settings: a typed state, held in the URL, and its controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import streamlit as st

from pages.shared import controls
from pages.shared.state import GAMMAS
from unsc_core.analysis.lab import lab_config
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset

WIDTHS = (8, 16, 32, 64, 128)
MAX_EPOCHS = 300
_KEY, _NOTES = "lab", "lab_notes"


@dataclass(frozen=True)
class LabState:
    """What the controls say; `from_query` lets nothing impossible in.

    Attributes:
        forget: the class to forget; gamma: γ; width: hidden units.
        lr, epochs: of every method.
        unit, output: rows shown of the gradients of layer 1 and 2; None: the one with the longest gradient.
    """

    forget: int = 2
    gamma: float = 0.99
    width: int = 32
    seed: int = 0
    lr: float = 0.1
    epochs: int = 100
    unit: int | None = None
    output: int | None = None

    def config(self) -> ExperimentConfig:
        """The resolved lab run."""
        return lab_config(self.forget, self.gamma, self.width, self.seed, self.lr, self.epochs)


def _between(kind: type, low: float, high: float) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = kind(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return read


_READERS: dict[str, Callable[[str], Any]] = {
    "forget": _between(int, 0, 3),
    "gamma": _between(float, 1e-6, 1),
    "width": _between(int, WIDTHS[0], WIDTHS[-1]),
    "seed": _between(int, 0, 2**31 - 1),
    "lr": _between(float, 1e-5, 100),
    "epochs": _between(int, 1, MAX_EPOCHS),
    "unit": _between(int, 0, WIDTHS[-1] - 1),
    "output": _between(int, 0, 3),
}


def from_query(query: dict[str, str]) -> tuple[LabState, list[str]]:
    """The state in a link, and one sentence for each part that could not be used; the epoch shown is the browser's business."""
    values: dict[str, Any] = {}
    notes = []
    for name, read in {**_READERS, "epoch": _between(int, 0, MAX_EPOCHS)}.items():
        if name in query:
            try:
                values[name] = read(query[name])
            except ValueError:
                notes.append(
                    f"The link says {name} = '{query[name][:40]}', which is not possible; the default is shown instead."
                )
    values.pop("epoch", None)
    state = LabState(**values)
    if state.unit is not None and state.unit >= state.width:
        notes.append(
            f"The link says unit = '{state.unit}', but there are {state.width} (from 0); the default is shown instead."
        )
        state = replace(state, unit=None)
    return state, notes


def to_query(state: LabState) -> dict[str, str]:
    """The shortest link that says `state`: defaults are left out."""
    values = {field.name: getattr(state, field.name) for field in fields(LabState)}
    return {
        name: repr(value) for name, value in values.items() if value != getattr(LabState(), name)
    }


def current() -> LabState:
    """The session's state; at first, what the link says."""
    if _KEY not in st.session_state:
        st.session_state[_KEY], st.session_state[_NOTES] = from_query(st.query_params.to_dict())
    return st.session_state[_KEY]


def keep(state: LabState) -> None:
    """Make `state` the session's, and the link's; the browser's epoch stays in the link while the run stays the same."""
    before = st.session_state.get(_KEY, state)
    st.session_state[_KEY] = state
    if before != state:
        st.session_state.pop(_NOTES, None)
    shown, wanted = st.query_params.to_dict(), to_query(state)
    if "epoch" in shown and before.config() == state.config():
        wanted["epoch"] = shown["epoch"]
    if shown != wanted:
        st.query_params.from_dict(wanted)


def choose(dataset: Dataset) -> LabState:
    """Draw the controls in the sidebar, keep what they say, and return it."""
    controls.use_navigation()
    now = current()
    above = st.container()
    with st.sidebar:
        forget = st.selectbox(
            "Class to forget",
            range(dataset.num_classes),
            now.forget,
            key="lab_forget",
            format_func=lambda c: dataset.class_names[c],
        )
        gamma = st.select_slider(
            "Energy threshold γ",
            sorted({*GAMMAS, now.gamma}),
            now.gamma,
            key="lab_gamma",
            help="How much of the retained classes' energy (Σσ²) UNSC protects. Higher: safer for the rest, harder to forget.",
        )
        width = st.select_slider(
            "Width W",
            sorted({*WIDTHS, now.width}),
            now.width,
            key="lab_width",
            help="Hidden units: the network is 2 → W → 4.",
        )
        seed = st.number_input(
            "Seed",
            0,
            2**31 - 1,
            now.seed,
            key="lab_seed",
            help="Initial weights, batch order and random labels follow from it.",
        )
        lr = st.number_input(
            "Learning rate",
            1e-5,
            100.0,
            now.lr,
            step=0.01,
            format="%g",
            key="lab_lr",
            help="Of every method here: plain SGD, gradient norm clipped to 1.",
        )
        epochs = st.number_input(
            "Epochs, at most",
            1,
            MAX_EPOCHS,
            now.epochs,
            key="lab_epochs",
            help="UNSC and gradient ascent stop by themselves once training accuracy on the forgotten class is at most 1 %.",
        )
    unit = None if now.unit is not None and now.unit >= width else now.unit
    state = replace(
        now,
        forget=forget,
        gamma=gamma,
        width=width,
        seed=int(seed),
        lr=float(lr),
        epochs=int(epochs),
        unit=unit,
    )
    keep(state)
    for note in st.session_state.get(
        _NOTES, []
    ):  # shown until another setting is chosen: the end of the run's job draws the page anew
        above.warning(note, icon=":material/link_off:")
    return state
