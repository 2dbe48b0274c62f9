"""Methods side by side: the Acc_f–Acc_r plane, all methods at equal forgetting, and the change of every class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.analysis.claims import FORGOTTEN, SAME
from unsc_core.analysis.comparison import (
    REFERENCES,
    Equal,
    Path,
    Run,
    at_equal_forgetting,
    by_method,
    mean_path,
    rows,
)
from unsc_core.analysis.spread import Interval, interval
from unsc_core.figures.phrases import joined, pm
from unsc_core.figures.standings import name
from unsc_core.figures.theme import Look, Picture, label_margin, method_colour, method_mark, styled
from unsc_core.methods import METHODS

Place = tuple[float, float]
LINE = 21
"""Pixels that one label needs."""


def plane(runs: Sequence[Run], look: Look) -> Picture:
    """Acc_f against Acc_r: every method's path over its epochs, its end marked and named; the best place is the upper right."""
    grouped = by_method(runs)
    paths = {method: mean_path(of) for method, of in grouped.items()}
    ends = {
        method: (float(path.acc_forget[-1]), float(path.acc_retain[-1]))
        for method, path in paths.items()
    }
    for model, row in rows(runs).items():
        if model in REFERENCES:
            ends[model] = (
                float(row.mean["acc_forget"] or 0.0),
                float(row.mean["acc_retain"] or 0.0),
            )
    every_f, every_r = (
        np.concatenate(
            [
                *(getattr(path, axis) for path in paths.values()),
                [place[i] for place in ends.values()],
            ]
        )
        for i, axis in enumerate(("acc_forget", "acc_retain"))
    )
    widest, pad = max(float(every_f.max()), 1.0), 0.06 * max(float(np.ptp(every_r)), 1.0)
    edge, window = -0.14 * widest, (float(every_r.min()) - pad, float(every_r.max()) + pad)
    height = max(460, 90 + LINE * (len(ends) + 1))
    figure = go.Figure()
    titles = {method: name(method, grouped.get(method, ())) for method in ends}
    _name_ends(
        figure,
        {method: place for method, place in ends.items() if method != "original"},
        titles,
        edge,
        window,
        height - 82,
        look,
    )
    for method, path in sorted(paths.items(), key=lambda item: item[0] == "unsc"):
        _draw_path(figure, method, titles[method], path, look)
    _draw_references(figure, ends, look)
    styled(figure, look, height)
    figure.update_layout(
        showlegend=False,
        margin={"t": 20, "b": 62, "l": 64, "r": label_margin(list(titles.values()))},
    )
    ticks = [tick for tick in range(0, 101, 20 if widest > 50 else 10) if tick <= 1.05 * widest]
    figure.update_xaxes(
        title_text="Acc_f, forgotten (%) · right is better",
        range=[1.04 * widest, edge],
        zeroline=False,
        tickvals=ticks,
    )
    figure.update_yaxes(
        title_text="Acc_r, retained (%) · up is better", range=window, zeroline=False
    )
    numbers = {
        "method": [titles[m] for m, path in paths.items() for _ in path.epoch],
        "epoch": np.concatenate([path.epoch for path in paths.values()]),
        "Acc_f": np.concatenate([path.acc_forget for path in paths.values()]),
        "Acc_r": np.concatenate([path.acc_retain for path in paths.values()]),
    }
    alt = f"Accuracy on the forgotten against accuracy on the retained classes: paths of {len(paths)} methods from the original to their ends."
    return Picture(figure, alt, _plane_sentence(paths, titles), numbers)


def _name_ends(
    figure: go.Figure,
    ends: dict[str, Place],
    titles: dict[str, str],
    edge: float,
    window: Place,
    pixels: int,
    look: Look,
) -> None:
    """A column of names at the right, each joined to its end by a thin line."""
    for method, y in _apart({method: y for method, (_, y) in ends.items()}, window, pixels).items():
        figure.add_scatter(
            x=[ends[method][0], edge],
            y=[ends[method][1], y],
            mode="lines",
            line={"color": look.muted, "width": 1},
            hoverinfo="skip",
            opacity=0.6,
        )
        figure.add_annotation(
            x=1,
            xref="paper",
            y=y,
            xanchor="left",
            xshift=4,
            text=_bold(method, titles[method]),
            showarrow=False,
            font={"size": 14, "color": look.teal if method == "unsc" else look.ink},
        )


