"""The 2-D lab: frames for the browser, accuracy over the epochs, raw against projected gradient, and what they say."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import plotly.graph_objects as go

from unsc_core.analysis.claims import forgotten
from unsc_core.analysis.lab import EXTENT, LEVELS, SHOWN, SIZE, LabRun, LayerGradient, Recording
from unsc_core.figures.phrases import method_title, percent
from unsc_core.figures.theme import (
    FONT_FAMILY,
    FORGET,
    Look,
    Picture,
    class_colour,
    method_colour,
    styled,
)

POINTS_PER_CLASS = 60
"""Test points drawn of each class; accuracies are of all of them."""
FAINT, STRONG = 0.10, {"light": 0.62, "dark": 0.42}
"""Share of a class's colour in its region, at no confidence and at full confidence; less where points are brighter than regions."""
READOUTS = {
    "Acc_f · forgotten": "Test accuracy on the class to forget; lower is better.",
    "Acc_r · retained": "Mean test accuracy over the classes that stay; higher is better.",
    "Drift": "How far the logits of the retain test points are from the original's, relative to their size.",
    "Rest moved": "Share of the plane that the original gave to a retained class and that has another answer now.",
    "As retrained": "Share of the plane answered as the retrained model answers.",
}


def frames(run: LabRun, look: Look) -> dict[str, Any]:
    """Everything the browser needs to play a run by itself, in JSON types; cells stay deflated."""
    dataset = run.dataset
    rows = np.sort(
        np.concatenate(
            [
                np.flatnonzero(dataset.y_test == c)[:POINTS_PER_CLASS]
                for c in range(dataset.num_classes)
            ]
        )
    )
    means = [dataset.x_train[dataset.y_train == c].mean(0) for c in range(dataset.num_classes)]
    return {
        "key": f"{run.key}-{look.name}",
        "size": SIZE,
        "extent": EXTENT,
        "levels": LEVELS,
        "font": FONT_FAMILY,
        "ink": look.ink,
        "paper": look.paper,
        "rim": _rgb(look.ink),
        "palette": _text(palette(dataset.num_classes, run.config.forget_classes, look)),
        "classes": [
            {
                "name": name,
                "colour": class_colour(c, run.config.forget_classes),
                "forgotten": c == run.forgotten,
                "corner": np.sign(means[c]).tolist(),
            }
            for c, name in enumerate(dataset.class_names)
        ],
        "points": {
            "x": dataset.x_test[rows, 0].tolist(),
            "y": dataset.x_test[rows, 1].tolist(),
            "label": dataset.y_test[rows].tolist(),
        },
        "readouts": [{"name": name, "help": words} for name, words in READOUTS.items()],
        "last": max(int(path.epochs[-1]) for path in run.paths.values()),
        "panels": [_panel(run, name, run.paths[name], rows) for name in SHOWN],
    }


def _panel(run: LabRun, name: str, path: Recording, rows: np.ndarray) -> dict[str, Any]:
    target = (
        f"from scratch, without {run.dataset.class_names[run.forgotten]}"
        if name == "retrain"
        else ""
    )
    return {
        "name": "Retrained" if name == "retrain" else method_title(name),
        "note": target or path.stopped,
        "epochs": path.epochs.tolist(),
        "readouts": [_readout(values) for values in path.measures.tolist()],
        "cells": base64.b64encode(path.deflated).decode(),
        "answers": _text(path.answers[:, rows]),
        "before": _text(run.paths["unsc"].answers[0, rows]),
    }


def _readout(values: list[float]) -> list[str]:
    """One frame's measures in the order of READOUTS."""
    forget, retain, drift, changed, same = values
    return [
        f"{forget:.1f} %",
        f"{retain:.1f} %",
        f"{drift:.2f}",
        f"{100 * changed:.1f} %",
        f"{100 * same:.1f} %",
    ]


