"""Every page: it draws, describes this result, and turns wrong input into a sentence."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.shared import cache, link_notes, page_links
from tests.pages.headless import ROOT, finished, open_page, says, story
from unsc_core.analysis.comparison import COMPARED
from unsc_core.analysis.maps import make_umap
from unsc_core.analysis.replay import make_epochs, read_epochs
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store
from unsc_core.methods import METHODS

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
APART = {"course", "lab", "room", "runs"}
"""Pages that do not show the one experiment, and have tests of their own."""
FEW_FIGURES = {"audit": 1, "decision_space": 0, "pseudo_labels": 1, "gamma": 0, "story": 0}
"""Pages that open with fewer than two figures of plotly's."""
OWN_NUMBERS = {"explainer", "gamma"}
"""Pages whose numbers follow a slider in the browser, so the header has none."""


pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory, own_engine: None, prepared: Path) -> Path:
    """A data folder in which the opening experiments have been computed."""
    return shutil.copytree(prepared, tmp_path_factory.mktemp("pages") / "home")


def test_every_page_file_is_in_the_navigation() -> None:
    assert sorted(page_links.PAGES) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_pages_explain_constants_in_comments(page: str) -> None:
    """Streamlit would write any other string of a page onto it."""
    _, *body = ast.parse((ROOT / "pages" / f"{page}.py").read_text()).body
    bare = [node for node in body if isinstance(node, ast.Expr)]
    assert not [node.lineno for node in bare if isinstance(node.value, ast.Constant)]


@pytest.mark.parametrize("page", sorted(set(PAGES) - APART))
def test_page_draws(page: str) -> None:
    app = open_page(page)
    assert app.title[0].value
    assert len(app.get("plotly_chart")) >= FEW_FIGURES.get(page, 2)
    header = [] if page in OWN_NUMBERS else ["Acc_f · forgotten", "Acc_r · retained"]
    assert [metric.label for metric in app.metric][:2] == header
    assert not app.error
    assert not app.warning


@pytest.mark.parametrize("page", PAGES)
def test_every_figure_has_alternative_text(page: str) -> None:
    for chart in open_page(page).get("plotly_chart"):
        assert len(chart.proto.alt) > 20


@pytest.mark.parametrize("method", [*COMPARED, "delete", "leace"])  # one of each kind of the others
def test_pages_draw_for_every_method(method: str, opening: Path) -> None:
    Experiment(
        ExperimentConfig(dataset="digits", forget_classes=(3,), method=method),
        Store(opening / "store"),
    ).run(with_retrain=True)
    gamma = (
        {"gamma": str(METHODS[method].energy_threshold)}
        if METHODS[method].uses_energy_threshold
        else {}
    )
    for page in ("pseudo_labels", "null_space", "decision_space"):
        app = open_page(page, dataset="digits", method=method, **gamma)
        assert not app.error
        assert app.metric[0].value.endswith("%")


def test_subspace_is_part_of_the_link(opening: Path) -> None:
    Experiment(
        ExperimentConfig(dataset="digits", forget_classes=(3,), subspace="merge"),
        Store(opening / "store"),
    ).run(with_retrain=True)
    app = open_page("confusion", dataset="digits", subspace="merge")
    assert app.selectbox(key="control_subspace").value == "merge"
    assert app.query_params["subspace"] == "merge"


def test_the_map_is_played_epoch_by_epoch(opening: Path) -> None:
    store = Store(opening / "store")
    config = ExperimentConfig(dataset="digits", forget_classes=(3,))
    Experiment(config, store).run(with_retrain=True)
    make_epochs(config, store)
    make_umap(config, store)
    app = open_page("decision_space", dataset="digits", space="Epoch by epoch")
    (chart,) = app.get("plotly_chart")
    spec = json.loads(chart.proto.spec)
    dataset = load_dataset("digits")
    recorded = read_epochs(resolve(config, dataset), dataset, store)
    assert [frame["name"] for frame in spec["frames"]] == [str(epoch) for epoch in recorded.epoch]
    assert spec["frames"][0]["data"] == spec["data"][1:]  # the first frame is the original
    assert any(re.search(r"trustworthiness 0\.\d\d", text.value) for text in app.caption)
    assert any(re.search(r"\b3\b.*\bepoch \d", text.value) for text in app.markdown)


