"""The page of the threshold γ: its view, what is missing, and what cannot be swept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import batch, cache, session
from tests.pages.headless import components, finished, open_page, says
from unsc_core.analysis import geometry
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store
from unsc_core.figures.gamma_cockpit import shown
from unsc_core.jobs.job import Job

pytestmark = pytest.mark.usefixtures("opened")
DIGITS = ExperimentConfig(dataset="digits", forget_classes=(3,))


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory, own_engine: None) -> Path:
    """A data folder with UNSC at two γ on digits, and on single samples."""
    home = tmp_path_factory.mktemp("gamma")
    store = Store(home / "store")
    for threshold in (None, 0.9):
        config = ExperimentConfig(dataset="digits", forget_classes=(3,), energy_threshold=threshold)
        Experiment(config, store).run(with_retrain=True)
    geometry.make(DIGITS, store)
    return home


def run(**query: str) -> AppTest:
    app = open_page("gamma", **{"dataset": "digits", **query})
    assert not app.error
    return app


def view(app: AppTest) -> dict[str, Any]:
    """What the browser draws."""
    (found,) = components(app, "gamma")
    return found


def test_the_view_has_the_runs_there_are() -> None:
    app = run()
    data = view(app)
    assert [data["gammas"][int(stop)] for stop in data["seeds"]] == ["0.9", "0.96"]
    assert data["gammas"][data["start"]] == data["gammas"][data["own"]] == "0.96"
    assert len(data["layers"]) == data["layer"] + 1 == 6
    assert all(layer["reachable"] for layer in data["layers"])
    request = cache.request(resolve(DIGITS, cache.dataset("digits")))
    assert len(data["map"]["marks"]) == len(shown(request))
    assert says(app, "One seed gives no interval") or says(app, "of 2 values")
    assert "7" in app.button(key="run-sweep").label
    assert says(app, "2 of 9 jobs are done")


def test_a_link_puts_the_slider_and_says_what_it_cannot_use() -> None:
    data = view(run(at="0.9", layer="2"))
    assert data["gammas"][data["start"]] == "0.9"
    assert data["layer"] == 1
    app = run(at="much", layer="Tarot")
    assert {"at = 'much'" in note.value for note in app.warning} == {True, False}
    assert any("layer = 'Tarot'" in note.value for note in app.warning)
    data = view(app)
    assert data["gammas"][data["start"]] == "0.96"
    assert "at" not in app.query_params


def test_a_lesson_fixes_the_slider() -> None:
    assert view(run())["fixed"] is False
    assert view(run(lock="gamma"))["fixed"] is True
    assert run(lock="all").button(key="run-sweep").disabled


def test_a_method_without_gamma_says_so(opening: Path) -> None:
    config = ExperimentConfig(dataset="digits", forget_classes=(3,), method="random-labels")
    Experiment(config, Store(opening / "store")).run(with_retrain=True)
    app = run(method="random-labels")
    assert not components(app, "gamma")
    assert says(app, "Random labels does not use the null space. UNSC has a γ")
    app.button(key="offer-unsc").click().run()
    assert app.session_state["experiment"].method == "unsc"


def test_single_samples_are_judged_by_the_retrained_model() -> None:
    app = finished(open_page("gamma", dataset="digits", ids="0,10,20,30,40,50,60,70,80,90"))
    data = view(app)
    assert data["map"]["part"] == "training"
    assert sum(gone for _, gone in data["map"]["marks"]) == 10
    added = next(chart for chart in data["charts"] if chart["key"] == "added")
    assert "have no mask" in added["empty"]
    assert not says(app, "at most 2\u00a0%")


def test_what_waits_starts_nearest_to_the_slider(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = {
        name: Job(f"experiment-{name}", "experiment", DIGITS, number, number, name, True)
        for number, name in enumerate("abc", 10**6 + 1)
    }
    calls: list[tuple[str, str]] = []

    class Queue:
        def job(self, kind: str, key: str) -> Job:
            return waiting[key]

        def cancel(self, job: Job, tab: str) -> int:
            calls.append(("cancel", job.task))
            return 0

        def submit(self, kind: str, key: str, *_: object, background: bool) -> None:
            calls.append(("submit", key))

    monkeypatch.setattr(cache, "engine", Queue)
    monkeypatch.setattr(session, "tab_id", lambda: "tab")
    items = {name: batch.BatchItem("experiment", name, DIGITS, name, done=False) for name in "abc"}
    batch._put_in_order([items[name] for name in "abc"])
    assert calls == []
    batch._put_in_order([items[name] for name in "cab"])
    assert [key for what, key in calls if what == "submit"] == ["c", "a", "b"]
    assert {key for what, key in calls if what == "cancel"} == {"a", "b", "c"}
