"""Keeping against erasing: what audited methods keep of the rest, and what an audit still finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from unsc_core.analysis.comparison import MethodRun, added, differences, fails
from unsc_core.analysis.spread import Interval
from unsc_core.audits import AUDITS
from unsc_core.audits.verdict import BLIND_HERE, is_blind, limit
from unsc_core.figures.accuracy_plane import LINE, REFERENCE_SYMBOLS, name_places
from unsc_core.figures.audit_words import difference, digits
from unsc_core.figures.phrases import ONE_SEED, counted, joined, pm
from unsc_core.figures.standings import name
from unsc_core.figures.theme import (
    Look,
    Picture,
    clear,
    label_margin,
    method_colour,
    method_mark,
    styled,
)
from unsc_core.methods import METHODS

SHOWN = [
    name for name, audit in AUDITS.items() if not audit.compares and audit.direction == "higher"
]
"""Audits with an excess that is bad above 0 and 0 for the retrained network."""

Kept = tuple[Interval, Mapping[str, float]]
"""Acc_r − the mask's, and the excess of an audit."""


@dataclass(frozen=True, eq=False)
class AuditedMethod:
    """A method that was audited over seeds on a request.

    Attributes:
        strength: of erasing.
        runs: one for each seed.
        audits: name -> what `excess.over_seeds` returns.
    """

    strength: float
    runs: Sequence[MethodRun]
    audits: Mapping[str, Mapping[str, Any]]

    @property
    def method(self) -> str:
        """Its name in METHODS."""
        return self.runs[0].method

    @property
    def title(self) -> str:
        """Its title, with what was altered, and whether it forgets."""
        title = name(self.method, self.runs)
        return f"{title} (does not forget)" if fails(self.runs) else title

    @property
    def label(self) -> str:
        """The same where there is little room, with a * if it does not forget."""
        own = name(self.method, self.runs)
        title = own if self.strength == 1 else f"{name(self.method)} {self.strength:g}"
        return f"{title} *" if fails(self.runs) else title


def keeping(methods: Sequence[AuditedMethod], audit: str, look: Look) -> Picture:
    """Acc_r − the mask's against the excess over the retrained network, a mark for each method.

    Strengths of one method are joined by a line.

    Args:
        methods: on one request, over the same seeds, with a mask.
        audit: its name, one of SHOWN.
        look: colours.
    """
    known = {each.title: each for each in methods if not each.audits[audit]["failed"]}
    places = {title: _place(each, audit) for title, each in known.items()}
    failed = [f"{m.title}: {why}" for m in methods if (why := m.audits[audit]["failed"])]
    if not places:
        figure = styled(go.Figure(), look, 300)
        return Picture(figure, "No values.", f"{AUDITS[audit].title}, no value. {' '.join(failed)}")
    first = next(iter(known.values()))
    unit, reach = first.audits[audit]["unit"], _reach(first.audits[audit])
    ends = {title: (kept.mean, left["mean"]) for title, (kept, left) in places.items()}
    references = _references(first, audit)
    ends |= references
    (left, edge), window = (
        _window([place[axis] for place in ends.values()] + band, least)
        for axis, band, least in ((0, [], 0.5), (1, [-reach, reach], 20 * 10.0 ** -digits(unit)))
    )
    height = max(420, 90 + LINE * (len(ends) + 1))
    titles = {end: name(end) if end in references else known[end].label for end in ends}

    figure = go.Figure()
    figure.add_hline(y=0, line={"color": look.muted, "width": 1, "dash": "dash"})
    if reach:
        figure.add_hrect(y0=-reach, y1=reach, line_width=0, fillcolor=clear(look.muted, 0.22))
    name_places(figure, ends, titles, edge, window, height - 82, look)
    for curve in _curves(known):
        figure.add_scatter(
            x=[ends[title][0] for title in curve],
            y=[ends[title][1] for title in curve],
            mode="lines",
            line={"color": method_colour(known[curve[0]].method, look), "width": 2},
            hoverinfo="skip",
        )
    for end, place in ends.items():
        _add_mark(figure, end if end in references else known[end].method, titles[end], place, look)
    styled(figure, look, height)
    margin = {"t": 20, "b": 62, "l": 64, "r": label_margin(list(titles.values()))}
    figure.update_layout(showlegend=False, margin=margin)
    figure.update_xaxes(
        title_text="Acc_r − mask's (points)", range=[left, edge], zeroline=False, nticks=6
    )
    scale = {"%": " (points)", "": ""}.get(unit, f" ({unit})")
    figure.update_yaxes(
        title_text=f"{AUDITS[audit].title}: excess{scale} · 0 is best", range=window, zeroline=False
    )
    alt = (
        f"Accuracy on the retained classes against the excess of {AUDITS[audit].title}: "
        f"{counted(len(known), 'method')}, the mask, the original and the retrained network."
    )
    sentence = " ".join([_sentence(known, places, audit), *failed])
    return Picture(figure, alt, sentence, _table(places))


