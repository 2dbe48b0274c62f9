"""The plane of Acc_f and Acc_r: each method's path over its epochs, with the references."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis.claims import SAME
from unsc_core.analysis.comparison import REFERENCES, AccuracyPath, MethodRun, by_method, rows
from unsc_core.analysis.equal_forgetting import mean_path
from unsc_core.analysis.measures import MEASURES
from unsc_core.figures.phrases import counted, joined
from unsc_core.figures.standings import name
from unsc_core.figures.theme import Look, Picture, clear, method_colour, method_mark, styled, write
from unsc_core.methods import METHODS

REFERENCE_SYMBOLS = {"original": "circle-open", "mask": "diamond-wide-open", "retrained": "star"}
Place = tuple[float, float]
NAMED = 3
"""At most so many methods are named where not all have recorded epochs."""
LINE = 21
"""Pixels that one label needs."""
HEIGHT = 470
MARGIN = {"t": 20, "b": 62, "l": 64, "r": 16}
NARROW = 278
"""Pixels of the plane's width on a phone: names that have room there have room anywhere."""
FORGET, RETAINED = "acc_forget", "acc_retain"
HOVER = "Acc_f %{x:.1f}\u00a0%<br>Acc_r %{y:.1f}\u00a0%<extra></extra>"


def plane(runs: Sequence[MethodRun], look: Look) -> Picture:
    """Every method's path, its end marked, and named where there is room.

    The upper right is best; for single samples, the height of the retrained model and above it.
    Each trace of a method has its name as `meta`, by which a script finds it.
    """
    grouped = by_method(runs)
    paths = {method: mean_path(of) for method, of in grouped.items()}
    ends = _ends(runs, paths)
    titles = {method: name(method, grouped.get(method, ())) for method in ends}
    every_f, every_r = (
        np.concatenate([*(getattr(p, axis) for p in paths.values()), [e[i] for e in ends.values()]])
        for i, axis in enumerate((FORGET, RETAINED))
    )
    widest, pad = max(float(np.nanmax(every_f)), 1.0), 0.06 * max(float(np.ptp(every_r)), 1.0)
    edge = -0.05 * widest
    window = max(float(every_r.min()) - pad, 0.0), min(float(every_r.max()) + pad, 100.0)
    figure = go.Figure()
    for method, path in sorted(paths.items(), key=lambda item: item[0] == "unsc"):
        _draw_path(figure, method, titles[method], path, look)
    _draw_references(figure, ends, look)
    _name_where_there_is_room(figure, ends, titles, (1.04 * widest, edge), window, look)
    styled(figure, look, HEIGHT)
    figure.update_layout(showlegend=False, margin=MARGIN)
    ticks = [tick for tick in range(0, 101, 20 if widest > 50 else 10) if tick <= 1.05 * widest]
    figure.update_xaxes(
        title_text=f"{MEASURES[FORGET].axis} · "
        + ("nearer to ★ is better" if runs[0].samples else "right is better"),
        range=[1.04 * widest, edge],
        zeroline=False,
        tickvals=ticks,
    )
    up = f"{MEASURES[RETAINED].axis} · up is better"
    figure.update_yaxes(title_text=up, range=window, zeroline=False)
    alt = (
        "Accuracy on the forgotten against accuracy on the retained classes: "
        f"paths of {counted(len(paths), 'method')} from the original to the end."
    )
    return Picture(figure, alt, _sentence(paths, titles, grouped), _table(paths, titles))


def _ends(runs: Sequence[MethodRun], paths: dict[str, AccuracyPath]) -> dict[str, Place]:
    """Method or reference -> (Acc_f, Acc_r) at the end of its path, or of its only model."""
    ends = {
        method: (float(path.acc_forget[-1]), float(path.acc_retain[-1]))
        for method, path in paths.items()
    }
    for model, row in rows(runs).items():
        acc_forget, acc_retain = row.mean[FORGET], row.mean[RETAINED]
        if model in REFERENCES and acc_forget is not None and acc_retain is not None:
            ends[model] = (acc_forget, acc_retain)
    return ends


