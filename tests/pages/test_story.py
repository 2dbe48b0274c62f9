"""The story on requests that its words must fit: single samples, and the merged subspace."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from pages.shared import cache
from tests.pages.headless import finished, open_page, says, texts
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import masked
from unsc_core.experiment.store import Store
from unsc_core.figures import story
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
    app = finished(open_page("story", **LINK))
    before, mine, goal = (
        f"{accuracy(model):.1f}" for model in ("original", "unlearned", "retrained")
    )
    told = f"({mine}\u00a0%; retrained {goal}\u00a0%); it was {before}\u00a0% before."
    assert says(app, "Of the 12 samples, the network recognises", told)
    assert not any(re.search("has forgotten|other classes|mask,", text) for text in texts(app))
    assert any(metric.label.startswith("change in the accuracy of all") for metric in app.metric)


def test_compare_names_the_goal_for_samples_and_has_no_slider() -> None:
    app = finished(open_page("compare", **LINK))
    assert says(app, "recognises as many of these samples as the **retrained** model")
    assert says(app, "Acc_f within one sample of the retrained model's")
    assert says(app, "nearest to the retrained model's")
    assert not any("at most 2\u00a0%" in text for text in texts(app))
    assert not [slider for slider in app.slider if slider.key == "control_equal"]
    assert app.dataframe[0].value["Method"].tolist()[:3] == ["Original", "Retrained", "◆ UNSC"]


@pytest.mark.parametrize("subspace", ["joint", "merge"])
def test_the_share_of_free_directions_is_that_of_the_run(subspace: str, opening: Path) -> None:
    store = Store(opening / "store")
    config = ExperimentConfig(dataset="digits", forget_classes=(3,), subspace=subspace)
    layers = Experiment(config, store).run(with_retrain=True).null_space.values()
    free = 1 - sum(of["rank"] for of in layers) / sum(of["dim"] for of in layers)
    app = finished(open_page("story", dataset="digits", subspace=subspace))
    (metric,) = (m for m in app.metric if m.label == "of all directions remain to move in")
    assert metric.value == f"{100 * free:.0f}\u00a0%"
    assert says(app, "class by class and merges them") == (subspace == "merge")
    assert says(app, "hold at most 4\u00a0%", "images sampled") == (subspace == "joint")


def test_a_run_that_chose_its_settings_is_told_with_these(opening: Path) -> None:
    config = ExperimentConfig(dataset="digits", forget_classes=(3,), method="unsc-auto")
    result = Experiment(config, Store(opening / "store")).run(with_retrain=True)
    app = finished(open_page("story", dataset="digits", method="unsc-auto"))
    labels = [metric.label for metric in app.metric]
    assert "Acc_r minus the mask's, UNSC, automatic" in labels
    assert not any(label.endswith("UNSC") for label in labels)
    soft = result.chosen["energy_threshold"] is None
    hard = result.chosen["target"] == unsc_auto.LABELS
    assert says(app, "shortens each step the more") == soft
    assert any(label.startswith("of the forgotten training samples") for label in labels) == hard
    assert any(label.startswith("probability of the likeliest") for label in labels) != hard
    if not soft:
        left = f"{100 * (1 - result.chosen['energy_threshold']):.0f}"
        assert says(app, f"hold at most {left}\u00a0%")


def test_masked_targets_are_the_masked_models_probabilities(opening: Path) -> None:
    config = ExperimentConfig(dataset="digits", forget_classes=(3,))
    result = Experiment(config, Store(opening / "store")).run(with_retrain=True)
    words, targets = story.masked_targets(result)
    logits = torch.from_numpy(masked(result.original.train, (3,)))[result.split.forget_train()]
    assert np.allclose(targets, torch.softmax(logits.double(), 1), atol=1e-12)
    assert words.number == f"{100 * targets.max(1).mean():.0f}\u00a0%"
