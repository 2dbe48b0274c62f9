"""What a linear probe says of real samples: its scores for forgotten and for retained ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from unsc_core.figures.audit_curves import SHOWN
from unsc_core.figures.audit_words import value
from unsc_core.figures.phrases import joined
from unsc_core.figures.selected_ticks import add_selected
from unsc_core.figures.theme import FORGET, Look, Picture, axis, clear, layout, write


def scores(
    probe: Mapping[str, Any],
    forgotten: str,
    look: Look,
    marked: tuple[NDArray[np.intp], NDArray[np.intp]] | None = None,
) -> Picture:
    """Histograms of the probe's score for the forgotten class, one row for each network.

    Args:
        probe: the linear probe, as `excess.over_seeds` returns it, with a value.
        forgotten: the classes, as in a sentence.
        look: colours.
        marked: forgotten test samples with a tick, with the first seed: their places among all
            forgotten test samples, and which they are.
    """
    figure = make_subplots(rows=len(SHOWN), cols=1, shared_xaxes=True, vertical_spacing=0.12)
    edges = np.array(probe["original"]["details"][0]["scores"]["edges"])
    table: dict[str, Any] = {"score": (edges[:-1] + edges[1:]) / 2}
    highest = 1.0  # without the ends, where all that lies beyond is counted
    for row, (network, title) in enumerate(SHOWN.items(), 1):
        shares = {part: _shares(probe[network], part) for part in ("forget", "retain")}
        table |= {f"{title}, {part} %": shares[part] for part in shares}
        highest = max(highest, shares["forget"].max(), shares["retain"][1:-1].max(initial=0))
        _draw_row(figure, row, shares, edges, forgotten, look)
        text = f"<b>{title}</b> · {_found(probe, network)} found, right of the line"
        _name_row(figure, row, text)
    if marked is not None:
        for row, network in enumerate(SHOWN, 1):
            each = np.array(probe[network]["details"][0]["scores"]["each"])[marked[0]]
            at = np.clip(each, edges[0], edges[-1])
            add_selected(figure, row, at, marked[1], 1.1 * highest, look)
    figure.update_layout(layout(look, 520), overwrite=True)
    figure.update_layout(margin={"l": 56, "r": 8, "t": 64, "b": 56}, bargap=0, legend={"y": 1.07})
    figure.update_xaxes(axis(look))
    figure.update_yaxes(axis(look), title_text="%", range=[0, 1.1 * highest])
    figure.update_xaxes(
        title_text=f"score: {forgotten} against the best other class", row=len(SHOWN), col=1
    )
    figure.add_vline(x=0, line={"color": look.ink, "width": 1.5, "dash": "dash"})
    alt = (
        f"Histograms of a linear probe's score for {forgotten} on held-out samples of "
        f"{forgotten} and of the retained classes, in the original, the unlearned and the "
        "retrained network."
    )
    return Picture(figure, alt, _sentence(probe, forgotten), table)


def _draw_row(
    figure: go.Figure,
    row: int,
    shares: Mapping[str, NDArray[np.float64]],
    edges: NDArray[np.float64],
    forgotten: str,
    look: Look,
) -> None:
    """One network: bars for forgotten samples, a stepped line for retained ones."""
    middles = (edges[:-1] + edges[1:]) / 2
    figure.add_bar(
        x=middles,
        y=shares["forget"],
        width=edges[1] - edges[0],
        marker={"color": clear(FORGET, 0.75), "line": {"width": 0}},
        name=f"{forgotten}, held out",
        showlegend=row == 1,
        hovertemplate=f"{forgotten}: %{{y:.1f}} %<extra></extra>",
        row=row,
        col=1,
    )
    figure.add_scatter(
        x=middles,
        y=shares["retain"],
        mode="lines",
        line={"color": look.ink, "width": 2, "shape": "hvh"},
        name="retained classes, held out",
        showlegend=row == 1,
        hovertemplate="retained: %{y:.1f} %<extra></extra>",
        row=row,
        col=1,
    )


def _name_row(figure: go.Figure, row: int, text: str) -> None:
    """Write what was found in a network above its row, at the left."""
    place = {"yref": f"y{row} domain" if row > 1 else "y domain", "yanchor": "bottom"}
    side = {"x": 0, "xref": "paper", "xanchor": "left"}
    write(figure, text, y=1, font={"size": 14}, **side, **place)


def _found(probe: Mapping[str, Any], network: str) -> str:
    """The share of forgotten samples that the probe finds in a network, over seeds."""
    return value(probe[network]["mean"], "%")


def _shares(network: Mapping[str, Any], part: str) -> NDArray[np.float64]:
    """(bins,) percent of the samples of all seeds."""
    counts = np.sum([detail["scores"][part] for detail in network["details"]], axis=0)
    return 100 * counts / max(1, counts.sum())


def _sentence(probe: Mapping[str, Any], forgotten: str) -> str:
    words = {"original": "the original", "unlearned": "the unlearned", "retrained": "the retrained"}
    found = [f"{_found(probe, n)} in {words[n]}" for n in SHOWN]
    return (
        f"The probe finds what lies right of the line: of held-out {forgotten}, {joined(found)} "
        "network, which never saw any."
    )
