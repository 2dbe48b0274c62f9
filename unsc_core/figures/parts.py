"""What each part of UNSC adds, as a grid: a row for each target, a column for each set of weights.

Each cell has two marks, for what is read: the forget set only, or retained samples, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from unsc_core.analysis import comparison
from unsc_core.analysis.comparison import PARTS, MethodRun, by_method
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.parts import EPOCHS, READS, TARGETS, WEIGHTS
from unsc_core.analysis.spread import Interval
from unsc_core.figures.parts_words import sentence
from unsc_core.figures.phrases import pm, points
from unsc_core.figures.theme import FORGET, Look, Picture, axis, clear, in_two_lines, styled, write
from unsc_core.methods import METHODS

TARGET_TITLES = {
    "pseudo-label": "Target: one pseudo-label each",
    "masked": "Target: the mask's probabilities",
}
WEIGHT_TITLES = {
    "all": "All weights",
    "cut": "Null space,<br>cut at γ {}",
    "soft": "Null space,<br>soft",
}
READ_TITLES = {"forget set": "reads the forget set only", "retained": "retained samples, too"}
MARKS = {"forget set": "circle-open", "retained": "circle"}
SIDE = 0.13
"""How far from the middle of its column a mark is, in columns."""
Domain = tuple[float, float]
ROWS: tuple[Domain, Domain] = ((0.53, 0.94), (0.0, 0.41))
"""Where the rows are, from the bottom, as shares of the height."""


@dataclass(frozen=True)
class Mark:
    """One of the twelve combinations, as far as it has been run.

    Attributes:
        target, weights, reads: what it is made of.
        method: its name in METHODS.
        seeds: how many.
        kept: Acc_r − the mask's.
        left: mean Acc_f in percent.
        forgets: whether it does with every seed.
    """

    target: str
    weights: str
    reads: str
    method: str
    seeds: int
    kept: Interval
    left: float
    forgets: bool

    @property
    def x(self) -> float:
        """Its place along the columns."""
        return WEIGHTS.index(self.weights) + (SIDE if self.reads == "retained" else -SIDE)


def note() -> str:
    """What the grid shows, and the settings that all twelve share."""
    free, projected = (
        METHODS[PARTS[TARGETS[0], weights, READS[0]]].learning_rate for weights in ("all", "cut")
    )
    return (
        "Rows: what a forgotten sample is trained towards · columns: which weights may change · "
        "differences in points from the mask, which changes none · the sentence takes the mean of "
        f"both rows · all twelve: at most {EPOCHS} epochs, learning rate {free:g} with all "
        f"weights and {projected:g} in the null space, as chosen on Fashion-MNIST mini"
    )


def grid(runs: Sequence[MethodRun], look: Look, threshold: str) -> Picture:
    """Acc_r − the mask's of the combinations that have been run; those that fail to forget say so.

    Args:
        runs: of whole classes; single samples have no mask.
        look: colours.
        threshold: γ as text.
    """
    marks = _marks(runs)
    figure = styled(go.Figure(), look, 470)
    window = _window(marks)
    for target, y_axis, domain in zip(TARGETS, ("y", "y2"), ROWS, strict=True):
        row = [mark for mark in marks if mark.target == target]
        for reads in READS:
            _draw_marks(figure, [m for m in row if m.reads == reads], y_axis, look)
        _label(figure, row, y_axis, look)
        style = axis(look, "Acc_r − mask's") | {"domain": domain, "range": window, "nticks": 5}
        style |= {"zerolinecolor": look.ink, "zeroline": True, "zerolinewidth": 1.5}
        figure.update_layout({"yaxis" + y_axis[1:]: style})
        heading = {"x": 0, "xref": "paper", "xanchor": "left", "yref": "paper"}
        write(figure, f"<b>{TARGET_TITLES[target]}</b>", y=domain[1], yanchor="bottom", **heading)
    _draw_columns(figure, marks, threshold, look)
    _name_known(figure, look)
    figure.update_xaxes(range=[-0.5, 2.5], visible=False)
    figure.update_layout(
        margin={"l": 64, "r": 12, "t": 44, "b": 52},
        legend={"y": -0.01, "yanchor": "top", "traceorder": "normal"},
    )
    alt = (
        "Acc_r less the mask's, in points, in a grid: two targets down, three sets of weights "
        f"across, two ways of reading in each cell. {len(marks)} of {len(PARTS)} have been run."
    )
    return Picture(figure, alt, sentence(runs), _table(marks))


def _marks(runs: Sequence[MethodRun]) -> list[Mark]:
    of, read = by_method(runs), MEASURES["acc_forget"].read
    found = []
    for (target, weights, reads), method in PARTS.items():
        kept = comparison.added(of[method]) if method in of else None
        if kept is not None:
            left = [value for run in of[method] if (value := read(run.measures)) is not None]
            mean, does = sum(left) / len(left), not comparison.fails(of[method])
            mark = Mark(target, weights, reads, method, len(of[method]), kept, mean, does)
            found.append(mark)
    return sorted(found, key=lambda mark: mark.x)


def _window(marks: Sequence[Mark]) -> list[float]:
    """The ends of the y axes: all intervals, and 0, the mask."""
    halves = [(mark.kept.mean, mark.kept.half or 0.0) for mark in marks]
    low = min([0.0, *(mean - half for mean, half in halves)])
    high = max([0.0, *(mean + half for mean, half in halves)])
    room = max(high - low, 1.0)
    return [low - 0.3 * room, high + 0.16 * room]  # below, names of methods are written


def _draw_marks(figure: go.Figure, marks: Sequence[Mark], y_axis: str, look: Look) -> None:
    """Those of one target and one way of reading."""
    if not marks:
        return
    reads, acc_forget = marks[0].reads, MEASURES["acc_forget"]
    figure.add_scatter(
        x=[mark.x for mark in marks],
        y=[mark.kept.mean for mark in marks],
        yaxis=y_axis,
        mode="markers",
        name=READ_TITLES[reads],
        legendgroup=reads,
        showlegend=reads not in {trace.legendgroup for trace in figure.data},
        marker={
            "symbol": MARKS[reads],
            "size": 13,
            "opacity": 1,
            "color": [look.ink if mark.forgets else FORGET for mark in marks],
            "line": {"width": 2},
        },
        error_y={
            "type": "data",
            "array": [mark.kept.half or 0.0 for mark in marks],
            "visible": any(mark.kept.half is not None for mark in marks),
            "color": look.ink,
            "thickness": 1.5,
            "width": 4,
        },
        customdata=[
            f"<b>{METHODS[mark.method].title}</b><br>Acc_r − the mask's {pm(mark.kept)} points<br>"
            f"Acc_f {acc_forget.text(mark.left)}"
            for mark in marks
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _label(figure: go.Figure, marks: Sequence[Mark], y_axis: str, look: Look) -> None:
    """Each mark's value beside it; its Acc_f below that, if it does not forget."""
    for mark in marks:
        text, colour = points(mark.kept.mean), look.ink
        if not mark.forgets:
            text += f"<br>Acc_f {MEASURES['acc_forget'].text(mark.left)}"
            colour = FORGET
        right = mark.reads == "retained"
        write(
            figure,
            text,
            x=mark.x,
            y=mark.kept.mean,
            yref=y_axis,
            xanchor="left" if right else "right",
            align="left" if right else "right",
            xshift=8 if right else -8,
            font={"size": 14, "color": colour},
            bgcolor=clear(look.paper, 0.7),  # lines pass below
            borderpad=0,
        )


