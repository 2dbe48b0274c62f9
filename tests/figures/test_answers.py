"""The sentences about one image, in each of their forms, and the figure they belong to."""

from __future__ import annotations

import numpy as np
import pytest

from unsc_core.analysis.answers import Answer, answers, like_most
from unsc_core.analysis.opening_image import first_choice, next_after, offered
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split
from unsc_core.figures.answers import (
    MOST_CLASSES,
    OTHERS,
    answer_bars,
    answer_sentence,
    shown_classes,
)
from unsc_core.figures.change_words import amplified, change_sentence, neighbour_sentence
from unsc_core.figures.theme import FORGET, LIGHT, readable_on

NAMES = ("T-shirt", "Coat", "Shirt", "Bag")
SHIRT = 2


def request(classes: int = 4, forget: tuple[int, ...] = (SHIRT,)) -> Split:
    x = np.zeros((2 * classes, 1, 4, 4), np.uint8)
    y = np.arange(2 * classes) % classes
    names = NAMES if classes == 4 else tuple(str(c) for c in range(classes))
    return Split(Dataset("x", x, y, x, y, names), forget)


def logits(label: int, second: int, gap: float = 4.0) -> np.ndarray:
    found = np.full(4, -6.0, np.float32)
    found[label], found[second] = gap, 0.0
    return found


def said(original: tuple, unlearned: tuple, retrained: tuple | None = None) -> dict[str, Answer]:
    """Answers of models that are each given by a class, the next one and their distance."""
    given = {"original": logits(*original), "unlearned": logits(*unlearned)}
    if retrained:
        given["retrained"] = logits(*retrained)
    return answers(given, (SHIRT,))


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            said((SHIRT, 0), (0, 1), (0, 3)),
            "The original says Shirt; the mask and UNSC say T-shirt, as the network retrained "
            "from scratch does.",
        ),
        (
            said((SHIRT, 1), (0, 1), (1, 3)),
            "The original says Shirt; the mask says Coat; UNSC says T-shirt; the network retrained "
            "from scratch says Coat.",
        ),
        (
            said((1, 0), (1, 0), (1, 3)),
            "All four say Coat: for this image, forgetting Shirt did not change the prediction.",
        ),
        (
            said((1, 0), (1, 0)),
            "All three say Coat: for this image, forgetting Shirt did not change the prediction.",
        ),
        (
            said((1, 0), (0, 1), (1, 3)),
            "The original and the mask say Coat; UNSC says T-shirt; the network retrained from "
            "scratch says Coat, like the original.",
        ),
        (
            said((SHIRT, 0), (SHIRT, 0), (0, 3)),
            "The original and UNSC say Shirt; the mask says T-shirt; the network retrained from "
            "scratch says T-shirt. UNSC still names Shirt, which it should have forgotten.",
        ),
        (said((SHIRT, 0), (0, 1)), "The original says Shirt; the mask and UNSC say T-shirt."),
        (
            said((1, 0), (1, 0, 0.1), (1, 3)),
            "All four say Coat: for this image, forgetting Shirt did not change the prediction. A "
            "close call: for UNSC only 5 points between Coat and T-shirt.",
        ),
        (
            said((1, 0), (1, 0, 0.01), (1, 3, 0.1)),
            "All four say Coat: for this image, forgetting Shirt did not change the prediction. A "
            "close call: for UNSC only less than 1 point between Coat and T-shirt and for the "
            "network retrained from scratch only 5 points between Coat and Bag.",
        ),
    ],
)
def test_the_sentence_says_who_answers_what(found: dict[str, Answer], sentence: str) -> None:
    assert answer_sentence(found, request(), "UNSC") == sentence


def test_without_a_class_to_forget_there_is_no_mask() -> None:
    found = answers({"original": logits(1, 0), "unlearned": logits(1, 0)}, ())
    split = Split(request().dataset, (), (1, 2))
    assert answer_sentence(found, split, "UNSC") == (
        "Both say Coat: for this image, forgetting 2 samples did not change the prediction."
    )


def test_a_margin_is_the_distance_of_the_two_highest_probabilities() -> None:
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    answer = Answer(np.log(shares).astype(np.float32))
    assert (answer.label, answer.second) == (0, 1)
    assert answer.margin == pytest.approx(20, abs=1e-4)
    assert answer.probabilities == pytest.approx(shares, abs=1e-6)
    mask = answers({"original": answer.logits, "unlearned": answer.logits}, (0,))["mask"]
    assert (mask.label, mask.second) == (1, 2)
    assert mask.margin == pytest.approx(30, abs=1e-4)
    assert mask.probabilities[0] == 0
    assert Answer(np.array([9e4, 0], np.float32)).margin == pytest.approx(100)


def test_the_figure_has_one_order_and_marks_what_is_to_be_forgotten() -> None:
    found = said((SHIRT, 0), (0, 1), (0, 3))
    picture = answer_bars(found, request(), "UNSC", LIGHT)
    assert len(picture.figure.data) == 4
    for bars, answer in zip(picture.figure.data, found.values(), strict=True):
        assert list(bars.x) == pytest.approx(list(100 * answer.probabilities))
        assert bars.marker.color[answer.label].startswith("#")
    assert picture.figure.data[0].marker.color[SHIRT] == FORGET
    assert [bars.insidetextfont.color for bars in picture.figure.data[:2]] == [
        readable_on(FORGET),
        readable_on("#0072B2"),
    ]
    assert "×" in picture.figure.layout.yaxis.ticktext[SHIRT]
    assert not any(
        "×" in text for i, text in enumerate(picture.figure.layout.yaxis.ticktext) if i != SHIRT
    )
    assert "Mask T-shirt" in picture.alt
    assert picture.table["class"] == list(NAMES)


