"""Methods × retained classes: the change of each class's test accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis.claims import SAME
from unsc_core.analysis.comparison import REFERENCES, MethodRun, by_method
from unsc_core.figures.accuracy_plane import bold
from unsc_core.figures.phrases import class_title
from unsc_core.figures.standings import name
from unsc_core.figures.theme import Look, Picture, label_margin, styled

Changes = dict[str, NDArray[np.float64]]
"""Method or reference -> (classes,) change of test accuracy against the original, in points."""


def change_map(
    runs: Sequence[MethodRun], class_names: Sequence[str], retain: Sequence[int], look: Look
) -> Picture:
    """The change of each retained class's test accuracy against the original, mean over seeds."""
    grouped, found = by_method(runs), _changes(runs)
    names = [name(method, grouped.get(method, ())) for method in found]
    classes = [class_names[c] for c in retain]
    values = np.stack([change[list(retain)] for change in found.values()])
    limit = max(5.0, float(np.percentile(np.abs(values), 85)))
    low, middle, high = look.loss_gain
    scale = [[0, _mixed(low, middle)], [0.5, middle], [1, _mixed(high, middle)]]
    labels = [bold(*pair) for pair in zip(found, names, strict=True)]
    small = len(classes) <= 12
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=classes,
            y=labels,
            zmin=-limit,
            zmax=limit,
            showscale=False,
            xgap=1,
            ygap=1,
            colorscale=scale,
            text=[[_cell(value) for value in row] for row in values] if small else None,
            texttemplate="%{text}" if small else None,
            textfont={"size": 14, "color": look.ink},
            hovertemplate="<b>%{y}</b><br>%{x}<br>%{z:+.1f} points<extra></extra>",
        )
    )
    below = round(0.75 * label_margin(classes)) + 34
    styled(figure, look, 70 + below + 34 * len(names))
    figure.update_layout(margin={"l": label_margin(names), "t": 8, "b": below})
    figure.update_xaxes(title_text="retained class", tickangle=-45, showgrid=False, type="category")
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    alt = (
        f"Change of the test accuracy of {len(classes)} retained classes against the original, "
        f"under {len(names)} models."
    )
    table = {"method": names, **{c: values[:, i] for i, c in enumerate(classes)}}
    return Picture(figure, alt, _sentence(found, values, names, classes, list(retain)), table)


def _changes(runs: Sequence[MethodRun]) -> Changes:
    """The mean over seeds, references first."""
    found = {
        method: np.mean([run.change["unlearned"] for run in of], axis=0)
        for method, of in by_method(runs).items()
    }
    for model in ("mask", "retrained"):
        per_seed = {run.seed: run.change[model] for run in runs if model in run.change}
        if per_seed:
            found = {model: np.mean(list(per_seed.values()), axis=0)} | found
    return found


def _cell(value: float) -> str:
    return "0" if abs(value) < 0.5 else f"{value:+.0f}".replace("-", "−")


def _sentence(
    found: Changes,
    values: NDArray[np.float64],
    names: list[str],
    classes: list[str],
    retain: list[int],
) -> str:
    methods = [i for i, method in enumerate(found) if method not in REFERENCES]
    own = values[methods]
    i, c = np.unravel_index(int(np.nanargmin(own)), own.shape)
    sentence = "No class loses accuracy under any method."
    if own[i, c] < -SAME:
        sentence = (
            f"The largest loss: {names[methods[i]]} takes {abs(own[i, c]):.1f} points "
            f"from {class_title(classes[c])}."
        )
    if "unsc" in found:
        unsc = found["unsc"][retain]
        lost = max(0.0, -float(np.nanmin(unsc)))
        sentence += f" UNSC raises {int((unsc > SAME).sum())} of {len(unsc)} retained classes"
        sentence += (
            f"; its largest loss is {lost:.1f} points." if lost > SAME else " and lowers none."
        )
    return sentence


def _mixed(colour: str, other: str) -> str:
    """Halfway between two colours: text stays readable on it."""
    return "#" + "".join(
        f"{(int(colour[i : i + 2], 16) + int(other[i : i + 2], 16)) // 2:02x}" for i in (1, 3, 5)
    )
