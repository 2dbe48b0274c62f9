"""The page that explains the null space: the toy at once, then a layer of the network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.headless import open_page, says
from unsc_core.analysis import geometry
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory, own_engine: None) -> Path:
    """A data folder with UNSC on digits, and its subspaces."""
    home = tmp_path_factory.mktemp("explainer")
    store = Store(home / "store")
    for threshold in (None, 1.0):
        config = ExperimentConfig(dataset="digits", forget_classes=(3,), energy_threshold=threshold)
        Experiment(config, store).run(with_retrain=True)
        geometry.make(config, store)
    return home


def test_it_shows_the_last_layer_and_every_layer() -> None:
    app = open_page("explainer", dataset="digits", forget="3")
    assert not app.error
    assert says(app, "In layer 6", "the logit of 3", "‖Δw‖ =")
    assert len(app.get("plotly_chart")) == 2
    assert says(app, "The cut selects the forgotten samples") or says(app, "In no layer does")


def test_a_link_chooses_layer_and_directions() -> None:
    app = open_page("explainer", dataset="digits", forget="3", layer="2", directions="leading")
    assert not app.error
    assert says(app, "In layer 2", "output ")
    assert app.segmented_control(key="directions").value == "leading"


def test_an_impossible_layer_in_a_link_is_named() -> None:
    app = open_page("explainer", dataset="digits", forget="3", layer="9")
    assert any("layer = '9'" in one.value for one in app.warning)
    assert says(app, "In layer 6")


def test_without_free_directions_there_is_no_choice_of_them() -> None:
    app = open_page("explainer", dataset="digits", forget="3", gamma="1.0", layer="6")
    assert not app.error
    assert "directions" not in [one.key for one in app.segmented_control]
    assert says(app, "The cut of this run keeps every direction of layer 6.")
