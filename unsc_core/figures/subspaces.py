"""What protecting the rest leaves of the forgotten, how classes overlap, how far each layer moved, and what γ does to the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis.geometry import Subspaces
from unsc_core.figures.phrases import joined
from unsc_core.figures.spectra import Spectra
from unsc_core.figures.theme import FORGET, Look, Picture, add_cells, clear, label_margin, styled
from unsc_core.subspace.energy import energy_rank


def curve(
    eigenvalues: NDArray[np.float64], forget_energy: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two shares, in percent, when 0, 1, … d of a layer's directions (groups, d) are protected.

    Returns:
        Retain energy frozen, rising from 0 to 100; forget energy still reachable, falling from 100 to 0.
    """
    order = np.argsort(-eigenvalues.ravel(), kind="stable")
    frozen, taken = (
        np.concatenate([[0.0], energy.ravel()[order].cumsum()])
        for energy in (eigenvalues, forget_energy)
    )
    return 100 * frozen / max(frozen[-1], 1e-300), 100 - 100 * taken / max(taken[-1], 1e-300)


def selectivity(eigenvalues: NDArray[np.float64], forget_energy: NDArray[np.float64]) -> float:
    """The area under `curve`: 0.5 where retained and forgotten samples use the same directions, 1 where they share none."""
    frozen, reachable = curve(eigenvalues, forget_energy)
    return float(np.trapezoid(reachable, frozen)) / 1e4


def reachable(
    layer: str, title: str, spectra: Spectra, found: Subspaces, energy_threshold: float, look: Look
) -> Picture:
    """One layer: forget energy still reachable over retain energy frozen, cut at γ; the dashed line is what chance would leave."""
    values, energy = spectra[layer], found.forget_energy[layer]
    frozen, left = curve(values, energy)
    k = sum(energy_rank(group, energy_threshold) for group in values)
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 100],
        y=[100, 0],
        mode="lines",
        line={"color": look.muted, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=frozen,
        y=left,
        mode="lines",
        line={"color": look.teal, "width": 2.5},
        hovertemplate="retain energy frozen %{x:.1f} %<br>forget energy reachable %{y:.1f} %<extra></extra>",
    )
    figure.add_scatter(
        x=[frozen[k]],
        y=[left[k]],
        mode="markers",
        marker={"size": 11, "color": FORGET, "symbol": "x"},
        hoverinfo="skip",
        cliponaxis=False,
    )
    area = selectivity(values, energy)
    figure.add_annotation(
        x=1,
        y=1,
        xref="paper",
        yref="paper",
        xanchor="right",
        yanchor="top",
        align="right",
        showarrow=False,
        font={"size": 15},
        text=f"<b>{left[k]:.0f} %</b> reachable at γ<br>selectivity <b>{area:.2f}</b>",
    )
    styled(figure, look, 300, title)
    figure.update_xaxes(range=[0, 103], title_text="retain energy frozen, %")
    figure.update_yaxes(range=[0, 108], title_text="forget reachable, %")
    figure.update_layout(showlegend=False, margin={"l": 70, "b": 56})
    alt = f"{title}: at γ = {energy_threshold:g}, {left[k]:.0f} percent of the forgotten samples' energy is still reachable; selectivity {area:.2f}."
    return Picture(
        figure, alt, "", {"retain energy frozen": frozen, "forget energy reachable": left}
    )


def reachable_sentence(
    titles: dict[str, str], spectra: Spectra, found: Subspaces, cut_at: Mapping[str, float]
) -> str:
    """Which layer tells the forgotten from the rest best, cut at its γ."""
    areas = {
        layer: selectivity(values, found.forget_energy[layer]) for layer, values in spectra.items()
    }
    best = max(areas, key=lambda layer: areas[layer])
    frozen, left = curve(spectra[best], found.forget_energy[best])
    k = sum(energy_rank(group, cut_at[best]) for group in spectra[best])
    return (
        f"{titles[best]} tells them apart best (selectivity {areas[best]:.2f}): with {frozen[k]:.0f} % of the retained energy frozen, "
        f"{left[k]:.0f} % of the forgotten samples' energy can still be reached; without selectivity it would be {100 - frozen[k]:.0f} %."
    )