def _draw_references(figure: go.Figure, ends: dict[str, Place], look: Look) -> None:
    for model, symbol in (
        ("original", "circle-open"),
        ("mask", "diamond-wide-open"),
        ("retrained", "star"),
    ):
        if model in ends:
            x, y = ends[model]
            figure.add_scatter(
                x=[x],
                y=[y],
                mode="markers",
                marker={"color": look.ink, "size": 15, "symbol": symbol, "line": {"width": 2}},
                hovertemplate=f"<b>{name(model)}</b><br>Acc_f %{{x:.1f}} %<br>Acc_r %{{y:.1f}} %<extra></extra>",
            )
    x, y = ends["original"]
    figure.add_annotation(
        x=x, y=y, text="<b>Original</b>", showarrow=False, yshift=-20, xanchor="left", xshift=-8
    )


def _draw_path(figure: go.Figure, method: str, title: str, path: Path, look: Look) -> None:
    is_unsc = method == "unsc"
    colour = method_colour(method, look)
    dotted = len(path.epoch) == 2 and (METHODS[method].epochs is None or not path.recorded)
    last = len(path.epoch) - 1
    figure.add_scatter(
        x=path.acc_forget,
        y=path.acc_retain,
        mode="lines+markers",
        customdata=path.epoch,
        line={"color": colour, "width": 4 if is_unsc else 2, "dash": "dot" if dotted else "solid"},
        marker={
            "color": colour,
            "symbol": ["circle"] * last + [method_mark(method)],
            "size": [0] + [6] * (last - 1) + [15 if is_unsc else 11],
            "opacity": 1,
            "line": {"color": look.paper, "width": [0] * last + [1]},
        },
        hovertemplate=f"<b>{title}</b><br>epoch %{{customdata}}<br>Acc_f %{{x:.1f}} %<br>Acc_r %{{y:.1f}} %<extra></extra>",
    )


def _bold(method: str, title: str) -> str:
    """A label; UNSC and the gold standard stand out."""
    return f"<b>{title}</b>" if method in ("unsc", "retrained") else title


def _apart(places: dict[str, float], window: tuple[float, float], pixels: int) -> dict[str, float]:
    """Name -> height in the units of `window`, moved so that no two are closer than a line of text and all are inside."""
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


def _plane_sentence(paths: dict[str, Path], titles: dict[str, str]) -> str:
    lowest = {method: float(path.acc_retain.min()) for method, path in paths.items()}
    worst = min(lowest, key=lambda method: lowest[method])
    seen = (
        ""
        if all(path.recorded for path in paths.values())
        else " (epochs that were not recorded left out)"
    )
    if len(paths) == 1:
        return f"{titles[worst]} is at Acc_r {lowest[worst]:.1f} % where it is lowest{seen}."
    text = f"On its way {titles[worst]} falls lowest, to Acc_r {lowest[worst]:.1f} %"
    if "unsc" in lowest and worst != "unsc" and paths["unsc"].recorded:
        text += f"; {titles['unsc']} does not fall under {lowest['unsc']:.1f} %"
    return f"{text}{seen}."


