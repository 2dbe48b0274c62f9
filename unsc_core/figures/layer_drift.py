"""Per layer: how far retained test samples move."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis.geometry import Subspaces
from unsc_core.figures.phrases import joined, layer_name
from unsc_core.figures.theme import Look, Picture, clear, label_margin, styled

ROUNDING = 1e-5
"""A movement beyond its bound by no more than this share is a float32 rounding error."""

DRIFT_NAMES = {
    "bound": "bound of this layer alone",
    "alone": "this layer alone",
    "whole": "whole unlearned network",
}


def drift(titles: dict[str, str], found: Subspaces, look: Look) -> Picture:
    """How far the pre-activations of retained test samples move; see `geometry.Subspaces`."""
    names = [titles[layer] for layer in found.drift]
    shown = [
        part for part in DRIFT_NAMES if all(one[part] is not None for one in found.drift.values())
    ]
    percent = {
        part: np.array([100 * (one[part] or 0.0) for one in found.drift.values()]) for part in shown
    }
    markers = {
        "bound": {"color": "rgba(0,0,0,0)", "line": {"color": look.ink, "width": 1.5}},
        "alone": {"color": clear(look.muted, 0.4)},
        "whole": {"color": look.muted},
    }
    figure = go.Figure()
    for part, values in percent.items():
        figure.add_bar(
            y=names,
            x=values,
            orientation="h",
            name=DRIFT_NAMES[part],
            marker=markers[part],
            text=[f"{value:.1f} %" for value in values],
            textposition="outside",
            textfont={"size": 14},
            cliponaxis=False,
            hovertemplate=f"%{{y}}<br>{DRIFT_NAMES[part]}: %{{x:.2f}} %<extra></extra>",
        )
    height = 150 + (24 * len(shown) + 16) * len(names)
    styled(figure, look, height, "Movement of retained test samples, per layer")
    margin = {"l": label_margin(names), "t": 76, "b": 56, "r": 64}
    figure.update_layout(barmode="group", bargap=0.25, margin=margin)
    figure.update_yaxes(autorange="reversed")
    title = "% of the layer's own output, root mean square"
    figure.update_xaxes(title_text=title, rangemode="tozero")
    alt = (
        "Bars per layer: how far retained test samples move in the whole unlearned network, "
        "and by the layer's own change alone"
    )
    alt += ", with its bound." if "bound" in shown else "."
    return Picture(figure, alt, _movement(names, percent), {"layer": names, **percent})


def _movement(names: list[str], percent: dict[str, NDArray[np.float64]]) -> str:
    """Which layer moves most, by its own change and in the network, and what the bound covers."""
    alone, whole, bound = percent["alone"], percent["whole"], percent.get("bound")
    most, names = int(np.argmax(whole)), [layer_name(name).lower() for name in names]
    text = (
        f"On retained test samples, {names[most]} moves most in the unlearned network, by "
        f"{whole[most]:.1f} % of its output; its own change alone would move it by "
        f"{alone[most]:.1f} %."
    )
    if bound is None:
        return text
    limit = bound * (1 + ROUNDING)
    over = alone > limit  # by rounding: no change can be so
    if not over.any():
        near = int(np.argmax(alone / np.maximum(bound, 1e-12)))
        text += (
            f" Alone, every layer stays within its bound; {names[near]} comes closest, "
            f"with {alone[near]:.1f} of at most {bound[near]:.1f} %."
        )
    if over.any():
        past = joined([name for name, it in zip(names, over, strict=True) if it])
        text += f" Alone, {past} goes past its bound, which only rounding can do."
    far = (whole > limit) & ~over
    if beyond := [name for name, it in zip(names, far, strict=True) if it]:
        text += (
            f" In the whole network, {joined(beyond)} {'moves' if len(beyond) == 1 else 'move'} "
            "further: the bound does not cover inputs that earlier layers have changed."
        )
    return text
