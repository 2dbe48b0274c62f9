"""What a null space is: a cloud of inputs one can hold, then the same of a real layer."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.layer_views import LEADING, LayerView
from unsc_core.figures.theme import FORGET, RETAIN, Look

TOY_RETAINED, TOY_FORGOTTEN = 70, 24
SPREAD = (0.7, 0.3)
"""Shares of the toy's energy along the two directions of its plane, when all of it lies there."""
OFF_PLANE = 0.04
"""Energy off the plane in the later chapters: the share that γ = 0.96 leaves free."""
TOY_ROW = (0.9, 0.5, 0.35)
"""The weights w of the toy's output."""
LONGEST = 1.5
"""Longest step along one direction, of the toy; relative to the run's own, of a real layer."""

_WORDS = {
    "project": "Project onto the null space",
    "fit": "Stretch each direction to fit",
    "own": "The run's own Δw",
    "before": "w·x before",
    "after": "w·x after",
    "drag": "Drag the tip of the arrow, or a slider: Δw is a change of the weights w.",
    "none_free": "Every direction is kept: nothing is free, so no weight can move.",
    "nothing_left": "Nothing of Δw is left: it lies along kept directions only.",
    "is_own": "Δw is what the run changed, as far as it lies along these three directions.",
    "caption": "● inputs of retained samples · × of samples to forget · grey: kept directions · "
    "dashed teal: free ones, the null space",
    "outputs": "The output w·x of every input, before and after the step: on the diagonal, "
    "nothing moved.",
}

CHAPTERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "What is a null space?",
        "A layer multiplies each input <b>x</b> with its weights; one of its outputs is "
        "<b>w·x</b>. Here all inputs of the retained samples lie in a plane. The line "
        "perpendicular to it is their <b>null space</b>: no retained input has any part along it. "
        "Turn the picture by dragging its background. Then drag the tip of the arrow <b>Δw</b>, a "
        "change of the weights, and watch the outputs.",
        {"off_plane": 0.0, "gamma": 0.96, "in_plane": 0.0, "project": False},
    ),
    (
        "Why does nothing move?",
        "The step changes each output by <b>Δw·x</b>. <i>Project</i> keeps only the part of Δw in "
        "the null space. That part is perpendicular to the plane, so Δw·x = 0 for every retained "
        "input: each ● stays on the diagonal, however long the arrow is. The samples to forget "
        "lie off the plane here, so theirs move.",
        {"off_plane": 0.0, "gamma": 0.96, "in_plane": 0.0, "project": True},
    ),
    (
        "What is left over?",
        "Real inputs do not lie exactly in a plane. Here 4 % of their <b>energy</b>, the mean of "
        "‖x‖², lies off it. A projected step now moves the retained outputs, too: in the root mean "
        "square by its length times the square root of that energy. That is little, but not "
        "nothing, and a longer step moves them further. Change the energy off the plane.",
        {"off_plane": OFF_PLANE, "gamma": 0.96, "in_plane": 0.0, "project": True},
    ),
    (
        "Why does γ matter?",
        "<b>γ</b> is the share of the energy to be kept. The fewest directions that hold it are "
        "kept, the others are free. Drag γ: above 0.96 the third direction is kept as well, and "
        "nothing is free to forget with. At 0.67 and below, one direction is enough: the plane of "
        "free ones is large, and retained outputs move far.",
        {"off_plane": OFF_PLANE, "gamma": 0.96, "in_plane": 0.0, "project": True},
    ),
    (
        "Does it select the forgotten?",
        "Not by itself. The null space is found from the retained samples alone: it is where "
        "<i>they</i> hardly are, not where the others are. Slide the forgotten samples into the "
        "plane: the same projected step now moves their outputs only as far as those of the "
        "rest. Energy is not information either: a direction of little energy may still tell "
        "classes apart. Whether a layer separates them has to be measured, as below.",
        {"off_plane": OFF_PLANE, "gamma": 0.96, "in_plane": 1.0, "project": True},
    ),
)
"""A learner's question, its answer (HTML without user text), and how it sets the toy."""


@cache
def toy() -> dict[str, Any]:
    """The toy's numbers: standardised inputs, so that the energies are exactly the stated ones.

    Returns:
        "inputs": (n, 3), those of retained samples with second moment I, to be scaled by the roots
        of the energies; those to forget as they are, off the plane. "flat": (n,) what replaces the
        third component of those to forget where they lie in the plane, in standard deviations.
    """
    draw = np.random.default_rng(7)
    raw = draw.standard_normal((TOY_RETAINED, 3))
    retained = raw @ np.linalg.inv(np.linalg.cholesky(raw.T @ raw / len(raw))).T
    forgotten = draw.standard_normal((TOY_FORGOTTEN, 3)) * [0.25, 0.25, 0.16] + [0.35, -0.3, 0.95]
    return {
        "inputs": np.concatenate([retained, forgotten]).round(4).tolist(),
        "forgotten": [0] * TOY_RETAINED + [1] * TOY_FORGOTTEN,
        "flat": draw.standard_normal(TOY_RETAINED + TOY_FORGOTTEN).round(4).tolist(),
        "spread": SPREAD,
        "row": TOY_ROW,
    }