def change_map(
    runs: Sequence[Run], class_names: Sequence[str], retain: Sequence[int], look: Look
) -> Picture:
    """Methods × retained classes: the change of each class's test accuracy against the original, mean over seeds."""
    grouped = by_method(runs)
    found = {
        method: np.mean([run.change["unlearned"] for run in of], axis=0)
        for method, of in grouped.items()
    }
    for model in ("mask", "retrained"):
        per_seed = {run.seed: run.change[model] for run in runs if model in run.change}
        if per_seed:
            found = {model: np.mean(list(per_seed.values()), axis=0)} | found
    names, classes = (
        [name(method, grouped.get(method, ())) for method in found],
        [class_names[c] for c in retain],
    )
    values = np.stack([change[list(retain)] for change in found.values()])
    limit = max(5.0, float(np.percentile(np.abs(values), 85)))
    low, middle, high = look.loss_gain
    low, high = _mixed(low, middle), _mixed(high, middle)
    small = len(classes) <= 12
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=classes,
            y=[_bold(*pair) for pair in zip(found, names, strict=True)],
            zmin=-limit,
            zmax=limit,
            showscale=False,
            xgap=1,
            ygap=1,
            colorscale=[[0, low], [0.5, middle], [1, high]],
            text=[
                ["0" if abs(v) < 0.5 else f"{v:+.0f}".replace("-", "−") for v in row]
                for row in values
            ]
            if small
            else None,
            texttemplate="%{text}" if small else None,
            textfont={"size": 14, "color": look.ink},
            hovertemplate="<b>%{y}</b><br>%{x}<br>%{z:+.1f} points<extra></extra>",
        )
    )
    styled(figure, look, 70 + round(0.75 * label_margin(classes)) + 34 * len(names))
    figure.update_layout(
        margin={"l": label_margin(names), "t": 8, "b": round(0.75 * label_margin(classes)) + 34}
    )
    figure.update_xaxes(title_text="retained class", tickangle=-45, showgrid=False, type="category")
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    sentence = _change_sentence(found, values, names, classes, list(retain))
    alt = f"Change of test accuracy of {len(classes)} retained classes under {len(names)} models, against the original."
    return Picture(
        figure, alt, sentence, {"method": names, **{c: values[:, i] for i, c in enumerate(classes)}}
    )


def _change_sentence(
    found: dict[str, NDArray[np.float64]],
    values: NDArray[np.float64],
    names: list[str],
    classes: list[str],
    retain: list[int],
) -> str:
    methods = [i for i, method in enumerate(found) if method not in REFERENCES]
    own = values[methods]
    i, c = np.unravel_index(int(np.nanargmin(own)), own.shape)
    sentence = "No method took anything from any class."
    if own[i, c] < -SAME:
        sentence = f"The largest loss: {names[methods[i]]} takes {abs(own[i, c]):.1f} points from {classes[c]}."
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


def equal_forgetting(runs: Sequence[Run], acc_forget: float, look: Look) -> Picture:
    """Every method where its Acc_f has come down to `acc_forget` percent: Acc_r there, as change against the original's."""
    found, grouped = at_equal_forgetting(runs, acc_forget), by_method(runs)
    titles = {method: name(method, grouped[method]) for method in found}
    names = [_bold(*item) for item in titles.items()]
    changes = np.array([equal.change.mean for equal in found.values()])
    spread = np.array([equal.change.half or 0.0 for equal in found.values()])
    many = max(equal.change.n for equal in found.values()) > 1
    figure = go.Figure(
        go.Bar(
            x=changes,
            y=names,
            orientation="h",
            error_x={
                "type": "data",
                "array": spread,
                "color": look.ink,
                "thickness": 1.5,
                "visible": many,
            },
            marker={
                "color": [look.teal if m == "unsc" else look.muted for m in found],
                "pattern": {"shape": ["" if e.reached else "/" for e in found.values()]},
            },
            customdata=[
                f"epoch {_span(e.epoch)}<br>Acc_f {e.acc_forget:.1f} %<br>Acc_r {e.acc_retain:.1f} %"
                for e in found.values()
            ],
            hovertemplate="<b>%{y}</b><br>%{customdata}<br>%{x:+.1f} points<extra></extra>",
        )
    )
    references = rows(runs)
    low, high = min(float((changes - spread).min()), 0.0), max(float((changes + spread).max()), 0.0)
    for model, lift in (
        ("mask", 0),
        ("retrained", 17),
    ):  # two lines that lie close together: their names one above the other
        if model in references:
            gain = float(references[model].mean["gain"] or 0.0)
            low, high = min(low, gain), max(high, gain)
            figure.add_vline(
                x=gain,
                line={
                    "color": look.ink,
                    "width": 2,
                    "dash": "dot" if model == "retrained" else "dash",
                },
            )
            figure.add_annotation(
                x=gain,
                y=1,
                yref="paper",
                yanchor="bottom",
                yshift=lift,
                text=model,
                showarrow=False,
                font={"size": 14},
            )
    for label, e in zip(names, found.values(), strict=True):
        text = f"{e.acc_retain:.1f} %" + ("" if e.reached else " †")
        figure.add_annotation(
            x=1,
            xref="paper",
            y=label,
            xanchor="left",
            xshift=8,
            text=text,
            showarrow=False,
            font={"size": 14},
        )
    styled(figure, look, 124 + 32 * len(names))
    pad = 0.06 * max(high - low, 1.0)
    figure.update_layout(
        margin={"l": label_margin(list(titles.values())), "r": 84, "t": 44, "b": 60}, bargap=0.3
    )
    figure.update_xaxes(title_text="change of Acc_r, points", range=[low - pad, high + pad])
    figure.update_xaxes(zeroline=True, zerolinecolor=look.ink, zerolinewidth=1.5)
    figure.update_yaxes(autorange="reversed", type="category")
    alt = f"Bars: Acc_r of {len(found)} methods, each taken where its Acc_f has come down to {acc_forget:g} percent."
    numbers = {
        "method": list(titles.values()),
        "epoch": [_span(e.epoch) for e in found.values()],
        "Acc_f": [e.acc_forget for e in found.values()],
        "Acc_r": [e.acc_retain for e in found.values()],
        "change of Acc_r": changes,
        "half of its 95 % interval": spread,
        "reached": [e.reached for e in found.values()],
    }
    return Picture(figure, alt, _equal_sentence(found, titles, acc_forget), numbers)


