"""Selected samples in figures: what every model predicts for them, and where they are marked."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.conftest import blobs
from unsc_core.analysis import maps
from unsc_core.analysis.replay import Epochs
from unsc_core.data import load_dataset
from unsc_core.data.request import split
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.figures.audit_membership import log_odds, marked, membership
from unsc_core.figures.decision_space import ranges
from unsc_core.figures.epochs import animated
from unsc_core.figures.selected_answers import note, strips
from unsc_core.figures.theme import LIGHT

LABELS = np.array([6, 6, 6, 0])
REFERENCES = {
    "original": np.array([6, 6, 0, 0]),
    "mask": np.array([4, 0, 0, 0]),
    "retrained": np.array([4, 2, 0, 0]),
}
METHODS = {"One": np.array([4, 2, 0, 1]), "Other": np.array([6, 6, 1, 1])}


@pytest.fixture(scope="module")
def result(shared_store: Store) -> Result:
    return Experiment(blobs(), shared_store).run(with_retrain=True)


def test_every_model_has_a_strip_of_what_it_predicts() -> None:
    request = split(load_dataset("fashion-mnist-mini"), (6,))
    picture = strips(REFERENCES, METHODS, LABELS, request, LIGHT)
    table = picture.table
    assert table["model"] == ["Original", "Mask", "Retrained", "One", "Other"]
    assert table["as forgotten"] == [2, 0, 0, 0, 2]
    assert table["as retrained"] == [2, 3, 4, 3, 0]
    assert table["Shirt"] == [2, 0, 0, 0, 2]
    for strip in zip(*(trace.x for trace in picture.figure.data), strict=True):
        assert sum(strip) == len(LABELS)
    assert note(picture).startswith("× predicted as a forgotten class · ★ ")
    assert picture.sentence == (
        "Other (2) still predicts Shirt for some of these samples. One agrees most with the "
        "retrained model on 3 of 4; the mask does on 3."
    )


def test_of_single_samples_it_counts_those_predicted_correctly() -> None:
    request = split(load_dataset("fashion-mnist-mini"), (), (3, 17))
    known = {name: of for name, of in REFERENCES.items() if name != "mask"}
    picture = strips(known, METHODS, LABELS, request, LIGHT)
    assert picture.table["correctly predicted"] == [3, 1, 0, 2]
    assert picture.sentence == "One agrees most with the retrained model on 3 of 4."


def ringed(figure: Any) -> list[go.Scatter]:
    """The traces of rings."""
    return [one for one in figure.data if one.marker.symbol == "circle-open"]


def test_rings_follow_the_selected_samples_epoch_by_epoch(result: Result) -> None:
    rows = maps.shown(result.split, "test")
    logits = np.stack([result.original.test[rows], result.unlearned.test[rows]])
    three, two = np.arange(3), np.zeros(2)
    epochs = Epochs(three[:2], rows, logits, np.zeros((2, 3)), two, two, len(rows))
    placed = np.random.default_rng(0).normal(size=(2, len(rows), 2)).astype(np.float32)
    window = ranges({"a": placed[0]})
    chosen = rows[[1, 5]]
    figure = animated(result, epochs, placed, window, LIGHT, 0, chosen).figure
    (ring,) = ringed(figure)
    assert np.allclose(ring.x, placed[0, [1, 5], 0], atol=1e-3)
    for entry, frame in enumerate(figure.frames):
        (moved,) = ringed(frame)
        assert np.allclose(moved.y, placed[entry, [1, 5], 1], atol=1e-3)
        assert figure.data[frame.traces[frame.data.index(moved)]] == ring


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_tick_is_where_a_network_puts_the_sample(result: Result, part: str) -> None:
    labels = result.split.dataset.labels(part)
    rows = marked(result, part, np.array([int(np.argmax(labels == c)) for c in (0, 1)]))
    assert labels[rows].tolist() == [0]  # the other is not in the histograms
    figure = membership(result, 50, LIGHT, (part, rows)).figure
    ticks = [trace for trace in figure.data if trace.name == "selected"]
    assert len(ticks) == len(result.rows)
    for tick, model in zip(ticks, result.rows.values(), strict=True):
        assert np.allclose(tick.x, log_odds(model.of(part)[rows], labels[rows]))
