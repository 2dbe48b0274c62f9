"""The 2-D lab's data and its page as one file; tests/e2e/test_lab.py opens it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from unsc_core.data import load_dataset
from unsc_core.figures.lab import EXTENT, GRID, POINTS_PER_CLASS, lab_data, static_page
from unsc_core.subspace.energy import energy_rank


def points(preset: dict) -> np.ndarray:
    """(n, 2) coordinates, as the browser computes them."""
    places = np.array(preset["places"]).reshape(-1, 2)
    assert places.min() >= 0
    assert places.max() < GRID
    return EXTENT * ((2 * places + 1) / GRID - 1)


def test_the_clusters_are_those_of_the_dataset_on_a_grid() -> None:
    data, preset = load_dataset("blobs"), lab_data()["presets"][0]
    rows = data.first_of_each_class("train", POINTS_PER_CLASS)
    assert preset["y"] == data.y_train[rows].tolist()
    assert np.abs(points(preset) - data.x_train[rows]).max() <= EXTENT / GRID + 1e-6


@pytest.mark.parametrize(("number", "rank"), [(0, 2), (1, 1)])
def test_only_the_row_leaves_layer_1_a_null_space(number: int, rank: int) -> None:
    preset = lab_data()["presets"][number]
    retained = points(preset)[np.array(preset["y"]) != preset["forget"]]
    energy = np.linalg.eigvalsh(retained.T @ retained)[::-1]
    assert energy_rank(energy, preset["gamma"]) == rank


def test_the_page_asks_nobody_for_anything() -> None:
    addresses = set(re.findall(r"https?://[\w./-]+", static_page()))
    assert addresses <= {"http://www.w3.org/2000/svg"}
