"""The class that each forgotten sample is assigned, and what the retrained model predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import class_title, percent, requested, short_names, short_ticks
from unsc_core.figures.theme import Look, Picture, class_colour, clear, label_margin, styled, write


def flow(result: Result, look: Look) -> Picture:
    """Sankey of the forgotten samples: assigned class → retrained model's prediction.

    A link between the same class has its colour; any other is grey.

    Raises:
        ValueError: the method assigns no classes, or the retrained model is not there yet.
    """
    if result.labels is None or result.retrained is None or result.retrained.train is None:
        raise ValueError("the flow needs assigned classes and the retrained model's predictions")
    dataset = result.split.dataset
    labels, other = result.labels, result.retrained.train[result.split.forget_train()].argmax(1)
    left, right = np.unique(labels), np.unique(other)
    pairs = [(a, b, int(((labels == a) & (other == b)).sum())) for a in left for b in right]
    pairs = [pair for pair in pairs if pair[2]]
    figure = go.Figure(_sankey(result, pairs, look))
    styled(figure, look, 520)
    figure.update_layout(margin={"l": 8, "r": 8, "t": 40, "b": 12})
    sides = ((0, "left", "Assigned class"), (1, "right", "Retrained model's prediction"))
    for x, anchor, text in sides:
        place = {"x": x, "xanchor": anchor, "xref": "paper", "y": 1.08, "yref": "paper"}
        write(figure, f"<b>{text}</b>", font={"size": 15}, **place)
    same = float((labels == other).mean())
    chance = float(sum((labels == c).mean() * (other == c).mean() for c in np.union1d(left, right)))
    samples = _training(result)
    sentence = (
        f"For {percent(same)} of {samples} the assigned class is the retrained model's prediction "
        f"(shuffled, the classes would reach {percent(chance)})."
    )
    table = {
        "assigned class": [dataset.class_names[a] for a, _, _ in pairs],
        "retrained prediction": [dataset.class_names[b] for _, b, _ in pairs],
        "samples": [n for *_, n in pairs],
    }
    alt = f"Flow of {samples} from assigned classes to the retrained model's predictions."
    return Picture(figure, alt, sentence, table)


def bands(result: Result, look: Look, selected: NDArray[np.intp]) -> dict[str, Any]:
    """The bands of `flow` as flow.js draws them, with how many samples of each are selected.

    Args:
        result: as for `flow`.
        look: colours.
        selected: training samples.

    Returns:
        "pairs": [assigned class, predicted class, samples, of them selected] of each band; "names",
        "short" names and "colours" of all classes; "muted", the colour of a band between two
        classes; "alt".

    Raises:
        ValueError: as `flow`.
    """
    if result.labels is None or result.retrained is None or result.retrained.train is None:
        raise ValueError("the flow needs assigned classes and the retrained model's predictions")
    request, rows = result.split, result.split.forget_train()
    classes = request.dataset.num_classes
    pair = result.labels * classes + result.retrained.train[rows].argmax(1)
    chosen = pair[np.isin(rows, selected)]
    counts, of_chosen = (np.bincount(one, minlength=classes**2) for one in (pair, chosen))
    pairs = [
        [*divmod(int(i), classes), int(counts[i]), int(of_chosen[i])]
        for i in np.flatnonzero(counts)
    ]
    samples = _training(result)
    return {
        "pairs": pairs,
        "names": list(request.dataset.class_names),
        "short": short_names(request.dataset.class_names),
        "colours": [class_colour(c, request.forget_classes) for c in range(classes)],
        "muted": look.muted,
        "alt": f"Flow of {samples} from assigned classes to the retrained model's predictions.",
    }


def _sankey(result: Result, pairs: list[tuple[int, int, int]], look: Look) -> go.Sankey:
    """The trace; `pairs` are (trained on, predicted, samples) of every link."""
    names, forget = result.split.dataset.class_names, result.split.forget_classes
    total, short = sum(n for *_, n in pairs), short_names(names)
    # The nodes: the assigned classes, then the predictions.
    nodes = [(side, c) for side in (0, 1) for c in sorted({pair[side] for pair in pairs})]
    sizes = [sum(pair[2] for pair in pairs if pair[side] == c) for side, c in nodes]
    grey = clear(look.muted, 0.25)
    return go.Sankey(
        arrangement="snap",
        textfont={"size": 15, "color": look.ink, "shadow": _halo(look)},
        node={
            "label": [
                f"{short[c]} {_share(n / total)}" for (_, c), n in zip(nodes, sizes, strict=True)
            ],
            "color": [class_colour(int(c), forget) for _, c in nodes],
            "pad": 16,
            "thickness": 16,
            "line": {"width": 0},
            "customdata": [names[c] for _, c in nodes],
            "hovertemplate": "%{customdata}: %{value:.0f} samples<extra></extra>",
        },
        link={
            "source": [nodes.index((0, a)) for a, _, _ in pairs],
            "target": [nodes.index((1, b)) for _, b, _ in pairs],
            "value": [n for *_, n in pairs],
            "color": [
                clear(class_colour(int(a), forget), 0.5) if a == b else grey for a, b, _ in pairs
            ],
            "hovertemplate": "assigned %{source.customdata}<br>"
            "retrained predicts %{target.customdata}<br><b>%{value:.0f} samples</b><extra></extra>",
        },
    )


def _halo(look: Look) -> str:
    """A shadow all around a text, so that it can be read over a link."""
    return ", ".join([f"0 0 3px {look.paper}"] * 4)


def _share(share: float) -> str:
    """A share of at least one sample in whole percent, never 0."""
    return percent(share) if share >= 0.005 else "<\u00a01\u00a0%"


def label_counts(result: Result, look: Look) -> Picture:
    """How many forgotten samples are assigned each class."""
    if result.labels is None:
        raise ValueError("this method assigns no classes")
    dataset, forget = result.split.dataset, result.split.forget_classes
    classes, counts = np.unique(result.labels, return_counts=True)
    order = np.argsort(-counts)
    names = [dataset.class_names[c] for c in classes[order]]
    figure = go.Figure(
        go.Bar(
            x=counts[order],
            y=names,
            orientation="h",
            text=counts[order],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [class_colour(int(c), forget) for c in classes[order]]},
            hovertext=names,
            hovertemplate="%{hovertext}: %{x} samples<extra></extra>",
        )
    )
    styled(figure, look, 90 + 36 * len(names))
    figure.update_yaxes(autorange="reversed", type="category", labelalias=short_ticks(names))
    figure.update_xaxes(
        title_text="forgotten samples assigned this class", range=[0, 1.15 * counts.max()]
    )
    figure.update_layout(margin={"l": label_margin(short_names(names)), "b": 56})
    text = (
        f"{percent(counts[order][0] / counts.sum())} of {_training(result)} "
        f"are assigned {class_title(names[0])}."
    )
    table = {"class": names, "samples": counts[order]}
    return Picture(figure, "Bars: forgotten samples per assigned class.", text, table)


def _training(result: Result) -> str:
    """What is counted: "the 2,000 training samples of Shirt", or "the 12 samples"."""
    names = requested(result.split)
    if result.split.forget_ids:
        return f"the {names}"
    return f"the {len(result.split.forget_train()):,} training samples of {names}"
