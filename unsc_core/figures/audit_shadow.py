"""Attacks with shadow models: how they judge one real sample, and what they find of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots
from scipy.special import expit

from unsc_core.audits.likelihood_ratio import Normals, lined_up, normals
from unsc_core.audits.ranking import auc, chance_sd, false_alarms, roc, tpr
from unsc_core.audits.shadow import Attacked
from unsc_core.figures.audit_membership import LIMIT, TICKS
from unsc_core.figures.audit_words import mark
from unsc_core.figures.phrases import MODEL_TITLES, joined
from unsc_core.figures.theme import FORGET, Look, Picture, axis, clear, layout, styled

LANES = ("lined up", "as answered")
SPREADS = 2
"""An AUC within so many of its standard deviations of 0.5 is that of guessing."""
MOST_ODDS = 1000
Seen = Mapping[str, Attacked]
"""Network -> what an attacker sees of it, in the order of tables."""
Values = NDArray[np.float64]


def one_sample(seen: Seen, sample: int, method: str, look: Look) -> Picture:
    """What shadow models say of a sample, trained on it and not, and where each network lies.

    Args:
        seen: of the same samples.
        sample: which of them.
        method: of the unlearned network, for its mark.
        look: colours.
    """
    first = next(iter(seen.values()))
    known, figure = normals(first), make_subplots(2, 1, row_heights=[0.6, 0.4], shared_xaxes=True)
    inside = first.shadows.within[:, sample]
    log_odds = first.shadows.log_odds[:, sample]
    for within, mean, sd, name in (
        (True, known.mean_in[sample], known.sd_in[sample], "trained on it"),
        (False, known.mean_out[sample], known.sd_out[sample], "not trained on it"),
    ):
        _add_normal(figure, within, mean, sd, log_odds[inside == within], name, look)
    places = _places(seen, sample)
    for network in places["network"]:
        _add_network(figure, network, places, method, look)
    figure.update_layout(layout(look, 470), overwrite=True)
    figure.update_layout(margin={"l": 104, "r": 12, "t": 92, "b": 56}, legend={"y": 1.03})
    figure.update_xaxes(axis(look), tickvals=list(TICKS), ticktext=list(TICKS.values()))
    figure.update_xaxes(range=[-LIMIT - 0.7, LIMIT + 0.7])
    figure.update_yaxes(axis(look), row=1, col=1, showticklabels=False, rangemode="tozero")
    figure.update_yaxes(
        axis(look), row=2, col=1, categoryorder="array", categoryarray=LANES, range=[-0.5, 1.5]
    )
    figure.update_xaxes(title_text="confidence in the true class, %", row=2, col=1)
    alt = (
        "Two curves: the confidence of shadow models in the true class of one sample, if they were "
        "trained on it and if not. Below them, marks for what the audited networks answer, and for "
        "where that lies once it is lined up with the shadow models."
    )
    return Picture(figure, alt, _odds_sentence(known, seen, sample), places)


def _add_normal(
    figure: go.Figure, within: bool, mean: float, sd: float, values: Values, name: str, look: Look
) -> None:
    """A normal curve, and under it a stroke for each shadow model."""
    x = np.linspace(-LIMIT, LIMIT, 281)
    colour = FORGET if within else look.ink
    fill = {"fill": "tozeroy", "fillcolor": clear(FORGET, 0.25)} if within else {}
    figure.add_scatter(
        x=x,
        y=np.exp(-(((x - mean) / sd) ** 2) / 2) / sd,
        mode="lines",
        name=f"shadow models {name}",
        line={"color": colour, "width": 2, "dash": "solid" if within else "dash"},
        hoverinfo="skip",
        **fill,
        row=1,
        col=1,
    )
    figure.add_scatter(
        x=np.clip(values, -LIMIT, LIMIT),
        y=[(0.06 if within else 0.03) / sd] * len(values),
        mode="markers",
        marker={"symbol": "x" if within else "circle-open", "color": colour, "size": 8},
        showlegend=False,
        customdata=100 * expit(values),
        hovertemplate=f"a shadow model {name}: %{{customdata:.2f}} %<extra></extra>",
        row=1,
        col=1,
    )


def _places(seen: Seen, sample: int) -> dict[str, list[Any]]:
    """Where each network that shows its confidence lies, and the likelihood ratio there."""
    shown = {name: one for name, one in seen.items() if not one.masked}
    lined = {name: lined_up(one) for name, one in shown.items()}
    return {
        "network": list(shown),
        LANES[1]: [float(one.log_odds[sample]) for one in shown.values()],
        LANES[0]: [float(values[sample]) for values in lined.values()],
        "log likelihood ratio": [
            float(normals(one).log_ratio(lined[name])[sample]) for name, one in shown.items()
        ],
    }


def _add_network(
    figure: go.Figure, network: str, places: Mapping[str, Any], method: str, look: Look
) -> None:
    """A network's mark in both lanes, joined by a line."""
    (colour, symbol), title = mark(network, method, look), MODEL_TITLES[network]
    at = places["network"].index(network)
    values = np.array([places[lane][at] for lane in LANES])
    figure.add_scatter(
        x=np.clip(values, -LIMIT, LIMIT),
        y=LANES,
        mode="lines+markers",
        name=title,
        line={"color": colour, "width": 1, "dash": "dot"},
        marker={"color": colour, "symbol": symbol, "size": 14, "line": {"width": 2}},
        customdata=100 * expit(values),
        hovertemplate=f"{title}, %{{y}}: <b>%{{customdata:.2f}} %</b><extra></extra>",
        row=2,
        col=1,
    )


