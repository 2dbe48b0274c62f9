"""What the maps and the drawer of selected samples draw in the browser: numbers, images, names."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unsc_core.analysis.selection import OUTCOMES, outcomes
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split
from unsc_core.experiment.result import Result
from unsc_core.figures.decision_space import PARTS, TITLES, Points, ranges
from unsc_core.figures.phrases import requested, run_title, short_names
from unsc_core.figures.theme import FORGET, Look, class_colour

TILE = 32
"""Most pixels of a side of an image on the sheet; larger images are reduced."""
NO_LABEL = 65535
"""Of a sample that was assigned no class."""
OUTCOME_NAMES = {
    "forget": "Forget",
    "forgotten": "Correctly forgotten",
    "kept": "Not forgotten",
    "over": "Over-forgotten",
}
OF_SAMPLES = {
    "forgotten": ("Not recognised", "to be forgotten, and predicted as another class"),
    "kept": ("Recognised", "to be forgotten, and predicted as its own class"),
}
"""Of single samples, names and meanings: recognising one may be what the retrained model does."""


def outcome_words(request: Split) -> dict[str, tuple[str, str]]:
    """Key of OUTCOMES -> its name and its meaning for this request."""
    words = {key: (OUTCOME_NAMES[key], OUTCOMES[key]) for key in OUTCOMES}
    return words | OF_SAMPLES if request.forget_ids else words


def about(
    result: Result, positions: dict[str, Points], rows: NDArray[np.intp], part: str, look: Look
) -> dict[str, Any]:
    """What explorer.js has to know beside the `numbers`: names, colours, models, the map's ends.

    Args:
        result: the experiment.
        positions: model -> (n, 2) on one map, as for `numbers`.
        rows: (n,) which samples of `part` these are.
        part: "test" or "train".
        look: colours.
    """
    dataset, forget = result.split.dataset, result.split.forget_classes
    titles = {model: TITLES.get(model) or f"After: {run_title(result)}" for model in positions}
    (left, right), (low, high) = ranges(positions)
    return {
        "part": part,
        "n": len(rows),
        "of": len(dataset.labels(part)),
        "classes": list(dataset.class_names),
        "short": short_names(dataset.class_names),
        "colours": [class_colour(c, forget) for c in range(dataset.num_classes)],
        "forget": list(forget),
        "request": requested(result.split),
        "models": [
            {"name": model, "title": titles[model], "alt": _alt(result, model, len(rows), part)}
            for model in positions
        ],
        "window": [[left, right], [low, high]],
        "scales": [_scale(result.models[model].of(part)[rows]) for model in positions],
        "outcomes": {key: list(words) for key, words in outcome_words(result.split).items()},
        "look": {name: getattr(look, name) for name in ("ink", "muted", "grid", "paper")}
        | {"forget": FORGET},
    }


def _alt(result: Result, model: str, n: int, part: str) -> str:
    return (
        f"Map of {n:,} {PARTS[part]} samples by the {model} model's logits; "
        f"{requested(result.split)} marked with vermilion crosses."
    )


def numbers(
    result: Result, positions: dict[str, Points], rows: NDArray[np.intp], part: str
) -> bytes:
    """All samples in the order that explorer.js reads, little-endian.

    uint32 sample (n); per model float32 x, y (n, 2); per model uint16 logits (n, classes) between
    the ends in "scales"; uint16 true class (n); per model uint16 predicted class (n); uint16
    assigned class (n), NO_LABEL for none; uint8 (n) with bit i for the i-th of OUTCOMES.
    """
    logits = [result.models[model].of(part)[rows] for model in positions]
    parts: list[NDArray[Any]] = [rows.astype("<u4")]
    parts += [placed.astype("<f4") for placed in positions.values()]
    parts += [_quantised(one) for one in logits]
    parts.append(result.split.dataset.labels(part)[rows].astype("<u2"))
    parts += [one.argmax(1).astype("<u2") for one in logits]
    parts.append(_assigned(result, part)[rows])
    found = outcomes(result, part)
    bits = sum(found[key][rows].astype(np.uint8) << i for i, key in enumerate(OUTCOMES))
    parts.append(np.asarray(bits, np.uint8))
    return b"".join(np.ascontiguousarray(one).tobytes() for one in parts)


def _assigned(result: Result, part: str) -> NDArray[np.uint16]:
    found = np.full(len(result.split.dataset.labels(part)), NO_LABEL, "<u2")
    if part == "train" and result.labels is not None:
        found[result.split.forget_train()] = result.labels
    return found


def _scale(logits: NDArray[np.floating]) -> list[float]:
    """The lowest and the highest logit that is finite."""
    finite = logits[np.isfinite(logits)]
    return [float(finite.min()), float(finite.max())] if finite.size else [0.0, 1.0]


def _quantised(logits: NDArray[np.floating]) -> NDArray[np.uint16]:
    low, high = _scale(logits)
    share = np.clip((np.nan_to_num(logits, nan=low) - low) / ((high - low) or 1.0), 0.0, 1.0)
    return np.round(65535 * share).astype("<u2")


def sheet(dataset: Dataset, part: str, rows: NDArray[np.intp]) -> tuple[bytes, int, int]:
    """Images of samples, side by side in rows of a square: a PNG, its columns, a tile's pixels.

    Args:
        dataset: of images.
        part: "test" or "train".
        rows: (n,) the samples, in the order of the tiles.
    """
    images = dataset.samples(part)[rows]
    n, channels, height, width = images.shape
    step = -(-max(height, width) // TILE)
    if step > 1:
        images = _reduced(images, step)
        height, width = images.shape[2:]
    columns, tile = int(np.ceil(np.sqrt(n))), max(height, width)
    colours = 1 if channels in (1, 2) else 3
    drawn = np.zeros((columns * columns, tile, tile, colours), np.uint8)
    top, left = (tile - height) // 2, (tile - width) // 2
    drawn[:n, top : top + height, left : left + width] = images[:, :colours].transpose(0, 2, 3, 1)
    square = drawn.reshape(columns, columns, tile, tile, colours).transpose(0, 2, 1, 3, 4)
    square = square.reshape(columns * tile, columns * tile, colours)
    out = io.BytesIO()
    picture = Image.fromarray(square[..., 0] if colours == 1 else square)
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue(), columns, tile


def _reduced(images: NDArray[np.generic], step: int) -> NDArray[np.uint8]:
    """Images (n, channels, height, width), each `step` × `step` pixels averaged."""
    n, channels, height, width = images.shape
    high, wide = height // step, width // step
    cut = images[:, :, : high * step, : wide * step].reshape(n, channels, high, step, wide, step)
    return cut.mean((3, 5)).round().astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of one model's map, for a download: column name -> values."""

    table: dict[str, Any]


def placed_numbers(
    result: Result, model: str, placed: Points, rows: NDArray[np.intp], part: str
) -> Numbers:
    """The samples of "test" or "train" on one model's map, their classes and places."""
    labels = result.split.dataset.labels(part)[rows]
    answers = result.models[model].of(part)[rows].argmax(1)
    places = {"x": placed[:, 0], "y": placed[:, 1]}
    return Numbers({"row": rows, "true": labels, "answer": answers, **places})
