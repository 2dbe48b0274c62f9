"""Where in a network's depth a linear probe still reads the forgotten class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.figures.audit_curves import SHOWN, add_curves
from unsc_core.figures.audit_words import value
from unsc_core.figures.theme import Look, Picture, styled, write


def depth(probe: Mapping[str, Any], method: str, num_classes: int, look: Look) -> Picture:
    """Accuracy of the linear probe on the inputs of every layer, mean over seeds.

    Args:
        probe: the linear probe, as `excess.over_seeds` returns it, with a value.
        method: of the unlearned network, for its mark.
        num_classes: of the dataset; a probe that guesses is right once in so many.
        look: colours.
    """
    found = {network: _layers(probe[network]) for network in SHOWN}
    layers = list(range(2, 2 + found["original"].shape[1]))
    mean = {network: each.mean(0) for network, each in found.items()}
    figure = go.Figure()
    add_curves(figure, layers, found, "layer ", method, look)
    chance = 100 / num_classes
    figure.add_hline(y=chance, line={"color": look.muted, "width": 1, "dash": "dot"})
    place = {"x": 1, "xref": "paper", "xanchor": "right", "yanchor": "bottom"}
    write(figure, "by chance", y=chance, font={"size": 14, "color": look.muted}, **place)
    styled(figure, look, 380)
    figure.update_layout(margin={"l": 64, "r": 16, "t": 44, "b": 56})
    figure.update_xaxes(title_text="inputs of layer", tickvals=layers, zeroline=False)
    figure.update_yaxes(title_text="forgotten samples found, %", rangemode="tozero")
    alt = (
        "Lines: accuracy of a linear probe on held-out forgotten samples at the inputs of layers "
        f"{layers[0]} to {layers[-1]}, for the original, the unlearned and the retrained network."
    )
    table = {"layer": layers, **{SHOWN[network]: mean[network] for network in SHOWN}}
    return Picture(figure, alt, _sentence(layers, mean), table)


def _layers(network: Mapping[str, Any]) -> NDArray[np.float64]:
    """(seeds, layers) accuracies."""
    return np.array([list(detail["layers"].values()) for detail in network["details"]])


def _sentence(layers: list[int], mean: Mapping[str, NDArray[np.float64]]) -> str:
    beyond = mean["unlearned"] - mean["retrained"]
    most = int(np.argmax(beyond))
    if beyond[most] <= 0:
        return (
            "In no layer does the probe find more in the unlearned network than in the retrained."
        )
    own, reference = (value(mean[n][most], "%") for n in ("unlearned", "retrained"))
    gap = mean["original"][most] - mean["retrained"][most]
    text = (
        f"The unlearned network is furthest above the retrained at the inputs of layer "
        f"{layers[most]}: {own} against {reference}"
    )
    if gap > 0:
        text += f"; the original has {value(mean['original'][most], '%')}"
    return f"{text}."
