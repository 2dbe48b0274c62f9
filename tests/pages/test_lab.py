"""The 2-D lab, headless: its own link, its own job, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.shared import cache
from pages.shared.lab_controls import LabState, from_query, to_query
from tests.pages.headless import ROOT, open_page, says
from unsc_core.analysis.lab import read_lab
from unsc_core.analysis.lab_recorder import run as record
from unsc_core.experiment.store import Store
from unsc_core.figures.lab_curves import verdict
from unsc_core.figures.lab_gradients import why

QUICK = {"epochs": "10", "width": "16"}


@pytest.fixture
def lab_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the quick runs of these tests."""
    monkeypatch.chdir(ROOT)
    for gamma in (0.5, 0.99):
        record(LabState(gamma=gamma, epochs=10, width=16).config(), Store(home / "store"))
    return home


@pytest.mark.parametrize(
    "state",
    [
        LabState(),
        LabState(0, 0.5, 8, 7, 0.03, 12, 5, 1),
        LabState(3, 1.0, 128, 2**31 - 1, 1.5, 300),
        LabState(gamma=0.9876543, lr=1e-4),
    ],
)
def test_a_link_says_everything(state: LabState) -> None:
    assert from_query(to_query(state)) == (state, [])


def test_the_default_needs_no_link() -> None:
    assert to_query(LabState()) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gamma", "0"),
        ("gamma", "1.01"),
        ("gamma", "nan"),
        ("forget", "4"),
        ("forget", "-1"),
        ("width", "7"),
        ("width", "129"),
        ("seed", "x"),
        ("lr", "inf"),
        ("lr", "0"),
        ("epochs", "0"),
        ("epochs", "301"),
        ("unit", "32"),
        ("output", "4"),
        ("epoch", "soon"),
    ],
)
def test_an_impossible_part_is_named_and_the_rest_kept(name: str, value: str) -> None:
    state, notes = from_query({"forget": "1", "seed": "3"} | {name: value})
    assert len(notes) == 1
    assert f"{name} = '{value}'" in notes[0]
    if name != "epoch":
        assert getattr(state, name) == getattr(LabState(), name)
    assert name == "seed" or state.seed == 3


def test_the_page_shows_this_runs_numbers(lab_home: Path) -> None:
    app = open_page("lab", **QUICK)
    found = read_lab(LabState(epochs=10, width=16).config(), Store(lab_home / "store"))
    assert found is not None
    assert app.title[0].value == "2-D lab"
    assert len(app.get("plotly_chart")) == 3
    assert all(len(chart.proto.alt) > 40 for chart in app.get("plotly_chart"))
    assert says(app, verdict(found))
    assert all(says(app, text) for text in why(found))
    assert not app.error
    assert not app.warning
    assert app.query_params == QUICK


def test_gamma_and_rows_move_the_link_and_the_words(lab_home: Path) -> None:
    app = open_page("lab", **QUICK)
    assert says(app, "Layer 1", "γ = 0.99")
    app.select_slider(key="lab_gamma").set_value(0.5).run()
    assert not app.exception
    assert says(app, "Layer 1", "γ = 0.5")
    assert not says(app, "Layer 1", "γ = 0.99")
    row = next(box for box in app.selectbox if box.label == "Row of layer 2")
    row.set_value((row.value + 1) % 4).run()
    assert app.query_params == QUICK | {"gamma": "0.5", "output": str((row.value) % 4)}


def test_a_broken_link_falls_back_with_notes_until_something_is_chosen(lab_home: Path) -> None:
    app = open_page("lab", **QUICK, gamma="9", forget="north")
    app.run()
    assert len(app.warning) == 2
    assert len(app.get("plotly_chart")) == 3
    app.select_slider(key="lab_gamma").set_value(0.5).run()
    assert not app.warning


def test_what_is_missing_is_made_by_a_job(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    try:
        app = open_page("lab", width="8", epochs="2")
        assert len(app.get("plotly_chart")) == 0
        (job,) = cache.engine().active() or [list(cache.engine()._jobs.values())[-1]]
        assert job.kind == "lab"
        assert cache.engine().wait(job, 300).state == "done"
        app.run()
        assert len(app.get("plotly_chart")) == 3
    finally:
        cache.engine().close()
        cache.engine.clear()
