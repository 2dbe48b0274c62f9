"""The strip above every page: this experiment in a few numbers."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from pages.shared import glossary, pictures
from pages.shared.state import ResolvedExperiment
from unsc_core.analysis.summary import summary
from unsc_core.experiment.result import Result
from unsc_core.figures.header import choice, measured_on, readouts
from unsc_core.figures.phrases import dataset_title, model_title, run_title

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


def title(text: str, *terms: str, about: str = "") -> None:
    """Draw the title of a page, the terms of the glossary that it uses, and one short sentence."""
    with row("title", vertical_alignment="center"):
        st.title(text, anchor=False, width="content")
        glossary.popover(*terms)
        if about:
            st.caption(about, width="content")


def row(name: str, vertical_alignment: Literal["center", "bottom"] = "bottom") -> Any:
    """Controls side by side; on a phone they scroll sideways (app.css). One of a name on a page."""
    return st.container(
        key=f"row-{name}", horizontal=True, vertical_alignment=vertical_alignment, gap="small"
    )


def strip(experiment: ResolvedExperiment, result: Result) -> None:
    """Draw what is shown, and every measure that belongs in a header."""
    with st.container(gap="xxsmall"):
        shown(experiment, result)
        measures(result)


def shown(experiment: ResolvedExperiment, result: Result) -> None:
    """Draw the line that names what is shown."""
    pictures.mark_files(result.alterations)
    row("shown", vertical_alignment="center").caption(
        f"**{run_title(result)}** · forgetting **{experiment.request}** · "
        f"{dataset_title(result.config.dataset)} · {model_title(result.config.model)} · "
        f"seed {result.config.seed}",
        help=f"{measured_on(result.split)} Differences are taken before rounding.",
        width="content",
    )
    with st.container():  # one element with and without, see link_notes
        if chosen := choice(summary(result)):
            st.caption(chosen)


def measures(result: Result) -> None:
    """Draw every measure that belongs in a header, each with a tooltip."""
    cells = st.container(key="measures", horizontal=True, gap="small")
    for one in readouts(result):
        cells.metric(
            one.label,
            one.value,
            one.below,
            delta_color="off",
            delta_arrow="off",
            width="content",
            help=one.help,
        )
