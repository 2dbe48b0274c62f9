"""Long class names leave the figures their room, stay distinct, and are whole where one can read.

A phone is 390 pixels wide, of which a figure has 358.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from unsc_core.analysis.answers import answers
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.experiment.result import Predictions, Result
from unsc_core.figures.answers import LINE, answer_bars
from unsc_core.figures.class_angles import angles
from unsc_core.figures.class_counts import class_counts
from unsc_core.figures.confusion import confusion
from unsc_core.figures.decision_space import space
from unsc_core.figures.flow import bands, label_counts
from unsc_core.figures.phrases import SHORT_NAME, short_names, short_ticks
from unsc_core.figures.theme import LIGHT, MOST_MARGIN, Picture, label_margin

PHONE = 358
LONG = (
    "Great crested grebe (Podiceps cristatus)",
    "Great crested grebe (Podiceps auritus)",
    "Black-necked stilt of the wide lagoon",
    "Red-throated diver (Gavia stellata) male",
)


def result(names: Sequence[str] = LONG) -> Result:
    """Three models with the same predictions, which are mostly right."""
    draw, count = np.random.default_rng(0), len(names)
    y = np.repeat(np.arange(count), 20)
    x = draw.integers(0, 255, (len(y), 1, 4, 4)).astype(np.uint8)
    dataset = Dataset("x", x, y, x, y, tuple(names))
    logits = (4 * np.eye(count)[y] + draw.normal(size=(len(y), count))).astype(np.float32)
    said = Predictions(logits, logits)
    config = ExperimentConfig(dataset="x", model="mlp", forget_classes=(0,))
    labels = np.repeat([1, 2], 10)
    return Result(config, "key", split(dataset, (0,)), said, said, said, labels)


@pytest.mark.parametrize("dataset", ["fashion-mnist-mini", "digits", "blobs"])
def test_bundled_names_stay_as_they_are(dataset: str) -> None:
    names = load_dataset(dataset).class_names
    assert short_names(names) == list(names)
    assert short_ticks(names) == {}


@pytest.mark.parametrize(
    "names",
    [
        LONG,
        ["x" * 40 + end for end in "abc"],
        ["a" * 20 + middle + "z" * 20 for middle in "123"],  # alike at both ends
        ["a" * 40, "a" * 13 + "…", "a" * 41],  # one is what another would be cut to
        ["a" * 20 + middle + "z" * 20 for middle in "12"] + ["a" * 11 + "…\u00a01"],
    ],
)
@pytest.mark.parametrize("most", [SHORT_NAME, 24])
def test_short_names_are_short_and_distinct(names: Sequence[str], most: int) -> None:
    short = short_names(names, most)
    assert len(set(short)) == len(names)
    for name, one in zip(names, short, strict=True):
        assert len(one) <= most
        assert one == name if len(name) <= most else one[:3] == name[:3]


def test_names_that_begin_alike_keep_their_ends() -> None:
    assert short_names(LONG) == ["Great…status)", "Great…uritus)", "Black-necked…", "Red-throated…"]


def test_the_margin_for_names_has_an_end() -> None:
    assert label_margin(["x" * 400]) == label_margin(["x" * 40]) == MOST_MARGIN < 0.6 * PHONE
    assert label_margin(["x" * 10]) < label_margin(["x" * 14]) < MOST_MARGIN


def shown(names: Sequence[str]) -> dict[str, Picture]:
    """Every figure with classes beside an axis."""
    run = result(names)
    matrix = 90 * (1 - np.eye(len(names), dtype=np.float32))
    found = answers(dict.fromkeys(("original", "unlearned"), run.original.test[0]), (0,))
    return {
        "confusion": confusion(run, "original", "test", True, LIGHT),
        "counts": class_counts(run.split.dataset, LIGHT),
        "labels": label_counts(run, LIGHT),
        "angles": angles("Layer 1", matrix, names, (0,), 0.9, LIGHT),
        "answers": answer_bars(found, run.split, "UNSC", LIGHT),
    }


@pytest.mark.parametrize("name", ["confusion", "counts", "labels", "angles", "answers"])
def test_long_names_leave_half_a_phone_to_the_figure(name: str) -> None:
    picture = shown(LONG)[name]
    margin = picture.figure.layout.margin
    assert margin.l <= PHONE / 2
    assert margin.t + margin.b <= 0.6 * picture.figure.layout.height
    assert all(len(written) <= SHORT_NAME for written in ticks(picture))
    assert set(LONG) & set(next(iter(picture.table.values()))), "tables have whole names"


def ticks(picture: Picture) -> list[str]:
    """What is written at the axes for the classes."""
    layout = picture.figure.layout
    if layout.yaxis.ticktext:
        return [
            text.split(" <span")[0].replace("<b>", "").replace("</b>", "")
            for text in layout.yaxis.ticktext
        ]
    found: list[str] = []
    for axis, of in ((layout.xaxis, "x"), (layout.yaxis, "y")):
        names = picture.figure.data[0][of]
        if isinstance(names[0], str):
            found += [(axis.labelalias or {}).get(name, name) for name in names]
    assert found
    return found


def test_hovers_have_whole_names() -> None:
    pictures = shown(LONG)
    assert list(pictures["counts"].figure.data[0].hovertext) == list(LONG)
    assert set(pictures["labels"].figure.data[0].hovertext) <= set(LONG)
    assert pictures["angles"].figure.data[0].customdata[0][2] == f"{LONG[0]} and {LONG[2]}"


def test_answers_above_columns_are_in_two_lines_that_a_phone_has_room_for() -> None:
    def heads(names: Sequence[str]) -> list[str]:
        written: Any = shown(names)["answers"].figure.layout.annotations
        return [one.text for one in written if one.text.startswith("<b>")]

    (head, *_) = heads(LONG)
    lines = head.removeprefix("<b>").removesuffix("</b>").removesuffix(" ×").split("<br>")
    assert len(lines) == 2
    assert max(map(len, lines)) <= LINE
    assert all("<br>" not in one for one in heads(("Shirt", "Coat", "Bag", "Boot")))


def test_maps_and_flows_have_short_names() -> None:
    run = result()
    places = dict.fromkeys(("original", "unlearned"), run.original.test[:, :2])
    rows = np.arange(len(run.original.test))
    drawn = space(run, "original", places, rows, LIGHT)
    texts = {one.text for one in drawn.figure.layout.annotations}
    assert {f"<b>{name}</b>" for name in short_names(LONG)} <= texts
    assert f"true {LONG[1]}<br>" in drawn.figure.data[0].text[0]
    flow = bands(run, LIGHT, np.array([], np.intp))
    assert flow["names"] == list(LONG)
    assert flow["short"] == short_names(LONG)
