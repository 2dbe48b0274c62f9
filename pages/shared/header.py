"""The strip above every page: this experiment in five numbers."""

from __future__ import annotations

import streamlit as st

from pages.shared.state import Chosen
from unsc_core.figures.words import points
from unsc_core.methods import METHODS
from unsc_core.results import Result, summary

WIDTH = 168
"""Of one number, in pixels: five in a row on a projector, two on a phone."""


def strip(chosen: Chosen, result: Result) -> None:
    """Acc_f, Acc_r, over-unlearning, gap to retrain and seconds, each with its meaning in a tooltip."""
    numbers, single = summary(result), bool(result.split.forget_ids)
    original, unlearned, retrained = (numbers.get(name) for name in ("original", "unlearned", "retrained"))
    st.caption(
        f"**{METHODS[result.config.method].title}** forgets **{chosen.forgotten}** · {chosen.dataset.name} · "
        f"{result.config.model} · seed {result.config.seed} · test set of {len(chosen.dataset.y_test):,}"
    )
    cells = st.container(horizontal=True, gap="small")
    cells.metric(
        "Acc_f · forgotten", *_forgotten(original["acc_forget"], unlearned["acc_forget"]), delta_color="off", width=WIDTH,
        help=f"{'Accuracy on the samples' if single else 'Test accuracy on the classes'} to forget; lower is better, but no lower than the "
        "retrained model's. Below: change against the original.",
    )  # fmt: skip
    cells.metric(
        "Acc_r · retained", f"{unlearned['acc_retain']:.1f} %", f"{unlearned['acc_retain'] - original['acc_retain']:+.1f} pts",
        width=WIDTH, help="Mean test accuracy over the classes that stay; higher is better. Below: change against the original.",
    )  # fmt: skip
    loss = numbers["over_unlearning"]
    cells.metric(
        "Over-unlearning", f"{points(loss)} pts", _verdict(loss), delta_color="off", delta_arrow="off",
        width=WIDTH, help="Acc_r of the original minus Acc_r of the unlearned model. Above 0 the rest was damaged; below 0 it even improved.",
    )  # fmt: skip
    gap = None if retrained is None else unlearned["acc_retain"] - retrained["acc_retain"]
    cells.metric(
        "Gap to retrain", "…" if gap is None else f"{points(gap)} pts",
        "still training" if gap is None else f"retrained Acc_r {retrained['acc_retain']:.1f} %", delta_color="off", delta_arrow="off",
        width=WIDTH, help="Acc_r of the unlearned minus Acc_r of a model trained again without the forgotten classes, the gold standard.",
    )  # fmt: skip
    seconds = numbers["seconds"]
    own = sum(seconds.get(stage, 0.0) for stage in ("moments", "spectra", "null_space", "pseudo_labels", "unlearn"))
    retrain = seconds.get("retrain")
    cells.metric(
        "Unlearning took", f"{own:.1f} s" if own else f"{retrain or 0:.1f} s", f"retraining: {retrain:.0f} s" if retrain else None,
        delta_color="off", delta_arrow="off",
        width=WIDTH, help="Second moments, null space, pseudo-labels and unlearning, when they were computed here. "
        "Retraining: as recorded when it was trained (bundled models: on the machine that made them).",
    )  # fmt: skip


def _forgotten(before: float | None, after: float | None) -> tuple[str, str | None]:
    """Acc_f and its change; single samples are training samples, which are answered last."""
    return ("…", None) if before is None or after is None else (f"{after:.1f} %", f"{after - before:+.1f} pts")


def _verdict(loss: float) -> str:
    if abs(loss) < 0.05:
        return "nothing lost"
    return "calibration gain" if loss < 0 else "damage to the rest"
