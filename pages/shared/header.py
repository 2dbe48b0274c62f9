"""The strip above every page: this experiment in a few numbers."""

from __future__ import annotations

import streamlit as st

from pages.shared import glossary, pictures
from pages.shared.state import ResolvedExperiment
from unsc_core.analysis.summary import summary
from unsc_core.experiment.result import Result
from unsc_core.figures.header import choice, readouts
from unsc_core.figures.phrases import dataset_title, model_title, run_title

WIDTH = 168
"""Of one number, in pixels: five in a row on a projector, two on a phone."""
WIDE = 240
"""Of a number with a long line below it, which may say where seconds were measured."""
LONG = 28
"""Characters below a number that need the wide cell."""
TERMS = (
    "Acc_f",
    "Acc_r",
    "Over-unlearning",
    "Calibration gain",
    "Mask",
    "Retrained model",
    "γ",
    "Energy",
    "Null space",
    "Pseudo-label",
    "Logits",
)


def title(text: str, *terms: str) -> None:
    """Draw the title of a page, and beside it the terms of the glossary that the page uses."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.title(text, width="content")
        glossary.popover(*terms)


def strip(experiment: ResolvedExperiment, result: Result) -> None:
    """Draw what is shown, and every measure that belongs in a header."""
    shown(experiment, result)
    measures(result)


def shown(experiment: ResolvedExperiment, result: Result) -> None:
    """Draw the line that names what is shown."""
    pictures.mark_files(result.alterations)
    st.caption(
        f"**{run_title(result)}** · forgetting **{experiment.request}** · "
        f"{dataset_title(result.config.dataset)} · {model_title(result.config.model)} · "
        f"seed {result.config.seed} · test set of {len(experiment.dataset.y_test):,} · "
        "differences are taken before rounding"
    )
    with st.container():  # one element with and without, see link_notes
        if chosen := choice(summary(result)):
            st.caption(chosen)


def measures(result: Result) -> None:
    """Draw every measure that belongs in a header, each with a tooltip."""
    cells = st.container(horizontal=True, gap="small")
    for one in readouts(result):
        cells.metric(
            one.label,
            one.value,
            one.below,
            delta_color="off",
            delta_arrow="off",
            width=WIDE if len(one.below or "") > LONG else WIDTH,
            help=one.help,
        )