def _odds_sentence(known: Normals, seen: Seen, sample: int) -> str:
    places = _places(seen, sample)
    inside, outside = (_percent(mean[sample]) for mean in (known.mean_in, known.mean_out))
    found = [
        f"{MODEL_TITLES[name].lower()} {odds(ratio)}"
        for name, ratio in zip(places["network"], places["log likelihood ratio"], strict=True)
    ]
    first = next(iter(seen.values()))
    truth = "was trained on" if first.member[sample] else "was not trained on"
    text = (
        f"Shadow models trained on this sample are typically {inside} sure of its class, the "
        f"others {outside}. Starting from even odds, the odds that a network was trained on it "
        f"become: {joined(found)}."
    )
    if any(one.masked for one in seen.values()):
        text += " The mask shows no confidence in this class."
    return f"{text} In truth, the original {truth} it."


def odds(log_ratio: float) -> str:
    """A likelihood ratio as odds of two digits: "3.2 : 1", "1 : 3.2"."""
    size = float(f"{np.exp(min(abs(log_ratio), 50.0)):.2g}")
    text = f"{size:.0f}" if size >= 10 else f"{size:.1f}"
    if size > MOST_ODDS:
        text = f"over\u00a0{MOST_ODDS:,}"
    first, second = (text, "1") if log_ratio >= 0 else ("1", text)
    return f"{first}\u00a0:\u00a0{second}"


def _percent(log_odds: float) -> str:
    share = 100 * float(expit(log_odds))
    digits = 0 if 1 <= share <= 99 else 2
    return f"{min(max(share, 0.01), 99.99):.{digits}f}\u00a0%"


def curves(seen: Seen, scores: Mapping[str, Values], method: str, look: Look) -> Picture:
    """Members found against false alarms, at all thresholds of an attack, on two log scales.

    Args:
        seen: network -> what an attacker sees of it; of the same samples.
        scores: the same -> (n,) of the attack, higher for members.
        method: of the unlearned network, for its mark.
        look: colours.
    """
    figure, member = go.Figure(), next(iter(seen.values())).member
    parts = {name: (found[member], found[~member]) for name, found in scores.items()}
    others = int((~member).sum())
    low = 1 / others
    figure.add_scatter(
        x=[low, 1],
        y=[low, 1],
        mode="lines",
        name="guessing",
        line={"color": look.muted, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    for name, both in parts.items():
        _add_curve(figure, name, both, low, mark(name, method, look)[0])
    figure.add_vline(x=0.01, line={"color": look.ink, "width": 1, "dash": "dash"})
    styled(figure, look, 470)
    figure.update_layout(margin={"l": 64, "r": 12, "t": 92, "b": 56})
    ticks = {0.001: "0.1", 0.01: "1", 0.1: "10", 1: "100"}
    for update, what in (
        (figure.update_xaxes, "false alarms among held-out samples, %"),
        (figure.update_yaxes, "members found, %"),
    ):
        update(type="log", tickvals=list(ticks), ticktext=list(ticks.values()), title_text=what)
        update(range=[np.log10(low) - 0.1, 0.05])
    alt = (
        "Curves on logarithmic axes: share of members found against share of false alarms, for "
        f"{joined([MODEL_TITLES[name].lower() for name in parts])}, with guessing as the diagonal."
    )
    table = {
        "network": list(parts),
        "AUC": [auc(*both) for both in parts.values()],
        "found at 1 % false alarms": [tpr(*both) for both in parts.values()],
    }
    return Picture(figure, alt, _curves_sentence(parts), table)


def _add_curve(
    figure: go.Figure, name: str, both: tuple[Values, Values], low: float, colour: str
) -> None:
    false, true = roc(*both)
    if len(false) == 2:  # all alike: whoever guesses is on the diagonal
        false, true = np.array([low, 1.0]), np.array([low, 1.0])
    shown = (false > 0) & (true > 0)
    dashes = {"original": "dash", "mask": "dashdot", "unlearned": "solid", "retrained": "dot"}
    figure.add_scatter(
        x=false[shown],
        y=true[shown],
        mode="lines",
        name=f"{MODEL_TITLES[name]} · AUC {auc(*both):.3f}",
        line={"color": colour, "width": 2.5, "dash": dashes[name]},
        hovertemplate=f"{MODEL_TITLES[name]}: %{{y:.1%}} found, %{{x:.1%}} false alarms"
        "<extra></extra>",
    )


def _curves_sentence(parts: Mapping[str, tuple[Values, Values]]) -> str:
    """What is found where 1 % of the others are mistaken, and where it is more than guessing."""
    members, others = (len(part) for part in next(iter(parts.values())))
    reach, allowed = SPREADS * chance_sd(members, others), false_alarms(others)
    found = [f"{MODEL_TITLES[n].lower()} {100 * tpr(*both):.1f}" for n, both in parts.items()]
    limit = f"at most {allowed} of {others:,} held-out samples"
    if not allowed:
        limit = f"which is none of only {others:,} held-out samples"
    text = (
        f"With 1\u00a0% false alarms, {limit}, it finds of the {members:,} members, in %: "
        f"{joined(found)}; guessing finds 1 at most. "
    )
    beyond = [MODEL_TITLES[n].lower() for n, both in parts.items() if auc(*both) > 0.5 + reach]
    if not beyond:
        return f"{text}No AUC is further above 0.5 than chance allows ({reach:.3f})."
    return f"{text}The AUC is above 0.5 by more than chance ({reach:.3f}) in the {joined(beyond)}."


def power(by_models: Mapping[str, float]) -> str:
    """How well an attack works on the original with fewer shadow models, one sentence.

    Args:
        by_models: number of shadow models -> AUC, of the original.
    """
    found = [f"{value:.3f} with {models}" for models, value in by_models.items()]
    return f"AUC on the original by the number of shadow models: {joined(found)}."