def test_the_filter_of_the_map_is_in_the_link_and_older_links_name_its_meaning_too() -> None:
    meant = "Over-forgotten: retained, right before, wrong after"
    app = open_page("decision_space", map="PCA", show=meant)
    assert not app.warning
    choice = app.selectbox(key="show")
    assert choice.value == "Over-forgotten"
    assert meant in choice.options
    choice.set_value("Forget").run()
    assert app.query_params["show"] == "Forget"
    app.selectbox(key="show").set_value("All").run()
    assert "show" not in app.query_params
    assert "show = 'Tarot: x'" in open_page("decision_space", show="Tarot: x").warning[0].value


def test_edited_pseudo_labels_are_shown_beside_the_unedited_ones(opening: Path) -> None:
    store, kept = Store(opening / "store"), []
    for edits in ((), ("8>5",)):
        config = ExperimentConfig(dataset="digits", forget_classes=(3,), edits=edits)
        result = Experiment(config, store).run(with_retrain=True)
        kept.append(f"{summary(result)['unlearned']['acc_retain']:.1f} %")
    app = open_page("pseudo_labels", dataset="digits", edits="8>5")
    assert says(app, "8 → 5")
    assert says(app, "Acc_r", *kept)
    assert says(app, "Acc_r is", "as without" if kept[0] == kept[1] else "instead of")
    app.selectbox(key="edit_from").set_value(5)
    app.selectbox(key="edit_to").set_value(9)
    next(button for button in app.button if button.label == "Run with these labels").click()
    app.run()
    assert app.query_params["edits"] == "8>5,5>9"


def test_app_opens_on_the_story() -> None:
    asked = cache.engine()._submitted
    app = open_page()
    # All of it is stored, and nothing is measured before it is shown.
    assert cache.engine()._submitted == asked
    data = story(app)
    assert data["start"] == "Forget Shirt"
    assert list(data["chapters"]) == [
        *("request", "careless", "space", "targets", "ending", "hiding", "gone")
    ]


PRELOADED = """
import gc, logging, sys, time
logging.disable(logging.WARNING)
import streamlit
from pages.shared import server
from tests.pages.headless import open_page
assert not streamlit.config.get_option("runner.postScriptGC")
open_page()
assert gc.get_freeze_count() == 0, "the first page waited for the libraries"
end = time.monotonic() + 60
while gc.get_freeze_count() == 0 and time.monotonic() < end:
    time.sleep(0.1)
frozen, loaded = gc.get_freeze_count(), {name.split(".")[0] for name in sys.modules}
for page in sys.argv[1:]:
    open_page(page)
gc.collect()
print(frozen, len(gc.get_objects()), *{name.split(".")[0] for name in sys.modules} - loaded)
"""


def test_garbage_collection_leaves_preloaded_libraries_alone(opening: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PRELOADED, *PAGES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    frozen, left, *loaded = ran.stdout.split()
    assert int(frozen) > 100_000
    assert int(left) < 50_000
    assert loaded == []


@pytest.mark.parametrize("page", sorted(set(PAGES) - APART))
@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ({"forget": "12"}, ("12", "fashion-mnist-mini")),
        ({"dataset": "/etc/passwd"}, ("/etc/passwd", "data folder")),
        ({"dataset": "missing.npz"}, ("missing.npz",)),
        ({"dataset": "blobs", "model": "small-cnn"}, ("small-cnn", "images")),
    ],
)
def test_impossible_requests_are_sentences(
    page: str, query: dict[str, str], parts: tuple[str, ...]
) -> None:
    app = open_page(page, **query)
    (error,) = app.error
    assert all(part in error.value for part in parts)
    assert len(app.get("plotly_chart")) == 0


def test_a_broken_link_falls_back_with_a_note() -> None:
    app = open_page("confusion", gamma="9", method="nonsense")
    assert len(app.warning) == 2
    assert len(app.get("plotly_chart")) == 4


def test_impossible_options_of_a_page_are_named() -> None:
    query = {"cells": "furlongs", "samples": "Neither", "true": "Hat", "answer": "9", "of": "None"}
    app = open_page("confusion", **query)
    warnings = [warning.value for warning in app.warning]
    assert len(warnings) == len(query)
    for name, value in query.items():
        assert any(f"{name} = '{value}'" in warning for warning in warnings)
    assert len(app.get("plotly_chart")) == 4


@pytest.mark.parametrize("picked", ["test.ids-999999", "train.true-11"])
def test_a_selection_that_does_not_exist_is_dropped_with_a_note(picked: str) -> None:
    app = open_page("decision_space", map="PCA", picked=picked)
    (warning,) = app.warning
    assert re.search(r"999999|Class 11", warning.value)
    assert "picked" not in app.query_params