def angles(
    title: str,
    matrix: NDArray[np.float32],
    names: Sequence[str],
    forget: tuple[int, ...],
    energy_threshold: float,
    look: Look,
) -> Picture:
    """Mean principal angles between the classes' subspaces in one layer; forgotten classes outlined."""
    names = list(names)
    off = matrix[~np.eye(len(matrix), dtype=bool)]
    texts = [[f"{angle:.0f}°" for angle in row] for row in matrix] if len(names) <= 12 else None
    figure = go.Figure()
    add_cells(
        figure,
        names,
        matrix,
        texts,
        look.scale[::-1],
        (0.0, float(off.max())),
        "%{y} and %{x}<br><b>%{z:.1f}°</b><extra></extra>",
    )
    for c in forget:
        figure.add_shape(
            type="rect",
            x0=-0.5,
            x1=len(names) - 0.5,
            y0=c - 0.5,
            y1=c + 0.5,
            line={"color": FORGET, "width": 2.5},
        )
    styled(figure, look, 520, f"{title} · mean principal angle at γ = {energy_threshold:g}")
    room = label_margin(names)
    figure.update_layout(margin={"l": room + 8, "b": round(0.75 * room) + 8})
    figure.update_xaxes(tickangle=-45, showgrid=False, type="category")
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    alt = f"Heat map of the angles between class subspaces in {title}; the stronger the colour, the closer."
    return Picture(
        figure,
        alt,
        _closest(title, matrix, names, forget),
        {"class": names, **{f"angle to {name}": matrix[:, i] for i, name in enumerate(names)}},
    )


def _closest(
    title: str, matrix: NDArray[np.float32], names: list[str], forget: tuple[int, ...]
) -> str:
    retain = [c for c in range(len(names)) if c not in forget]
    parts = []
    for c in forget:
        near, far = (
            min(retain, key=lambda other: matrix[c, other]),
            max(retain, key=lambda other: matrix[c, other]),
        )
        parts.append(
            f"{names[c]} lies closest to {names[near]} ({matrix[c, near]:.0f}°) and farthest from {names[far]} ({matrix[c, far]:.0f}°)"
        )
    return f"In {title}, {'; '.join(parts)}." if parts else ""


DRIFT_NAMES = {
    "bound": "bound of this layer alone",
    "alone": "this layer alone",
    "whole": "whole unlearned network",
}


