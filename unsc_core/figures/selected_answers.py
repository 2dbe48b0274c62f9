"""What every model predicts for the selected samples: a strip for each, by predicted class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.data.request import Split
from unsc_core.figures.phrases import MODEL_TITLES, class_titles, counted, joined, short_names
from unsc_core.figures.theme import (
    Look,
    Picture,
    axis,
    class_colour,
    in_two_lines,
    label_margin,
    layout,
    readable_on,
    write,
)

ROW, HEAD = 32, 30
"""Pixels: the height of a strip, and of the head above them."""
STRIP, COLUMNS = 0.74, (0.87, 1.0)
"""Shares of the width: where the strips end, and each column of numbers."""
LEGIBLE = 0.14
"""From this share of a strip on, a class is named in it."""
Answers = Mapping[str, NDArray[np.int64]]
"""A model -> (n,) the classes that it predicts for the selected samples."""
HEADS = {
    "as forgotten": ("×", "predicted as a forgotten class"),
    "correctly predicted": ("✓", "predicted correctly"),
    "as retrained": ("★", "predicted as by the retrained model"),
}
"""Column of the table -> what is written above it in the figure, and what that means."""
MOST_NAMED = 3
"""So many methods are named in a sentence; of more, their number is."""


def strips(
    references: Answers, methods: Answers, labels: NDArray[np.int64], request: Split, look: Look
) -> Picture:
    """A strip for each model: the selected samples by the class that it predicts.

    Beside it, how many are predicted as a forgotten class (of single samples: as their true one),
    and how many as the retrained model predicts them.

    Args:
        references: of "original", "mask" and "retrained", those there are.
        methods: by their titles, from the top.
        labels: (n,) true classes of the samples, which must be at least one.
        request: what is to be forgotten, and the dataset.
        look: colours.
    """
    answers = {MODEL_TITLES[name]: of for name, of in references.items()} | dict(methods)
    names, titles = request.dataset.class_names, list(answers)
    shares = {title: np.bincount(of, minlength=len(names)) for title, of in answers.items()}
    figure = go.Figure(_strips(shares, request, look), _layout(titles, len(labels), look))
    columns = counts(answers, references.get("retrained"), labels, request.forget_classes)
    for (head, values), x in zip(columns.items(), COLUMNS, strict=False):
        place: dict[str, Any] = {"x": x, "xref": "paper", "xanchor": "right"}
        above = {"y": 1, "yref": "paper", "yanchor": "bottom"}
        sign = f"<b>{HEADS[head][0]}</b>"
        write(figure, sign, font={"size": 17, "color": look.ink}, **place, **above)
        for row, value in enumerate(values):
            write(figure, f"{value:,}", y=row, yanchor="middle", font={"size": 15}, **place)
    what = counted(len(labels), "selected sample")
    alt = f"Predicted classes of {what} under {counted(len(titles), 'model')}."
    table: dict[str, Any] = {"model": titles, **columns}
    table |= {names[c]: [int(of[c]) for of in shares.values()] for c in _classes(shares)}
    return Picture(figure, alt, _sentence(references, methods, labels, request), table)


def note(picture: Picture) -> str:
    """What the columns of numbers of `strips` are."""
    heads = [HEADS[column] for column in picture.table if column in HEADS]
    return " · ".join(f"{sign} {meaning}" for sign, meaning in heads)


def _layout(titles: list[str], samples: int, look: Look) -> dict[str, Any]:
    shown = [in_two_lines(title) for title in titles]
    style: dict[str, Any] = layout(look, HEAD + ROW * len(titles) + 8)
    style["margin"] = {"l": label_margin(shown), "r": 8, "t": HEAD, "b": 8}
    across = {"range": [0, samples], "domain": [0, STRIP], "visible": False}
    down = {"range": [len(titles) - 0.5, -0.5], "showgrid": False, "zeroline": False}
    ticks = {"tickvals": list(range(len(titles))), "ticktext": shown}
    return style | {
        "barmode": "stack",
        "uniformtext": {"mode": "hide", "minsize": 13},
        "bargap": 0.12,
        "showlegend": False,
        "xaxis": axis(look) | across,
        "yaxis": axis(look) | down | ticks,
    }


def _classes(shares: Mapping[str, NDArray[np.intp]]) -> list[int]:
    """The classes that any model predicts, in their own order."""
    return [int(c) for c in np.flatnonzero(np.sum(list(shares.values()), axis=0))]


def _strips(
    shares: Mapping[str, NDArray[np.intp]], request: Split, look: Look
) -> list[dict[str, Any]]:
    """One trace for each predicted class; a forgotten one is named with ×."""
    names, forget = request.dataset.class_names, request.forget_classes
    traces, short = [], short_names(names)
    for c in _classes(shares):
        colour, values = class_colour(c, forget), [int(of[c]) for of in shares.values()]
        words = f"× {short[c]}" if c in forget else short[c]
        named = [
            words if value >= LEGIBLE * of.sum() else ""
            for value, of in zip(values, shares.values(), strict=True)
        ]
        texts = [
            f"{title}: {value:,} predicted {names[c]}"
            for title, value in zip(shares, values, strict=True)
        ]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": values,
                "y": list(range(len(shares))),
                "marker": {"color": colour, "line": {"width": 1, "color": look.paper}},
                "text": named,
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "textfont": {"size": 14, "color": readable_on(colour)},
                "hovertext": texts,
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        )
    return traces


def counts(
    answers: Answers,
    retrained: NDArray[np.int64] | None,
    labels: NDArray[np.int64],
    forget: Sequence[int],
) -> dict[str, list[int]]:
    """Head of a column -> a number for each model; see `strips`."""
    found = {}
    if forget:
        found["as forgotten"] = [int(np.isin(of, list(forget)).sum()) for of in answers.values()]
    else:
        found["correctly predicted"] = [int((of == labels).sum()) for of in answers.values()]
    if retrained is not None:
        found["as retrained"] = [int((of == retrained).sum()) for of in answers.values()]
    return found


def _sentence(
    references: Answers, methods: Answers, labels: NDArray[np.int64], request: Split
) -> str:
    """Which methods still predict a forgotten class, and which agree most with the retrained."""
    if not methods:
        return ""
    forget, retrained = request.forget_classes, references.get("retrained")
    found = {
        head: dict(zip(methods, values, strict=True))
        for head, values in counts(methods, retrained, labels, forget).items()
    }
    text = ""
    if forget:
        what = class_titles([request.dataset.class_names[c] for c in forget])
        some = "some" if any(found["as forgotten"].values()) else "any"
        text = f"{_still(found['as forgotten'])} {what} for {some} of these samples. "
    if retrained is not None:
        best = max(found["as retrained"].values())
        agree = [title for title, count in found["as retrained"].items() if count == best]
        s, most = "s" if len(agree) == 1 else "", " most" if len(methods) > 1 else ""
        text += f"{_named(agree)} agree{s}{most} with the retrained model on {best:,}"
        text += f" of {len(labels):,}"
        if (mask := references.get("mask")) is not None:
            text += f"; the mask does on {int((mask == retrained).sum()):,}"
        text += "."
    return text.strip()


def _still(by_method: Mapping[str, int]) -> str:
    """Who predicts a forgotten class, up to its name."""
    who = [f"{title} ({count:,})" for title, count in by_method.items() if count]
    if not who:
        return "No method predicts"
    return f"{_named(who)} still predict{'s' if len(who) == 1 else ''}"


def _named(titles: Sequence[str]) -> str:
    """A few methods by name, more by their number."""
    return joined(titles) if len(titles) <= MOST_NAMED else counted(len(titles), "method")
