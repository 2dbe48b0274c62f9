"""The Runs page, headless: the history, two runs side by side, and what can be done to one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.pages.headless import ROOT, open_page, says
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Artefact, Store
from unsc_core.figures.two_runs import comparison, differences
from unsc_core.runs.history import delete_run, list_runs

BASE = ExperimentConfig(dataset="blobs", model="mlp", forget_classes=(0,))
CONFIGS = {
    "unsc": BASE,
    "random": ExperimentConfig(
        dataset="blobs", model="mlp", forget_classes=(0,), method="random-labels"
    ),
    "elsewhere": ExperimentConfig(
        dataset="digits", forget_classes=(3,), device="cpu", training_epochs=3, epochs=3
    ),
    "samples": ExperimentConfig(
        dataset="blobs", model="mlp", forget_classes=(), forget_ids=(1, 2, 3)
    ),
}


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, own_engine: None
) -> tuple[Path, dict[str, Result]]:
    home = tmp_path_factory.mktemp("runs")
    return home, {
        name: Experiment(config, Store(home / "store")).run(with_retrain=name == "unsc")
        for name, config in CONFIGS.items()
    }


@pytest.fixture
def runs(
    made: tuple[Path, dict[str, Result]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Result]:
    """A data folder of its own with four runs."""
    shutil.copytree(made[0], tmp_path / "copy")
    monkeypatch.setenv("UNSC_HOME", str(tmp_path / "copy"))
    monkeypatch.chdir(ROOT)
    return made[1]


def test_the_history_is_newest_first_with_numbers(runs: dict[str, Result]) -> None:
    app = open_page("runs")
    table = app.dataframe[0].value
    assert app.title[0].value == "Runs"
    assert list(table["Forgets"]) == ["3 samples", "class 3", "south-west", "south-west"]
    assert list(table["Method"]) == ["UNSC", "UNSC", "Random labels", "UNSC"]
    assert table["Acc_f"].iloc[3] == pytest.approx(summary(runs["unsc"])["unlearned"]["acc_forget"])
    assert not app.error
    assert not app.warning


def test_two_runs_side_by_side(runs: dict[str, Result]) -> None:
    a, b = runs["unsc"], runs["random"]
    app = open_page("runs", a=a.key, b=b.key)
    assert says(app, comparison(a, b))
    assert says(app, differences(a, b))
    assert len(app.get("plotly_chart")) == 4
    assert len(app.table[0].value) == len(MEASURES)
    assert {"Original", "Mask"} < set(app.table[0].value)
    assert (app.query_params["a"], app.query_params["b"]) == (a.key, b.key)
    app.selectbox(key="run_b").set_value(runs["elsewhere"].key).run()
    assert not app.exception
    assert app.query_params["b"] == runs["elsewhere"].key
    assert says(app, comparison(a, runs["elsewhere"]))
    assert len(app.get("plotly_chart")) == 2
    app.selectbox(key="run_b").set_value(runs["samples"].key).run()
    assert not app.exception
    assert says(app, "ids=1%2C2%2C3")
    app.selectbox(key="run_b").set_value(a.key).run()
    assert len(app.info) == 1
    assert not app.get("plotly_chart")


def test_an_edited_run_says_so_in_the_list(runs: dict[str, Result]) -> None:
    edited = Experiment(replace(BASE, edits=("1>2",))).run()
    app = open_page("runs", a=edited.key, b=runs["unsc"].key)
    assert list(app.dataframe[0].value["Method"]) == [
        *("UNSC (edited labels)", "UNSC", "UNSC", "Random labels", "UNSC")
    ]
    chosen = app.selectbox(key="run_a")
    assert next(o for o in chosen.options if "edited" in o).startswith("UNSC (edited labels) · ")


def test_seconds_of_two_machines_are_not_compared(runs: dict[str, Result]) -> None:
    a, b, store = runs["unsc"], runs["random"], Store()
    made = store.get("unlearned", b.key)
    assert made is not None
    store.put("unlearned", b.key, Artefact(made.arrays, made.meta | {"machine": "an abacus"}))
    app = open_page("runs", a=a.key, b=b.key)
    assert says(app, "The seconds of A and B cannot be compared: another machine.")


def test_a_link_to_a_run_that_is_gone(runs: dict[str, Result]) -> None:
    app = open_page("runs", a="0" * 20, b=runs["unsc"].key)
    assert f"a = '{'0' * 20}'" in app.warning[0].value
    assert app.selectbox(key="run_b").value == runs["unsc"].key


@pytest.mark.parametrize("page", ["decision_space", "confusion"])
@pytest.mark.parametrize("name", ["unsc", "elsewhere"])
def test_the_link_of_a_run_opens_it(runs: dict[str, Result], page: str, name: str) -> None:
    """Also one that was computed with settings that no control has."""
    app = open_page("runs", a=runs[name].key, b=runs["random"].key)
    link = next(
        text.value
        for text in app.markdown
        if text.value.startswith("[Link to this run](decision_space?")
    )
    query = dict(part.split("=") for part in link.rstrip(")").partition("?")[2].split("&"))
    opened = open_page(page, **query)
    assert not opened.error
    assert opened.metric[0].value == f"{summary(runs[name])['unlearned']['acc_forget']:.1f}\u00a0%"


def test_deleting_asks_and_then_removes_this_run_only(runs: dict[str, Result]) -> None:
    gone = runs["random"].key
    app = open_page("runs", a=gone, b=runs["unsc"].key)
    assert says(app, "Delete this run", "Random labels · forgetting south-west")
    app.button(key="delete-A").click().run()
    assert not app.exception
    assert {run.key for run in list_runs(Store())} == {result.key for result in runs.values()} - {
        gone
    }
    assert app.selectbox(key="run_a").value != gone
    assert len(app.dataframe[0].value) == 3


def test_a_run_that_another_tab_deletes(runs: dict[str, Result]) -> None:
    key = runs["unsc"].key
    tabs = [
        open_page("runs", a=key, b=runs["random"].key),
        open_page("confusion", dataset="blobs", model="mlp", forget="0"),
    ]
    assert tabs[1].metric
    delete_run(key, Store())
    for tab in tabs:
        tab.run()
        assert not tab.exception
        assert not tab.error
    assert key not in tabs[0].selectbox(key="run_a").options
    # It is being computed again.
    assert any(button.label == "Cancel" for button in tabs[1].button)


def test_damaged_and_foreign_files_do_not_disturb(runs: dict[str, Result]) -> None:
    store = Store()
    path = store.path("unlearned", runs["random"].key)
    path.write_bytes(b"damaged")
    save_file({"x": np.zeros(1)}, store.path("unlearned", "f" * 20))
    app = open_page("runs", a=runs["random"].key, b=runs["unsc"].key)
    notes = [note for note in app.dataframe[0].value["Note"] if note]
    assert len(notes) == 2
    assert notes[0] in app.warning[0].value
    app.button(key="delete-A").click().run()
    assert not path.exists()


def test_one_run_is_shown_alone(runs: dict[str, Result]) -> None:
    for name in ("random", "elsewhere", "samples"):
        delete_run(runs[name].key, Store())
    app = open_page("runs")
    assert [box.label for box in app.selectbox] == ["Run A"]
    assert [button.key for button in app.button] == ["open-A", "delete-A"]
    assert dict(app.query_params.items())["a"] in (runs["unsc"].key, [runs["unsc"].key])


def test_an_empty_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNSC_HOME", str(tmp_path / "none"))
    app = open_page("runs")
    assert len(app.info) == 1
    assert not app.dataframe
    assert not (tmp_path / "none").exists()
