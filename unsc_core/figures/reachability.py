"""Per layer: how much forgotten energy stays reachable while retained energy is kept."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis.geometry import Subspaces
from unsc_core.figures.phrases import layer_name
from unsc_core.figures.spectra import Eigenvalues
from unsc_core.figures.theme import FORGET, Look, Picture, styled, write
from unsc_core.subspace.energy import energy_rank

HARDLY = 0.55
"""Up to this selectivity a layer hardly separates forgotten from retained samples."""


def curve(
    eigenvalues: NDArray[np.float64], forget_energy: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two shares in percent while 0, 1, … d directions of a layer (groups, d) are kept.

    Returns:
        Retained energy along the kept directions, rising from 0 to 100, and forgotten samples'
        energy along the free ones, which is still reachable, falling from 100 to 0.
    """
    order = np.argsort(-eigenvalues.ravel(), kind="stable")
    kept, taken = (
        np.concatenate([[0.0], energy.ravel()[order].cumsum()])
        for energy in (eigenvalues, forget_energy)
    )
    return 100 * kept / max(kept[-1], 1e-300), 100 - 100 * taken / max(taken[-1], 1e-300)


def at_cut(
    eigenvalues: NDArray[np.float64], forget_energy: NDArray[np.float64], energy_threshold: float
) -> tuple[float, float]:
    """`curve` where the layer is cut at γ."""
    kept, left = curve(eigenvalues, forget_energy)
    k = sum(energy_rank(group, energy_threshold) for group in eigenvalues)
    return float(kept[k]), float(left[k])


def selectivity(eigenvalues: NDArray[np.float64], forget_energy: NDArray[np.float64]) -> float:
    """The area under `curve`: 0.5 if both kinds of samples share all directions, 1 if none."""
    kept, reachable = curve(eigenvalues, forget_energy)
    return float(np.trapezoid(reachable, kept)) / 1e4


def reachable(
    layer: str,
    title: str,
    spectra: Eigenvalues,
    found: Subspaces,
    energy_threshold: float,
    look: Look,
) -> Picture:
    """One layer's `curve`, cut at γ; the dashed line is the curve without selectivity."""
    values, energy = spectra[layer], found.forget_energy[layer]
    kept, left = curve(values, energy)
    kept_here, left_here = at_cut(values, energy, energy_threshold)
    figure = go.Figure()
    dashed = {"color": look.muted, "width": 1.5, "dash": "dash"}
    figure.add_scatter(x=[0, 100], y=[100, 0], mode="lines", line=dashed, hoverinfo="skip")
    figure.add_scatter(
        x=kept,
        y=left,
        mode="lines",
        line={"color": look.teal, "width": 2.5},
        hovertemplate="retained energy kept %{x:.1f} %<br>"
        "forgotten energy reachable %{y:.1f} %<extra></extra>",
    )
    figure.add_scatter(
        x=[kept_here],
        y=[left_here],
        mode="markers",
        marker={"size": 11, "color": FORGET, "symbol": "x"},
        hoverinfo="skip",
        cliponaxis=False,
    )
    area = selectivity(values, energy)
    corner = {"x": 1, "y": 1, "xref": "paper", "yref": "paper"}
    align = {"xanchor": "right", "yanchor": "top", "align": "right"}
    text = f"<b>{left_here:.0f} %</b> reachable at γ<br>selectivity <b>{area:.2f}</b>"
    write(figure, text, **corner, **align, font={"size": 15})
    styled(figure, look, 300, title)
    figure.update_xaxes(range=[0, 103], title_text="retained energy kept, %")
    figure.update_yaxes(range=[0, 108], title_text="forgotten energy reachable, %")
    figure.update_layout(showlegend=False, margin={"l": 70, "b": 56})
    alt = (
        f"{title}: at γ = {energy_threshold:g}, {left_here:.0f} percent of the forgotten samples' "
        f"energy is still reachable; selectivity {area:.2f}."
    )
    table = {"retained energy kept": kept, "forgotten energy reachable": left}
    return Picture(figure, alt, "", table)


def reachable_sentence(
    titles: dict[str, str], spectra: Eigenvalues, found: Subspaces, cut_at: Mapping[str, float]
) -> str:
    """Which layer separates forgotten from retained samples best, and how many hardly do."""
    areas = {
        layer: selectivity(values, found.forget_energy[layer]) for layer, values in spectra.items()
    }
    best = max(areas, key=lambda layer: areas[layer])
    kept, left = at_cut(spectra[best], found.forget_energy[best], cut_at[best])
    weak = sum(area <= HARDLY for area in areas.values())
    rest = (
        f" In {weak} of {len(areas)} layers selectivity is at most {HARDLY:g}: on average over all "
        "cuts, their free directions hold hardly more of the forgotten samples' energy than of the "
        "retained samples'."
        if weak
        else ""
    )
    if left <= 100 - kept:
        return (
            f"Even in {layer_name(titles[best])}, which separates forgotten from retained samples "
            "best over all cuts, this cut leaves no more of the forgotten samples' energy to reach "
            f"than of the retained samples'.{rest}"
        )
    return (
        f"{layer_name(titles[best])} separates forgotten from retained samples best (selectivity "
        f"{areas[best]:.2f}): with {kept:.0f} % of the retained energy kept, {left:.0f} "
        "% of the forgotten samples' energy is still reachable; without selectivity it would be "
        f"{100 - kept:.0f} %.{rest}"
    )
