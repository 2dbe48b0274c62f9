"""The comparison, headless: what is stored is shown at once, the button runs the rest, the slider moves one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import cache
from tests.pages.headless import finished, open_page
from unsc_core.analysis.comparison import COMPARED
from unsc_core.analysis.replay import make_epochs
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.figures.standings import columns, name

DIGITS = {"dataset": "digits"}
BLOBS = {"dataset": "blobs", "model": "mlp", "forget": "0"}


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


def drawn(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def says(app: AppTest, text: str) -> bool:
    return any(text in part.value for part in [*app.markdown, *app.caption])


def test_the_stored_methods_are_shown_at_once(opening: Path) -> None:
    app = open_page("compare", **DIGITS)
    table = app.dataframe[0].value
    assert table["Method"].tolist() == ["Original", "Mask", "Retrained", "◆ UNSC", "Random labels"]
    assert set(columns()) < set(table)
    assert table["Gap to retrain"].tolist()[2] == "0.0"
    assert table["Verdict"].tolist()[3] == "forgets"
    assert table["Verdict"].tolist()[4].startswith("does not forget (Acc_f up to ")
    assert len(app.get("plotly_chart")) == 3
    assert app.button(key="run-all").label == "Run all methods"
    assert says(app, "3 of 12 runs are stored and shown.")
    assert says(app, "Random labels does not forget.")
    assert {job.kind for job in cache.engine().active()} <= {
        "cost"
    }  # what the others would take is measured, and nothing is run


def test_the_slider_moves_its_sentence_and_the_link_keeps_it() -> None:
    app = open_page("compare", **DIGITS, equal="20")
    assert says(app, "Where Acc_f has come down to 20 %")
    app.slider(key="control_equal").set_value(3)
    drawn(app)
    assert says(app, "Where Acc_f has come down to 3 %")
    assert not says(app, "Where Acc_f has come down to 20 %")
    assert app.query_params["equal"] in ("3", ["3"])


def test_a_broken_link_is_said() -> None:
    app = open_page("compare", **DIGITS, equal="31", seeds="2")
    assert [warning.value.split(",")[0] for warning in app.warning] == [
        "The link says seeds = '2'",
        "The link says equal = '31'",
    ]


def test_the_button_runs_every_method_and_more_seeds_give_a_spread() -> None:
    app = finished(
        open_page("compare", **BLOBS)
    )  # the page itself asks for one run, and then for its retrained model
    assert app.dataframe[0].value["Method"].tolist() == ["Original", "Mask", "Retrained", "◆ UNSC"]
    app.button(key="run-all").click()
    drawn(app)
    assert [button.label for button in app.button if button.key == "cancel-all"] == ["Cancel"]
    finished(app)
    table = app.dataframe[0].value
    assert table["Method"].tolist()[4:] == [name(method) for method in COMPARED if method != "unsc"]
    assert not any(button.key in ("run-all", "cancel-all") for button in app.button)
    assert not table["Acc_r %"].str.contains("±").any()
    assert says(app, "A single seed has no spread")

    app.segmented_control(key="control_seeds").set_value(3)
    drawn(app)
    assert app.button(key="run-all").label == "Run all methods"
    assert says(app, "12 of 36 runs are stored and shown.")
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
