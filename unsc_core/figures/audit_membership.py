"""How sure each network is of forgotten images it was trained on, and of others of the class."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from unsc_core.audits import shadow
from unsc_core.experiment.result import Predictions, Result
from unsc_core.figures.phrases import MODEL_TITLES, counted, joined, requested
from unsc_core.figures.selected_ticks import add_selected
from unsc_core.figures.theme import FORGET, Look, Picture, axis, clear, layout, write

LIMIT, BINS = 14.0, 56
"""The histograms reach from log odds of −LIMIT to LIMIT, in so many bins."""
CHANCES = (0.01, 0.1, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9, 99.99)
"""Thresholds to choose from: confidences in percent."""
TICKS = {-9.2: "0.01", -4.6: "1", 0.0: "50", 4.6: "99", 9.2: "99.99"}
"""Log odds -> the same in percent."""
Shares = tuple[float, float]


def log_odds(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) log p − log(1 − p) of the true class, cut at ± LIMIT; see `shadow.log_odds`."""
    return np.clip(shadow.log_odds(logits, labels), -LIMIT, LIMIT)


def membership(
    result: Result, chance: float, look: Look, picked: tuple[str, NDArray[np.intp]] | None = None
) -> Picture:
    """Histograms of members and others for each network, cut at a threshold.

    Args:
        result: whole classes are forgotten; the training set is predicted.
        chance: the confidence, in percent, from which an attacker calls an image a member.
        look: colours.
        picked: "train" or "test", and samples of it with a tick, as `marked` returns them.
    """
    threshold = float(np.log(chance / (100 - chance)))
    models = {name: one for name, one in result.rows.items() if one.has("train")}
    figure = make_subplots(rows=len(models), cols=1, shared_xaxes=True, vertical_spacing=0.11)
    edges = np.linspace(-LIMIT, LIMIT, BINS + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    table: dict[str, object] = {"log odds": middles}
    called: dict[str, Shares] = {}
    sizes = (0, 0)
    for row, (name, predictions) in enumerate(models.items(), 1):
        members, others = _confidences(result, predictions)
        shares = [100 * np.histogram(one, edges)[0] / len(one) for one in (members, others)]
        sizes = len(members), len(others)
        hits, alarms = (100 * float(np.mean(x >= threshold)) for x in (members, others))
        called[name] = hits, alarms
        table |= {f"{name}, trained on %": shares[0], f"{name}, held out %": shares[1]}
        _draw(figure, row, middles, shares, look)
        if picked is not None:
            part, rows = picked
            of = log_odds(predictions.of(part)[rows], result.split.dataset.labels(part)[rows])
            add_selected(figure, row, of, rows, float(np.max(shares)), look)
        place = {"yref": f"y{row} domain" if row > 1 else "y domain", "yanchor": "bottom"}
        text = (
            f"<b>{MODEL_TITLES[name]}</b> · members found {called[name][0]:.0f}\u00a0%, "
            f"others {called[name][1]:.0f}\u00a0%"
        )
        side = {"x": 0, "xref": "paper", "xanchor": "left"}
        write(figure, text, y=1, font={"size": 14}, **side, **place)
    figure.update_layout(layout(look, 110 + 120 * len(models)), overwrite=True)
    figure.update_layout(margin={"l": 56, "r": 8, "t": 64, "b": 56}, bargap=0, legend={"y": 1.06})
    figure.update_xaxes(axis(look), tickvals=list(TICKS), ticktext=list(TICKS.values()))
    figure.update_yaxes(axis(look), title_text="%", rangemode="tozero")
    figure.update_xaxes(title_text="confidence in the true class, %", row=len(models), col=1)
    figure.add_vline(x=threshold, line={"color": look.ink, "width": 2, "dash": "dash"})
    what = requested(result.split)
    alt = (
        f"Histograms of the confidence of {len(models)} networks in the true class: samples of "
        f"{what} that were in the training data, and held-out ones."
    )
    return Picture(figure, alt, _sentence(called, chance, sizes), table)


def marked(result: Result, part: str, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Those of the samples `rows` of "train" or "test" that are counted in the histograms."""
    return rows[result.split.is_forgotten(part)[rows]]


def _confidences(
    result: Result, predictions: Predictions
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log odds of the forgotten training samples, and of the test samples of their classes."""
    dataset, found = result.split.dataset, []
    for part, labels in (("train", dataset.y_train), ("test", dataset.y_test)):
        rows = result.split.is_forgotten(part)
        found.append(log_odds(predictions.of(part)[rows], labels[rows]))
    return found[0], found[1]


def _draw(
    figure: go.Figure,
    row: int,
    middles: NDArray[np.float64],
    shares: list[NDArray[np.float64]],
    look: Look,
) -> None:
    figure.add_bar(
        x=middles,
        y=shares[0],
        width=middles[1] - middles[0],
        marker={"color": clear(FORGET, 0.75), "line": {"width": 0}},
        name="members: trained on",
        showlegend=row == 1,
        hovertemplate="members: %{y:.1f} %<extra></extra>",
        row=row,
        col=1,
    )
    figure.add_scatter(
        x=middles,
        y=shares[1],
        mode="lines",
        line={"color": look.ink, "width": 2, "shape": "hvh"},
        name="others: held out",
        showlegend=row == 1,
        hovertemplate="others: %{y:.1f} %<extra></extra>",
        row=row,
        col=1,
    )


def _sentence(called: dict[str, Shares], chance: float, sizes: tuple[int, int]) -> str:
    """What the attacker finds in every network, and where it is more than guessing.

    Args:
        called: shares in percent.
        chance: the threshold, in percent.
        sizes: numbers of members and of others.
    """
    counts = [
        f"{MODEL_TITLES[name].lower()} {hits:.0f} and {alarms:.0f}\u00a0%"
        for name, (hits, alarms) in called.items()
    ]
    best = max(called, key=lambda name: abs(np.subtract(*called[name])))
    hits, alarms = map(round, called[best])
    text = (
        f"From {chance:g}\u00a0% on, shares of the members and of the others that are called "
        f"members: {joined(counts)}. "
    )
    if hits == alarms:
        return f"{text}Equal shares are no better than guessing, and all are equal within a point."
    text += (
        f"Equal shares are no better than guessing; they differ most in the {best} network, "
        f"by {counted(abs(hits - alarms), 'point')}"
    )
    if abs(np.subtract(*called[best])) > _by_chance(called[best], sizes):
        return f"{text}."
    members, others = sizes
    return f"{text}; with {members:,} members and {others:,} others, that may be chance."


def _by_chance(called: Shares, sizes: tuple[int, int]) -> float:
    """Points by which two equal shares differ in 95 of 100 samples of these sizes, at most."""
    share = float(np.average(called, weights=sizes)) / 100
    return 196 * float(np.sqrt(share * (1 - share) * (1 / sizes[0] + 1 / sizes[1])))
