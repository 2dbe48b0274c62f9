"""The image on the map: where it is, what is said of its neighbours, and no name over its marks."""

from __future__ import annotations

import numpy as np
import pytest

from unsc_core.analysis.maps import pca_map, sample
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.experiment.result import Predictions, Result
from unsc_core.figures.image_map import SIZE, image_map, image_positions
from unsc_core.figures.theme import LIGHT

CLASSES = 4


@pytest.fixture(scope="module")
def result() -> Result:
    """Three models whose logits are those of well separated classes."""
    draw = np.random.default_rng(0)
    y = np.repeat(np.arange(CLASSES), 30)
    x = draw.integers(0, 255, (len(y), 1, 4, 4)).astype(np.uint8)
    dataset = Dataset("x", x, y, x, y, ("T-shirt", "Coat", "Shirt", "Bag"))
    logits = (8 * np.eye(CLASSES)[y] + draw.normal(size=(len(y), CLASSES))).astype(np.float32)
    answers = Predictions(logits, logits)
    config = ExperimentConfig(dataset="x", model="mlp", forget_classes=(2,))
    return Result(config, "key", split(dataset, (2,)), answers, answers, answers)


def test_an_image_of_the_test_set_falls_on_its_own_point(result: Result) -> None:
    original = result.original.test
    here = pca_map(original[sample(result.split.dataset)], {"here": original})["here"]
    logits = {"original": original[7], "unlearned": original[40]}
    exact = image_positions(result, logits, None)
    np.testing.assert_allclose(exact["original"], here[7], atol=1e-4)
    np.testing.assert_allclose(exact["unlearned"], here[40], atol=1e-4)
    umap = np.random.default_rng(1).normal(size=here.shape).astype(np.float32)
    np.testing.assert_allclose(
        image_positions(result, logits, umap)["original"], umap[7], atol=1e-5
    )


def test_the_sentence_names_the_class_around_the_image(result: Result) -> None:
    original = result.original.test
    here = pca_map(original, {"original": original})["original"]
    coat, shirt = original[30:60].mean(0), original[60:90].mean(0)
    logits = {"original": shirt, "unlearned": coat, "retrained": coat}
    image = image_positions(result, logits, None)
    picture = image_map(result, here, image, logits, LIGHT)
    assert picture.sentence == (
        "Of the 15 test images whose logits in the original are nearest to this image's logits in "
        "each network, the most frequent class is Shirt for the "
        "original (15), Coat for UNSC (15) and Coat for the retrained network (15)."
    )
    same = dict.fromkeys(logits, coat)
    picture = image_map(result, here, image_positions(result, same, None), same, LIGHT)
    assert "is Coat for all three (15, 15 and 15)." in picture.sentence
    assert [trace.name for trace in picture.figure.data[-3:]] == ["original", "UNSC", "retrained"]


def test_no_name_covers_the_marks(result: Result) -> None:
    original = result.original.test
    here = pca_map(original, {"original": original})["original"]
    plain = image_map(result, here, {"original": here[0] + 99}, {"original": original[0]}, LIGHT)
    (name,) = [a for a in plain.figure.layout.annotations if "Coat" in a.text]
    middle = np.array([name.x, name.y])  # where the name of the class is written
    marked = image_map(result, here, {"original": middle}, {"original": original[30]}, LIGHT)
    (moved,) = [a for a in marked.figure.layout.annotations if "Coat" in a.text]
    assert abs(moved.yshift) >= SIZE
    assert moved.yshift != (name.yshift or 0)
