"""How much of the forgotten samples' energy can be reached, and at what cost to the retained."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis.geometry import Subspaces
from unsc_core.analysis.layer_views import LayerView
from unsc_core.figures.phrases import joined, layer_name
from unsc_core.figures.reachability import at_cut, curve
from unsc_core.figures.spectra import Eigenvalues
from unsc_core.figures.theme import FORGET, Look, Picture, styled
from unsc_core.subspace.both_moments import soft_reach
from unsc_core.subspace.energy import energy_rank

SOFTNESS = tuple(np.geomspace(1e-3, 1e3, 37))
HARDLY = 1.25
"""Up to this ratio of the two shares a cut hardly selects the forgotten samples."""
DRAWN = (
    "Energy is that of the training samples that the second moments are made of; with others of "
    "the forgotten class it may differ by a few points."
)
LEAST = 0.05
"""A cut that reaches less than this percentage of their energy, 0.0 %, selects nothing of them."""
ROUNDING = 1e-3
"""Percent of the energy by which the same share may differ between two ways to sum it."""
WAYS = {
    "cut": "cut at γ (UNSC)",
    "both": "best directions, chosen by both moments",
    "soft": "soft projector",
}


def cut_shares(
    layer: str, spectra: Eigenvalues, found: Subspaces, energy_threshold: float
) -> tuple[float, float]:
    """Percent of retained energy that the free directions let through, and of forgotten reached."""
    kept, left = at_cut(spectra[layer], found.forget_energy[layer], energy_threshold)
    return 100 - kept, left


def layers(
    titles: Mapping[str, str],
    spectra: Eigenvalues,
    found: Subspaces,
    cut_at: Mapping[str, float],
    look: Look,
) -> Picture:
    """Every layer: energy that the cut lets through and reaches, the best there is, and movement.

    All shares are in percent.
    """
    names = [layer_name(titles[layer]) for layer in spectra]
    through, reached = np.array(
        [cut_shares(layer, spectra, found, cut_at[layer]) for layer in spectra]
    ).T
    best = np.array(
        [
            _best(found.views.get(layer), share, groups)
            for (layer, groups), share in zip(spectra.items(), through, strict=True)
        ]
    )
    moved = np.array([100 * (found.drift[layer]["alone"] or 0.0) for layer in spectra])
    free = np.array([100 * _free(spectra[layer], cut_at[layer]) for layer in spectra])
    figure = go.Figure()
    _add_marks(figure, names, through, reached, best, look)
    styled(figure, look, 430, "Each layer")
    below = [
        f"{name}<br>{of:.0f} % free<br>moved {by:.1f} %"
        for name, of, by in zip(names, free, moved, strict=True)
    ]
    figure.update_xaxes(tickvals=names, ticktext=below)
    figure.update_yaxes(title_text="% of the energy", rangemode="tozero")
    figure.update_layout(margin={"t": 116, "b": 40})
    alt = (
        "For each layer: the share of the retained energy that the free directions let through, "
        "of the forgotten samples' energy that they reach, and of what the best directions reach."
    )
    table = {
        "layer": names,
        "free directions": free,
        "retained energy let through": through,
        "forgotten energy reached by the cut": reached,
        "forgotten energy reached by the best directions": best,
        "movement by this layer alone": moved,
    }
    return Picture(figure, alt, layers_sentence(names, through, reached, best), table)


def _add_marks(
    figure: go.Figure,
    names: list[str],
    through: NDArray[np.float64],
    reached: NDArray[np.float64],
    best: NDArray[np.float64],
    look: Look,
) -> None:
    """Three marks for each layer, joined by a line; percent."""
    for x, low, high in zip(names, through, np.fmax(best, reached), strict=True):
        line = {"color": look.muted, "width": 1.5}
        figure.add_scatter(x=[x, x], y=[low, high], mode="lines", line=line, hoverinfo="skip")
        figure.data[-1].showlegend = False
    marks = (
        (
            "retained energy let through",
            through,
            {"color": look.ink, "symbol": "circle", "size": 10},
        ),
        (
            "forgotten energy reached by the cut",
            reached,
            {"color": FORGET, "symbol": "x", "size": 11},
        ),
        (
            "forgotten energy reached by the best directions",
            best,
            {"color": FORGET, "symbol": "diamond-open", "size": 12, "line": {"width": 2}},
        ),
    )
    for name, values, marker in marks:
        figure.add_scatter(
            x=names,
            y=values,
            mode="markers",
            name=name,
            marker=marker,
            hovertemplate=f"%{{x}}<br>{name}: %{{y:.1f}} %<extra></extra>",
        )


def _free(values: NDArray[np.float64], energy_threshold: float) -> float:
    """The share of a layer's directions that are free."""
    return 1 - sum(energy_rank(group, energy_threshold) for group in values) / values.size


