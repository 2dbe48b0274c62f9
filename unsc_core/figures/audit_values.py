"""One audit of four networks: a dot for each seed, the mean, and the spread of the retrained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from unsc_core.audits import AUDITS
from unsc_core.audits.entry import NETWORKS
from unsc_core.audits.verdict import SPREADS
from unsc_core.figures.audit_words import digits, mark, sentence, value
from unsc_core.figures.phrases import MODEL_TITLES
from unsc_core.figures.theme import Look, Picture, clear, styled

HEIGHT = 258


def audit_values(name: str, audit: Mapping[str, Any], method: str, look: Look) -> Picture:
    """The value of every network, with the retrained's mean ± twice its deviation as a band.

    Args:
        name: of the audit.
        audit: what `excess.over_seeds` returns.
        method: of the unlearned network, for its mark.
        look: colours.
    """
    figure, unit = go.Figure(), audit["unit"]
    titles = [MODEL_TITLES[network] for network in NETWORKS]
    band = spread_band(audit["retrained"])
    if band is not None:
        figure.add_vrect(x0=band[0], x1=band[1], line_width=0, fillcolor=clear(look.muted, 0.22))
    shown = [v for network in NETWORKS for v in audit[network]["values"] if v is not None]
    for network, title in zip(NETWORKS, titles, strict=True):
        colour, symbol = mark(network, method, look)
        known = [v for v in audit[network]["values"] if v is not None]
        hover = f"{title}, one seed<br><b>%{{x:.{digits(unit)}f}} {unit}</b><extra></extra>"
        figure.add_scatter(
            x=known,
            y=[title] * len(known),
            mode="markers",
            marker={"color": colour, "size": 8, "opacity": 0.45, "symbol": "circle"},
            hovertemplate=hover,
        )
        mean = audit[network]["mean"]
        if mean is None:
            continue
        figure.add_scatter(
            x=[mean],
            y=[title],
            mode="markers+text",
            text=[value(mean, unit)],
            textposition="top center",
            textfont={"size": 14, "color": look.ink},
            cliponaxis=False,
            marker={
                "color": colour,
                "size": 16,
                "symbol": symbol,
                "line": {"width": 2, "color": colour},
            },
            hovertemplate=hover.replace("one seed", "mean"),
        )
    styled(figure, look, HEIGHT)
    figure.update_layout(showlegend=False, margin={"l": 92, "r": 16, "t": 8, "b": 44})
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=titles[::-1],
        range=[-0.5, len(titles) - 0.2],
        zeroline=False,
    )
    figure.update_xaxes(
        title_text=_axis(name, unit), range=_window(shown, band, unit), zeroline=False
    )
    alt = (
        f"{AUDITS[name].title}: values of the original, the mask, the unlearned and the retrained "
        "network, one dot for each seed, with the spread of the retrained as a band."
    )
    table = {
        "network": [n for n in NETWORKS for _ in audit[n]["values"]],
        "value": [v for n in NETWORKS for v in audit[n]["values"]],
    }
    return Picture(figure, alt, sentence(audit), table)


def spread_band(network: Mapping[str, Any]) -> tuple[float, float] | None:
    """Mean ± twice the standard deviation over seeds; None if there is none."""
    if network["mean"] is None or network["sd"] is None:
        return None
    reach = SPREADS * network["sd"]
    return network["mean"] - reach, network["mean"] + reach


def _axis(name: str, unit: str) -> str:
    """What the axis shows, and which way more is left."""
    way = "more is left →" if AUDITS[name].direction == "higher" else "← more is left"
    return f"{unit}   ({way})" if unit else f"({way})"


def _window(values: list[float], band: tuple[float, float] | None, unit: str) -> list[float]:
    """The ends of the axis, never so close that rounded values differ on it."""
    every = [*values, *(band or ())] or [0.0, 1.0]
    low, high = min(every), max(every)
    pad = max(0.14 * (high - low), 20 * 10.0 ** -digits(unit))
    return [low - pad, high + pad]
