"""How fast each network learns the forgotten class again: step by step, and by images shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.audits.entry import RELEARNED_IMAGES
from unsc_core.figures.audit_curves import SHOWN, add_curves
from unsc_core.figures.audit_words import value
from unsc_core.figures.playing import add_buttons
from unsc_core.figures.theme import Look, Picture, styled

HEIGHT = 440
ACCURACY = "Acc_f, %"
PARTS = {"head": "the last layer alone", "whole": "all weights"}
"""What is fine-tuned, as in the audit's detail -> in words."""


def race(relearning: Mapping[str, Any], method: str, look: Look) -> Picture:
    """Acc_f after a few steps of fine-tuning on a few samples of every class, played step by step.

    Args:
        relearning: the audit, as `excess.over_seeds` returns it, with a value.
        method: of the unlearned network, for its mark.
        look: colours.
    """
    found = {network: _curve(relearning[network], "steps") for network in SHOWN}
    steps = _names(relearning, "steps")
    figure = go.Figure()
    add_curves(figure, steps, found, "", method, look)
    first = len(figure.data) - len(SHOWN)
    figure.frames = [
        go.Frame(
            name=step,
            data=[{"x": steps[: i + 1], "y": found[network].mean(0)[: i + 1]} for network in SHOWN],
            traces=[first + trace for trace in range(len(SHOWN))],
        )
        for i, step in enumerate(steps)
    ]
    _style(figure, found, look)
    figure.update_xaxes(range=[-0.4, len(steps) - 0.6], title_text="steps of fine-tuning")
    figure.update_layout(margin={"t": 44, "b": 104})
    add_buttons(figure, look, -0.21)
    alt = (
        f"Lines: accuracy on the forgotten test samples from step 0 to step {steps[-1]} of "
        f"fine-tuning on {RELEARNED_IMAGES} samples of every class, for the original, the "
        "unlearned and the retrained network."
    )
    table = {"step": steps, **{SHOWN[n]: found[n].mean(0) for n in SHOWN}}
    return Picture(figure, alt, _winner(steps, found), table)


def by_images(relearning: Mapping[str, Any], part: str, method: str, look: Look) -> Picture:
    """Acc_f after relearning, by the number of samples of every class.

    Args:
        relearning, method, look: as of `race`.
        part: "whole" if all weights are fine-tuned, "head" for the last layer alone.
    """
    found = {network: _curve(relearning[network], part) for network in SHOWN}
    images, what = _names(relearning, part), PARTS[part]
    figure = go.Figure()
    add_curves(figure, images, found, "", method, look)
    _style(figure, found, look)
    figure.update_xaxes(title_text="samples of every class")
    figure.update_layout(margin={"t": 44, "b": 56})
    alt = (
        f"Lines: accuracy on the forgotten test samples after fine-tuning {what} on 1 to "
        f"{images[-1]} samples of every class, for the original, the unlearned and the retrained."
    )
    table = {"images": images, **{SHOWN[n]: found[n].mean(0) for n in SHOWN}}
    own, reference = (value(found[n].mean(0)[-1], "%") for n in ("unlearned", "retrained"))
    sentence = (
        f"With {images[-1]} samples of every class and {what} fine-tuned, the unlearned network "
        f"comes back to {own}, the retrained to {reference}."
    )
    return Picture(figure, alt, sentence, table)


def _names(relearning: Mapping[str, Any], part: str) -> list[str]:
    return list(relearning["original"]["details"][0][part])


def _curve(network: Mapping[str, Any], part: str) -> NDArray[np.float64]:
    """(seeds, points) Acc_f in percent."""
    return np.array([list(detail[part].values()) for detail in network["details"]])


def _style(figure: go.Figure, found: Mapping[str, NDArray[np.float64]], look: Look) -> None:
    styled(figure, look, HEIGHT)
    top = max(5.0, 1.08 * max(float(each.max()) for each in found.values()))
    figure.update_xaxes(type="category", zeroline=False)
    figure.update_yaxes(title_text=ACCURACY, range=[-0.03 * top, top])


def _winner(steps: list[str], found: Mapping[str, NDArray[np.float64]]) -> str:
    """How much comes back in the end, and when half of what the original knew is back."""
    mean = {network: each.mean(0) for network, each in found.items()}
    half = mean["original"][0] / 2
    when = {}
    for network in ("unlearned", "retrained"):
        reached = np.flatnonzero(mean[network] >= half)
        when[network] = (
            f"after at most {steps[reached[0]]} steps" if len(reached) else "later, if at all,"
        )
    return (
        f"After {steps[-1]} steps the unlearned network is back at "
        f"{value(mean['unlearned'][-1], '%')}, the retrained at "
        f"{value(mean['retrained'][-1], '%')}. Half of what the original knew, "
        f"{value(half, '%')}, is there {when['unlearned']} in the unlearned network and "
        f"{when['retrained']} in the retrained."
    )