def palette(classes: int, forget_classes: tuple[int, ...], look: Look) -> np.ndarray:
    """(256, 3) uint8: the colour of every value a cell may have; the surer the answer, the more of its class's colour."""
    paper = np.array(_rgb(look.paper), float)
    strength = np.linspace(FAINT, STRONG[look.name], LEVELS)[:, None]
    colours = np.zeros((256, 3), np.uint8)
    for c in range(classes):
        colour = np.array(_rgb(class_colour(c, forget_classes)), float)
        colours[c * LEVELS : (c + 1) * LEVELS] = np.round(paper + strength * (colour - paper))
    return colours


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def _text(array: np.ndarray) -> str:
    return base64.b64encode(array.astype(np.uint8).tobytes()).decode()


def verdict(run: LabRun) -> str:
    """One sentence that compares the methods at their last frames."""
    ours, name = run.paths["unsc"], run.dataset.class_names[run.forgotten]
    forget = ours.measure("acc_forget")
    done = f"UNSC forgets {name} (Acc_f {forget:.1f} %),"
    if not forgotten(forget):
        done = f"At γ = {run.config.energy_threshold:g} UNSC has not forgotten {name} (Acc_f {forget:.1f} %); it"
    rest, plane, _ = _ends(ours)
    random, ascent = _ends(run.paths["random-labels"]), _ends(run.paths["gradient-ascent"])
    diverged = [
        f" {method_title(method)} diverged."
        for method in SHOWN
        if run.paths[method].stopped.startswith("diverged")
    ]
    return (
        f"{done} keeps the rest at Acc_r {rest} and puts {plane} of the plane where the retrained model puts it; "
        f"random labels (Acc_f {random[2]}) keep {random[0]} and match {random[1]}, "
        f"gradient ascent (Acc_f {ascent[2]}) keeps {ascent[0]} and matches {ascent[1]}."
        + "".join(diverged)
    )


def _ends(path: Recording) -> tuple[str, str, str]:
    """Acc_r, the share of the plane answered as the retrained model does, and Acc_f, at the last frame."""
    acc_retain, acc_forget = (
        f"{path.measure(name):.1f} %" for name in ("acc_retain", "acc_forget")
    )
    return acc_retain, percent(path.measure("plane_as_retrained")), acc_forget


def why(run: LabRun) -> list[str]:
    """Per layer, what γ leaves of its null space and what that does to the gradient, one paragraph each."""
    return [_why_first(run, run.layers[0]), _why_second(run, run.layers[1])]


def _why_first(run: LabRun, layer: LayerGradient) -> str:
    shares = layer.eigenvalues / layer.eigenvalues.sum()
    gamma = f"γ = {run.config.energy_threshold:g}"
    spread = f"**Layer 1** takes {layer.dim} numbers. The retained points hold {percent(shares[0])} of their energy along one direction "
    spread += f"of the plane and {percent(shares[1])} along the other. "
    if layer.free == 0:
        return spread + (
            f"{gamma} therefore protects {layer.rank} of {layer.dim}: the inputs span the plane, the null space has dimension 0, "
            "and every projected gradient is zero. This layer cannot move."
        )
    felt = percent(1 - shares[: layer.rank].sum())
    return spread + (
        f"{gamma} is reached with {layer.rank} of {layer.dim}: the null space has dimension {layer.free}, and {percent(passed(layer))} "
        f"of the gradient's length passes. The retained points feel every such move: {felt} of their energy lies there."
    )


def _why_second(run: LabRun, layer: LayerGradient) -> str:
    needed = "1 direction" if layer.rank == 1 else f"{layer.rank} directions"
    inputs = f"**Layer 2** takes {layer.dim} hidden units, of which the retained points need {needed} at this γ. "
    if layer.free == 0:
        return (
            inputs
            + "Nothing is free here either, so UNSC cannot change anything: lower γ, or widen the network."
        )
    return inputs + (
        f"Its null space has dimension {layer.dim} − {layer.rank} = {layer.free}, and {percent(passed(layer))} of the gradient's length passes"
        + (
            ": forgetting happens here alone."
            if run.layers[0].free == 0
            else f"; {percent(_share_of_step(run))} of the first step is made here."
        )
    )


