"""The 2-D lab: accuracy over the epochs, and how the methods end."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from unsc_core.analysis.claims import forgotten
from unsc_core.analysis.lab import SHOWN, LabRun, Recording
from unsc_core.figures.lab_frames import READOUTS
from unsc_core.figures.phrases import class_title, method_title, percent
from unsc_core.figures.theme import FORGET, Look, Picture, method_colour, styled, write


def verdict(run: LabRun) -> str:
    """How the methods compare at their last frames, in a few sentences."""
    ours, name = run.paths["unsc"], class_title(run.dataset.class_names[run.forgotten])
    rest, plane, acc_forget = _ends(ours)
    done = f"UNSC forgets {name} (Acc_f {acc_forget})"
    if not forgotten(ours.measure("acc_forget")):
        gamma = f"{run.config.energy_threshold:g}"
        done = f"At γ = {gamma}, UNSC does not forget {name} (Acc_f {acc_forget})"
    random, ascent = _ends(run.paths["random-labels"]), _ends(run.paths["gradient-ascent"])
    diverged = [
        f" {method_title(method)} diverged."
        for method in SHOWN
        if run.paths[method].stopped.startswith("diverged")
    ]
    return (
        f"{done}; its Acc_r is {rest}, and it agrees with the retrained model on {plane} of the "
        f"plane. Random labels reach Acc_f {random[2]}, Acc_r {random[0]} and agree on "
        f"{random[1]}; gradient ascent reaches Acc_f {ascent[2]}, Acc_r {ascent[0]} and agrees on "
        f"{ascent[1]}." + "".join(diverged)
    )


def _ends(path: Recording) -> tuple[str, str, str]:
    """Acc_r, agreement with the retrained model over the plane, and Acc_f, at the last frame."""
    acc_retain, acc_forget = (
        f"{path.measure(name):.1f} %" for name in ("acc_retain", "acc_forget")
    )
    return acc_retain, percent(path.measure("plane_as_retrained")), acc_forget


def curves(run: LabRun, look: Look) -> Picture:
    """Acc_r of every method over the epochs, UNSC's Acc_f and the level of the retrained model."""
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
        end = {"x": path.epochs[-1:], "y": path.measures[-1:, 1], "showlegend": False}
        mark = {"color": colour, "size": 9}
        figure.add_scatter(**end, mode="markers", hoverinfo="skip", marker=mark)
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
    place = {"x": 1, "xref": "paper", "xanchor": "right", "y": level, "yshift": -12}
    write(figure, f"retrained: Acc_r {level:.1f} %", **place)
    styled(figure, look, 430, "Accuracy over the epochs")
    figure.update_layout(margin={"l": 66, "b": 134, "t": 44}, legend={"y": -0.24, "yanchor": "top"})
    figure.update_xaxes(title_text="epoch", rangemode="tozero")
    figure.update_yaxes(title_text="test accuracy %", range=[-4, 104])
    alt = "Lines over the epochs: accuracy on the retained classes for each method."
    return Picture(figure, f"{alt} {verdict(run)}", "", _table(run))


def _table(run: LabRun) -> dict[str, list[Any]]:
    """Column -> every readout of every frame."""
    rows = [
        (method, epoch, *values)
        for method, path in run.paths.items()
        for epoch, values in zip(path.epochs.tolist(), path.measures.tolist(), strict=True)
    ]
    columns = map(list, zip(*rows, strict=True))
    return dict(zip(["method", "epoch", *READOUTS], columns, strict=True))
