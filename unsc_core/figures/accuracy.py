"""Accuracy per class, before and after: over-unlearning made visible."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

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
    """For each result, the change of every retained class's test accuracy against the original, side by side.

    Args:
        results: experiments on the same dataset, original and forget classes; one series each.
        look: colours.
        titles: of the results; see `phrases.run_title` if None. colours: one each; their methods' if None.
    """
    first = results[0]
    dataset, retain = first.split.dataset, list(first.split.retain_classes)
    names = [dataset.class_names[c] for c in retain]
    figure = go.Figure()
    table: dict[str, object] = {"class": names}
    parts = []
    for i, result in enumerate(results):
        before, after = (
            evaluation.per_class_accuracy(
                answers.test.argmax(1), dataset.y_test, dataset.num_classes
            )[retain]
            for answers in (result.original, result.unlearned)
        )
        title = titles[i] if titles else run_title(result)
        colour = colours[i] if colours else method_colour(result.config.method, look)
        pattern = ("", "x", "/")[i % 3]
        figure.add_bar(
            x=names,
            y=after - before,
            name=title,
            marker={"color": colour, "pattern": {"shape": pattern}},
            hovertemplate="%{x}<br>%{y:+.1f} points<extra>" + title + "</extra>",
        )
        table[title] = after - before
        parts.append(
            f"{title} changed the accuracy on the retained classes by {points(float(np.nanmean(after - before)))} points on average"
        )
    styled(figure, look, 400)
    figure.update_layout(
        barmode="group",
        bargap=0.25,
        margin={"l": 64, "t": 40, "b": round(0.75 * label_margin(names))},
    )
    figure.update_yaxes(
        title_text="points of accuracy", zeroline=True, zerolinecolor=look.ink, zerolinewidth=1.5
    )
    figure.update_xaxes(tickangle=-45, type="category")
    return Picture(
        figure,
        "Bars: change of test accuracy of each retained class against the original.",
        "; ".join(parts) + ".",
        table,
    )