def _share_of_step(run: LabRun) -> float:
    """What layer 2 has of ‖G P‖² over both layers."""
    first, second = (float(np.square(layer.projected).sum()) for layer in run.layers)
    return second / (first + second) if second else 0.0


def passed(layer: LayerGradient) -> float:
    """‖G P‖ / ‖G‖, 0 without a gradient."""
    norm = float(np.linalg.norm(layer.raw))
    return float(np.linalg.norm(layer.projected)) / norm if norm else 0.0


def strongest(layer: LayerGradient) -> int:
    """The row of a layer with the longest raw gradient."""
    return int(np.linalg.norm(layer.raw, axis=1).argmax())


def arrows(layer: LayerGradient, row: int, look: Look) -> Picture:
    """One row of layer 1: G and G P as arrows among the network's two inputs, over the protected directions."""
    raw, projected = layer.raw[row], layer.projected[row]
    reach = 1.5 * max(float(np.abs(raw).max()), 1e-6)
    figure = go.Figure()
    for i in range(layer.dim):
        (x, y), kept = 4 * reach * layer.directions[:, i], i < layer.rank
        figure.add_scatter(
            x=[-x, x],
            y=[-y, y],
            mode="lines",
            hoverinfo="skip",
            name="protected" if kept else "null space",
            showlegend=i in (0, layer.rank),
            line={
                "color": look.muted if kept else look.teal,
                "width": 2,
                "dash": "dot" if kept else "solid",
            },
        )
    side = (
        np.sign(projected[0] * raw[1] - projected[1] * raw[0]) or 1.0
    )  # on which side of the projected gradient the raw one lies
    _arrow(figure, raw, look.ink, 8)
    _label(figure, raw, "raw gradient", look.ink, _aside(raw, side), look)
    if np.any(projected):
        _arrow(figure, projected, look.teal, 3)
        _label(figure, projected, "projected", look.teal, _aside(projected, -side), look)
    else:
        ring = {"size": 13, "color": look.paper, "line": {"color": look.teal, "width": 4}}
        figure.add_scatter(
            x=[0], y=[0], mode="markers", showlegend=False, hoverinfo="skip", marker=ring
        )
        _label(figure, projected, "projected: 0", look.teal, {"yshift": -24}, look)
    styled(figure, look, 420, "Layer 1: raw against projected gradient")
    figure.update_layout(margin={"l": 66, "b": 56, "t": 76})
    figure.update_xaxes(range=[-reach, reach], title_text="weight on the horizontal input")
    figure.update_yaxes(range=[-reach, reach], title_text="on the vertical input", scaleanchor="x")
    alt = (
        f"Gradient of hidden unit {row + 1} as an arrow ({raw[0]:.3f}, {raw[1]:.3f}); projected into the null space it is "
        f"({projected[0]:.3f}, {projected[1]:.3f}). {layer.rank} of {layer.dim} directions are protected."
    )
    return Picture(
        figure, alt, "", {"input": ["horizontal", "vertical"], "raw": raw, "projected": projected}
    )


def _arrow(figure: go.Figure, tip: np.ndarray, colour: str, width: int) -> None:
    """From the origin to `tip`."""
    start = {"ax": 0, "ay": 0, "axref": "x", "ayref": "y"}
    figure.add_annotation(
        x=tip[0],
        y=tip[1],
        **start,
        text="",
        arrowhead=2,
        arrowsize=0.8,
        arrowwidth=width,
        arrowcolor=colour,
    )


def _aside(tip: np.ndarray, side: float) -> dict[str, float]:
    """Room for a name beside the tip of an arrow, on one of its sides."""
    x, y = side * np.array([-tip[1], tip[0]]) / max(float(np.linalg.norm(tip)), 1e-12)
    return {"xshift": 64 * float(x), "yshift": 24 * float(y)}


def _label(
    figure: go.Figure, at: np.ndarray, text: str, colour: str, beside: dict[str, Any], look: Look
) -> None:
    figure.add_annotation(
        x=at[0],
        y=at[1],
        text=f"<b>{text}</b>",
        showarrow=False,
        font={"size": 15, "color": colour},
        bgcolor=look.paper,
        **beside,
    )