def _table(paths: dict[str, AccuracyPath], titles: dict[str, str]) -> dict[str, object]:
    return {
        "method": [titles[m] for m, path in paths.items() for _ in path.epoch],
        "epoch": np.concatenate([path.epoch for path in paths.values()]),
        "Acc_f": np.concatenate([path.acc_forget for path in paths.values()]),
        "Acc_r": np.concatenate([path.acc_retain for path in paths.values()]),
    }


def _name_where_there_is_room(
    figure: go.Figure,
    ends: dict[str, Place],
    titles: dict[str, str],
    across: Place,
    window: Place,
    look: Look,
) -> None:
    """Names beside their marks, references and UNSC first; those that would touch are left out.

    Args:
        across, window: the ends of the x and the y axis, left to right and bottom to top.
    """
    tall = HEIGHT - MARGIN["t"] - MARGIN["b"]
    at = {
        end: (
            NARROW * (x - across[0]) / (across[1] - across[0]),
            tall * (window[1] - y) / (window[1] - window[0]),
        )
        for end, (x, y) in ends.items()
    }
    taken = [(x - 9, y - 9, x + 9, y + 9) for x, y in at.values()]
    if "original" in at:  # where all paths begin
        x, y = ends["original"]
        write(figure, titles["original"], x=x, y=y, xanchor="left", xshift=-9, yshift=-22)
    first = ("retrained", "mask", "unsc")
    others = [end for end in at if end != "original"]
    for end in sorted(others, key=lambda end: first.index(end) if end in first else len(first)):
        x, y = at[end]
        wide = 8.2 * len(titles[end])
        sides = {"right": (x - 12 - wide, x - 12), "left": (x + 12, x + 12 + wide)}
        for anchor, (left, right) in sides.items():
            box = (left, y - LINE / 2, right, y + LINE / 2)
            if left < 0 or right > NARROW or any(_overlap(box, other) for other in taken):
                continue
            taken.append(box)
            colour = look.teal if end == "unsc" else look.ink
            place = {"x": ends[end][0], "y": ends[end][1], "xanchor": anchor}
            place["xshift"] = -10 if anchor == "right" else 10
            place["bgcolor"] = clear(look.paper, 0.8)  # paths pass below
            write(figure, bold(end, titles[end]), font={"size": 14, "color": colour}, **place)
            break


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two boxes (left, top, right, bottom) have a point in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def name_places(
    figure: go.Figure,
    ends: dict[str, Place],
    titles: dict[str, str],
    edge: float,
    window: Place,
    pixels: int,
    look: Look,
) -> None:
    """A column of names at the right, each joined to its place by a thin line.

    Args:
        ends: method or reference -> its place.
        titles: of these.
        edge: the right end of the x axis.
        window: the ends of the y axis, which is so many `pixels` high.
    """
    heights = {method: y for method, (_, y) in ends.items()}
    thin = {"color": look.muted, "width": 1}
    for method, y in _apart(heights, window, pixels).items():
        start = ends[method]
        figure.add_scatter(
            x=[start[0], edge],
            y=[start[1], y],
            mode="lines",
            line=thin,
            hoverinfo="skip",
            opacity=0.6,
        )
        font = {"size": 14, "color": look.teal if method == "unsc" else look.ink}
        text, place = bold(method, titles[method]), {"x": 1, "xref": "paper", "xanchor": "left"}
        write(figure, text, **place, y=y, xshift=4, font=font)


def _draw_references(figure: go.Figure, ends: dict[str, Place], look: Look) -> None:
    for model, symbol in REFERENCE_SYMBOLS.items():
        if model in ends:
            x, y = ends[model]
            figure.add_scatter(
                x=[x],
                y=[y],
                mode="markers",
                marker={"color": look.ink, "size": 15, "symbol": symbol, "line": {"width": 2}},
                cliponaxis=False,
                hovertemplate=f"<b>{name(model)}</b><br>{HOVER}",
            )


