"""The story as a page: its presets, and requests that its words must fit."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
import torch

from pages.shared import cache, presets, state
from tests.pages.headless import finished, open_page, says, texts
from tests.pages.headless import story as told
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import masked
from unsc_core.experiment.store import Store
from unsc_core.figures import story, story_method
from unsc_core.methods import unsc_auto

SAMPLES = tuple(range(12))
LINK = {"dataset": "blobs", "model": "mlp", "ids": ",".join(map(str, SAMPLES))}

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory, own_engine: None) -> Path:
    """An empty data folder."""
    return tmp_path_factory.mktemp("story")


def accuracy(model: str) -> float:
    """On the samples, in percent, counted plainly."""
    config = ExperimentConfig(dataset="blobs", model="mlp", forget_classes=(), forget_ids=SAMPLES)
    result = cache.result(resolve(config, load_dataset("blobs")))
    assert result is not None
    answers = result.models[model].of("train").argmax(1)[list(SAMPLES)]
    return 100 * float(np.mean(answers == load_dataset("blobs").y_train[list(SAMPLES)]))


def test_single_samples_are_told_by_the_retrained_model() -> None:
    chapters = told(finished(open_page("story", **LINK)))["chapters"]
    before, mine, goal = (
        f"{accuracy(model):.1f}" for model in ("original", "unlearned", "retrained")
    )
    end = chapters["ending"]
    assert "Of the 12 samples, the network recognises" in end["verdict"]
    assert f"({mine}\u00a0%; retrained {goal}\u00a0%; {before}\u00a0% before)" in end["verdict"]
    assert end["meaning"].startswith("change in the accuracy of all")
    assert not re.search("other classes|no longer", str(chapters))
    assert "gone" not in chapters


def test_other_pages_do_not_speak_of_retained_classes_of_single_samples() -> None:
    app = finished(open_page("null_space", **LINK, view="Class angles"))
    assert says(app, "Classes cannot be compared here: for single samples, second moments")
    app = finished(open_page("pseudo_labels", **LINK))
    assert says(app, "**pseudo-label**: the class other than its own that the original model finds")
    app = finished(open_page("confusion", **LINK))
    assert any(re.search(r"\b4 classes\b", text) for text in texts(app))
    assert not says(app, "4 retained classes")


def test_compare_names_the_goal_for_samples_and_has_no_slider() -> None:
    app = finished(open_page("compare", **LINK))
    assert says(app, "recognises as many of these samples as the **retrained** model")
    assert says(app, "Acc_f within one sample of the retrained model's")
    assert says(app, "nearest to the retrained model's")
    assert not any("at most 2\u00a0%" in text for text in texts(app))
    assert not [slider for slider in app.slider if slider.key == "control_equal"]
    rows = app.dataframe[0].value["Method"].tolist()
    assert rows[:2] == ["Original", "Retrained"]
    assert "◆ UNSC" in rows


@pytest.mark.parametrize("subspace", ["joint", "merge"])
def test_the_share_of_free_directions_is_that_of_the_run(subspace: str, opening: Path) -> None:
    store = Store(opening / "store")
    config = ExperimentConfig(dataset="digits", forget_classes=(3,), subspace=subspace)
    layers = Experiment(config, store).run(with_retrain=True).null_space.values()
    free = 1 - sum(of["rank"] for of in layers) / sum(of["dim"] for of in layers)
    data = told(finished(open_page("story", dataset="digits", subspace=subspace)))
    space = data["chapters"]["space"]
    assert space["meaning"] == "of all directions remain to move in"
    assert space["number"] == f"{100 * free:.0f}\u00a0%"
    assert ("class by class" in space["verdict"]) == (subspace == "merge")
    assert ("hold at most 4\u00a0%" in space["verdict"]) == (subspace == "joint")
    if subspace == "joint":
        drawn = {(kept, dim) for _, kept, dim in data["stage"]["directions"]["layers"]}
        assert drawn == {(of["rank"], of["dim"]) for of in layers}


def test_a_run_that_chose_its_settings_is_told_with_these(opening: Path) -> None:
    config = ExperimentConfig(dataset="digits", forget_classes=(3,), method="unsc-auto")
    result = Experiment(config, Store(opening / "store")).run(with_retrain=True)
    chapters = told(finished(open_page("story", dataset="digits", method="unsc-auto")))["chapters"]
    assert chapters["hiding"]["meaning"] == "Acc_r minus the mask's, UNSC, automatic"
    assert not any(chapter["meaning"].endswith("UNSC") for chapter in chapters.values())
    uncut = result.chosen["projector"]
    hard = result.chosen["target"] == unsc_auto.LABELS
    assert story_method.UNCUT.get(uncut, "UNSC changes weights") in chapters["space"]["text"]
    assert chapters["targets"]["meaning"].startswith("of the forgotten training") == hard
    assert chapters["targets"]["meaning"].startswith("probability of the likeliest") != hard
    if not uncut:
        left = f"{100 * (1 - result.chosen['energy_threshold']):.0f}"
        assert f"hold at most {left}\u00a0%" in chapters["space"]["verdict"]


def test_another_method_is_told_first_and_unsc_beside_it(opening: Path) -> None:
    config = ExperimentConfig(dataset="digits", forget_classes=(3,), method="scrub")
    scrub = Experiment(config, Store(opening / "store")).run(with_retrain=True)
    data = told(finished(open_page("story", dataset="digits", method="scrub")))
    chapters = data["chapters"]
    assert list(chapters) == [
        *("request", "careless", "space", "targets", "ending", "hiding", "gone")
    ]
    assert "**SCRUB**" in data["lead"]
    assert chapters["careless"]["number"] == story.careless(scrub).number
    assert chapters["careless"]["title"] == "2 · SCRUB"
    assert chapters["ending"]["meaning"].endswith("UNSC")
    assert "**UNSC** on the same request" in data["notes"]["space"]
    titles = data["stage"]["bars"]["titles"]
    assert titles == {"careless": "SCRUB", "calibrated": "UNSC"}


def test_a_preset_opens_what_its_address_opens() -> None:
    data = told(finished(open_page("story", dataset="digits")))
    assert len(data["presets"]) == len(presets.PRESETS)
    for offered, preset in zip(data["presets"], presets.PRESETS, strict=True):
        opened, notes = state.from_query(dict(parse_qsl(offered["address"].removeprefix("?"))))
        assert notes == []
        wanted = (preset.dataset, preset.forget, preset.method)
        assert (opened.dataset, opened.forget, opened.method) == wanted
        assert all(image.startswith("data:image/png;base64,") for image in offered["images"])


def test_a_lesson_offers_no_presets(opening: Path) -> None:
    assert told(finished(open_page("story", dataset="digits", hide="method")))["presets"] == []


def test_masked_targets_are_the_masked_models_probabilities(opening: Path) -> None:
    config = ExperimentConfig(dataset="digits", forget_classes=(3,))
    result = Experiment(config, Store(opening / "store")).run(with_retrain=True)
    words, targets = story_method.masked_targets(result)
    logits = torch.from_numpy(masked(result.original.train, (3,)))[result.split.forget_train()]
    assert np.allclose(targets, torch.softmax(logits.double(), 1), atol=1e-12)
    assert words.number == f"{100 * targets.max(1).mean():.0f}\u00a0%"