def bars(layer: LayerGradient, row: int, name: str, look: Look) -> Picture:
    """One row of layer 2: G and G P per hidden unit."""
    raw, projected = layer.raw[row], layer.projected[row]
    units = np.arange(1, layer.dim + 1)
    figure = go.Figure()
    for label, values, colour, width in (
        ("raw gradient", raw, look.muted, 0.86),
        ("projected", projected, look.teal, 0.46),
    ):
        figure.add_bar(
            x=units,
            y=values,
            name=label,
            width=width,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"hidden unit %{{x}}<br>{label} %{{y:.3f}}<extra></extra>",
        )
    styled(figure, look, 420, "Layer 2: raw against projected gradient")
    figure.update_layout(barmode="overlay", bargap=0, margin={"l": 66, "b": 56, "t": 76})
    figure.update_xaxes(title_text="hidden unit", range=[0.4, layer.dim + 0.6])
    figure.update_yaxes(title_text=f"weight on “{name}”")
    alt = (
        f"Bars per hidden unit: the gradient of the weights to {name}, length {np.linalg.norm(raw):.3f}, "
        f"and what is left of it in the null space, length {np.linalg.norm(projected):.3f}."
    )
    return Picture(figure, alt, "", {"hidden unit": units, "raw": raw, "projected": projected})


def curves(run: LabRun, look: Look) -> Picture:
    """Acc_r of every method over the epochs, with UNSC's Acc_f and the retrained model's level."""
    figure = go.Figure()
    methods = [method for method in SHOWN if method != "retrain"]
    for method, dash in zip(methods, ("solid", "dash", "dot"), strict=True):
        path, title, colour = run.paths[method], method_title(method), method_colour(method, look)
        figure.add_scatter(
            x=path.epochs,
            y=path.measures[:, 1],
            mode="lines",
            name=f"{title}: Acc_r",
            line={"color": colour, "dash": dash, "width": 3},
            hovertemplate=f"{title}<br>epoch %{{x}}: Acc_r %{{y:.1f}} %<extra></extra>",
        )
        end = {"x": path.epochs[-1:], "y": path.measures[-1:, 1]}
        figure.add_scatter(
            **end,
            mode="markers",
            showlegend=False,
            hoverinfo="skip",
            marker={"color": colour, "size": 9},
        )
    ours = run.paths["unsc"]
    figure.add_scatter(
        x=ours.epochs,
        y=ours.measures[:, 0],
        mode="lines+markers",
        name="UNSC: Acc_f",
        line={"color": FORGET, "width": 1.5},
        marker={"symbol": "x", "size": 7, "color": FORGET},
        hovertemplate="UNSC<br>epoch %{x}: Acc_f %{y:.1f} %<extra></extra>",
    )
    level = run.paths["retrain"].measure("acc_retain")
    figure.add_hline(y=level, line={"color": look.ink, "width": 1})
    figure.add_annotation(
        x=1,
        xref="paper",
        xanchor="right",
        y=level,
        yshift=-12,
        showarrow=False,
        text=f"retrained: Acc_r {level:.1f} %",
    )
    styled(figure, look, 430, "Accuracy over the epochs")
    figure.update_layout(margin={"l": 66, "b": 134, "t": 44}, legend={"y": -0.24, "yanchor": "top"})
    figure.update_xaxes(title_text="epoch", rangemode="tozero")
    figure.update_yaxes(title_text="test accuracy %", range=[-4, 104])
    return Picture(
        figure,
        f"Lines over the epochs: accuracy on the retained classes for each method. {verdict(run)}",
        "",
        _table(run),
    )


def _table(run: LabRun) -> dict[str, list[Any]]:
    """Every measure of every frame, column -> values."""
    rows = [
        (method, epoch, *values)
        for method, path in run.paths.items()
        for epoch, values in zip(path.epochs.tolist(), path.measures.tolist(), strict=True)
    ]
    return dict(
        zip(["method", "epoch", *READOUTS], map(list, zip(*rows, strict=True)), strict=True)
    )
