"""The strip above every page: this experiment in five numbers."""

from __future__ import annotations

import streamlit as st

from pages.shared import show
from pages.shared.state import Chosen
from unsc_core.analysis.claims import SAME
from unsc_core.analysis.summary import summary
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import points, run_title

WIDTH = 168
"""Of one number, in pixels: five in a row on a projector, two on a phone."""
WIDER = 240
"""Of the last one, which may have to say where seconds were measured."""


def strip(chosen: Chosen, result: Result) -> None:
    """Acc_f, Acc_r, what was added to the mask, gap to retrain and seconds, each with its meaning in a tooltip."""
    show.mark_files(result.alterations)
    numbers = summary(result)
    original, mask, unlearned, retrained = (
        numbers.get(name) for name in ("original", "mask", "unlearned", "retrained")
    )
    assert original is not None
    assert unlearned is not None
    st.caption(
        f"**{run_title(result)}** · forgetting **{chosen.forgotten}** · {chosen.dataset.name} · "
        f"{result.config.model} · seed {result.config.seed} · test set of {len(chosen.dataset.y_test):,}"
    )
    cells = st.container(horizontal=True, gap="small")
    of = "Accuracy on the samples" if result.split.forget_ids else "Test accuracy on the classes"
    cells.metric(
        "Acc_f · forgotten",
        *_forgotten(original["acc_forget"], unlearned["acc_forget"]),
        delta_color="off",
        delta_arrow="off",
        width=WIDTH,
        help=f"{of} to forget; lower is better, but no lower than the retrained model's. Below: change against the original.",
    )
    gain = numbers["gain"]
    cells.metric(
        "Acc_r · retained",
        f"{unlearned['acc_retain']:.1f} %",
        f"{points(gain['total'])} pts{_verdict(gain['total'])}",
        delta_color="off",
        delta_arrow="off",
        width=WIDTH,
        help="Mean test accuracy over the classes that stay; higher is better. Below: change against the original. A loss is over-unlearning.",
    )
    cells.metric(
        "Added to the mask",
        "–" if mask is None else f"{points(gain['added'])} pts",
        "not possible for samples"
        if mask is None
        else f"free {points(gain['free'])}, mask {mask['acc_retain']:.1f} %",
        delta_color="off",
        delta_arrow="off",
        width=WIDTH,
        help="The mask is the original with the forgotten answers hidden: no weight changes. What it gains in Acc_r is free; what the method has "
        "beyond the mask's Acc_r is added by changing weights. Single samples cannot be masked: their class stays.",
    )
    gap = None if retrained is None else unlearned["acc_retain"] - retrained["acc_retain"]
    cells.metric(
        "Gap to retrain",
        "…" if gap is None else f"{points(gap)} pts",
        "not trained yet"
        if retrained is None
        else f"retrained Acc_r {retrained['acc_retain']:.1f} %",
        delta_color="off",
        delta_arrow="off",
        width=WIDTH,
        help="Acc_r of the unlearned minus Acc_r of a model trained again without what is forgotten, the gold standard.",
    )
    cells.metric(
        "Unlearning took",
        *_seconds(result),
        delta_color="off",
        delta_arrow="off",
        width=WIDER,
        help="Measured around the method when it ran; second moments that were there already cost nothing. Below: training the retrained model.",
    )


def _forgotten(before: float | None, after: float | None) -> tuple[str, str | None]:
    """Acc_f and its change; single samples are training samples, which are answered last."""
    return (
        ("…", None)
        if before is None or after is None
        else (f"{after:.1f} %", f"{points(after - before)} pts")
    )


def _verdict(gain: float) -> str:
    """What the change of Acc_r is called."""
    return "" if abs(gain) < SAME else ": a gain" if gain > 0 else ": over-unlearning"


def _seconds(result: Result) -> tuple[str, str | None]:
    """How long unlearning took, and retraining, where the two may be compared or why not."""
    own, retrained = result.took["unlearned"], result.took.get("retrained")
    if retrained is None:
        return f"{own.seconds:.1f} s", None
    apart = own.apart(retrained)
    return (
        f"{own.seconds:.1f} s",
        f"retraining {retrained.seconds:.0f} s{f', {apart}' if apart else ''}",
    )
