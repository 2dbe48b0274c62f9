"""Acc_f, Acc_r and logit drift over γ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from unsc_core.analysis.claims import Forgetting, forgetting_of
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.summary import summary
from unsc_core.experiment.result import Result
from unsc_core.figures import standings
from unsc_core.figures.phrases import joined
from unsc_core.figures.theme import FORGET, Look, Picture, styled, write


@dataclass(frozen=True)
class SweepPoint:
    """The result at one γ.

    Attributes:
        energy_threshold: γ.
        acc_forget, acc_retain, logit_drift: in percent; acc_forget is None while it is unknown.
        forgetting: how acc_forget compares with its goal.
        goal: Acc_f of the retrained model if single samples are to be forgotten, else None.
        samples: how many they are; 0 if classes are to be forgotten.
    """

    energy_threshold: float
    acc_forget: float | None
    acc_retain: float
    logit_drift: float
    forgetting: Forgetting
    goal: float | None = None
    samples: int = 0


def sweep_point(energy_threshold: float, result: Result) -> SweepPoint:
    """What a sweep needs of the result at one γ."""
    numbers, samples = summary(result), len(result.split.forget_ids)
    retrained = numbers.get("retrained")
    return SweepPoint(
        energy_threshold,
        numbers["unlearned"]["acc_forget"],
        numbers["unlearned"]["acc_retain"],
        100 * numbers["logit_drift"],
        forgetting_of(numbers, samples),
        retrained["acc_forget"] if samples and retrained else None,
        samples,
    )


def sweep(
    outcomes: Sequence[SweepPoint], energy_threshold: float, original_retain: float, look: Look
) -> Picture:
    """Acc_f, Acc_r and logit drift over γ, evenly spaced; this experiment's γ is marked.

    For single samples, so is the Acc_f of the retrained model.
    """
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
            hovertemplate=f"γ = %{{x}}<br>{name} %{{y:.1f}}\u00a0%<extra></extra>",
        )
    goals = {one.goal for one in ordered if one.goal is not None}
    for goal in goals:  # one: a sweep has one retrained model
        figure.add_hline(y=goal, line={"color": FORGET, "width": 1.5, "dash": "dash"})
        place = {"x": 1, "xref": "paper", "xanchor": "right", "y": goal, "yshift": 10}
        write(figure, "retrained: Acc_f", **place)
    if (own := f"{energy_threshold:g}") in labels:
        dotted = {"color": look.ink, "width": 2, "dash": "dot"}
        figure.add_vline(x=labels.index(own), line=dotted)
    styled(figure, look, 440)
    figure.update_layout(margin={"l": 64, "t": 60, "b": 56})
    figure.update_xaxes(type="category", title_text="energy threshold γ")
    figure.update_yaxes(range=[-3, 103], title_text="%")
    table = {"gamma": labels, **series}
    alt = "Lines over γ: accuracy on retained and forgotten classes, and logit drift."
    if any(one.samples for one in ordered):
        alt = (
            "Lines over γ: accuracy on the test images and on the samples to forget, and logit "
            "drift. Dashed: the retrained model's accuracy on these samples."
        )
    return Picture(figure, alt, _best(ordered, original_retain), table)


def _best(outcomes: Sequence[SweepPoint], original_retain: float) -> str:
    """Which γ forget, and which of those keeps most, if more than one does and they differ."""
    by_state: dict[Forgetting, list[SweepPoint]] = {state: [] for state in Forgetting}
    for one in outcomes:
        by_state[one.forgetting].append(one)
    sentences = _sound(by_state[Forgetting.DONE], original_retain)
    for state in (Forgetting.MORE, Forgetting.FEWER):
        if there := by_state[state]:
            does = standings.does(state, there[0].samples, len(there))
            trace = ", which can be a trace as well" if state is Forgetting.FEWER else ""
            sentences.append(f"{_gammas(there)} {does}{trace}.")
    if by_state[Forgetting.UNKNOWN]:
        sentences.append("Which γ forget is known once there is a retrained model to compare with.")
    return " ".join(sentences)


def _sound(sound: Sequence[SweepPoint], original_retain: float) -> list[str]:
    """The sentence about the γ that forget, if there are any."""
    if not sound:
        return []
    does = standings.does(Forgetting.DONE, sound[0].samples, len(sound))
    forget = f"{does} ({standings.limit(sound[0].samples)})"
    kept, original = [f"{one.acc_retain:.1f}" for one in sound], f"{original_retain:.1f}\u00a0%"
    if len(set(kept)) == 1:
        have = "has" if len(sound) == 1 else "all have"
        return [
            f"{_gammas(sound)} {forget} and {have} Acc_r {kept[0]}\u00a0% (original: {original})."
        ]
    most = max(kept, key=float)
    best = [one for one, acc_retain in zip(sound, kept, strict=True) if acc_retain == most]
    return [
        f"Of the γ that {forget}, {_names(best)} {'keeps' if len(best) == 1 else 'keep'} most: "
        f"Acc_r {most}\u00a0% (original: {original}). Each γ was run once, so small differences "
        "may be chance."
    ]


def _gammas(outcomes: Sequence[SweepPoint]) -> str:
    return f"γ = {_names(outcomes)}"


def _names(outcomes: Sequence[SweepPoint]) -> str:
    return joined([f"{one.energy_threshold:g}" for one in outcomes])
