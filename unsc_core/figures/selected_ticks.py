"""Selected samples on a histogram: a tick on the axis for each."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.figures.theme import Look


def add_selected(
    figure: go.Figure,
    row: int,
    values: NDArray[np.floating],
    rows: NDArray[np.intp],
    highest: float,
    look: Look,
) -> None:
    """Add ticks where selected samples are, on the axis of one row of subplots.

    Args:
        figure: with subplots in one column.
        row: from 1; only the first has an entry in the legend.
        values: (n,) of the samples, on the axis.
        rows: (n,) which samples these are.
        highest: the end of the vertical axis.
        look: colours.
    """
    figure.add_scatter(
        x=values,
        y=np.full(len(values), 0.1 * highest),
        mode="markers",
        marker={"symbol": "line-ns", "size": 14, "line": {"width": 2, "color": look.ink}},
        name="selected",
        legendrank=1001,
        showlegend=row == 1 and len(values) > 0,
        text=[f"#{i}" for i in rows],
        hovertemplate="selected %{text}<extra></extra>",
        row=row,
        col=1,
    )