def test_a_selection_is_marked_on_pages_without_a_drawer() -> None:
    labels = load_dataset("fashion-mnist-mini").y_test
    rows = [3, 17, int(np.flatnonzero(labels == 6)[-1])]  # the last one is on no map of few samples
    assert (labels[rows] == 6).sum() == 1
    link = {"picked": f"test.ids-{','.join(map(str, rows))}"}
    app = open_page("story", **link)
    stage = story(app)["stage"]
    assert [stage["marks"][i][0] for i in stage["selected"]] == labels[rows].tolist()
    assert says(app, "**3 test samples selected**, ringed on the map")
    app.button(key="clear_selection").click().run()
    assert story(app)["stage"]["selected"] == []
    assert "picked" not in app.query_params
    assert says(open_page("decision_space", space="Epoch by epoch", **link), "; 2 of them are")
    assert says(open_page("compare", **link), "**3 test samples selected**, by the class")
    assert says(open_page("compare", **link), "agree", "most with the retrained model on")
    assert says(open_page("audit", **link), "; 1 of them is", "marked by ticks")


def test_a_cell_is_selected_by_an_older_link_and_by_boxes() -> None:
    app = open_page("confusion", of="Original", true="Shirt", answer="T-shirt")
    assert app.query_params["picked"] == "test.true-6.original-0"
    assert "answer" not in app.query_params
    app.selectbox(key="true").set_value("Coat").run()
    assert app.query_params["picked"] == "test.true-4.original-0"
    app.selectbox(key="answer").set_value(None).run()
    assert app.query_params["picked"] == "test.true-4"


@pytest.mark.parametrize(
    ("query", "opened"),
    [
        ({"dataset": "nope"}, {}),
        ({"forget": "99"}, {}),
        ({"dataset": "digits", "forget": "99"}, {"dataset": "digits"}),
    ],
)
def test_an_impossible_request_offers_a_way_out(
    query: dict[str, str], opened: dict[str, str]
) -> None:
    app = open_page("confusion", **query)
    assert len(app.error) == 1
    app.button(key="open_default").click().run()
    assert not app.error
    assert app.query_params == opened


def test_an_older_link_is_read_once() -> None:
    app = open_page("confusion", of="Original", true="Shirt", answer="T-shirt")
    app.selectbox(key="true").set_value("Coat").run()
    for name, text in {"of": "Original", "true": "Shirt", "answer": "T-shirt"}.items():
        app.query_params[name] = text  # of a message from before the browser heard of the answer
    app.run()
    assert app.query_params["picked"] == "test.true-4.original-0"


def place(block: Any, key: str) -> list[int]:
    """The position of a control in a block, of the control in its child, and so on; or nothing."""
    for index, child in block.children.items():
        if getattr(child, "key", None) == key:
            return [index]
        if found := place(child, key) if hasattr(child, "children") else []:
            return [index, *found]
    return []


