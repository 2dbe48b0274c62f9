"""The settings of the 2-D lab: a typed state, held in the URL, and its controls."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import streamlit as st

from pages.shared import controls, glossary, link_notes, url_fields
from pages.shared.state import GAMMAS
from pages.shared.url_fields import Reader, between
from unsc_core.analysis.lab import lab_config
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset

WIDTHS = (8, 16, 32, 64, 128)
MAX_EPOCHS = 300
_KEY, _NOTES = "lab", "lab_notes"


@dataclass(frozen=True)
class LabState:
    """What the controls ask for; always possible.

    Attributes:
        forget: the class to forget.
        gamma: the energy threshold γ.
        width: number of hidden units.
        seed: of everything random.
        lr, epochs: of every method.
        unit, output: rows of the gradients of layer 1 and 2 that are shown; None for the row with
            the longest gradient.
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
        """The complete config of the lab run."""
        return lab_config(self.forget, self.gamma, self.width, self.seed, self.lr, self.epochs)


_READERS: dict[str, Reader] = {
    "forget": between(int, 0, 3),
    "gamma": between(float, 1e-6, 1),
    "width": between(int, WIDTHS[0], WIDTHS[-1]),
    "seed": between(int, 0, 2**31 - 1),
    "lr": between(float, 1e-5, 100),
    "epochs": between(int, 1, MAX_EPOCHS),
    "unit": between(int, 0, WIDTHS[-1] - 1),
    "output": between(int, 0, 3),
    "epoch": between(int, 0, MAX_EPOCHS),  # the browser's own: the epoch that is shown
}


def from_query(query: dict[str, str]) -> tuple[LabState, list[str]]:
    """The state in a link, and one sentence for each part that is not possible."""
    values, notes = url_fields.read_fields(query, _READERS)
    values.pop("epoch", None)
    state = LabState(**values)
    if state.unit is not None and state.unit >= state.width:
        reason = f"but the last of the {state.width} hidden units is {state.width - 1}"
        notes.append(url_fields.impossible("unit", str(state.unit), reason))
        state = replace(state, unit=None)
    return state, notes


def to_query(state: LabState) -> dict[str, str]:
    """The shortest link to `state`: defaults are left out."""
    values = {field.name: getattr(state, field.name) for field in fields(LabState)}
    return {
        name: repr(value) for name, value in values.items() if value != getattr(LabState(), name)
    }


def current() -> LabState:
    """The session's state; at first, the one in the link."""
    if _KEY not in st.session_state:
        st.session_state[_KEY], st.session_state[_NOTES] = from_query(st.query_params.to_dict())
    return st.session_state[_KEY]


def keep(state: LabState) -> None:
    """Make `state` the session's, and the link's; the shown epoch stays while the run does."""
    before = st.session_state.get(_KEY, state)
    st.session_state[_KEY] = state
    if before != state:
        st.session_state.pop(_NOTES, None)
    shown, wanted = st.query_params.to_dict(), to_query(state)
    if "epoch" in shown and before.config() == state.config():
        wanted["epoch"] = shown["epoch"]
    if shown != wanted:
        st.query_params.from_dict(wanted)


def draw(dataset: Dataset) -> LabState:
    """Draw the controls in the sidebar, and return the state that they ask for."""
    controls.use_navigation()
    above = st.container()
    with st.sidebar:
        state = _widgets(current(), dataset)
    if state.unit is not None and state.unit >= state.width:
        state = replace(state, unit=None)
    keep(state)
    # Notes stay until a setting changes: the page is drawn again when the run's job is done.
    for note in st.session_state.get(_NOTES, []):
        above.warning(note, icon=link_notes.ICON)
    return state


def _widgets(now: LabState, dataset: Dataset) -> LabState:
    forget = st.selectbox(
        "Class to forget",
        range(dataset.num_classes),
        now.forget,
        key="lab_forget",
        format_func=lambda c: dataset.class_names[c],
    )
    gamma = st.select_slider(
        controls.GAMMA,
        sorted({*GAMMAS, now.gamma}),
        now.gamma,
        key="lab_gamma",
        help=glossary.meaning("γ"),
    )
    width = st.select_slider(
        "Width W",
        sorted({*WIDTHS, now.width}),
        now.width,
        key="lab_width",
        help="Number of hidden units. The network is 2 → W → 4.",
    )
    seed = st.number_input("Seed", 0, 2**31 - 1, now.seed, key="lab_seed", help=controls.SEED_HELP)
    lr = st.number_input(
        "Learning rate",
        1e-5,
        100.0,
        now.lr,
        step=0.01,
        format="%g",
        key="lab_lr",
        help="Used by every method here: plain SGD, gradient norm clipped to 1.",
    )
    epochs = st.number_input(
        "Maximum epochs",
        1,
        MAX_EPOCHS,
        now.epochs,
        key="lab_epochs",
        help="UNSC and gradient ascent stop once training accuracy on the forgotten class is at "
        "most 1 %.",
    )
    return replace(
        now,
        forget=forget,
        gamma=gamma,
        width=width,
        seed=int(seed),
        lr=float(lr),
        epochs=int(epochs),
    )
