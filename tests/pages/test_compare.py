"""The comparison: stored results are shown at once, the button runs the rest, the slider works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import cache
from tests.pages.headless import finished, open_page, says
from unsc_core.analysis import comparison
from unsc_core.analysis.comparison import ALL_METHODS, COMPARED, PARTS, MethodRun
from unsc_core.analysis.replay import make_epochs
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store
from unsc_core.figures import standings
from unsc_core.figures.equal_forgetting import equal_forgetting
from unsc_core.figures.standings import columns
from unsc_core.figures.theme import LIGHT

DIGITS = {"dataset": "digits"}
BLOBS = {"dataset": "blobs", "model": "mlp", "forget": "0"}
JOBS = len(COMPARED) + 1
"""Each method's, and the retrained model's."""


pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory, own_engine: None) -> Path:
    """A data folder as `prepare` leaves it, but on digits, and without the map."""
    home = tmp_path_factory.mktemp("compare")
    for method in ("unsc", "random-labels"):
        config = ExperimentConfig(dataset="digits", forget_classes=(3,), method=method)
        Experiment(config, Store(home / "store")).run(with_retrain=True)
        make_epochs(config, Store(home / "store"))
    return home


def stored_runs() -> list[MethodRun]:
    """The runs on digits that the page shows."""
    config = resolve(
        ExperimentConfig(dataset="digits", forget_classes=(3,)), load_dataset("digits")
    )
    configs = comparison.configs(config, load_dataset("digits"), [0])
    return [run for run in map(cache.run, configs.values()) if run is not None]


def drawn(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def test_the_stored_methods_are_shown_at_once(opening: Path) -> None:
    app = open_page("compare", **DIGITS)
    table = app.dataframe[0].value
    assert table["Method"].tolist() == ["Original", "Mask", "Retrained", "◆ UNSC", "Random labels"]
    assert set(columns()) < set(table)
    assert table["Gap to retrain"].tolist()[2] == "0.0"
    unsc, random_labels = table["Verdict"].tolist()[3:]
    assert "not" not in unsc
    assert "not" in random_labels
    assert len(app.get("plotly_chart")) == 4
    assert app.button(key="run-all").label == "Run all methods"
    assert says(app, f"3 of {JOBS} jobs are done")
    assert says(app, standings.conclusion(stored_runs()))
    # The cost of the others is measured, and nothing is run.
    assert {job.kind for job in cache.engine().active()} <= {"cost"}


def test_what_was_not_recorded_is_said(opening: Path) -> None:
    assert not says(open_page("compare", **DIGITS), "are not recorded yet")
    config = ExperimentConfig(dataset="digits", forget_classes=(8,))
    Experiment(config, Store(opening / "store")).run(with_retrain=True)
    app = open_page("compare", **DIGITS, forget="8")
    assert says(app, "Epochs of UNSC are not recorded yet. Of a run")


def test_further_methods_are_added_on_request() -> None:
    app = open_page("compare", **DIGITS)
    app.segmented_control(key="control_methods").set_value("all")
    drawn(app)
    assert says(app, f"3 of {len(ALL_METHODS) + 1} jobs are done")
    assert app.query_params["methods"] in ("all", ["all"])


def test_methods_are_sorted_and_filtered_and_the_link_keeps_it() -> None:
    app = open_page("compare", **DIGITS, sort="name", show="forgetting")
    assert app.dataframe[0].value["Method"].tolist()[3:] == ["◆ UNSC"]
    assert says(app, "Not shown, because they do not forget", "Random labels")
    app.selectbox(key="show").set_value("all")
    drawn(app)
    assert app.dataframe[0].value["Method"].tolist()[3:] == ["Random labels", "◆ UNSC"]
    assert "show" not in app.query_params
    app.selectbox(key="sort").set_value("acc_f")
    drawn(app)
    assert app.dataframe[0].value["Method"].tolist()[3:] == ["◆ UNSC", "Random labels"]
    assert app.query_params["sort"] in ("acc_f", ["acc_f"])


def test_the_parts_are_a_set_of_their_own_and_the_stored_one_is_shown() -> None:
    app = open_page("compare", **DIGITS, methods="parts")
    assert says(app, f"2 of {len(PARTS) + 1} jobs are done")  # UNSC's and the retrained model's
    assert says(app, "What the null space buys here is known once all twelve have been run.")
    assert says(app, "Once all twelve have been run, a grid shows")
    assert app.dataframe[0].value["Method"].tolist()[3:] == ["◆ UNSC"]
    assert len(app.get("plotly_chart")) == 5


def test_the_parts_of_single_samples_are_refused_in_one_sentence() -> None:
    app = open_page("compare", **DIGITS, methods="parts", ids="1,2,3")
    assert says(app, "compared with the mask, and single samples have none")
    assert not app.get("plotly_chart")
    assert not app.error


def test_the_slider_moves_its_sentence_and_the_link_keeps_it() -> None:
    at_3, at_20 = (
        equal_forgetting(stored_runs(), acc_forget, LIGHT).sentence for acc_forget in (3, 20)
    )
    app = open_page("compare", **DIGITS, equal="20")
    assert says(app, "selected on the test set, so nobody could select it in practice")
    assert says(app, at_20)
    app.slider(key="control_equal").set_value(3)
    drawn(app)
    assert says(app, at_3)
    assert not says(app, at_20)
    assert app.query_params["equal"] in ("3", ["3"])


def test_nobody_is_ranked_where_the_original_is_down_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lowered(run: MethodRun) -> MethodRun:
        start = np.concatenate([[12.5], run.path.acc_forget[1:]])
        return replace(run, path=replace(run.path, acc_forget=start))

    of = {(run.method, run.seed): lowered(run) for run in stored_runs()}
    monkeypatch.setattr(cache, "run", lambda config: of.get((config.method, config.seed)))
    app = open_page("compare", **DIGITS, equal="20")
    charts = len(app.get("plotly_chart"))
    assert says(
        app, "original recognises only 12.5\u00a0% of class 3, so at 20\u00a0% there is nothing"
    )
    assert not says(app, "has the highest Acc_r")
    app.slider(key="control_equal").set_value(10)
    drawn(app)
    assert not says(app, "there is nothing to forget")
    assert len(app.get("plotly_chart")) == charts + 1


def test_impossible_parts_of_a_link_are_named() -> None:
    app = open_page(
        "compare", **DIGITS, equal="31", seeds="2", methods="most", sort="best", show="x"
    )
    methods, seeds, equal, sort, show = (warning.value for warning in app.warning)
    assert "methods = 'most'" in methods
    assert "seeds = '2'" in seeds
    assert "equal = '31'" in equal
    assert "sort = 'best'" in sort
    assert "show = 'x'" in show


def test_more_seeds_give_more_jobs(opening: Path) -> None:
    app = open_page("compare", **DIGITS)
    assert says(app, "one seed")
    app.segmented_control(key="control_seeds").set_value(3)
    drawn(app)
    assert says(app, f"3 of {3 * JOBS} jobs are done")
    assert app.query_params["seeds"] in ("3", ["3"])


def test_cancel_stops_what_was_asked_for_and_another_request_leaves_it() -> None:
    app = finished(open_page("compare", **BLOBS | {"forget": "1"}))
    app.button(key="run-all").click()
    drawn(app)
    assert len(cache.engine().active()) > 5
    app.button(key="cancel-all").click()
    drawn(app)
    assert cache.engine().active() == []
    app.button(key="run-all").click()
    drawn(app)
    app.multiselect(key="control_forget").set_value([2])
    drawn(app)
    assert {job.kind for job in cache.engine().active()} <= {"experiment", "retrain"}
    finished(app)
    assert app.button(key="run-all").label == "Run all methods"
