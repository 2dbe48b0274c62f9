"""The strip above every page: this experiment in five numbers."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared import glossary, pictures
from pages.shared.state import ResolvedExperiment
from unsc_core.analysis.claims import SAME
from unsc_core.analysis.summary import summary
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import points, run_title

WIDTH = 168
"""Of one number, in pixels: five in a row on a projector, two on a phone."""
WIDE = 240
"""Of the last one, which may have to say where the seconds were measured."""
TERMS = ("Acc_f", "Acc_r", "Over-unlearning", "Calibration gain", "Mask", "Retrained model")


def title(text: str, *terms: str) -> None:
    """Draw the title of a page, and beside it the terms of the glossary that the page uses."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.title(text, width="content")
        glossary.popover(*terms)


def strip(experiment: ResolvedExperiment, result: Result) -> None:
    """Draw Acc_f, Acc_r, added gain, gap to retrain and seconds, each with a tooltip."""
    pictures.mark_files(result.alterations)
    st.caption(
        f"**{run_title(result)}** · forgetting **{experiment.request}** · "
        f"{experiment.dataset.name} · {result.config.model} · seed {result.config.seed} · "
        f"test set of {len(experiment.dataset.y_test):,}"
    )
    numbers = summary(result)
    change = "Below: the change from the original model."
    damage = glossary.meaning("Over-unlearning")
    retrained = glossary.meaning("Retrained model")
    cells = st.container(horizontal=True, gap="small")
    _cell(cells, _acc_forget(numbers), "Acc_f", change)
    _cell(cells, _acc_retain(numbers), "Acc_r", f"{change} {damage}")
    _cell(cells, _added(numbers), "Calibration gain", "Shown: the added part.")
    _cell(cells, _gap(numbers), "Gap to retrain", f"{retrained} Below: its Acc_r.")
    _cell(cells, _seconds(result), "Seconds", "Below: training the retrained model.", WIDE)


Cell = tuple[str, str, str | None]
"""Label, value, and what stands below it."""


def _cell(container: Any, cell: Cell, term: str, about: str, width: int = WIDTH) -> None:
    label, value, below = cell
    container.metric(
        label,
        value,
        below,
        delta_color="off",
        delta_arrow="off",
        width=width,
        help=f"{glossary.meaning(term)} {about}",
    )


def _acc_forget(numbers: dict[str, Any]) -> Cell:
    label = "Acc_f · forgotten"
    before, after = (numbers[model]["acc_forget"] for model in ("original", "unlearned"))
    if before is None or after is None:  # single samples are training samples, predicted last
        return label, "…", None
    return label, f"{after:.1f} %", f"{points(after - before)} pts"


def _acc_retain(numbers: dict[str, Any]) -> Cell:
    gain = numbers["gain"]["total"]
    verdict = "" if abs(gain) < SAME else ": a gain" if gain > 0 else ": over-unlearning"
    value = f"{numbers['unlearned']['acc_retain']:.1f} %"
    return "Acc_r · retained", value, f"{points(gain)} pts{verdict}"


def _added(numbers: dict[str, Any]) -> Cell:
    label, gain, mask = "Gain beyond the mask", numbers["gain"], numbers.get("mask")
    if mask is None:
        return label, "–", "samples cannot be masked"
    below = f"free {points(gain['free'])}, mask {mask['acc_retain']:.1f} %"
    return label, f"{points(gain['added'])} pts", below


def _gap(numbers: dict[str, Any]) -> Cell:
    label, retrained = "Gap to retrain", numbers.get("retrained")
    if retrained is None:
        return label, "…", "not trained yet"
    gap = numbers["unlearned"]["acc_retain"] - retrained["acc_retain"]
    return label, f"{points(gap)} pts", f"retrained Acc_r {retrained['acc_retain']:.1f} %"


def _seconds(result: Result) -> Cell:
    """How long unlearning took, and retraining, with why the two may not be compared."""
    label = "Unlearning took"
    own, retrained = result.took["unlearned"], result.took.get("retrained")
    if retrained is None:
        return label, f"{own.seconds:.1f} s", None
    apart = own.apart(retrained)
    below = f"retraining {retrained.seconds:.0f} s{f', {apart}' if apart else ''}"
    return label, f"{own.seconds:.1f} s", below
