"""Angles between the classes' subspaces in one layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.figures.phrases import class_title, layer_name, short_names, short_ticks
from unsc_core.figures.theme import FORGET, Look, Picture, add_cells, frame, label_margin, styled


def angles(
    title: str,
    matrix: NDArray[np.float32],
    names: Sequence[str],
    forget: tuple[int, ...],
    energy_threshold: float,
    look: Look,
) -> Picture:
    """Mean principal angles between the classes' subspaces; forgotten classes outlined."""
    names = list(names)
    off = matrix[~np.eye(len(matrix), dtype=bool)]
    texts = [[f"{angle:.0f}°" for angle in row] for row in matrix] if len(names) <= 12 else None
    figure = go.Figure()
    hover = "%{customdata}<br><b>%{z:.1f}°</b><extra></extra>"
    add_cells(figure, names, matrix, texts, look.scale[::-1], (0.0, float(off.max())), hover)
    figure.data[0].customdata = [[f"{row} and {column}" for column in names] for row in names]
    for c in forget:
        frame(figure, (c, c), (0, len(names) - 1), FORGET, 2.5)
    styled(figure, look, 520, f"{title} · mean principal angle at γ = {energy_threshold:g}")
    room = label_margin(short_names(names))
    figure.update_layout(margin={"l": room + 8, "b": round(0.75 * room) + 8})
    plain = {"showgrid": False, "type": "category", "labelalias": short_ticks(names)}
    figure.update_xaxes(tickangle=-45, **plain)
    figure.update_yaxes(autorange="reversed", **plain)
    alt = (
        f"Heat map of the angles between class subspaces in {layer_name(title).lower()}; stronger "
        "colour means closer."
    )
    table = {"class": names, **{f"angle to {name}": matrix[:, i] for i, name in enumerate(names)}}
    return Picture(figure, alt, _closest(title, matrix, names, forget), table)


def _closest(
    title: str, matrix: NDArray[np.float32], names: list[str], forget: tuple[int, ...]
) -> str:
    retain = [c for c in range(len(names)) if c not in forget]
    parts = []
    for c in forget:
        near = min(retain, key=lambda other: matrix[c, other])
        far = max(retain, key=lambda other: matrix[c, other])
        own, closest, farthest = (class_title(names[i]) for i in (c, near, far))
        if matrix[c, near] == matrix[c, far]:
            others = closest if len(retain) == 1 else "all retained classes"
            parts.append(f"{own} is at {matrix[c, near]:.0f}° to {others}")
            continue
        parts.append(
            f"{own} is closest to {closest} ({matrix[c, near]:.0f}°) and farthest from {farthest} "
            f"({matrix[c, far]:.0f}°)"
        )
    return f"In {layer_name(title).lower()}, {'; '.join(parts)}." if parts else ""
