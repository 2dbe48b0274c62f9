"""A line for each network, and a band around the retrained: what curves of audits share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.audits.verdict import SPREADS
from unsc_core.figures.audit_words import mark
from unsc_core.figures.theme import Look, clear

SHOWN = {"original": "Original, mask", "unlearned": "Unlearned", "retrained": "Retrained"}
"""The mask changes no feature, so it is the original."""
DASHES = {"original": "dash", "unlearned": "solid", "retrained": "dot"}


def add_curves(
    figure: go.Figure,
    x: Sequence[Any],
    found: Mapping[str, NDArray[np.float64]],
    what: str,
    method: str,
    look: Look,
) -> None:
    """Add the means over seeds, behind them the retrained's mean ± twice its deviation.

    Args:
        figure: to add to.
        x: of the points.
        found: network of SHOWN -> (seeds, points) percentages.
        what: before each x on hover: "layer ", or "".
        method: of the unlearned network, for its mark.
        look: colours.
    """
    reference = found["retrained"]
    if len(reference) > 1:
        reach, mean = SPREADS * reference.std(0, ddof=1), reference.mean(0)
        figure.add_scatter(
            x=[*x, *x[::-1]],
            y=np.concatenate([mean + reach, (mean - reach)[::-1]]),
            mode="lines",
            fill="toself",
            fillcolor=clear(look.muted, 0.22),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
        )
    for network, title in SHOWN.items():
        colour, symbol = mark(network, method, look)
        outline = {"width": 2, "color": colour}
        figure.add_scatter(
            x=x,
            y=found[network].mean(0),
            name=title,
            mode="lines+markers",
            line={"color": colour, "width": 2.5, "dash": DASHES[network]},
            marker={"color": colour, "symbol": symbol, "size": 12, "line": outline},
            hovertemplate=f"{title}, {what}%{{x}}<br><b>%{{y:.1f}} %</b><extra></extra>",
        )
