"""What a page showed before, which stays, dimmed, until what the controls ask for can be drawn."""

from __future__ import annotations

import streamlit as st

from pages.shared import cache
from pages.shared.state import ResolvedExperiment
from unsc_core.errors import UnscError
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import dataset_title, model_title, run_title

_SHOWN, _DRAWN = "shown", "draws_what_was_before"


def remember(experiment: ResolvedExperiment) -> None:
    """This tab shows this experiment from now on."""
    st.session_state[_SHOWN] = experiment


def is_known() -> bool:
    """Whether this tab has shown anything."""
    return _SHOWN in st.session_state


def show() -> tuple[ResolvedExperiment, Result] | None:
    """The experiment that this tab showed last; a line says so, and all below it is dimmed."""
    shown: ResolvedExperiment | None = st.session_state.get(_SHOWN)
    try:
        result = None if shown is None else cache.result(shown.config)
    except UnscError:  # its data or weights are gone
        result = None
    if shown is None or result is None:
        return None
    st.session_state[_DRAWN] = True
    gamma = shown.config.energy_threshold
    cut = "" if gamma is None else f", γ = {gamma:g}"  # a γ per layer is in the title
    st.container(key="before").markdown(
        f"**Before** · {run_title(result)}{cut} · forgetting "
        f"{shown.request} · {dataset_title(shown.config.dataset)} · "
        f"{model_title(shown.config.model)}, seed {shown.config.seed} · it stays until there is a "
        "new picture."
    )
    return shown, result


def is_shown() -> bool:
    """Whether this run of the page draws what was shown before; it must not act on the request."""
    return st.session_state.get(_DRAWN, False)


def draw_the_request() -> None:
    """This run of the page draws what the controls ask for, unless `show` is called."""
    st.session_state[_DRAWN] = False
