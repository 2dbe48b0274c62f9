"""Acc_f, Acc_r and logit drift over γ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from unsc_core.analysis.claims import FORGOTTEN
from unsc_core.analysis.measures import MEASURES
from unsc_core.figures.phrases import joined
from unsc_core.figures.theme import FORGET, Look, Picture, styled


@dataclass(frozen=True)
class SweepPoint:
    """The result at one γ: accuracies and logit drift in percent."""

    energy_threshold: float
    acc_forget: float
    acc_retain: float
    logit_drift: float


def sweep(
    outcomes: Sequence[SweepPoint], energy_threshold: float, original_retain: float, look: Look
) -> Picture:
    """Acc_f, Acc_r and logit drift over γ, evenly spaced; this experiment's γ is marked."""
    ordered = sorted(outcomes, key=lambda one: one.energy_threshold)
    labels = [f"{one.energy_threshold:g}" for one in ordered]
    figure = go.Figure()
    series = {
        MEASURES[key].title: [getattr(one, key) for one in ordered]
        for key in ("acc_retain", "acc_forget", "logit_drift")
    }
    styles = (
        (look.teal, "circle", "solid"),
        (FORGET, "x", "solid"),
        (look.muted, "diamond", "dot"),
    )
    for (name, values), (colour, symbol, dash) in zip(series.items(), styles, strict=True):
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
    if (own := f"{energy_threshold:g}") in labels:
        dotted = {"color": look.ink, "width": 2, "dash": "dot"}
        figure.add_vline(x=labels.index(own), line=dotted)
    styled(figure, look, 440)
    figure.update_layout(margin={"l": 64, "t": 60, "b": 56})
    figure.update_xaxes(type="category", title_text="energy threshold γ")
    figure.update_yaxes(range=[-3, 103], title_text="%")
    table = {"gamma": labels, **series}
    alt = "Lines over γ: accuracy on retained and forgotten classes, and logit drift."
    return Picture(figure, alt, _best(ordered, original_retain), table)


def _best(outcomes: Sequence[SweepPoint], original_retain: float) -> str:
    """Which γ forget, and which of those keeps most, if more than one does and they differ."""
    sound = [one for one in outcomes if one.acc_forget <= FORGOTTEN]
    stuck = [f"{one.energy_threshold:g}" for one in outcomes if one.acc_forget > FORGOTTEN]
    gammas = [f"{one.energy_threshold:g}" for one in sound]
    kept = [f"{one.acc_retain:.1f}" for one in sound]
    limit, original = f"(Acc_f at most {FORGOTTEN:g} %)", f"(original: {original_retain:.1f} %)"
    text = ""
    if len(sound) == 1:
        text = f"γ = {gammas[0]} forgets {limit} and keeps Acc_r {kept[0]} % {original}."
    elif len(set(kept)) == 1:
        text = (
            f"γ = {joined(gammas)} forget {limit} and keep the same Acc_r, {kept[0]} % {original}."
        )
    elif sound:
        most = max(kept, key=float)
        best = [gamma for gamma, one in zip(gammas, kept, strict=True) if one == most]
        text = (
            f"Of the γ that forget {limit}, {joined(best)} {'keeps' if len(best) == 1 else 'keep'} "
            f"most: Acc_r {most} % {original}. Each γ was run once, so small differences may be "
            "chance."
        )
    if stuck:
        text += f" γ = {joined(stuck)} {'does' if len(stuck) == 1 else 'do'} not forget."
    return text.strip()
