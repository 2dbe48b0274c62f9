"""The Audit page: nothing runs unasked, a verdict for each place, refusals in one sentence."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import cache
from tests.own_images import own_arrays, save_npz
from tests.pages.headless import finished, open_page, says, texts
from tests.pages.headless import story as told
from unsc_core.analysis.claims import Forgetting
from unsc_core.analysis.comparison import variants
from unsc_core.audits import AUDITS, SHADOW_AUDITS, outcomes
from unsc_core.audits.excess import over_seeds
from unsc_core.audits.stored import outcome_keys, with_seeds
from unsc_core.audits.verdict import is_blind
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store
from unsc_core.figures.audit_depth import depth
from unsc_core.figures.audit_words import sentence
from unsc_core.figures.keeping import SHOWN, AuditedMethod, keeping
from unsc_core.figures.phrases import ONE_SEED
from unsc_core.figures.theme import LIGHT
from unsc_core.jobs.job import JobState

BLOBS = {"dataset": "blobs", "model": "mlp", "forget": "0", "training": "3", "epochs": "3"}

pytestmark = pytest.mark.usefixtures("opened")


def config(forget: int = 0) -> ExperimentConfig:
    wanted = ExperimentConfig(
        dataset="blobs", model="mlp", forget_classes=(forget,), training_epochs=3, epochs=3
    )
    return resolve(wanted, load_dataset("blobs"))


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory, own_engine: None) -> Path:
    """A data folder with an experiment that was audited over three seeds."""
    home = tmp_path_factory.mktemp("audit")
    outcomes.audit(with_seeds(config(), 3), Store(home / "store"))
    return home


def shown(**query: str) -> AppTest:
    app = open_page("audit", **{**BLOBS, **query})
    assert not app.error
    return app


def test_a_stored_audit_is_shown_at_once_with_its_verdict() -> None:
    app = shown()
    assert cache.engine().active() == []
    (panel,) = (text.value for text in app.markdown if text.value.startswith("- Gone from"))
    lines = panel.splitlines()
    assert len(lines) == 4
    assert all(any(word in line for word in (" yes]", " no]", "can't tell]")) for line in lines)
    table = app.dataframe[0].value
    assert len(table) == len(AUDITS)
    assert set(table["Gone?"]) <= {"yes", "no", "can't tell", "blind"}
    assert len(app.get("plotly_chart")) == 9
    assert all(len(chart.proto.alt) > 20 for chart in app.get("plotly_chart"))


def test_the_null_space_page_shows_in_which_layers_the_class_is_readable() -> None:
    found = cache.audited(config(), 3)
    assert found is not None
    probe = over_seeds(AUDITS["linear-probe"], found["linear-probe"])
    app = open_page("null_space", view="Readable", **BLOBS)
    assert says(app, depth(probe, "unsc", 3, LIGHT).sentence)
    assert len(app.get("plotly_chart")) == 1


def test_methods_that_were_audited_on_one_request_are_compared() -> None:
    assert says(shown(), "Only UNSC was audited")
    for variant in variants(config(), load_dataset("blobs")):
        if variant.method == "null-space-erasure" and variant.strength in (0.5, 1.0):
            outcomes.audit(with_seeds(variant, 1), Store())
    app = shown(audited="1 seed", cost=AUDITS["prototype"].title)
    assert not app.warning
    assert len(app.get("plotly_chart")) == 10
    of_one, of_three = (cache.audited_methods(config(), seeds) for seeds in (1, 3))
    assert [one.method for one in of_one] == ["unsc", *["null-space-erasure"] * 2]
    assert [one.strength for one in of_one] == [1.0, 1.0, 0.5]
    assert [one.method for one in of_three] == ["unsc"]
    for methods, name in product((of_one, of_three), SHOWN):
        picture = keeping(methods, name, LIGHT)
        excess = [one.audits[name]["excess"]["mean"] for one in methods]
        assert picture.table["excess"] == pytest.approx(excess)
        spread, sentence = methods[0].audits[name]["zero"]["sd"], picture.sentence
        if is_blind(methods[0].audits[name]):
            assert "Blind" in sentence
        elif spread is None:
            assert sentence == ONE_SEED
        else:
            of = [methods[0].audits[name][model]["mean"] for model in ("original", "retrained")]
            none = max(2 * spread, 0.01 * abs(of[0] - of[1]))
            outside = [m.title for m, e in zip(methods, excess, strict=True) if abs(e) > none]
            assert ("outside" in sentence) == bool(outside)
            assert all(title in sentence.partition("outside")[2] for title in outside)
    broken = {**of_one[1].audits, name: {**of_one[1].audits[name], "failed": "No features."}}
    picture = keeping([of_one[0], replace(of_one[1], audits=broken)], name, LIGHT)
    assert picture.table["method"] == ["UNSC"]
    assert picture.sentence.endswith(f"{of_one[1].title}: No features.")


def test_a_method_that_does_not_forget_is_marked() -> None:
    run = replace(cache.run(config()), forgetting=Forgetting.MORE)
    marked = AuditedMethod(1.0, [run], {})
    assert (marked.title, marked.label) == ("UNSC (does not forget)", "UNSC *")


def test_the_link_chooses_audit_and_threshold() -> None:
    app = shown(features="20 nearest neighbours", threshold="99 %")
    assert says(app, AUDITS["neighbours"].measures)
    assert says(app, "From 99\u00a0% on")
    app.selectbox(key="features").set_value("MLP probe").run()
    assert says(app, AUDITS["mlp-probe"].measures)
    app.segmented_control(key="tuned").set_value("All weights").run()
    assert says(app, "all weights fine-tuned")
    assert "features = 'Tarot'" in shown(features="Tarot").warning[0].value


def test_one_seed_has_values_but_no_verdict() -> None:
    app = shown(audited="1 seed")  # of the three that are stored
    assert set(app.dataframe[0].value["Gone?"]) == {"can't tell"}
    assert says(app, "One seed has no interval")
    assert not says(app, "red-badge")


def test_shadow_models_are_trained_on_demand_and_then_attack(opening: Path) -> None:
    app = finished(shown(shadows="4"))  # what they cost is measured
    assert not [name for name in cache.engine()._jobs if name.startswith("shadows")]
    assert says(app, "training 4 shadow models, each MLP")
    (button,) = [one for one in app.button if one.label == "Train 4 shadow models"]
    app = finished(app.button(key=button.key).click().run())
    assert cache.shadow_models(config()) == 4
    table = app.dataframe[0].value
    assert {entry.title for entry in SHADOW_AUDITS.values()} < set(table["Audit"])
    assert len(app.get("plotly_chart")) == 11
    assert says(app, "Starting from even odds", "The mask shows no confidence")
    assert says(app, "In truth, the original was trained on it.")
    app.segmented_control(key="samples").set_value("held out").run()
    assert says(app, "In truth, the original was not trained on it.")
    assert says(app, "AUC on the original by the number of shadow models")
    app = shown()  # those that are stored are used unasked
    assert len(app.get("plotly_chart")) == 11
    for path in (opening / "store" / "shadows").iterdir():
        path.unlink()


def run_button(app: AppTest) -> str:
    (button,) = [one for one in app.button if one.label == "Run the audits"]
    return button.key


def test_nothing_runs_unasked_and_what_is_not_needed_any_more_is_cancelled(opening: Path) -> None:
    Experiment(config(forget=1), Store(opening / "store")).run(with_retrain=True)
    app = finished(shown(forget="1"))  # what the button will cost is measured
    assert not [name for name in cache.engine()._jobs if name.startswith("audit-3")]
    assert says(app, "seeds 0, 1, 2")
    assert len(app.get("plotly_chart")) == 1  # members are known without an audit
    assert not app.dataframe
    app.button(key=run_button(app)).click().run()
    (job,) = cache.engine().active()
    assert job.kind == "audit-3"
    app.segmented_control(key="audited").set_value("5 seeds").run()
    assert job.state is JobState.CANCELLED
    app.button(key=run_button(app)).click().run()
    (job,) = cache.engine().active()
    assert job.kind == "audit-5"
    app.multiselect(key="control_forget").set_value([0]).run()
    assert job.state is JobState.CANCELLED


def test_the_button_makes_what_is_missing(opening: Path) -> None:
    (lost,) = {
        key
        for name, network, key in outcome_keys([config()], load_dataset("blobs"))
        if (name, network) == ("prototype", "unlearned")
    }
    Store(opening / "store").path("audits", str(lost)).unlink()
    app = finished(shown())
    assert not app.dataframe
    app.button(key=run_button(app)).click().run()
    assert any(button.label == "Cancel" for button in app.button)
    finished(app)
    assert len(app.dataframe[0].value) == len(AUDITS)
    assert not any(button.label == "Run the audits" for button in app.button)


def test_the_story_ends_with_what_the_probe_found() -> None:
    data = told(finished(open_page("story", **BLOBS)))
    gone, made = data["chapters"]["gone"], cache.audited(config(), 3)
    assert gone["title"] == "7 · But is it gone?"
    assert made is not None
    found = over_seeds(AUDITS["linear-probe"], made["linear-probe"])
    assert gone["verdict"] == sentence(found)
    assert [row[1] for row in data["stage"]["probe"]["rows"]] == [
        found[network]["mean"] for network in ("original", "mask", "unlearned", "retrained")
    ]
    near = gone["guess"]["replies"][round(found["unlearned"]["mean"])]
    assert f"{found['unlearned']['mean']:.1f}\u00a0%" in near


def test_the_story_says_what_the_page_does_where_nothing_was_audited() -> None:
    gone = told(finished(open_page("story", **BLOBS, seed="9")))["chapters"]["gone"]
    assert "have not been made yet" in gone["verdict"]
    assert gone["guess"] is None
    samples = told(finished(open_page("story", **BLOBS | {"ids": "1,2,3"})))["chapters"]
    assert "gone" not in samples


def test_single_samples_are_one_sentence() -> None:
    app = shown(ids="1,2,3")
    (refusal,) = app.info
    assert "single samples" in refusal.value
    assert not app.get("plotly_chart")
    assert not app.metric


def test_a_class_with_few_images_is_one_sentence(opening: Path) -> None:
    (opening / "data").mkdir(exist_ok=True)
    y = own_arrays()["y_train"]
    rows = np.r_[np.flatnonzero(y != 2), np.flatnonzero(y == 2)[:4]]
    own = {name: own_arrays()[name][rows] for name in ("x_train", "y_train")}
    save_npz(opening / "data" / "few.npz", **own)
    app = open_page("audit", dataset="few.npz", forget="0")
    (refusal,) = app.info
    assert "Class two has 4 training samples" in refusal.value
    assert not app.metric
    assert not any(" yes]" in text for text in texts(app))
