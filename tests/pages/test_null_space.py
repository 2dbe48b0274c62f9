"""The views of the null-space page: each draws, describes this result, and is part of the link."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import session
from tests.pages.headless import open_page, says
from unsc_core.analysis import geometry
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory, own_engine: None) -> Path:
    """A data folder with UNSC at two γ on digits."""
    home = tmp_path_factory.mktemp("null_space")
    store = Store(home / "store")
    for threshold in (None, 0.9):
        config = ExperimentConfig(dataset="digits", forget_classes=(3,), energy_threshold=threshold)
        Experiment(config, store).run(with_retrain=True)
        geometry.make(config, store)
    return home


def run(**query: str) -> AppTest:
    app = open_page("null_space", **{"dataset": "digits", **query})
    assert not app.error
    return app


@pytest.mark.parametrize(
    ("view", "charts", "words"),
    [
        ("Spectra", 7, ("γ = 0.96", " %")),
        ("Frozen and reachable", 6, ("selectivity ", " %")),
        ("Class angles", 1, ("In layer 6, ", "°)")),
        ("Drift", 1, ("layer ", " moves most", " %")),
    ],
)
def test_every_view_is_reached_by_a_link_and_describes_this_result(
    view: str, charts: int, words: tuple[str, ...]
) -> None:
    app = run(view=view)
    drawn = app.get("plotly_chart")
    assert len(drawn) == charts
    assert all(len(chart.proto.alt) > 20 for chart in drawn)
    assert says(app, *words)


def test_a_view_has_a_title_of_its_own_and_keeps_its_place_in_links(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = run()
    choice = app.segmented_control(key="view")
    assert "Kept and free" in choice.options
    assert "Frozen and reachable" not in choice.options
    choice.set_value("Frozen and reachable").run()
    assert app.query_params["view"] == "Frozen and reachable"
    assert says(app, "selectivity ")
    app.segmented_control(key="view").set_value("Spectra").run()
    assert "view" not in app.query_params
    app.query_params["view"] = "Drift"
    app.run()
    assert app.segmented_control(key="view").value == "Spectra"  # the person chose it, see read
    assert "view" not in app.query_params
    app.query_params["view"] = "Drift"
    monkeypatch.setattr(session, "went_back", lambda: True)
    app.run()
    assert app.segmented_control(key="view").value == "Drift"
    assert "view = 'Tarot'" in run(view="Tarot").warning[0].value


def test_a_new_threshold_changes_what_is_reachable() -> None:
    app = run(view="Frozen and reachable")

    def sentence() -> str:
        return next(text.value for text in app.markdown if "selectivity " in text.value)

    before = sentence()
    app.select_slider(key="control_gamma").set_value(0.7).run()
    assert sentence() != before
    assert any("Unlearn with γ = 0.7" in button.label for button in app.button)


def test_the_energy_error_is_that_of_the_gamma_looked_at(opening: Path) -> None:
    app = run()
    work = Experiment(
        ExperimentConfig(dataset="digits", forget_classes=(3,)), Store(opening / "store")
    )

    worst = max(map(abs, work.run().energy_error.values()))
    assert says(app, "γ = 0.96", f"{100 * worst:.2f} points")
    app.select_slider(key="control_gamma").set_value(0.9).run()
    other = Experiment(
        ExperimentConfig(dataset="digits", forget_classes=(3,), energy_threshold=0.9),
        Store(opening / "store"),
    )
    worst = max(map(abs, other.run().energy_error.values()))
    assert says(app, "γ = 0.9,", f"{100 * worst:.2f} points")
    assert any(" points" in caption.value for caption in app.caption)


def test_without_unseen_images_there_is_no_error(opening: Path) -> None:
    config = ExperimentConfig(dataset="digits", forget_classes=(4,))
    work = Experiment(config, Store(opening / "store"))
    work.run(with_retrain=True)
    work.store.path("unseen_energy", work.keys.spectra).unlink()
    assert not any(" points" in caption.value for caption in run(forget="4").caption)


def test_without_audits_it_is_not_known_where_the_class_is_readable() -> None:
    app = run(view="Readable")
    assert says(app, "audits of this experiment have not been run")
    assert app.get("page_link")
    assert not app.get("plotly_chart")


def test_the_former_view_of_the_sweep_leads_to_its_page() -> None:
    app = run(view="Sweep over γ", forget="3", gamma="0.9")
    assert app.title[0].value == "Threshold γ"
    assert says(app, "UNSC", "forgetting **class 3**")
    assert "view" not in app.query_params
    assert app.session_state["experiment"].gamma == 0.9