def _best(view: LayerView | None, through: float, groups: NDArray[np.float64]) -> float:
    """Percent of the forgotten energy that is reached for `through` percent of the retained.

    NaN where it was not computed: of wide layers, and of several groups.
    """
    if view is None or not len(view.best) or len(groups) > 1:
        return float("nan")
    # A run that merges the classes' subspaces makes another cut than the one that is drawn.
    every = 100 * np.concatenate([view.best[None, :2], view.frontier])
    cheap = every[every[:, 0] <= through + ROUNDING]
    return float(cheap[:, 1].max()) if len(cheap) else float("nan")


def layers_sentence(
    names: list[str], through: np.ndarray, reached: np.ndarray, best: np.ndarray
) -> str:
    """How many layers hardly select, which selects most, and what both moments would reach."""
    hardly = (reached <= HARDLY * np.maximum(through, 1e-12)) | (reached < LEAST)
    ratio = np.where(reached < LEAST, 0.0, reached / np.maximum(through, 1e-12))
    most = int(np.argmax(ratio))
    if (reached < LEAST).all():
        text = (
            "**In no layer does the cut select the forgotten samples**: its free directions reach "
            f"less than {LEAST:g} % of their energy."
        )
    elif hardly.all():
        text = (
            "**In no layer does the cut select the forgotten samples**: of their energy, its free "
            f"directions reach at most {ratio.max():.2f} times the share that they let through of "
            "the retained samples'."
        )
    else:
        where = "every layer" if not hardly.any() else f"{(~hardly).sum()} of {len(names)} layers"
        text = (
            f"**The cut selects the forgotten samples in {where}**: in {names[most].lower()} it "
            f"reaches {reached[most]:.1f} % of their energy and lets {through[most]:.1f} % of the "
            "retained samples' through."
        )
        if hardly.any():
            low, high = reached[hardly].min(), reached[hardly].max()
            some = "the other" if hardly.sum() == 1 else f"the other {hardly.sum()}"
            span = f"{low:.1f} %" if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f} to {high:.1f} %"
            text += f" In {some}, it reaches {span}, hardly more than it lets through."
    known = np.flatnonzero(np.isfinite(best))
    if len(known) and best[known].max() > 0:
        ahead = known[np.argsort(-(best - reached)[known], kind="stable")][:2]
        gain = [i for i in sorted(ahead) if best[i] - reached[i] >= 1]
        if gain:
            what = [
                f"{best[i]:.0f} % in {names[i].lower()} (the cut: {reached[i]:.0f})" for i in gain
            ]
            text += (
                f" Directions chosen by both moments would reach {joined(what)} for no more of the "
                "retained energy."
            )
    return text


def _curves(
    values: NDArray[np.float64], energy: NDArray[np.float64], view: LayerView | None
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Way -> retained energy let through, and forgotten energy reached, in percent."""
    kept, left = curve(values, energy)
    curves = {"cut": (100 - kept, left)}
    if view is not None and len(view.frontier) and len(values) == 1:
        curves["both"] = (100 * view.frontier[:, 0], 100 * view.frontier[:, 1])
    soft = soft_reach(values.ravel(), energy.ravel(), SOFTNESS)
    shares = 100 * np.array([[one.retained, one.forgotten] for one in soft])
    return curves | {"soft": (shares[:, 0], shares[:, 1])}


def one_layer(
    layer: str,
    title: str,
    spectra: Eigenvalues,
    found: Subspaces,
    energy_threshold: float,
    look: Look,
) -> Picture:
    """One layer: forgotten energy reached against retained energy let through, three ways."""
    curves = _curves(spectra[layer], found.forget_energy[layer], found.views.get(layer))
    styles = {
        "cut": {"color": look.teal, "width": 3},
        "both": {"color": FORGET, "width": 2.5, "dash": "dash"},
        "soft": {"color": look.ink, "width": 2, "dash": "dot"},
    }
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 100],
        y=[0, 100],
        mode="lines",
        line={"color": look.grid, "width": 1.5},
        name="no selection",
        hoverinfo="skip",
    )
    for way, (x, y) in curves.items():
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line=styles[way],
            name=WAYS[way],
            hovertemplate="let through %{x:.1f} %, reached %{y:.1f} %"
            f"<extra>{WAYS[way]}</extra>",
        )
    through, reached = cut_shares(layer, spectra, found, energy_threshold)
    marker = {"size": 12, "color": look.teal}
    figure.add_scatter(
        x=[through], y=[reached], mode="markers", marker=marker, showlegend=False, hoverinfo="skip"
    )
    styled(figure, look, 430, title)
    figure.update_xaxes(title_text="retained energy let through, %", range=[0, 30])
    figure.update_yaxes(title_text="forgotten energy reached, %", range=[0, 103])
    figure.update_layout(margin={"t": 140, "b": 56, "l": 70})
    alt = (
        f"{title}: forgotten energy reached against retained energy let through, for the cut, for "
        "the best directions and for a soft projector."
    )
    table = {
        "way": [way for way, (x, _) in curves.items() for _ in x],
        "retained energy let through": np.concatenate([x for x, _ in curves.values()]),
        "forgotten energy reached": np.concatenate([y for _, y in curves.values()]),
    }
    return Picture(figure, alt, "", table)