def _add_mark(
    figure: go.Figure, model: str, title: str, place: tuple[float, float], look: Look
) -> None:
    """The mark of a reference or a method."""
    reference = model in REFERENCE_SYMBOLS
    figure.add_scatter(
        x=[place[0]],
        y=[place[1]],
        mode="markers",
        marker={
            "color": look.ink if reference else method_colour(model, look),
            "size": 14,
            "symbol": REFERENCE_SYMBOLS[model] if reference else method_mark(model),
            "line": {"width": 2 if reference else 0},
        },
        hovertemplate=f"<b>{title}</b><br>Acc_r − the mask's %{{x:+.1f}} points<br>"
        "excess %{y:+.3g}<extra></extra>",
    )


def _window(values: Sequence[float], least: float) -> tuple[float, float]:
    """The ends of an axis for these values, with some room, at least so much."""
    low, high = min(values), max(values)
    pad = max(0.1 * (high - low), least / 2)
    return low - pad, high + pad


def _place(of: AuditedMethod, audit: str) -> Kept:
    """Acc_r − the mask's, and the excess, over seeds."""
    kept = added(of.runs)
    assert kept is not None
    return kept, of.audits[audit]["excess"]


def _references(of: AuditedMethod, audit: str) -> dict[str, tuple[float, float]]:
    """The original, the mask and the retrained network -> the same two, in the mean."""
    mean = {network: of.audits[audit][network]["mean"] for network in REFERENCE_SYMBOLS}
    kept = {"mask": 0.0}
    free = differences(of.runs, of.runs, model="mask")
    for network in ("original", "retrained"):
        beyond = differences(of.runs, of.runs, model=network)
        if beyond is not None and free is not None:
            kept[network] = free.mean - beyond.mean
    return {network: (kept[network], mean[network] - mean["retrained"]) for network in kept}


def _curves(known: Mapping[str, AuditedMethod]) -> list[list[str]]:
    """Titles of the strengths of each method that has several, from weak to strong."""
    curves = []
    for method in dict.fromkeys(each.method for each in known.values()):
        of = sorted(
            (t for t, e in known.items() if e.method == method), key=lambda t: known[t].strength
        )
        if METHODS[method].erases and len(of) > 1:
            curves.append(of)
    return curves


def _reach(audit: Mapping[str, Any]) -> float:
    """The largest mean excess that counts as none, half of the grey band; 0 for one seed."""
    return 0.0 if audit["zero"]["sd"] is None else limit(audit)


def _sentence(known: Mapping[str, AuditedMethod], places: Mapping[str, Kept], audit: str) -> str:
    """Which methods differ from the retrained network by more than chance, and at what cost."""
    first = next(iter(known.values())).audits[audit]
    title, unit = AUDITS[audit].title, first["unit"]
    if is_blind(first):
        return f"{title}: {BLIND_HERE} (sees {first['sees']:.2f})."
    if first["zero"]["sd"] is None:
        return ONE_SEED
    reach = _reach(first)
    near = [name for name, (_, left) in places.items() if abs(left["mean"]) <= reach]
    far = [
        f"{name} ({difference(left['mean'], unit)}; Acc_r {pm(kept)} points against the mask's)"
        for name, (kept, left) in places.items()
        if name not in near
    ]
    parts = [f"{where}: {joined(of)}" for where, of in (("inside", near), ("outside", far)) if of]
    return (
        f"{title}, mean excess, and the grey band of what counts as none, "
        f"±{difference(reach, unit).lstrip('+')}; {'; '.join(parts)}."
    )


def _table(places: Mapping[str, Kept]) -> dict[str, list[Any]]:
    return {
        "method": list(places),
        "Acc_r − the mask's": [kept.mean for kept, _ in places.values()],
        "half of its interval": [kept.half for kept, _ in places.values()],
        "excess": [left["mean"] for _, left in places.values()],
        "lower end of its interval": [left["low"] for _, left in places.values()],
        "upper end": [left["high"] for _, left in places.values()],
    }
