"""The 2-D lab: a page that computes and draws everything in the visitor's browser.

`PARTS` are its HTML, CSS and JavaScript; `lab_data` is what they are given. Inside the app they are
a component, and `static_page` joins them to one file that needs no server. The mathematics is in
math.js, which follows the core step by step. ml-matrix.js is the library of that name, version
6.15.1 from the npm registry (matrix.umd.js), for eigenvectors; its licence is beside it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.data import load_dataset
from unsc_core.figures.phrases import method_title
from unsc_core.figures.theme import DARK, FONT_FAMILY, FORGET, LIGHT, RETAIN, Look, method_colour

FOLDER = Path(__file__).parent
PARTS = tuple(
    str(FOLDER / name)
    for name in ("lab.html", "lab.css", "math.js", "plane.js", "charts.js", "lab.js")
)
"""The files of the page, in the order in which those of one kind are joined."""
WORKER = tuple(str(FOLDER / name) for name in ("ml-matrix.js", "math.js", "worker.js"))
"""The files of its worker."""
EXTENT = 3.7
"""The plane extends from −EXTENT to EXTENT on both axes and contains every point."""
GRID = 256
"""Places for a point along each axis, so that a link holds it in two bytes."""
POINTS_PER_CLASS = 100
GAMMAS = tuple(
    thousandths / 1000
    for thousandths in (*range(500, 900, 20), *range(900, 990, 5), *range(990, 1001))
)
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
WIDTHS = (8, 16, 32, 64, 128)
LIMITS = {"width": 32, "lr": 0.1, "epochs": 100, "most_epochs": 300}
"""The settings that the lab opens with, and the most epochs."""
FAINT, STRONG = 0.10, {"light": 0.62, "dark": 0.42}
"""Share of a class's colour in its region, at no and full confidence; points stay visible."""
LOOKS = (LIGHT, DARK)
DASHES = {"unsc": "none", "random-labels": "9 6", "gradient-ascent": "3 4"}
HELP = {
    "gamma": "The share of the retained points' energy that is kept in every layer. The higher it "
    "is, the fewer directions are left to forget with.",
    "lr": "Used by every method here: plain SGD, gradient norm clipped to 1.",
    "seed": "Sets the initial weights, the order of batches and the random labels.",
    "epochs": "UNSC and gradient ascent stop once accuracy on the points to forget is at most 1 %.",
}
READOUTS = (
    ("Acc_f", "Accuracy on the points to forget."),
    ("Acc_r", "Accuracy on the other points, averaged over their classes."),
    ("like retrained", "Share of the plane where the model predicts what the retrained one does."),
    (
        "rest changed",
        "Share of the area that the original assigned to a retained class and that now belongs to "
        "another class.",
    ),
    (
        "drift",
        "Logit drift: how far the logits of the retained points moved from the original's, "
        "relative to their size. The mask has none to compare.",
    ),
)
"""Numbers below each plane, in the order of lab.js, and what they mean."""


def lab_data() -> dict[str, Any]:
    """What the page needs, in JSON types."""
    return {
        "worker": _joined(WORKER),
        "extent": EXTENT,
        "presets": [_blobs(), _row()],
        "gammas": GAMMAS,
        "rates": RATES,
        "widths": WIDTHS,
        "limits": LIMITS,
        "help": HELP,
        "readouts": [{"name": name, "help": words} for name, words in READOUTS],
        "colours": RETAIN,
        "forget_colour": FORGET,
        "looks": {look.name: _colours(look) for look in LOOKS},
        "models": [
            {"id": "original", "name": "Original", "note": ""},
            *(
                {
                    "id": name,
                    "name": method_title(name),
                    "note": "",
                    "colours": {look.name: method_colour(name, look) for look in LOOKS},
                    "dash": dash,
                }
                for name, dash in DASHES.items()
            ),
            {"id": "mask", "name": "Mask", "note": "the original, never predicting that class"},
            {"id": "retrain", "name": "Retrained", "note": "from scratch, without that class"},
        ],
    }


def _colours(look: Look) -> dict[str, Any]:
    return {
        "name": look.name,
        "ink": look.ink,
        "paper": look.paper,
        "muted": look.muted,
        "grid": look.grid,
        "teal": look.teal,
        "faint": FAINT,
        "strong": STRONG[look.name],
        "font": FONT_FAMILY,
    }


def _preset(
    name: str, title: str, names: tuple[str, ...], points: NDArray[Any], forget: int, gamma: float
) -> dict[str, Any]:
    """Points (classes, n, 2), put on the grid."""
    places = np.clip(np.floor((points / EXTENT + 1) / 2 * GRID), 0, GRID - 1).astype(int)
    return {
        "id": name,
        "name": title,
        "names": names,
        "places": places.ravel().tolist(),
        "y": np.repeat(np.arange(len(points)), points.shape[1]).tolist(),
        "forget": forget,
        "gamma": gamma,
    }


@cache
def _blobs() -> dict[str, Any]:
    """Training points of the dataset blobs, which fill the plane: layer 1 has no null space."""
    data = load_dataset("blobs")
    rows = data.first_of_each_class("train", POINTS_PER_CLASS)
    points = data.x_train[rows].reshape(data.num_classes, POINTS_PER_CLASS, 2)
    return _preset("blobs", "Four clusters", tuple(data.class_names), points, 2, 0.99)


@cache
def _row() -> dict[str, Any]:
    """Three clusters in a row, which leave layer 1 a null space, and one above them."""
    noise = 0.3 * np.random.default_rng(0).standard_normal((4, POINTS_PER_CLASS, 2))
    centres = np.array([[-2.3, 0.0], [0.0, 0.0], [2.3, 0.0], [1.1, 2.0]])
    names = ("left", "middle", "right", "above")
    return _preset("row", "A row and one above", names, centres[:, None] + noise, 3, 0.95)


@cache
def _joined(files: tuple[str, ...]) -> str:
    return "\n".join(Path(file).read_text(encoding="utf-8") for file in files)


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>UNSC Lab: the 2-D lab</title>
<style>
{colours}
body {{
  margin: 0 auto; max-width: 1080px; padding: 24px 16px; background: var(--st-background-color);
  color: var(--st-text-color); font-family: var(--st-font); font-size: 16px; line-height: 1.5;
}}
h1 {{ margin: 0 0 8px; }}
{css}
</style>
</head>
<body>
<h1>Forgetting in the plane</h1>
<p>{words}</p>
{html}
<script type="module">
{js}
new Lab2D(document.querySelector(".lab")).load({data});
</script>
</body>
</html>
"""
WORDS = (
    "Three methods make the same network (2 → W → 4) forget one class of points, with the same "
    "learning rate and seed, beside the original, the mask and a network retrained without that "
    "class. The points are the training points. Colour: the predicted class, stronger where the "
    "model is more certain."
)


def static_page() -> str:
    """The lab as one HTML file, which needs neither a server nor a network."""
    html, css = (_joined((PARTS[i],)) for i in (0, 1))
    return PAGE.format(
        colours=f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}",
        css=css,
        words=WORDS,
        html=html,
        js=_joined(PARTS[2:]),
        data=json.dumps(lab_data() | {"link": "hash"}).replace("<", "\\u003c"),
    )


def _variables(look: Look) -> str:
    """The colours that Streamlit's theme gives a component."""
    values = {
        "text-color": look.ink,
        "background-color": look.paper,
        "secondary-background-color": look.grid,
        "border-color": look.muted,
        "primary-color": look.accent,
        "font": "system-ui, sans-serif",
    }
    return " ".join(f"--st-{name}: {value};" for name, value in values.items())
