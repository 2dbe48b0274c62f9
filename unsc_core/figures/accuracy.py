"""Accuracy per class, before and after: over-unlearning made visible."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis import evaluation
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import points, run_title
from unsc_core.figures.theme import Look, Picture, label_margin, method_colour, styled


def change_per_class(
    results: list[Result],
    look: Look,
    titles: list[str] | None = None,
    colours: list[str] | None = None,
) -> Picture:
    """The change of each retained class's test accuracy, one series per result.

    Args:
        results: experiments on the same dataset, original and forgotten classes.
        look: colours.
        titles: of the results; see `phrases.run_title` if None.
        colours: of the results; their methods' if None.
    """
    dataset, retain = results[0].split.dataset, list(results[0].split.retain_classes)
    names = [dataset.class_names[c] for c in retain]
    figure = go.Figure()
    table: dict[str, object] = {"class": names}
    sentences = []
    for i, result in enumerate(results):
        change = _change(result)[retain]
        title = titles[i] if titles else run_title(result)
        pattern = ("", "x", "/")[i % 3]
        colour = colours[i] if colours else method_colour(result.config.method, look)
        figure.add_bar(
            x=names,
            y=change,
            name=title,
            marker={"color": colour, "pattern": {"shape": pattern}},
            hovertemplate="%{x}<br>%{y:+.1f} points<extra>" + title + "</extra>",
        )
        table[title] = change
        mean = points(float(np.nanmean(change)))
        sentences.append(f"{title} changed Acc_r by {mean} points")
    styled(figure, look, 400)
    margin = {"l": 64, "t": 40, "b": round(0.75 * label_margin(names))}
    figure.update_layout(barmode="group", bargap=0.25, margin=margin)
    zero = {"zeroline": True, "zerolinecolor": look.ink, "zerolinewidth": 1.5}
    figure.update_yaxes(title_text="points of accuracy", **zero)
    figure.update_xaxes(tickangle=-45, type="category")
    alt = "Bars: change of test accuracy of each retained class against the original."
    return Picture(figure, alt, "; ".join(sentences) + ".", table)


def _change(result: Result) -> NDArray[np.float64]:
    """(classes,) in points."""
    dataset = result.split.dataset
    before, after = (
        evaluation.per_class_accuracy(answers.test.argmax(1), dataset.y_test, dataset.num_classes)
        for answers in (result.original, result.unlearned)
    )
    return after - before
