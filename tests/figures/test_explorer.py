"""What the maps in the browser read: every sample's numbers, and its image on the sheet."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.conftest import digits
from unsc_core.analysis import maps
from unsc_core.analysis.selection import OUTCOMES, outcomes
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.figures.explorer import NO_LABEL, TILE, about, numbers, outcome_words, sheet
from unsc_core.figures.flow import bands
from unsc_core.figures.theme import LIGHT


@pytest.fixture(scope="module")
def result(shared_store: Store) -> Result:
    return Experiment(digits(), shared_store).run(with_retrain=True)


@pytest.mark.parametrize("part", ["test", "train"])
def test_the_browser_reads_what_the_models_predict(result: Result, part: str) -> None:
    rows = maps.mapped(result.split, part)[5:]
    placed = maps.positions(result, part, None, rows)
    said, read = (
        about(result, placed, rows, part, LIGHT),
        io.BytesIO(numbers(result, placed, rows, part)),
    )
    n, k, models = len(rows), 10, list(placed)

    def column(kind: str, *shape: int) -> np.ndarray:
        found = np.frombuffer(read.read(int(np.prod(shape)) * np.dtype(kind).itemsize), kind)
        return found.reshape(shape)

    assert [model["name"] for model in said["models"]] == ["original", "unlearned", "retrained"]
    assert np.array_equal(column("<u4", n), rows)
    for model in models:
        assert np.array_equal(column("<f4", n, 2), placed[model])
    for model, (low, high) in zip(models, said["scales"], strict=True):
        logits = result.models[model].of(part)[rows]
        step = (high - low) / 65535
        assert np.allclose(low + step * column("<u2", n, k), logits, atol=step)
    assert np.array_equal(column("<u2", n), result.split.dataset.labels(part)[rows])
    for model in models:
        assert np.array_equal(column("<u2", n), result.models[model].of(part)[rows].argmax(1))
    assigned, bits = column("<u2", n), column("u1", n)
    labels = {"test": [], "train": result.labels[result.split.forget_train() >= 5]}[part]
    assert np.array_equal(assigned[assigned != NO_LABEL], labels)
    for i, key in enumerate(OUTCOMES):
        assert np.array_equal(bits >> i & 1, outcomes(result, part)[key][rows])
    assert read.read() == b""


def test_a_single_sample_that_is_recognised_is_not_called_a_failure() -> None:
    dataset = load_dataset("digits")
    of_class, of_samples = (outcome_words(split(dataset, *by)) for by in (((3,),), ((), (5,))))
    assert list(of_class) == list(of_samples) == list(OUTCOMES)
    assert [of_class[key][0] for key in ("forgotten", "kept")] == [
        "Correctly forgotten",
        "Not forgotten",
    ]
    assert "orgotten" not in of_samples["forgotten"][0] + of_samples["kept"][0]
    assert of_samples["over"] == of_class["over"]


def test_a_sheet_has_every_image_at_its_place() -> None:
    dataset = load_dataset("digits")
    rows = np.array([4, 0, 90, 17, 33])
    png, columns, tile = sheet(dataset, "test", rows)
    drawn = np.asarray(Image.open(io.BytesIO(png)))
    assert (columns, tile) == (3, 8)
    for i, row in enumerate(rows):
        y, x = (tile * place for place in divmod(i, columns))
        assert np.array_equal(drawn[y : y + tile, x : x + tile], dataset.x_test[row, 0])


@pytest.mark.parametrize("shape", [(3, 96, 64), (4, 20, 30), (2, 32, 32)])
def test_large_and_coloured_images_fit_their_tiles(shape: tuple[int, int, int]) -> None:
    channels, height, width = shape
    images = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    labels = np.array([0, 1])
    dataset = Dataset("own", images, labels, images, labels, ("a", "b"))
    png, columns, tile = sheet(dataset, "train", labels)
    drawn = np.asarray(Image.open(io.BytesIO(png)))
    assert tile <= TILE
    assert drawn.shape[:2] == (columns * tile, columns * tile)
    mean = drawn[:tile, :tile].mean() * tile**2
    shown = images[0, : 1 if channels == 2 else 3]
    step = max(1, -(-max(height, width) // TILE))
    assert mean == pytest.approx(shown.mean() * (height // step) * (width // step), rel=0.02)


def test_a_map_to_explore_has_every_sample_or_as_many_of_every_class(result: Result) -> None:
    request = result.split
    assert np.array_equal(maps.mapped(request, "test"), np.arange(len(request.dataset.y_test)))
    many = np.resize(np.arange(10), 4 * maps.MAX_MAPPED)
    large = replace(request.dataset, x_train=np.zeros((len(many), 1, 8, 8), np.uint8), y_train=many)
    rows = maps.mapped(replace(request, dataset=large), "train")
    assert np.bincount(many[rows]).tolist() == [maps.MAX_MAPPED // 10] * 10


def test_bands_count_all_samples_and_the_selected_ones(result: Result) -> None:
    rows = result.split.forget_train()
    drawn = bands(result, LIGHT, rows[::3])
    pairs = np.array(drawn["pairs"])
    assert pairs[:, 2].sum() == len(rows)
    assert pairs[:, 3].sum() == len(rows[::3])
    of_first = pairs[pairs[:, 0] == result.labels[0], 2].sum()
    assert of_first == (result.labels == result.labels[0]).sum()
