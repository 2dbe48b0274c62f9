"""The 2-D lab as data for the browser: every frame of every method, which it plays by itself."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from unsc_core.analysis.lab import EXTENT, LEVELS, SHOWN, SIZE, LabRun, Recording
from unsc_core.analysis.measures import MEASURES
from unsc_core.figures.phrases import class_title, method_title
from unsc_core.figures.theme import FONT_FAMILY, Look, class_colour, rgb

POINTS_PER_CLASS = 60
"""Test points drawn of each class; accuracies are counted on all of them."""
FAINT, STRONG = 0.10, {"light": 0.62, "dark": 0.42}
"""Share of a class's colour in its region, at no and full confidence; points stay visible."""
_ACC_FORGET, _ACC_RETAIN, _DRIFT = (
    MEASURES[k] for k in ("acc_forget", "acc_retain", "logit_drift")
)
READOUTS = {
    _ACC_FORGET.title: _ACC_FORGET.help,
    _ACC_RETAIN.title: _ACC_RETAIN.help,
    _DRIFT.name: _DRIFT.help,
    "Rest changed": "Share of the area that the original assigned to a retained class and that now "
    "belongs to another class.",
    "Like retrained": "Share of the plane where the model predicts what the retrained model does.",
}
"""Numbers below each panel, in the order of `lab.RECORDED` -> what they mean."""


def frames(run: LabRun, look: Look) -> dict[str, Any]:
    """Everything that the browser needs to play a run, in JSON types; the cells stay compressed."""
    dataset = run.dataset
    rows = dataset.first_of_each_class("test", POINTS_PER_CLASS)
    means = [dataset.x_train[dataset.y_train == c].mean(0) for c in range(dataset.num_classes)]
    return {
        "key": f"{run.key}-{look.name}",
        "size": SIZE,
        "extent": EXTENT,
        "levels": LEVELS,
        "font": FONT_FAMILY,
        "ink": look.ink,
        "paper": look.paper,
        "rim": rgb(look.ink),
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
    title, note = method_title(name), path.stopped
    if name == "retrain":
        title = "Retrained"
        note = f"from scratch, without {class_title(run.dataset.class_names[run.forgotten])}"
    return {
        "name": title,
        "note": note,
        "epochs": path.epochs.tolist(),
        "readouts": [_readout(values) for values in path.measures.tolist()],
        "cells": base64.b64encode(path.deflated).decode(),
        "answers": _text(path.answers[:, rows]),
        "before": _text(run.paths["unsc"].answers[0, rows]),
    }


def _readout(values: list[float]) -> list[str]:
    """One frame's values in the order of READOUTS."""
    measured = zip((_ACC_FORGET, _ACC_RETAIN, _DRIFT), values[:3], strict=True)
    shares = [f"{100 * share:.1f} %" for share in values[3:]]
    return [*(measure.text(value) for measure, value in measured), *shares]


def palette(classes: int, forget_classes: tuple[int, ...], look: Look) -> np.ndarray:
    """(256, 3) uint8: the colour of each value of a cell, stronger for confident predictions."""
    paper = np.array(rgb(look.paper), float)
    strength = np.linspace(FAINT, STRONG[look.name], LEVELS)[:, None]
    colours = np.zeros((256, 3), np.uint8)
    for c in range(classes):
        colour = np.array(rgb(class_colour(c, forget_classes)), float)
        colours[c * LEVELS : (c + 1) * LEVELS] = np.round(paper + strength * (colour - paper))
    return colours


def _text(array: np.ndarray) -> str:
    return base64.b64encode(array.astype(np.uint8).tobytes()).decode()
