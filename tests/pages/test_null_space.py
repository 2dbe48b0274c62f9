"""The null-space page's views: each draws, says something about this result, and is part of the link."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.headless import open_page
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
        ("Spectra", 7, "of all directions are free to move in"),
        ("Frozen and reachable", 6, "separates forgotten from retained samples best"),
        ("Class angles", 1, "class 3 is closest to"),
        ("Drift", 1, "moves most"),
        ("Sweep over γ", 1, "(Acc_f at most 2 %)"),
    ],
)
def test_every_view_is_reached_by_a_link_and_speaks_of_this_result(
    view: str, charts: int, words: str
) -> None:
    app = run(view=view)
    drawn = app.get("plotly_chart")
    assert len(drawn) == charts
    assert all(len(chart.proto.alt) > 20 for chart in drawn)
    assert any(words in text.value for text in app.markdown)


def test_a_new_threshold_changes_what_is_reachable() -> None:
    app = run(view="Frozen and reachable")

    def sentence() -> str:
        return next(
            text.value
            for text in app.markdown
            if "separates forgotten from retained samples best" in text.value
        )

    before = sentence()
    app.select_slider(key="control_gamma").set_value(0.7).run()
    assert sentence() != before
    assert any("Unlearn with γ = 0.7" in button.label for button in app.button)


def test_the_energy_error_is_that_of_the_gamma_looked_at(opening: Path) -> None:
    app = run()
    work = Experiment(
        ExperimentConfig(dataset="digits", forget_classes=(3,)), Store(opening / "store")
    )

    def said() -> str:
        return next(
            text.value
            for text in app.caption
            if "of other images of the retained classes" in text.value
        )

    worst = max(map(abs, work.run().energy_error.values()))
    assert (
        "At γ = 0.96, these cuts keep the same share of energy of other images of the retained classes, with all their patches, to within "
        in said()
    )
    assert f"to within {100 * worst:.2f} points" in said()
    app.select_slider(key="control_gamma").set_value(0.9).run()
    other = Experiment(
        ExperimentConfig(dataset="digits", forget_classes=(3,), energy_threshold=0.9),
        Store(opening / "store"),
    )
    assert "At γ = 0.9, these cuts keep" in said()
    assert (
        f"to within {100 * max(map(abs, other.run().energy_error.values())):.2f} points" in said()
    )


def test_without_unseen_images_nothing_is_said_of_them(opening: Path) -> None:
    config = ExperimentConfig(dataset="digits", forget_classes=(4,))
    work = Experiment(config, Store(opening / "store"))
    work.run(with_retrain=True)
    work.store.path("unseen_energy", work.keys.spectra).unlink()
    assert not any("of other images" in text.value for text in run(forget="4").caption)


def test_the_sweep_offers_what_is_missing_only() -> None:
    assert [
        button.label for button in run(view="Sweep over γ").button if "missing" in button.label
    ] == ["Sweeping over γ: run the missing 7"]


def test_a_method_without_null_space_has_no_sweep(opening: Path) -> None:
    Experiment(
        ExperimentConfig(dataset="digits", forget_classes=(3,), method="random-labels"),
        Store(opening / "store"),
    ).run(with_retrain=True)
    assert any(
        "does not use the null space" in info.value
        for info in run(view="Sweep over γ", method="random-labels").info
    )
