"""The picture of a network that is still being trained or unlearned."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from unsc_core.analysis.glimpses import glimpse, looked_at
from unsc_core.data import load_dataset
from unsc_core.data.request import Split, split
from unsc_core.figures.live import MIDDLE, RADIUS, SPREAD, live
from unsc_core.figures.theme import FORGET, class_colour
from unsc_core.progress import Glimpse

SURE = 40.0
"""A logit that leaves no doubt."""


def answers(request: Split, of: np.ndarray, before: Glimpse | None = None) -> Glimpse:
    """A network that is sure of these answers, after one epoch more than `before`."""
    logits = np.zeros((len(of), request.dataset.num_classes), np.float32)
    logits[np.arange(len(of)), of] = SURE
    epoch = 0 if before is None else before.epoch + 1
    return glimpse(logits, request, "unlearning", epoch, 4, before)


def test_samples_stand_where_they_are_taken_for_and_move_with_the_answers() -> None:
    request = split(load_dataset("digits"), (3,), ())
    labels = request.dataset.y_test[looked_at(request)]
    right = answers(request, labels)
    sent = np.where(labels == 3, 5, labels)
    after = live(answers(request, sent, right), request)
    before = live(right, request)
    angles = 2 * np.pi * np.arange(10) / 10 - np.pi / 2
    on_circle = MIDDLE + RADIUS * np.stack([np.cos(angles), np.sin(angles)], 1)
    for drawn, taken_for in ((before, labels), (after, sent)):
        away = np.linalg.norm(np.array(drawn["places"]) - on_circle[taken_for], axis=1)
        assert away.max() <= SPREAD + 0.1
    moved = np.linalg.norm(np.array(after["places"]) - before["places"], axis=1) > 1
    assert (moved == (labels == 3)).all()
    assert before["marks"] == after["marks"]
    assert [gone for _, gone in after["marks"]] == (labels == 3).tolist()
    assert {colour for colour, gone in after["marks"] if gone} == {FORGET}
    assert after["marks"][0] == [class_colour(int(labels[0]), (3,)), bool(labels[0] == 3)]
    count = int((labels == 3).sum())
    assert f"100\u00a0% of {count} test samples to forget and 100\u00a0%" in before["words"]
    assert f"after epoch 1: recognised are 0\u00a0% of {count} test" in after["words"]


def test_curves_and_matrix_show_the_numbers() -> None:
    request = split(load_dataset("digits"), (3,), ())
    labels = request.dataset.y_test[looked_at(request)]
    first = answers(request, labels)
    drawn = live(answers(request, np.where(labels == 3, 5, labels), first), request)
    lines = [
        [tuple(map(float, pair.split(","))) for pair in points.split()]
        for points in re.findall('points="([^"]+)"', drawn["curves"])
    ]
    (retain, forget) = lines
    assert retain[0] == forget[0]
    assert retain[1][1] == retain[0][1] < forget[1][1]
    cells = re.findall(r'<rect [^>]*fill="(#\w+)" fill-opacity="1.00"/>', drawn["matrix"])
    assert len(cells) == 10
    assert cells.count(FORGET) == 1


def test_names_of_classes_cannot_end_the_picture() -> None:
    data = load_dataset("digits")
    names = ("<script>alert(1)</script>", *data.class_names[1:])
    request = split(replace(data, class_names=names), (3,), ())
    drawn = live(answers(request, data.y_test[looked_at(request)]), request)
    assert "<script>" not in drawn["map"]
    assert "&lt;script&gt;" in drawn["map"]


def test_a_method_without_epochs_shows_the_original_and_no_curve() -> None:
    request = split(load_dataset("digits"), (3,), ())
    logits = np.eye(10, dtype=np.float32)[request.dataset.y_test[looked_at(request)]]
    drawn = live(glimpse(logits, request, "unlearning", 0, 0), request)
    assert drawn["words"].startswith("The original: recognised are 100")
    assert not drawn["curves"]
    after = live(glimpse(logits, request, "unlearning", 1, 0), request)
    assert after["words"].startswith("Unlearned: recognised are 100")
