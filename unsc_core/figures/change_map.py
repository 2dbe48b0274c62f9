"""Methods × retained classes: the change of each class's test accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis.claims import SAME, whole_points
from unsc_core.analysis.comparison import REFERENCES, MethodRun, by_method
from unsc_core.figures.accuracy_plane import bold
from unsc_core.figures.phrases import class_title, counted, short_names, short_ticks
from unsc_core.figures.standings import name
from unsc_core.figures.theme import Look, Picture, add_cells, in_two_lines, label_margin, styled

Changes = dict[str, NDArray[np.float64]]
"""Method or reference -> (classes,) change of test accuracy against the original, in points."""


def change_map(
    runs: Sequence[MethodRun],
    class_names: Sequence[str],
    retain: Sequence[int],
    look: Look,
    order: Sequence[str] = (),
) -> Picture:
    """The change of each retained class's test accuracy against the original, mean over seeds.

    Args:
        runs: of the methods to show.
        class_names: of all classes. retain: those that are retained.
        look: colours.
        order: the methods from the top; without it, they are in the order of METHODS.
    """
    grouped, found = by_method(runs), _changes(runs)
    rows = [model for model in found if model in REFERENCES] + list(order or grouped)
    found = {model: found[model] for model in rows}
    names = [name(method, grouped.get(method, ())) for method in found]
    classes = [class_names[c] for c in retain]
    kind = "class" if runs[0].samples else "retained class"
    values = np.stack([change[list(retain)] for change in found.values()])
    figure = go.Figure()
    labels = [in_two_lines(one) for one in names]
    marked = [bold(*pair) for pair in zip(found, labels, strict=True)]
    _add_cells(figure, values, classes, marked, look)
    below = round(0.75 * label_margin(short_names(classes))) + 34
    styled(figure, look, 70 + below + 36 * len(names))
    figure.update_layout(margin={"l": label_margin(labels), "t": 8, "b": below})
    across, down = [-0.5, len(classes) - 0.5], [len(names) - 0.5, -0.5]
    plain = {"showgrid": False, "type": "category", "labelalias": short_ticks(classes)}
    figure.update_xaxes(title_text=kind, tickangle=-45, range=across, **plain)
    figure.update_yaxes(range=down, showgrid=False, type="category")
    alt = (
        f"Change of the test accuracy of {counted(len(classes), kind)} against the original, "
        f"under {len(names)} models."
    )
    table = {"method": names, **{c: values[:, i] for i, c in enumerate(classes)}}
    own = {m: values[i] for i, m in enumerate(found) if m not in REFERENCES}
    titles = dict(zip(found, names, strict=True))
    text = _largest_loss(own, titles, classes)
    if "unsc" in own:
        text += f" {_raised(titles['unsc'], own['unsc'], kind)}"
    return Picture(figure, alt, text + _over(grouped), table)


def _add_cells(
    figure: go.Figure,
    values: NDArray[np.float64],
    classes: list[str],
    labels: list[str],
    look: Look,
) -> None:
    """Cells whose colour grows with the root of the change, so that no change is off the scale."""
    roots = np.sign(values) * np.sqrt(np.abs(values))
    limit = max(5.0**0.5, float(np.nanmax(np.abs(roots), initial=0.0)))
    texts = [[_cell(value) for value in row] for row in values] if len(classes) <= 12 else None
    hover = "<b>%{y}</b><br>%{text}<br>%{customdata:+.1f} points<extra></extra>"
    add_cells(
        figure, classes, roots, texts, look.loss_gain, (-limit, limit), hover, row_names=labels
    )
    figure.data[0].update(customdata=values, text=[classes] * len(values))


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
    if np.isnan(value):
        return "–"
    whole = whole_points(value)
    return f"{whole:+d}".replace("-", "−") if whole else "0"


def _over(grouped: dict[str, list[MethodRun]]) -> str:
    """What the cells are averaged over."""
    counts = {len(of) for of in grouped.values()}
    if max(counts) == 1:
        return ""
    seeds = f"{max(counts)} seeds" if len(counts) == 1 else "each method's seeds"
    return f" Changes are averaged over {seeds}."


def _largest_loss(own: Changes, titles: dict[str, str], classes: list[str]) -> str:
    """The deepest cell of the methods, and how many others are as deep to one decimal place."""
    losses = {
        (method, c): round(float(-change[i]), 1)
        for method, change in own.items()
        for i, c in enumerate(classes)
        if change[i] <= -SAME
    }
    if not losses:
        return "No class loses accuracy under any method."
    (method, c), lost = max(losses.items(), key=lambda item: item[1])
    others = sum(loss == lost for loss in losses.values()) - 1
    as_much = f" (as much in {others} other cell{'s' if others > 1 else ''})" if others else ""
    taken = f"{lost:.1f} points from {class_title(c)}{as_much}"
    return f"The largest loss: {titles[method]} takes {taken}."


def _raised(title: str, change: NDArray[np.float64], kind: str) -> str:
    """How many classes UNSC raises and lowers: those whose cells do not show 0."""
    whole = [whole_points(value) for value in change if not np.isnan(value)]
    raised, lowered = sum(n > 0 for n in whole), sum(n < 0 for n in whole)
    raises = f"raises {raised or 'none'} of {counted(len(change), kind)}"
    return f"By at least half a point, {title} {raises} and lowers {lowered or 'none'}."