def _draw_path(figure: go.Figure, method: str, title: str, path: AccuracyPath, look: Look) -> None:
    is_unsc, colour = method == "unsc", method_colour(method, look)
    dotted = len(path.epoch) == 2 and (METHODS[method].epochs is None or not path.recorded)
    last = len(path.epoch) - 1
    marker = {
        "color": colour,
        "symbol": ["circle"] * last + [method_mark(method)],
        "size": [0] + [6] * (last - 1) + [15 if is_unsc else 11],
        "opacity": 1,
        "line": {"color": look.paper, "width": [0] * last + [1]},
    }
    figure.add_scatter(
        x=path.acc_forget,
        y=path.acc_retain,
        mode="lines+markers",
        customdata=path.epoch,
        line={"color": colour, "width": 4 if is_unsc else 2, "dash": "dot" if dotted else "solid"},
        marker=marker,
        meta=method,
        cliponaxis=False,  # a mark at 100 % is drawn whole
        hovertemplate=f"<b>{title}</b><br>epoch %{{customdata}}<br>{HOVER}",
    )


def bold(method: str, title: str) -> str:
    """A label; UNSC and the gold standard stand out."""
    return f"<b>{title}</b>" if method in ("unsc", "retrained") else title


def _apart(places: dict[str, float], window: Place, pixels: int) -> dict[str, float]:
    """Name -> height in the units of `window`, moved so that no two names overlap."""
    unit = (window[1] - window[0]) / pixels
    order = sorted(places, key=lambda key: -places[key])
    at: NDArray[np.float64] = np.array([(window[1] - places[key]) / unit for key in order])
    for i in range(1, len(at)):
        at[i] = max(at[i], at[i - 1] + LINE)
    limit = pixels - LINE / 2
    for i in range(len(at) - 1, -1, -1):
        at[i] = min(at[i], limit)
        limit = at[i] - LINE
    return {key: float(window[1] - unit * y) for key, y in zip(order, at, strict=True)}


def _sentence(
    paths: dict[str, AccuracyPath], titles: dict[str, str], grouped: dict[str, list[MethodRun]]
) -> str:
    """How far each Acc_r falls below the original's along the way, where that was recorded."""
    drawn = len(paths)
    paths = {method: path for method, path in paths.items() if path.recorded}
    grouped = {method: grouped[method] for method in paths}
    in_one_step = all(METHODS[method].epochs is None for method in paths)
    if not paths or (in_one_step and len(paths) < drawn):
        return "No epochs are recorded yet."
    counts = {len(of) for of in grouped.values()}
    seeds = f"over {max(counts)} seeds" if len(counts) == 1 else "over each method's seeds"
    over = f", averaged {seeds}" if max(counts) > 1 else ""
    falls = {
        method: float(path.acc_retain.min())
        for method, path in paths.items()
        if path.acc_retain.min() <= path.acc_retain[0] - SAME
    }
    of = ""
    if len(paths) < drawn:
        few = len(paths) <= NAMED
        of = f" of {joined([titles[m] for m in paths]) if few else f'{len(paths)} methods'}"
    begin, acc_retain = f"In the recorded epochs{of}{over}", MEASURES[RETAINED]
    if not falls:
        return f"{begin}, Acc_r never falls below the original's."
    if len(paths) == 1:
        begin = f"In its recorded epochs{over}"
    lowest = acc_retain.text(min(falls.values()))
    worst = [method for method, low in falls.items() if acc_retain.text(low) == lowest]
    who = joined([titles[method] for method in worst])
    how = "falls" if len(worst) == 1 else "fall"
    how += " lowest, to" if len(paths) > 1 else " to"
    text = f"{begin}, {who} {how} Acc_r {lowest}"
    if "unsc" in falls and "unsc" not in worst:
        text += f"; {titles['unsc']} falls to {acc_retain.text(falls['unsc'])}"
    elif "unsc" in paths and "unsc" not in falls:
        text += f"; {titles['unsc']} does not fall below the original's Acc_r"
    return f"{text}."