@pytest.mark.parametrize(
    ("page", "key"), [("confusion", "cells"), ("decision_space", "map"), ("audit", "audited")]
)
def test_a_control_in_the_link_does_not_move_when_a_note_goes(
    page: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(page, gamma="7", **{key: "nonsense"})
    before = place(app.main, key)
    assert before
    assert len(app.warning) == 2
    monkeypatch.setattr(link_notes, "SHOWN_S", 0.0)
    app.run()
    assert (len(app.warning), place(app.main, key)) == (0, before)


def test_a_lesson_takes_controls_away() -> None:
    app = open_page("confusion", hide="method,more", lock="forget")
    assert {box.key for box in app.selectbox if box.key.startswith("control_")} == {
        "control_dataset",
        "control_model",
    }
    assert app.multiselect(key="control_forget").disabled
    assert not app.selectbox(key="control_model").disabled
    assert app.query_params["hide"] == "method,more"
    hidden = open_page("story", hide="all")
    assert not hidden.button
    assert not story(hidden)["presets"]


def test_sharing_gives_the_link_of_what_is_shown() -> None:
    app = open_page("confusion", method="random-labels")
    assert "method=random-labels" in app.code[0].value
    app.segmented_control(key="share_as").set_value("change nothing").run()
    assert app.code[0].value.endswith("?method=random-labels&lock=all")


def test_a_locked_link_starts_and_deletes_nothing() -> None:
    locked = open_page("compare", lock="all").button(key="run-all")
    assert locked.disabled
    assert "not start" in locked.help
    assert not open_page("compare").button(key="run-all").disabled
    runs = open_page("runs", lock="all")
    assert runs.query_params["lock"] in ("all", ["all"])  # also after a reload
    deleting = [b for b in runs.button if b.label == "Delete run"]
    assert deleting
    assert all(b.disabled for b in deleting)


def test_another_method_from_the_sidebar_shows_its_result() -> None:
    app = open_page("confusion")
    before = app.metric[1].value
    app.selectbox(key="control_method").set_value("random-labels").run()
    assert not app.exception
    assert app.metric[1].value != before
    assert app.query_params["method"] == "random-labels"


def test_a_new_threshold_is_seen_on_the_null_space_page() -> None:
    app = open_page("null_space")
    assert says(app, "γ = 0.96", " %")
    app.select_slider(key="control_gamma").set_value(0.99).run()
    assert says(app, "γ = 0.99", " %")
    assert any("Unlearn with γ = 0.99" in button.label for button in app.button)


def test_every_layer_may_have_its_own_threshold() -> None:
    app = finished(
        open_page("null_space", dataset="digits", gammas="0.9,0.97,0.97,0.97,0.97,0.999")
    )
    assert not app.error
    assert app.toggle(key="each_gamma").value
    assert app.select_slider(key="gamma_layer_5").value == 0.999
    assert not any("Unlearn" in button.label for button in app.button)
    app.select_slider(key="gamma_layer_1").set_value(0.9).run()
    next(button for button in app.button if button.label == "Unlearn with these γ").click().run()
    assert app.query_params["gammas"] == "0.9,0.9,0.97,0.97,0.97,0.999"
    other = open_page("confusion", dataset="digits", gammas="0.9,0.97,0.97,0.97,0.97,0.999")
    other.button(key="one_gamma").click().run()
    assert "gammas" not in other.query_params


def test_a_store_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("UNSC_HOME", str(blocked))
    app = open_page("confusion", dataset="blobs")
    job = cache.engine().active() or list(cache.engine()._jobs.values())
    cache.engine().wait(job[-1], 300)
    app.run()
    assert any(str(blocked) in error.value for error in app.error)
    assert blocked.is_file()


@pytest.mark.parametrize(
    ("page", "gamma"), [("confusion", 0.97), ("decision_space", 0.95), ("pseudo_labels", 0.995)]
)
def test_what_was_shown_before_stays_until_the_new_result_is_there(page: str, gamma: float) -> None:
    app = open_page(page)
    charts = len(app.get("plotly_chart"))
    app.select_slider(key="control_gamma").set_value(gamma).run()
    assert not app.exception
    assert says(app, "**Before** · UNSC, γ = 0.96 · forgetting Shirt")
    assert len(app.get("plotly_chart")) == charts
    (job,) = [job for job in cache.engine().active() if job.kind == "experiment"]
    assert job.config.energy_threshold == gamma
    finished(app)
    assert not says(app, "**Before**")
    assert len(app.get("plotly_chart")) == charts


def test_layers_with_a_threshold_each_may_be_what_was_before() -> None:
    app = finished(
        open_page("confusion", dataset="digits", forget="3", gammas=",".join(6 * ["0.9"]))
    )
    assert not app.error
    app.multiselect(key="control_forget").set_value([]).run()
    assert not app.exception
    assert says(app, "**Before** · UNSC", "γ per layer", "forgetting class 3 · Digits")
    assert not says(app, "**Before**", "γ = ")


@pytest.mark.parametrize("page", ["story", "confusion", "compare"])
def test_the_picture_stays_when_a_control_is_impossible(page: str) -> None:
    app = open_page(page)
    charts = len(app.get("plotly_chart"))
    app.multiselect(key="control_forget").set_value([]).run()
    assert not app.exception
    assert "No class to forget is named" in app.error[0].value
    assert says(app, "**Before** · UNSC, γ = 0.96 · forgetting Shirt")
    assert len(app.get("plotly_chart")) == charts
    app.multiselect(key="control_forget").set_value([6]).run()
    assert not says(app, "**Before**")


def test_without_anything_before_only_the_job_is_shown() -> None:
    app = open_page("confusion", method="delete", lr="0.011")
    assert not says(app, "**Before**")
    assert app.get("plotly_chart") == []
    finished(app)
