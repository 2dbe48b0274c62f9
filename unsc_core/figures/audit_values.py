"""One audit of four networks: a dot for each seed, the mean, and the spread of the retrained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from unsc_core.audits import ALL_AUDITS
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
    figure = go.Figure()
    titles = [MODEL_TITLES[network] for network in NETWORKS]
    band = spread_band(audit["retrained"])
    if band is not None:
        if audit["unit"] == "%":
            band = max(band[0], 0.0), min(band[1], 100.0)
        figure.add_vrect(x0=band[0], x1=band[1], line_width=0, fillcolor=clear(look.muted, 0.22))
    for network, title in zip(NETWORKS, titles, strict=True):
        _add_network(figure, audit[network], title, audit["unit"], *mark(network, method, look))
    styled(figure, look, HEIGHT)
    figure.update_layout(showlegend=False, margin={"l": 92, "r": 16, "t": 8, "b": 44})
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=titles[::-1],
        range=[-0.5, len(titles) - 0.2],
        zeroline=False,
    )
    figure.update_xaxes(title_text=_axis(audit), range=_window(audit, band), zeroline=False)
    alt = (
        f"{ALL_AUDITS[name].title}: values of the original, the mask, the unlearned and the "
        "retrained network, one dot for each seed, with the spread of the retrained as a band."
    )
    table = {
        "network": [n for n in NETWORKS for _ in audit[n]["values"]],
        "value": [v for n in NETWORKS for v in audit[n]["values"]],
    }
    return Picture(figure, alt, sentence(audit), table)


def _add_network(
    figure: go.Figure, found: Mapping[str, Any], title: str, unit: str, colour: str, symbol: str
) -> None:
    """A small dot for each seed with a value, and a large mark with the mean."""
    known = [v for v in found["values"] if v is not None]
    number = f"<b>%{{x:.{digits(unit)}f}} {unit}</b><extra></extra>"
    figure.add_scatter(
        x=known,
        y=[title] * len(known),
        mode="markers",
        marker={"color": colour, "size": 8, "opacity": 0.45, "symbol": "circle"},
        hovertemplate=f"{title}, one seed<br>{number}",
    )
    if found["mean"] is None:
        return
    outline = {"width": 2, "color": colour}
    figure.add_scatter(
        x=[found["mean"]],
        y=[title],
        mode="markers+text",
        text=[value(found["mean"], unit)],
        textposition="top center",
        cliponaxis=False,
        marker={"color": colour, "size": 16, "symbol": symbol, "line": outline},
        hovertemplate=f"{title}, mean<br>{number}",
    )


def spread_band(network: Mapping[str, Any]) -> tuple[float, float] | None:
    """Mean ± twice the standard deviation over seeds; None if there is none."""
    if network["mean"] is None or network["sd"] is None:
        return None
    reach = SPREADS * network["sd"]
    return network["mean"] - reach, network["mean"] + reach


def _axis(audit: Mapping[str, Any]) -> str:
    """What the axis shows, and which way lies what was not forgotten."""
    what = "further from the retrained" if audit["compares"] else "more is left"
    way = f"{what} →" if audit["direction"] == "higher" else f"← {what}"
    return f"{audit['unit']}   ({way})" if audit["unit"] else f"({way})"


def _window(audit: Mapping[str, Any], band: tuple[float, float] | None) -> list[float]:
    """The ends of the axis, never so close that rounded values differ on it."""
    values = [v for network in NETWORKS for v in audit[network]["values"] if v is not None]
    every = [*values, *(band or ())] or [0.0, 1.0]
    low, high = min(every), max(every)
    pad = max(0.14 * (high - low), 20 * 10.0 ** -digits(audit["unit"]))
    return [low - pad, high + pad]
