"""Every layer's spectrum and where γ cuts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.figures.phrases import at_gamma, layer_name, percent
from unsc_core.figures.theme import Look, Picture, axis, clear, label_margin, layout, styled
from unsc_core.subspace.energy import energy_rank, unkept

Eigenvalues = dict[str, NDArray[np.float64]]
"""Layer -> (groups, d) eigenvalues, descending."""


def ranks(spectra: Eigenvalues, cut_at: Mapping[str, float]) -> dict[str, tuple[int, int]]:
    """Layer -> (rank, dim), summed over groups, with each layer cut at its γ."""
    return {
        layer: (
            sum(energy_rank(values, cut_at[layer]) for values in groups),
            groups.shape[0] * groups.shape[1],
        )
        for layer, groups in spectra.items()
    }


def spectrum(
    layer: str,
    title: str,
    spectra: Eigenvalues,
    energy_threshold: float,
    look: Look,
    height: int = 290,
) -> Picture:
    """One layer: log energy share per direction; kept directions in grey, free ones in teal."""
    values = spectra[layer][0]
    k = energy_rank(values, energy_threshold)
    share = np.maximum(values / max(values.sum(), 1e-300), 1e-12)
    index = np.arange(1, len(values) + 1)
    d, groups = len(values), len(spectra[layer])
    lines = [
        _line("kept", look.muted, share, 0, k),
        _line("free (null space)", look.teal, share, k, d),
    ]
    of_groups = f" (group 1 of {groups})" if groups > 1 else ""
    cut = {"type": "line", "x0": k + 0.5, "x1": k + 0.5, "y0": 0, "y1": 1, "yref": "y domain"}
    style = layout(look, height, title) | {
        "margin": {"l": 74, "r": 8, "t": 44, "b": 56},
        "showlegend": False,
        "meta": {"layer": layer},
        "yaxis": axis(look, "energy share")
        | {"type": "log", "range": [-7, 0.1], "exponentformat": "power", "dtick": 2}
        | {"tickfont": {"size": 11}},  # plotly enlarges powers to those of other axes
        "xaxis": axis(look, f"direction · {k} of {d} kept{of_groups}") | {"range": [0.5, d + 0.5]},
        "shapes": [cut | {"line": {"color": look.ink, "width": 2, "dash": "dot"}}],
    }
    figure = go.Figure(lines, style)  # in one piece: γ is dragged, and later changes are slow
    alt = (
        f"Spectrum of {layer_name(title).lower()}: {k} of {d} directions hold at least "
        f"{energy_threshold:.3g} of the retained energy and are kept; {d - k} are free."
    )
    return Picture(figure, alt, "", {"direction": index, "energy share": share, "kept": index <= k})


def _line(
    name: str, colour: str, share: NDArray[np.float64], start: int, stop: int
) -> dict[str, Any]:
    """A stretch of a spectrum, up to halfway to its neighbours, where another begins.

    Args:
        name: shown on hover. colour: of the line and the area below it.
        share: (d,) energy share per direction.
        start, stop: the first direction, counted from 0, and the one after the last.
    """
    own = np.arange(start, stop)
    ends = [start + 0.5, stop + 0.5] if len(own) else []
    x = np.unique(np.clip([*ends, *(own + 1)], 1, len(share)))
    nearest = np.clip(np.rint(x), start + 1, stop).astype(int)
    return {
        "type": "scatter",
        "x": x,
        "y": np.exp(np.interp(x, np.arange(1, len(share) + 1), np.log(share))),
        "customdata": np.column_stack([nearest, share[nearest - 1]]),
        "mode": "lines",
        "fill": "tozeroy",
        "name": name,
        "line": {"color": colour, "width": 2},
        "fillcolor": clear(colour, 0.18),
        "hovertemplate": "direction %{customdata[0]}<br>energy share %{customdata[1]:.2e}<br>"
        f"{name}<extra></extra>",
    }


def free_share(
    titles: dict[str, str], spectra: Eigenvalues, cut_at: Mapping[str, float], look: Look
) -> Picture:
    """Per layer, cut at its γ: how many directions are free, and what energy they hold."""
    found = ranks(spectra, cut_at)
    names = [titles[layer] for layer in found]
    kept = np.array([rank for rank, _ in found.values()])
    dims = np.array([dim for _, dim in found.values()])
    free = dims - kept
    figure = go.Figure()
    for label, values, colour in (
        ("kept", kept, look.muted),
        ("free (null space)", free, look.teal),
    ):
        figure.add_bar(
            y=names,
            x=100 * values / dims,
            orientation="h",
            name=label,
            marker={"color": colour},
            text=values,
            textposition="inside",
            insidetextanchor="middle",
            textfont={"size": 14, "color": look.paper},
            customdata=dims,
            hovertemplate="%{y}<br>%{text} of %{customdata} directions<extra>" + label + "</extra>",
        )
    styled(figure, look, 150 + 38 * len(names), "Kept and free directions, per layer")
    margin = {"l": label_margin(names), "t": 76, "b": 56, "r": 24}
    figure.update_layout(barmode="stack", bargap=0.3, margin=margin)
    figure.update_layout(legend_traceorder="normal")
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title_text="% of directions", range=[0, 100])
    widest = int(np.argmax(free / dims))
    outside = unkept(spectra, cut_at)
    sentence = f"{at_gamma(cut_at)}, no direction is free: all are kept."
    if free.any():
        energies = [outside[layer] for layer, room in zip(found, free, strict=True) if room]
        sentence = (
            f"{at_gamma(cut_at)}, {percent(free.sum() / dims.sum())} of all directions are "
            f"free; the retained classes have {_energy(energies)}. "
            f"{layer_name(names[widest])} has the largest share of free directions "
            f"({free[widest]} of {dims[widest]})."
        )
    alt = "Stacked bars per layer: kept and free directions."
    energy = 100 * np.array(list(outside.values()))
    table = {"layer": names, "dim": dims, "rank": kept, "null dimension": free}
    return Picture(figure, alt, sentence, table | {"retained energy in it, %": energy})


def _energy(shares: Sequence[float]) -> str:
    """Shares of several layers: "3.1 to 4.0 % of their energy there, depending on the layer"."""
    if max(shares) == 0:
        return "none of their energy there"
    if 100 * max(shares) < 0.01:
        return "less than 0.01 % of their energy there"
    least, most = (
        f"{100 * share:.2g}" if share >= 1e-4 else "0" if share == 0 else "less than 0.01"
        for share in (min(shares), max(shares))
    )
    if least == most:
        return f"{most} % of their energy there"
    return f"{least} to {most} % of their energy there, depending on the layer"
