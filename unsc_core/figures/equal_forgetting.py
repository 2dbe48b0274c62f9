"""All methods at equal forgetting: the change of Acc_r where Acc_f has come down to one value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from unsc_core.analysis.claims import FORGOTTEN, SAME
from unsc_core.analysis.comparison import MethodRun, by_method, rows
from unsc_core.analysis.equal_forgetting import Equal, already_at, at_equal_forgetting
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.spread import Interval, interval
from unsc_core.figures.accuracy_plane import bold
from unsc_core.figures.phrases import ONE_SEED, counted, joined, pm
from unsc_core.figures.standings import name, near
from unsc_core.figures.theme import (
    Look,
    Picture,
    in_two_lines,
    label_margin,
    method_colour,
    styled,
    write,
)


def equal_forgetting(runs: Sequence[MethodRun], acc_forget: float, look: Look) -> Picture:
    """The change of Acc_r of every method where its Acc_f has come down to `acc_forget` percent.

    For single samples, where it is nearest to the retrained model's. Needs a run whose forgetting
    is known.
    """
    found, grouped = at_equal_forgetting(runs, acc_forget), by_method(runs)
    titles = {method: name(method, grouped[method]) for method in found}
    lines = {method: in_two_lines(title) for method, title in titles.items()}
    labels = [bold(*item) for item in lines.items()]
    changes = np.array([equal.change.mean for equal in found.values()])
    spread = np.array([equal.change.half or 0.0 for equal in found.values()])
    figure = go.Figure(_bars(found, labels, changes, spread, look))
    gains = _draw_references(figure, runs, look)
    for label, equal in zip(labels, found.values(), strict=True):
        text = _acc_retain(equal) + ("" if equal.reached else " †")
        place = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 8}
        write(figure, text, y=label, font={"size": 14}, **place)
    styled(figure, look, 124 + 36 * len(labels))
    low = min(float((changes - spread).min()), 0.0, *gains)
    high = max(float((changes + spread).max()), 0.0, *gains)
    pad = 0.06 * max(high - low, 1.0)
    margin = {"l": label_margin(list(lines.values())), "r": 84, "t": 44, "b": 60}
    figure.update_layout(margin=margin, bargap=0.3)
    title, window = "change of Acc_r, points", [low - pad, high + pad]
    figure.update_xaxes(title_text=title, range=window, **look.zero_line)
    figure.update_yaxes(autorange="reversed", type="category")
    alt = (
        f"Bars: change of Acc_r in points under {counted(len(found), 'method')}, each at the "
        f"recorded epoch {_which(runs, acc_forget)}; hatched for methods that do not get there "
        "with every seed."
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
    return Picture(figure, alt, _sentence(found, titles, runs, acc_forget), numbers)


def nothing_to_forget(runs: Sequence[MethodRun], acc_forget: float, names: str) -> str:
    """Where the original is at or below `acc_forget` percent: a sentence, instead of the figure.

    "" where there is something to forget with every seed. `names`: what is to be forgotten.
    """
    already, seeds = already_at(runs, acc_forget), len({run.seed for run in runs})
    if not already:
        return ""
    measure = MEASURES["acc_forget"]
    low, high = measure.number(already[0]), measure.text(already[-1])
    share = high if low == measure.number(already[-1]) else f"{low} to {high}"
    some = "With some seed, the" if len(already) < seeds else "The"
    text = (
        f"{some} original recognises only {share} of {names}, so at {acc_forget:g}\u00a0% there is "
        "nothing to forget, and no method is ahead."
    )
    return f"{text} A lower value compares them." if already[0] > 0 else text


def _which(runs: Sequence[MethodRun], acc_forget: float) -> str:
    """Which epoch is taken."""
    if runs[0].samples:
        return "whose Acc_f is nearest to the retrained model's"
    return f"with the highest Acc_f that does not exceed {acc_forget:g} percent"


def _bars(
    found: dict[str, Equal], labels: list[str], changes: np.ndarray, spread: np.ndarray, look: Look
) -> go.Bar:
    """A bar for each method, with its interval over seeds; hatched if not every seed gets there."""
    many = max(equal.change.n for equal in found.values()) > 1
    error = {"type": "data", "array": spread, "color": look.ink, "thickness": 1.5, "visible": many}
    return go.Bar(
        x=changes,
        y=labels,
        orientation="h",
        error_x=error,
        marker={
            "color": [method_colour(m, look) for m in found],
            "pattern": {"shape": ["" if e.reached else "/" for e in found.values()]},
        },
        customdata=[
            f"epoch {_span(e.epoch)}<br>Acc_f {e.acc_forget:.1f}\u00a0%<br>Acc_r {_acc_retain(e)}"
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
            # The lines may lie close together: one name is lifted above the other.
            place = {"y": 1, "yref": "paper", "yanchor": "bottom", "yshift": lift}
            write(figure, model, x=gain, font={"size": 14}, **place)
    return gains


def _span(epochs: Sequence[int]) -> str:
    return str(epochs[0]) if min(epochs) == max(epochs) else f"{min(epochs)} to {max(epochs)}"


def _sentence(
    found: dict[str, Equal], titles: dict[str, str], runs: Sequence[MethodRun], acc_forget: float
) -> str:
    reached = [method for method, equal in found.items() if equal.reached]
    so, level = "low", f"{acc_forget:g}\u00a0% or less"
    where = f"With Acc_f at {level}"
    if acc_forget > FORGOTTEN:
        where += f" ({FORGOTTEN:g}\u00a0% or less counts as forgotten)"
    if runs[0].samples:
        so, level = "near", near(runs[0].samples)
        where = f"With Acc_f {level}"
    late = _late(found, titles, so)
    if not reached:
        every = " with every seed" if any(equal.down for equal in found.values()) else ""
        return f"No method gets Acc_f {'' if so == 'near' else 'to '}{level}{every}. {late}"
    best, *others = reached
    if not others:
        mean = "a mean" if len(found[best].kept) > 1 else "an"
        text = f"{where}, {titles[best]} has {mean} Acc_r of {_acc_retain(found[best])}"
        return f"{text}. {late}".strip()
    ahead = {method: _ahead(found[best], found[method]) for method in others}
    text = f"{where}, {_lead(best, found, ahead, titles)}"
    fewest = min((one.n for one in ahead.values() if one is not None), default=1)
    return " ".join(filter(None, [f"{text}.", late, "" if fewest > 1 else ONE_SEED]))


def _late(found: dict[str, Equal], titles: dict[str, str], so: str) -> str:
    """Which methods, marked †, do not get there with every seed; "" if there is none."""
    never = [titles[method] for method, equal in found.items() if not equal.down]
    some = [titles[method] for method, e in found.items() if e.down and not e.reached]
    does = {True: "does", False: "do"}
    sentences = [
        f"{joined(names)} {does[len(names) == 1]} not get so {so} {when}"
        for names, when in ((some, "with every seed"), (never, "in any recorded epoch"))
        if names
    ]
    return f"† {'; '.join(sentences)}." if sentences else ""


def _acc_retain(equal: Equal) -> str:
    return MEASURES["acc_retain"].text(equal.acc_retain)


def _lead(
    best: str, found: dict[str, Equal], ahead: dict[str, Interval | None], titles: dict[str, str]
) -> str:
    """Which method has the highest Acc_r, whether it is ahead or tied, and where UNSC is."""
    mean = "mean " if len(found[best].kept) > 1 else ""
    text = f"{titles[best]} has the highest {mean}Acc_r, {_acc_retain(found[best])}"
    tied = [m for m, one in ahead.items() if one is not None and (one.tied or abs(one.mean) < SAME)]
    behind = {m: one for m, one in ahead.items() if one is not None and m not in tied}
    second = next(iter(ahead))
    told = [m for m in dict.fromkeys(("unsc",) if tied else (second, "unsc")) if m in behind]
    distances = joined([_apart(behind[m], titles[m]) for m in told]) if told else ""
    if tied:
        text += f", tied with {joined([titles[method] for method in tied])}"
        return f"{text}; it is {distances}" if told else text
    return f"{text}, {distances}" if told else text


def _apart(lead: Interval, other: str) -> str:
    """How far a method is ahead of another; behind it, where their seeds are not the same."""
    if lead.mean > 0:
        return f"{pm(lead).lstrip('+')} points ahead of {other}"
    return f"{pm(lead).lstrip('−')} points behind {other} with the seeds that both have"


def _ahead(one: Equal, other: Equal) -> Interval | None:
    """Acc_r of one − that of another, paired by seed; None if they share no seed."""
    shared = sorted(one.kept.keys() & other.kept.keys())
    return interval([one.kept[seed] - other.kept[seed] for seed in shared]) if shared else None
