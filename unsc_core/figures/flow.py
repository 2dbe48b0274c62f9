"""Which classes the forgotten samples are taught, and which the retrained model predicts."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import class_title, percent, requested
from unsc_core.figures.theme import Look, Picture, class_colour, clear, label_margin, styled


def flow(result: Result, look: Look) -> Picture:
    """Sankey of the forgotten training samples: taught label → retrained model's prediction.

    A link between the same class has its colour; any other is grey.

    Raises:
        ValueError: the method taught no labels, or the retrained model is not there yet.
    """
    if result.labels is None or result.retrained is None or result.retrained.train is None:
        raise ValueError("the flow needs taught labels and the retrained model's predictions")
    dataset, forget = result.split.dataset, result.split.forget_classes
    taught, other = result.labels, result.retrained.train[result.split.forget_train()].argmax(1)
    left, right = np.unique(taught), np.unique(other)
    links = [(a, b, int(((taught == a) & (other == b)).sum())) for a in left for b in right]
    links = [link for link in links if link[2]]
    place = {("left", c): i for i, c in enumerate(left)} | {
        ("right", c): len(left) + i for i, c in enumerate(right)
    }
    count = {("left", c): int((taught == c).sum()) for c in left} | {
        ("right", c): int((other == c).sum()) for c in right
    }
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            textfont={"size": 15, "color": look.ink, "shadow": "none"},
            node={
                "label": [
                    f"{dataset.class_names[c]} {percent(count[side, c] / len(taught))}"
                    for side, c in place
                ],
                "color": [class_colour(int(c), forget) for _, c in place],
                "pad": 16,
                "thickness": 16,
                "line": {"width": 0},
                "hovertemplate": "%{label}: %{value:.0f} samples<extra></extra>",
            },
            link={
                "source": [place["left", a] for a, _, _ in links],
                "target": [place["right", b] for _, b, _ in links],
                "value": [n for _, _, n in links],
                "color": [
                    clear(class_colour(int(a), forget), 0.5) if a == b else clear(look.muted, 0.25)
                    for a, b, _ in links
                ],
                "hovertemplate": "taught %{source.label}<br>retrained predicts %{target.label}<br>"
                "<b>%{value:.0f} samples</b><extra></extra>",
            },
        )
    )
    styled(figure, look, 520)
    figure.update_layout(margin={"l": 8, "r": 8, "t": 40, "b": 12})
    for x, anchor, text in (
        (0, "left", "<b>Taught label</b>"),
        (1, "right", "<b>Retrained model's prediction</b>"),
    ):
        figure.add_annotation(
            x=x,
            y=1.08,
            xref="paper",
            yref="paper",
            xanchor=anchor,
            text=text,
            showarrow=False,
            font={"size": 15},
        )
    same = float((taught == other).mean())
    chance = float(sum((taught == c).mean() * (other == c).mean() for c in np.union1d(left, right)))
    sentence = (
        f"For {percent(same)} of {_training(result)} the taught label is what the retrained model "
        f"predicts (shuffled labels would reach {percent(chance)})."
    )
    table = {
        "taught": [dataset.class_names[a] for a, _, _ in links],
        "retrained prediction": [dataset.class_names[b] for _, b, _ in links],
    }
    return Picture(
        figure,
        f"Flow of {_training(result)} from taught labels to the retrained model's predictions.",
        sentence,
        table | {"samples": [n for *_, n in links]},
    )


def label_counts(result: Result, look: Look) -> Picture:
    """How many forgotten training samples were taught each class."""
    if result.labels is None:
        raise ValueError("this method taught no labels")
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
            hovertemplate="%{y}: %{x} samples<extra></extra>",
        )
    )
    styled(figure, look, 90 + 36 * len(names))
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(
        title_text="forgotten samples taught this class", range=[0, 1.15 * counts.max()]
    )
    figure.update_layout(margin={"l": label_margin(names), "b": 56})
    text = (
        f"{percent(counts[order][0] / counts.sum())} of {_training(result)} "
        f"were taught {class_title(names[0])}."
    )
    return Picture(
        figure,
        "Bars: forgotten samples per taught class.",
        text,
        {"class": names, "samples": counts[order]},
    )


def _training(result: Result) -> str:
    """What is counted: "the 2,000 training samples of Shirt", or "the 12 samples"."""
    names = requested(result.split)
    return (
        f"the {names}"
        if result.split.forget_ids
        else f"the {len(result.split.forget_train()):,} training samples of {names}"
    )