def drift(titles: dict[str, str], found: Subspaces, look: Look) -> Picture:
    """Per layer, how far retained test images' pre-activations move: by this layer's change alone, with its bound, and in the whole network."""
    names = [titles[layer] for layer in found.drift]
    shown = [
        part for part in DRIFT_NAMES if all(one[part] is not None for one in found.drift.values())
    ]
    percent = {
        part: np.array([100 * (one[part] or 0.0) for one in found.drift.values()]) for part in shown
    }
    markers = {
        "bound": {"color": "rgba(0,0,0,0)", "line": {"color": look.ink, "width": 1.5}},
        "alone": {"color": clear(look.teal, 0.4)},
        "whole": {"color": look.teal},
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
    styled(
        figure,
        look,
        150 + (24 * len(shown) + 16) * len(names),
        "Movement of retained test images, per layer",
    )
    figure.update_layout(
        barmode="group", bargap=0.25, margin={"l": label_margin(names), "t": 76, "b": 56, "r": 64}
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(
        title_text="% of the layer's own output, root mean square", rangemode="tozero"
    )
    alt = "Bars per layer: how far retained test images move in the whole unlearned network, by the layer's own change alone"
    alt += (
        ", and the bound of the latter."
        if "bound" in shown
        else "; without a projection there is no bound."
    )
    return Picture(figure, alt, _movement(names, percent), {"layer": names, **percent})


def _movement(names: list[str], percent: dict[str, NDArray[np.float64]]) -> str:
    """Where the network moves most, what of it the layer's own change makes, and what the bound says; only what these numbers show."""
    alone, whole, bound = percent["alone"], percent["whole"], percent.get("bound")
    most = int(np.argmax(whole))
    text = (
        f"On retained test images {names[most]} moves most in the unlearned network, by {whole[most]:.1f} % of its own output; "
        f"its own change alone makes {alone[most]:.1f} %."
    )
    if bound is None:
        return text
    if (alone <= bound).all():
        near = int(np.argmax(alone / np.maximum(bound, 1e-12)))
        text += f" Alone, every layer stays within its bound; {names[near]} comes closest, with {alone[near]:.1f} of at most {bound[near]:.1f} %."
    if beyond := [name for name, w, b in zip(names, whole, bound, strict=True) if w > b]:
        text += (
            f" In the whole network {joined(beyond)} {'moves' if len(beyond) == 1 else 'move'} further than that bound, "
            "which says nothing of inputs that earlier layers have changed."
        )
    return text


@dataclass(frozen=True)
class Outcome:
    """What one γ led to: accuracies and logit drift in percent."""

    energy_threshold: float
    acc_forget: float
    acc_retain: float
    drift: float


def sweep(
    outcomes: Sequence[Outcome], energy_threshold: float, original_retain: float, look: Look
) -> Picture:
    """Acc_f, Acc_r and drift over γ, each γ one step wide; this experiment's γ is marked."""
    ordered = sorted(outcomes, key=lambda one: one.energy_threshold)
    labels = [f"{one.energy_threshold:g}" for one in ordered]
    figure = go.Figure()
    series = (
        ("Acc_r · retained", [one.acc_retain for one in ordered], look.teal, "circle", "solid"),
        ("Acc_f · forgotten", [one.acc_forget for one in ordered], FORGET, "x", "solid"),
        (
            "drift of the retained logits",
            [one.drift for one in ordered],
            look.muted,
            "diamond",
            "dot",
        ),
    )
    for name, values, colour, symbol, dash in series:
        figure.add_scatter(
            x=labels,
            y=values,
            mode="lines+markers",
            name=name,
            line={"color": colour, "width": 2.5, "dash": dash},
            marker={"size": 11, "symbol": symbol},
            customdata=[one.energy_threshold for one in ordered],
            hovertemplate=f"γ = %{{x}}<br>{name} %{{y:.1f}} %<extra></extra>",
        )
    if f"{energy_threshold:g}" in labels:
        figure.add_vline(
            x=labels.index(f"{energy_threshold:g}"),
            line={"color": look.ink, "width": 2, "dash": "dot"},
        )
    styled(figure, look, 440)
    figure.update_layout(margin={"l": 64, "t": 60, "b": 56})
    figure.update_xaxes(type="category", title_text="energy threshold γ")
    figure.update_yaxes(range=[-3, 103], title_text="%")
    table = {"gamma": labels, **{name: values for name, values, *_ in series}}
    return Picture(
        figure,
        "Lines over γ: accuracy on retained and forgotten classes, and logit drift.",
        _best(ordered, original_retain),
        table,
    )


def _best(outcomes: Sequence[Outcome], original_retain: float, forgotten: float = 2.0) -> str:
    """Which γ forget, and which of them keeps most, where at least two forget and the shown numbers differ."""
    sound = [one for one in outcomes if one.acc_forget <= forgotten]
    stuck = [f"{one.energy_threshold:g}" for one in outcomes if one.acc_forget > forgotten]
    kept = [f"{one.acc_retain:.1f}" for one in sound]
    original = f"(the original's {original_retain:.1f} %)"
    text = ""
    if len(sound) == 1:
        text = f"γ = {sound[0].energy_threshold:g} forgets (Acc_f at most {forgotten:g} %) and keeps Acc_r {kept[0]} % {original}."
    elif len(set(kept)) == 1:
        text = f"γ = {joined([f'{one.energy_threshold:g}' for one in sound])} forget (Acc_f at most {forgotten:g} %) and keep the same: "
        text += f"Acc_r {kept[0]} % {original}."
    elif sound:
        most = max(kept, key=float)
        best = joined(
            [
                f"{one.energy_threshold:g}"
                for one, its in zip(sound, kept, strict=True)
                if its == most
            ]
        )
        text = f"In this one run per γ, of the γ that forget (Acc_f at most {forgotten:g} %), {best} {'keep' if ' and ' in best else 'keeps'} most: "
        text += f"Acc_r {most} % {original}."
    if stuck:
        text += f" γ = {joined(stuck)} {'does' if len(stuck) == 1 else 'do'} not forget."
    return text.strip()