def toy_data(look: Look) -> dict[str, Any]:
    """What explainer.js draws of the toy, in JSON types."""
    axes = [("1", "direction 1"), ("2", "direction 2"), ("3", "direction 3")]
    return toy() | {
        "keep": "toy",
        "toy": True,
        "axes": [{"label": label, "along": f"along {number}"} for number, label in axes],
        "longest": LONGEST,
        "start": {"step": [0.75, -0.3, 0.8]} | CHAPTERS[0][2],
        "chapters": [
            {"question": question, "text": text, "state": settings}
            for question, text, settings in CHAPTERS
        ],
        "look": _colours(look),
        "words": _WORDS
        | {
            "alt": "A cloud of points in three directions, a plane in which retained inputs lie, "
            "and an arrow, the change of the weights."
        },
    }


def has_free(view: LayerView) -> bool:
    """Whether the view has a free direction beside its leading ones."""
    return len(view.kept) > LEADING or (len(view.kept) > 0 and not view.kept[-1])


def layer_data(view: LayerView, title: str, leading: bool, look: Look) -> dict[str, Any] | None:
    """What explainer.js draws of a real layer, in JSON types; None with less than 3 directions.

    Args:
        view: of the layer.
        title: of the layer.
        leading: its three leading directions, instead of two and a free one.
        look: of the page.
    """
    count = len(view.kept)
    if count < LEADING:
        return None
    axes = [0, 1, 2] if leading or count == LEADING else [0, 1, count - 1]
    change = view.change[axes]
    length = float(np.linalg.norm(change))
    unit = float(view.change_norm[0]) or 1.0
    return {
        "keep": f"{title}{axes}",
        "toy": False,
        "inputs": _rounded(view.inputs[:, axes]),
        "outputs": _rounded(view.outputs),
        "forgotten": view.forgotten.astype(int).tolist(),
        "energy": view.energy[0, axes].tolist(),
        "kept": view.kept[axes].tolist(),
        "change": change.tolist(),
        "longest": LONGEST * max(length, unit / 3),
        "axes": [_axis(view, axis) for axis in axes],
        "fit": True,
        "start": {"step": change.tolist(), "own": True},
        "look": _colours(look),
        "words": _WORDS
        | {
            "alt": f"Inputs of {title} along three of its directions, and the change of one row of "
            "its weights."
        },
    }


def _axis(view: LayerView, axis: int) -> dict[str, str]:
    retained, forgotten = (_share(float(value)) for value in view.energy[:, axis])
    name = "kept" if view.kept[axis] else "free"
    return {
        "label": f"{name}: {retained} / {forgotten}",
        "along": f"along {'the free one' if not view.kept[axis] else f'kept {axis + 1}'}",
    }


def _share(share: float) -> str:
    """A share in percent, small ones with one significant digit; rounding may leave one below 0."""
    percent = max(0.0, 100 * share)
    if 0 < percent < 1e-3:
        return "less than 0.001\u00a0%"
    if percent >= 9.95:
        return f"{percent:.0f}\u00a0%"
    return f"{percent:.1f}\u00a0%" if percent >= 0.095 else f"{percent:.1g}\u00a0%"


def layer_sentence(view: LayerView, title: str, unit: str) -> str:
    """Where the run changed this row of weights, and whose inputs lie there.

    Args:
        view: of the layer.
        title: of the layer, in a sentence: "layer 6".
        unit: the output of the row: "the logit of Shirt", "output 12".
    """
    norm = float(view.change_norm[0])
    if norm == 0:
        return f"The run did not change the weights of {title}."
    text = f"In {title}, the run changed the weights of {unit} by ‖Δw‖ = {norm:#.3g}."
    if len(view.kept) > LEADING and not view.kept[-1]:
        part = (float(view.change[-1]) / norm) ** 2
        retained, forgotten = (_share(float(value)) for value in view.energy[:, -1])
        text += (
            f" Of ‖Δw‖², {_share(part)} lies along the free direction along which the forgotten "
            f"samples have most energy: {forgotten} of theirs, against {retained} of the retained "
            "samples'."
        )
    kept = float(np.square(view.change[view.kept]).sum()) / norm**2
    along, count = "Nothing" if kept < 1e-6 else _share(kept), int(view.kept.sum())
    if not count:
        return text
    those = "direction" if count == 1 else f"{count} directions"
    return f"{text} {along} of it lies along the leading {those}, which a cut at γ keeps."


def _rounded(values: NDArray[Any]) -> list[Any]:
    return np.asarray(values, np.float64).round(5).tolist()


def _colours(look: Look) -> dict[str, str]:
    return {
        "ink": look.ink,
        "muted": look.muted,
        "grid": look.grid,
        "teal": look.teal,
        "forget": FORGET,
        "retain": RETAIN[0] if look.name == "light" else RETAIN[3],
    }