def _span(epochs: Sequence[int]) -> str:
    return str(epochs[0]) if min(epochs) == max(epochs) else f"{min(epochs)} to {max(epochs)}"


def _equal_sentence(found: dict[str, Equal], titles: dict[str, str], acc_forget: float) -> str:
    reached = [method for method, equal in found.items() if equal.reached]
    late = [titles[method] for method, equal in found.items() if not equal.reached]
    never = (
        f" † {joined(late)} never {'comes' if len(late) == 1 else 'come'} so low." if late else ""
    )
    if not reached:
        return f"No method comes down to an Acc_f of {acc_forget:g} %.{never}"
    where = f"Where Acc_f has come down to {acc_forget:g} %" + (
        "" if acc_forget <= FORGOTTEN else " (still more than forgotten)"
    )
    best, *others = reached
    if not others:
        return f"{where}: only {titles[best]} comes so low, with Acc_r {found[best].acc_retain:.1f} %.{never}"
    ahead = {method: _ahead(found[best], found[method]) for method in others}
    close = [
        method for method, one in ahead.items() if one is not None and (one.tied or one.mean < SAME)
    ]
    text = f"{where}, {titles[best]} keeps most of the rest: Acc_r {found[best].acc_retain:.1f} %"
    if close:
        text = f"{where}, {titles[best]} has the highest Acc_r, {found[best].acc_retain:.1f} %, tied with {joined([titles[m] for m in close])}"
    elif (second := ahead[others[0]]) is not None:
        text += f", {pm(second)} points ahead of {titles[others[0]]}".replace(" +", " ", 1)
    if best != "unsc" and "unsc" in reached:
        text += f"; {titles['unsc']} is number {reached.index('unsc') + 1} of {len(reached)} with {found['unsc'].acc_retain:.1f} %"
    fewest = min((one.n for one in ahead.values() if one is not None), default=1)
    caution = (
        ""
        if fewest > 1
        else " One seed has no spread: where only one is compared, a small difference may be chance."
    )
    return f"{text}.{never}{caution}"


def _ahead(one: Equal, other: Equal) -> Interval | None:
    """Acc_r of one − that of another, paired by seed."""
    shared = sorted(one.kept.keys() & other.kept.keys())
    return interval([one.kept[seed] - other.kept[seed] for seed in shared]) if shared else None
