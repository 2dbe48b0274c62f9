"""All methods at equal forgetting: the change of Acc_r where Acc_f has come down to one value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from unsc_core.analysis.claims import FORGOTTEN, SAME
from unsc_core.analysis.comparison import MethodRun, by_method, rows
from unsc_core.analysis.equal_forgetting import Equal, at_equal_forgetting
from unsc_core.analysis.spread import Interval, interval
from unsc_core.figures.accuracy_plane import bold
from unsc_core.figures.phrases import ONE_SEED, joined, pm
from unsc_core.figures.standings import name
from unsc_core.figures.theme import Look, Picture, label_margin, method_colour, styled


def equal_forgetting(runs: Sequence[MethodRun], acc_forget: float, look: Look) -> Picture:
    """The change of Acc_r of every method where its Acc_f has come down to `acc_forget` percent."""
    found, grouped = at_equal_forgetting(runs, acc_forget), by_method(runs)
    titles = {method: name(method, grouped[method]) for method in found}
    labels = [bold(*item) for item in titles.items()]
    changes = np.array([equal.change.mean for equal in found.values()])
    spread = np.array([equal.change.half or 0.0 for equal in found.values()])
    figure = go.Figure(_bars(found, labels, changes, spread, look))
    gains = _draw_references(figure, runs, look)
    for label, equal in zip(labels, found.values(), strict=True):
        figure.add_annotation(
            x=1,
            xref="paper",
            y=label,
            xanchor="left",
            xshift=8,
            text=f"{equal.acc_retain:.1f} %" + ("" if equal.reached else " †"),
            showarrow=False,
            font={"size": 14},
        )
    styled(figure, look, 124 + 32 * len(labels))
    low = min(float((changes - spread).min()), 0.0, *gains)
    high = max(float((changes + spread).max()), 0.0, *gains)
    pad = 0.06 * max(high - low, 1.0)
    margin = {"l": label_margin(list(titles.values())), "r": 84, "t": 44, "b": 60}
    figure.update_layout(margin=margin, bargap=0.3)
    figure.update_xaxes(title_text="change of Acc_r, points", range=[low - pad, high + pad])
    figure.update_xaxes(zeroline=True, zerolinecolor=look.ink, zerolinewidth=1.5)
    figure.update_yaxes(autorange="reversed", type="category")
    alt = (
        f"Bars: Acc_r of {len(found)} methods, each at the epoch where its Acc_f has come down "
        f"to {acc_forget:g} percent."
    )
    numbers = {
        "method": list(titles.values()),
        "epoch": [_span(e.epoch) for e in found.values()],
        "Acc_f": [e.acc_forget for e in found.values()],
        "Acc_r": [e.acc_retain for e in found.values()],
        "change of Acc_r": changes,
        "half of its 95 % interval": spread,
        "reached": [e.reached for e in found.values()],
    }
    return Picture(figure, alt, _sentence(found, titles, acc_forget), numbers)


def _bars(
    found: dict[str, Equal], labels: list[str], changes: np.ndarray, spread: np.ndarray, look: Look
) -> go.Bar:
    """A bar for each method, with its interval over seeds; hatched where it never comes so low."""
    many = max(equal.change.n for equal in found.values()) > 1
    return go.Bar(
        x=changes,
        y=labels,
        orientation="h",
        error_x={
            "type": "data",
            "array": spread,
            "color": look.ink,
            "thickness": 1.5,
            "visible": many,
        },
        marker={
            "color": [method_colour(m, look) for m in found],
            "pattern": {"shape": ["" if e.reached else "/" for e in found.values()]},
        },
        customdata=[
            f"epoch {_span(e.epoch)}<br>Acc_f {e.acc_forget:.1f} %<br>Acc_r {e.acc_retain:.1f} %"
            for e in found.values()
        ],
        hovertemplate="<b>%{y}</b><br>%{customdata}<br>%{x:+.1f} points<extra></extra>",
    )


def _draw_references(figure: go.Figure, runs: Sequence[MethodRun], look: Look) -> list[float]:
    """Lines at the gains of the mask and of the retrained model; returns those gains."""
    references, gains = rows(runs), []
    for model, dash, lift in (("mask", "dash", 0), ("retrained", "dot", 17)):
        if model in references:
            gain = float(references[model].mean["gain"] or 0.0)
            gains.append(gain)
            figure.add_vline(x=gain, line={"color": look.ink, "width": 2, "dash": dash})
            figure.add_annotation(
                x=gain,
                y=1,
                yref="paper",
                yanchor="bottom",
                yshift=lift,  # the lines may lie close together: one name above the other
                text=model,
                showarrow=False,
                font={"size": 14},
            )
    return gains


def _span(epochs: Sequence[int]) -> str:
    return str(epochs[0]) if min(epochs) == max(epochs) else f"{min(epochs)} to {max(epochs)}"


def _sentence(found: dict[str, Equal], titles: dict[str, str], acc_forget: float) -> str:
    reached = [method for method, equal in found.items() if equal.reached]
    late = [titles[method] for method, equal in found.items() if not equal.reached]
    never = f" † {joined(late)} never {'gets' if len(late) == 1 else 'get'} so low." if late else ""
    if not reached:
        return f"No method comes down to an Acc_f of {acc_forget:g} %.{never}"
    where = f"Where Acc_f has come down to {acc_forget:g} %"
    if acc_forget > FORGOTTEN:
        where += " (not low enough to count as forgotten)"
    best, *others = reached
    kept = f"{found[best].acc_retain:.1f} %"
    if not others:
        only = f"only {titles[best]} gets so low, with" if late else f"{titles[best]} has"
        return f"{where}, {only} an Acc_r of {kept}.{never}"
    ahead = {method: _ahead(found[best], found[method]) for method in others}
    text = f"{where}, {_lead(best, kept, ahead, titles)}"
    if best != "unsc" and "unsc" in reached:
        place = f"{reached.index('unsc') + 1} of {len(reached)}"
        text += f"; {titles['unsc']} ranks {place} with {found['unsc'].acc_retain:.1f} %"
    fewest = min((one.n for one in ahead.values() if one is not None), default=1)
    return f"{text}.{never}" + ("" if fewest > 1 else f" {ONE_SEED}")


def _lead(best: str, kept: str, ahead: dict[str, Interval | None], titles: dict[str, str]) -> str:
    """Which method has the highest Acc_r, and whether it is ahead or tied."""
    text = f"{titles[best]} has the highest Acc_r, {kept}"
    tied = [m for m, one in ahead.items() if one is not None and (one.tied or one.mean < SAME)]
    if tied:
        return f"{text}, tied with {joined([titles[method] for method in tied])}"
    second = next(iter(ahead))
    if (lead := ahead[second]) is None:
        return text
    return f"{text}, {pm(lead).lstrip('+')} points ahead of {titles[second]}"


def _ahead(one: Equal, other: Equal) -> Interval | None:
    """Acc_r of one − that of another, paired by seed; None if they share no seed."""
    shared = sorted(one.kept.keys() & other.kept.keys())
    return interval([one.kept[seed] - other.kept[seed] for seed in shared]) if shared else None
