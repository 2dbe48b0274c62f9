"""Accuracy per class, before and after: over-unlearning made visible."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis import evaluation
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import moved, run_title, short_names, short_ticks
from unsc_core.figures.theme import Look, Picture, label_margin, method_colour, styled


def change_per_class(results: list[Result], look: Look, titles: list[str] | None = None) -> Picture:
    """The change of each retained class's test accuracy, one series per result.

    Args:
        results: experiments on the same dataset, original and forgotten classes.
        look: colours.
        titles: of the results; see `phrases.run_title` if None.
    """
    dataset, retain = results[0].split.dataset, list(results[0].split.retain_classes)
    names = [dataset.class_names[c] for c in retain]
    series, sentences = [], []
    for i, result in enumerate(results):
        change = _change(result)[retain]
        title = titles[i] if titles else run_title(result)
        colour = method_colour(result.config.method, look)
        series.append((title, change, colour, ("", "x", "/")[i % 3]))
        sentences.append(f"{title} {moved('Acc_r', float(np.nanmean(change)))}")
    hover = "%{y:+.1f} points"
    figure = class_bars(names, series, hover, look, 400, "points of accuracy")
    kind = "class" if results[0].split.forget_ids else "retained class"
    alt = f"Bars: change of test accuracy of each {kind} against the original."
    table = {"class": names, **{title: change for title, change, *_ in series}}
    return Picture(figure, alt, "; ".join(sentences) + ".", table)


def class_bars(
    names: list[str],
    series: list[tuple[str, NDArray[Any], str, str]],
    hover: str,
    look: Look,
    height: int,
    title: str,
) -> go.Figure:
    """Bars side by side for every class.

    Args:
        names: of the classes.
        series: the title of each series, its values, its colour and its pattern.
        hover: plotly's template of a value; the class and the title of the series are added.
        look: colours.
        height: in pixels.
        title: of the axis of values.
    """
    figure = go.Figure()
    for name, values, colour, pattern in series:
        figure.add_bar(
            x=names,
            y=values,
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern}},
            hovertext=names,
            hovertemplate=f"%{{hovertext}}<br>{hover}<extra>{name}</extra>",
        )
    styled(figure, look, height)
    margin = {"l": 64, "t": 40, "b": round(0.75 * label_margin(short_names(names)))}
    figure.update_layout(barmode="group", bargap=0.25, margin=margin)
    figure.update_xaxes(tickangle=-45, type="category", labelalias=short_ticks(names))
    figure.update_yaxes(title_text=title, **look.zero_line)
    return figure


def _change(result: Result) -> NDArray[np.float64]:
    """(classes,) in points."""
    dataset = result.split.dataset
    before, after = (
        evaluation.per_class_accuracy(answers.test.argmax(1), dataset.y_test, dataset.num_classes)
        for answers in (result.original, result.unlearned)
    )
    return after - before