def test_text_is_readable_on_every_colour() -> None:
    assert (readable_on("#ffffff"), readable_on("#000000")) == ("#000000", "#ffffff")
    assert (readable_on("#E69F00"), readable_on("#5E4FA2")) == ("#000000", "#ffffff")


def test_of_many_classes_those_that_matter_are_shown_and_the_rest_adds_up() -> None:
    of = np.random.default_rng(0).normal(size=100).astype(np.float32)
    found = answers({"original": of, "unlearned": of[::-1].copy()}, (7,))
    shown = shown_classes(found, (7,))
    assert len(shown) == MOST_CLASSES - 1
    assert {7, *(answer.label for answer in found.values())} <= set(shown)
    bars = answer_bars(found, request(100, (7,)), "UNSC", LIGHT).figure
    assert bars.layout.yaxis.ticktext[-1] == OTHERS
    assert all(sum(one.x) == pytest.approx(100) for one in bars.data)


def test_the_class_of_the_nearest_leaves_the_image_itself_out() -> None:
    original = np.array([[0, 0], [1, 0], [1, 1], [9, 9]], np.float32)
    labels = np.array([3, 1, 1, 0])
    assert like_most(original[0], original, labels, 0)[:2] == (1, 2)
    assert like_most(original[0], original, labels)[2] == 4


def test_the_smallest_change_is_told_of_the_model_that_has_it() -> None:
    found = said((SHIRT, 0), (0, 1), (0, 3))
    sizes = {"original": (30.0, 0.02), "mask": None, "unlearned": (20.0, 0.013),
             "retrained": (40.0, 0.03)}  # fmt: skip
    after = {"original": 0, "unlearned": SHIRT, "retrained": 1}
    assert change_sentence(sizes, after, found, request(), "UNSC") == (
        "The answer of UNSC takes the smallest change: one of 1.3\u00a0% of the image's norm turns "
        "T-shirt into Shirt. That is the class it was to forget. For the mask no change was found."
    )
    black = {"original": (300.0, None), "unlearned": (4000.0, None)}
    assert change_sentence(
        black, {"original": 0, "unlearned": SHIRT}, found, request(), "UNSC"
    ) == (
        "The answer of the original takes the smallest change: one of 300 grey levels turns "
        "Shirt into T-shirt. What UNSC answers after its own change is the class it was to "
        "forget."
    )
    found = said((0, 1), (0, 1), (0, 3))
    sizes = {"original": (20.0, 0.013), "mask": (20.0, 0.013), "unlearned": (30.0, 0.02)}
    alike = {"original": 1, "mask": 1, "unlearned": 1}
    assert change_sentence(sizes, alike, found, request(), "UNSC") == (
        "The answers of the original and the mask take the smallest change: one of 1.3\u00a0% of "
        "the image's norm turns T-shirt into Coat."
    )
    none = dict.fromkeys(found)
    assert change_sentence(none, {}, found, request(), "UNSC").startswith("No change was found")


def test_a_difference_is_amplified_about_grey() -> None:
    before = np.full((1, 2, 2), 100, np.uint8)
    after = before.copy()
    after[0, 0, 0], after[0, 1, 1] = 110, 95
    shown, times = amplified(before, after)
    assert times == 12
    assert shown[0].tolist() == [[248, 128], [128, 68]]
    assert amplified(before, before)[0].tolist() == [[[128, 128], [128, 128]]]


def test_the_neighbours_are_counted_before_and_after() -> None:
    labels = {"original": np.array([2, 2, 2, 0]), "unlearned": np.array([2, 0, 0, 0])}
    assert neighbour_sentence(labels, request(), "UNSC") == (
        "Of the 4 training images nearest by features, 3 are Shirt for the original and 1 for "
        "UNSC, although that is to be forgotten."
    )
    labels["unlearned"] = np.array([0, 0, 1, 0])
    assert "3 are Shirt for the original and none for UNSC" in neighbour_sentence(
        labels, request(), "UNSC"
    )
    split = Split(request().dataset, (), (1, 2))
    assert neighbour_sentence(labels, split, "UNSC") == (
        "Of the 4 training images nearest by features, 3 are Shirt for the original and 3 are "
        "T-shirt for UNSC."
    )


def test_samples_are_offered_in_one_order_that_comes_round() -> None:
    split = request()
    rows = offered(split, SHIRT)
    assert sorted(rows) == [2, 6]
    assert next_after(rows, int(rows[0])) == rows[1]
    assert next_after(rows, int(rows[1])) == rows[0]
    assert next_after(rows, 99) == rows[0]
    right = np.zeros((8, 4), np.float32)
    right[rows[1], SHIRT] = 1
    assert first_choice(split, right) == rows[1]
    assert first_choice(split, np.zeros((8, 4), np.float32)) == rows[0]