def _draw_columns(figure: go.Figure, marks: Sequence[Mark], threshold: str, look: Look) -> None:
    """The columns' headings, teal behind the null space, and what has not been run."""
    there = {(mark.target, mark.weights) for mark in marks}
    for i, weights in enumerate(WEIGHTS):
        if weights != "all":
            tint = {"fillcolor": clear(look.teal, 0.09), "line_width": 0, "layer": "below"}
            for bottom, top in ROWS:
                place = {"x0": i - 0.47, "x1": i + 0.47, "y0": bottom, "y1": top}
                figure.add_shape(type="rect", yref="paper", **place, **tint)
        colour = look.ink if weights == "all" else look.teal
        heading = {"yref": "paper", "yanchor": "bottom", "font": {"size": 14, "color": colour}}
        write(figure, f"<b>{WEIGHT_TITLES[weights].format(threshold)}</b>", x=i, y=1.0, **heading)
        for target, (bottom, top) in zip(TARGETS, ROWS, strict=True):
            text = "" if (target, weights) in there else "not run yet"
            middle = {"x": i, "y": (bottom + top) / 2, "yref": "paper"}
            write(figure, text, font={"size": 14, "color": look.muted}, **middle)


def _name_known(figure: go.Figure, look: Look) -> None:
    """The mask at its line, and in their cells the combinations that are methods of their own."""
    muted = {"font": {"size": 14, "color": look.muted}}
    write(figure, "mask", x=-0.49, xanchor="left", y=0, yanchor="bottom", **muted)
    for (target, weights, reads), method in PARTS.items():
        if METHODS[method].listed:
            bottom, _ = ROWS[TARGETS.index(target)]
            mark = "○" if reads == "forget set" else "●"
            text = in_two_lines(f"{mark} {METHODS[method].title}", most=17)
            x = WEIGHTS.index(weights)
            write(figure, text, x=x, y=bottom, yref="paper", yanchor="bottom", **muted)


def _table(marks: Sequence[Mark]) -> dict[str, object]:
    return {
        "target": [mark.target for mark in marks],
        "weights": [mark.weights for mark in marks],
        "reads": [mark.reads for mark in marks],
        "method": [METHODS[mark.method].title for mark in marks],
        "seeds": [mark.seeds for mark in marks],
        "Acc_f": [mark.left for mark in marks],
        "Acc_r − mask's": [mark.kept.mean for mark in marks],
        "half of its 95 % interval": [mark.kept.half for mark in marks],
    }
