"""The 2-D lab: raw and projected gradient of each layer, as pictures and in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from unsc_core.analysis.lab import LabRun, LayerGradient
from unsc_core.figures.phrases import percent
from unsc_core.figures.theme import Look, Picture, styled, write


def why(run: LabRun) -> list[str]:
    """One paragraph per layer: its null space at this γ, and what that does to the gradient."""
    return [_why_first(run, run.layers[0]), _why_second(run, run.layers[1])]


def _why_first(run: LabRun, layer: LayerGradient) -> str:
    shares = layer.eigenvalues / layer.eigenvalues.sum()
    gamma = f"γ = {run.config.energy_threshold:g}"
    spread = (
        f"**Layer 1** has {layer.dim} inputs. The retained points have {percent(shares[0])} of "
        f"their energy along one direction of the plane and {percent(shares[1])} along the other. "
    )
    if layer.free == 0:
        return spread + (
            f"{gamma} therefore keeps {layer.rank} of {layer.dim} directions: the null space "
            "has dimension 0, and every projected gradient is zero. This layer cannot change."
        )
    felt = percent(1 - shares[: layer.rank].sum())
    return spread + (
        f"{gamma} keeps {layer.rank} of {layer.dim} directions: the null space has dimension "
        f"{layer.free}, and {percent(passed(layer))} of the gradient's length remains. Such a step "
        f"still affects the retained points, which have {felt} of their energy there."
    )


def _why_second(run: LabRun, layer: LayerGradient) -> str:
    kept = "1 direction is" if layer.rank == 1 else f"{layer.rank} directions are"
    inputs = f"**Layer 2** has {layer.dim} hidden units as inputs; at this γ, {kept} kept. "
    if layer.free == 0:
        stuck = "Its null space has dimension 0" + (" as well" if run.layers[0].free == 0 else "")
        rest = ", so UNSC cannot change anything" if run.layers[0].free == 0 else ""
        return f"{inputs}{stuck}{rest}: lower γ, or widen the network."
    where = f"; {percent(_share_of_step(run))} of the first step is made here."
    if run.layers[0].free == 0:
        where = ": only this layer can forget."
    return (
        f"{inputs}Its null space has dimension {layer.dim} − {layer.rank} = {layer.free}, "
        f"and {percent(passed(layer))} of the gradient's length remains{where}"
    )


def _share_of_step(run: LabRun) -> float:
    """Layer 2's share of ‖G P‖² over both layers."""
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
    """One row of layer 1: G and G P as arrows, over the directions of its two inputs."""
    raw, projected = layer.raw[row], layer.projected[row]
    reach = 1.5 * max(float(np.abs(raw).max()), 1e-6)
    figure = go.Figure()
    for i in range(layer.dim):
        (x, y), kept = 4 * reach * layer.directions[:, i], i < layer.rank
        colour, dash = (look.muted, "dot") if kept else (look.teal, "solid")
        figure.add_scatter(
            x=[-x, x],
            y=[-y, y],
            mode="lines",
            hoverinfo="skip",
            name="kept direction" if kept else "free direction (null space)",
            showlegend=i in (0, layer.rank),
            line={"color": colour, "width": 2, "dash": dash},
        )
    # The side of the projected gradient that the raw one is on.
    side = np.sign(projected[0] * raw[1] - projected[1] * raw[0]) or 1.0
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
    figure.update_xaxes(range=[-reach, reach], title_text="gradient for the horizontal input")
    figure.update_yaxes(
        range=[-reach, reach], title_text="gradient for the vertical input", scaleanchor="x"
    )
    alt = (
        f"Gradient of hidden unit {row + 1} as an arrow ({raw[0]:.3f}, {raw[1]:.3f}); projected "
        f"into the null space it is ({projected[0]:.3f}, {projected[1]:.3f}). {layer.rank} of "
        f"{layer.dim} directions are kept."
    )
    table = {"input": ["horizontal", "vertical"], "raw": raw, "projected": projected}
    return Picture(figure, alt, "", table)


def _arrow(figure: go.Figure, tip: np.ndarray, colour: str, width: int) -> None:
    """From the origin to `tip`."""
    ends = {"x": tip[0], "y": tip[1], "ax": 0, "ay": 0, "axref": "x", "ayref": "y"}
    head = {"arrowhead": 2, "arrowsize": 0.8, "arrowwidth": width, "arrowcolor": colour}
    figure.add_annotation(text="", **ends, **head)


def _aside(tip: np.ndarray, side: float) -> dict[str, float]:
    """Shift of a label to one side of an arrow's tip."""
    x, y = side * np.array([-tip[1], tip[0]]) / max(float(np.linalg.norm(tip)), 1e-12)
    return {"xshift": 64 * float(x), "yshift": 24 * float(y)}


def _label(
    figure: go.Figure, at: np.ndarray, text: str, colour: str, beside: dict[str, Any], look: Look
) -> None:
    font = {"size": 15, "color": colour}
    write(figure, f"<b>{text}</b>", x=at[0], y=at[1], font=font, bgcolor=look.paper, **beside)


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
    figure.update_yaxes(title_text=f"gradient for “{name}”")
    alt = (
        f"Bars per hidden unit: the gradient of the weights to {name}, length "
        f"{np.linalg.norm(raw):.3f}, and its projection into the null space, length "
        f"{np.linalg.norm(projected):.3f}."
    )
    return Picture(figure, alt, "", {"hidden unit": units, "raw": raw, "projected": projected})
