"""Every method on a line of its own: what it keeps of the rest, and whether it forgets.

The lines are also the legend of other figures: each has the method's colour and mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from unsc_core.analysis import comparison
from unsc_core.analysis.comparison import ComparisonRow, MethodRun, by_method, rows
from unsc_core.analysis.measures import MEASURES
from unsc_core.figures.phrases import counted
from unsc_core.figures.standings import conclusion, name
from unsc_core.figures.theme import (
    FORGET,
    Look,
    Picture,
    clear,
    method_colour,
    method_mark,
    styled,
    write,
)

SORTS = {
    "acc_r": "Acc_r",
    "acc_f": "Acc_f",
    "agreement": "Agreement",
    "seconds": "Seconds",
    "name": "Name",
}
"""By what methods can be put in order -> its title."""
_KEYS = {"acc_r": "acc_retain", "acc_f": "acc_forget"}
_LOWER_FIRST = ("acc_f", "seconds")
LINE = 38
"""Pixels of one method: its name, and its mark below it."""
NAME = 0.36
"""How far above the line of a mark its name is, in lines."""
REACH = 4.0
"""How far below the original, in points, a mark is drawn at its place; lower ones at the edge."""
VALUES = (82, 128)
"""Where the two columns of numbers end, in pixels right of the axis."""


def ordered(runs: Sequence[MethodRun], by: str) -> list[str]:
    """The methods that have been run, put in order by one of SORTS; unknown values come last.

    The best comes first: the highest Acc_r or agreement, the fewest seconds; the lowest Acc_f, or
    of single samples the one nearest to the retrained model's.
    """
    found, of = rows(runs), by_method(runs)
    if by == "name":
        return sorted(of, key=lambda method: name(method, of[method]).casefold())
    key = _KEYS.get(by, by)
    goal = found["retrained"].mean[key] if by == "acc_f" and "retrained" in found else None

    def place(method: str) -> tuple[bool, float]:
        value = found[method].mean[key]
        if value is None:
            return True, 0.0
        if goal is not None and runs[0].samples:
            return False, abs(value - goal)
        return False, value if by in _LOWER_FIRST else -value

    return sorted(of, key=place)


def ladder(
    runs: Sequence[MethodRun], order: Sequence[str], look: Look, by: str = "acc_r", own: str = ""
) -> Picture:
    """Acc_r of each method, with the original's, the mask's and the retrained model's as lines.

    Args:
        runs: all that have been run; the sentence is about them.
        order: the methods that are shown, from the top.
        look: colours.
        by: what they were put in order by, one of SORTS: its values are shown.
        own: the method to show in bold.
    """
    found, of = rows(runs), by_method(runs)
    references = {m: found[m] for m in comparison.REFERENCES if m in found}
    window = _window([found[m] for m in order], references)
    figure = styled(go.Figure(), look, 110 + LINE * len(order))
    for i, method in enumerate(order):
        _draw_mark(figure, method, name(method, of[method]), found[method], -i, window, look)
        title = name(method, of[method])
        text = f"<b>{title}</b>" if method in ("unsc", own) else title
        place = {"y": -i, "yanchor": "bottom", "yshift": 3}
        if i % 2 == 0:
            _draw_band(figure, -i, look)
        colour = look.teal if method == "unsc" else look.ink
        font = {"size": 14, "color": colour}
        write(figure, text, x=0, xref="paper", xanchor="left", xshift=10, font=font, **place)
        stays = comparison.is_known(of[method]) and comparison.fails(of[method])
        _write_values(figure, found[method], by, NAME / 2 - i, stays, look)
    _head(figure, by, look)
    _draw_references(figure, references, window, look)
    figure.update_layout(hovermode="closest", hoverdistance=40)
    figure.update_layout(showlegend=False, margin={"l": 8, "r": VALUES[1] + 4, "t": 64, "b": 46})
    title = f"{MEASURES['acc_retain'].axis} · right is better"
    figure.update_xaxes(title_text=title, range=window, zeroline=False, nticks=7)
    figure.update_yaxes(visible=False, range=[-len(order) + 0.55, 0.75])
    alt = (
        f"Accuracy on the retained classes under {counted(len(order), 'method')}, from the top "
        f"by {SORTS[by]}, with those of {' and '.join(references)} as vertical lines."
    )
    return Picture(figure, alt, conclusion(runs), _table(order, of, found))


def _window(
    shown: Sequence[ComparisonRow], references: Mapping[str, ComparisonRow]
) -> tuple[float, float]:
    """The ends of the axis: all intervals within REACH of the original, and the references."""
    lines = [row.mean["acc_retain"] or 0.0 for row in references.values()]
    ends = [
        (row.mean["acc_retain"] or 0.0) + sign * (row.half["acc_retain"] or 0.0)
        for row in shown
        for sign in (-1, 1)
    ]
    lowest = min(lines, default=100.0) - REACH
    low = max(min([*ends, *lines]), lowest)
    high = min(max([*ends, *lines]), 100.0 + REACH)
    pad = 0.05 * max(high - low, 1.0)
    low, high = max(low - pad, 0.0), min(high + pad, 100.0)
    room = 0.03 * (high - low)  # for a mark at 0 or 100 %; less than a step of the ticks
    return low - room, high + room


def _draw_mark(
    figure: go.Figure,
    method: str,
    title: str,
    row: ComparisonRow,
    y: float,
    window: tuple[float, float],
    look: Look,
) -> None:
    """A thin line with the mark and its interval; the mark once more, left of its name above it.

    A mark that would be further left than the edge is an arrow there.
    """
    mean, half = row.mean["acc_retain"] or 0.0, row.half["acc_retain"]
    outside = mean < window[0]
    figure.add_shape(
        type="line",
        x0=0,
        x1=1,
        xref="paper",
        y0=y,
        y1=y,
        line={"color": look.grid, "width": 1},
        layer="below",
    )
    text = MEASURES["acc_retain"].number(mean, half)
    left = MEASURES["acc_forget"].number(row.mean["acc_forget"], row.half["acc_forget"])
    hover = f"<b>{title}</b><br>Acc_r {text}\u00a0%<br>Acc_f {left}\u00a0%<extra></extra>"
    colour, mark = method_colour(method, look), method_mark(method)
    interval = {
        "type": "data",
        "symmetric": False,
        "array": [min(half or 0.0, 100.0 - mean)],
        "arrayminus": [min(half or 0.0, mean)],
        "visible": half is not None and not outside,
        "color": look.ink,
        "thickness": 1.5,
        "width": 4,
    }
    places = (
        (window[0], y + NAME, mark, {"visible": False}),
        (window[0] if outside else mean, y, "triangle-left" if outside else mark, interval),
    )
    for x, height, symbol, error in places:
        figure.add_scatter(
            x=[x],
            y=[height],
            mode="markers",
            name=title,
            meta=method,
            marker={
                "symbol": symbol,
                "color": colour,
                "size": 12,
                "line": {"width": 1, "color": look.paper},
            },
            error_x=error,
            cliponaxis=False,
            hovertemplate=hover,
        )


def _draw_band(figure: go.Figure, y: float, look: Look) -> None:
    """A pale band behind every second method: its name, mark and numbers belong together."""
    figure.add_shape(
        type="rect",
        x0=0,
        x1=1,
        xref="paper",
        y0=y + NAME / 2 - 0.5,
        y1=y + NAME / 2 + 0.5,
        fillcolor=clear(look.muted, 0.08),
        line_width=0,
        layer="below",
    )


def _shown(by: str) -> str:
    """The key of the measure in the left column of numbers."""
    return by if by in ("agreement", "seconds") else "acc_retain"


def _write_values(
    figure: go.Figure, row: ComparisonRow, by: str, y: float, stays: bool, look: Look
) -> None:
    """Two numbers at the right; Acc_f is vermilion if the class stays, or too many samples."""
    key = _shown(by)
    value, half = row.mean[key], row.half[key]
    star = "*" if key == "seconds" and row.elsewhere and value is not None else ""
    text = MEASURES[key].number(value, None if star else half) + star
    left = MEASURES["acc_forget"].number(row.mean["acc_forget"])
    right = {"x": 1, "xref": "paper", "xanchor": "right", "y": y, "yanchor": "middle"}
    write(figure, text, xshift=VALUES[0], font={"size": 14}, **right)
    colour = FORGET if stays else look.ink
    text = f"<b>{left}</b>" if stays else left
    write(figure, text, xshift=VALUES[1], font={"size": 14, "color": colour}, **right)


def _head(figure: go.Figure, by: str, look: Look) -> None:
    """What the two columns of numbers are."""
    place = {"x": 1, "xref": "paper", "xanchor": "right", "y": 1, "yref": "paper"}
    font = {"size": 14, "color": look.muted}
    columns = (MEASURES[_shown(by)], MEASURES["acc_forget"])
    for measure, shift in zip(columns, VALUES, strict=True):
        text = measure.column if measure.key != "seconds" else f"{measure.name}, s"
        text = text.replace(" ", "<br>")
        write(figure, text, align="right", xshift=shift, yanchor="bottom", font=font, **place)


def _draw_references(
    figure: go.Figure,
    references: Mapping[str, ComparisonRow],
    window: tuple[float, float],
    look: Look,
) -> None:
    """Vertical lines, each named at a height of its own, as they may lie close together."""
    dashes = {"original": "dot", "mask": "dash", "retrained": "solid"}
    by_place = sorted(references, key=lambda model: references[model].mean["acc_retain"] or 0.0)
    for i, model in enumerate(by_place):
        x = references[model].mean["acc_retain"] or 0.0
        line = {"color": look.muted, "width": 1.5, "dash": dashes[model]}
        figure.add_shape(
            type="line", x0=x, x1=x, y0=0, y1=1, yref="paper", line=line, layer="below"
        )
        share = (x - window[0]) / (window[1] - window[0])
        anchor = "left" if share < 0.2 else "right" if share > 0.8 else "center"
        place = {"x": x, "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": anchor}
        font = {"size": 14, "color": look.muted}
        write(figure, model, yshift=15 * i, font=font, **place)


def _table(
    order: Sequence[str], of: Mapping[str, list[MethodRun]], found: Mapping[str, ComparisonRow]
) -> dict[str, object]:
    keys = ("acc_retain", "acc_forget", "agreement", "seconds")
    return {
        "method": [name(method, of[method]) for method in order],
        "seeds": [found[method].seeds for method in order],
        **{MEASURES[k].column: [found[m].mean[k] for m in order] for k in keys},
        "half of Acc_r's 95 % interval": [found[m].half["acc_retain"] for m in order],
    }
