"""The 2-D lab: frames repeat, start at the original and match; gradients obey the null space."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from unsc_core.analysis.lab import (
    EXTENT,
    LEVELS,
    MAX_FRAMES,
    SHOWN,
    SIZE,
    LabRun,
    lab_config,
    lab_key,
    plane,
    read_lab,
)
from unsc_core.analysis.lab_recorder import packed, run
from unsc_core.config import ExperimentConfig
from unsc_core.errors import ConfigError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.figures import lab_frames as figures
from unsc_core.figures.lab_curves import curves, verdict
from unsc_core.figures.lab_gradients import arrows, bars, why
from unsc_core.figures.theme import DARK, FORGET, LIGHT, class_colour
from unsc_core.models import build_model

CHANGED = SHOWN[:-1]


def config(
    gamma: float = 0.99,
    *,
    forget: int = 2,
    width: int = 16,
    seed: int = 0,
    lr: float = 0.1,
    epochs: int = 12,
) -> ExperimentConfig:
    return lab_config(forget, gamma, width, seed, lr, epochs)


def recorded(store: Store, wanted: ExperimentConfig) -> LabRun:
    run(wanted, store)
    found = read_lab(wanted, store)
    assert found is not None
    return found


@pytest.fixture
def lab(shared_store: Store) -> LabRun:
    return recorded(shared_store, config())


def test_the_same_config_gives_the_same_bits(lab: LabRun, tmp_path) -> None:
    again = recorded(Store(tmp_path / "other"), config())
    for name in SHOWN:
        one, two = lab.paths[name], again.paths[name]
        np.testing.assert_array_equal(one.cells, two.cells)
        np.testing.assert_array_equal(one.measures, two.measures)
        np.testing.assert_array_equal(one.answers, two.answers)
        assert one.stopped == two.stopped


def test_another_seed_is_another_run(lab: LabRun, shared_store: Store) -> None:
    other = recorded(shared_store, config(seed=1))
    assert other.key != lab.key
    assert not np.array_equal(other.paths["unsc"].cells[0], lab.paths["unsc"].cells[0])


@pytest.mark.parametrize("method", CHANGED)
def test_every_path_begins_at_the_original(lab: LabRun, method: str, shared_store: Store) -> None:
    work = Experiment(config(), shared_store)
    with torch.inference_mode():
        logits = work.original(work.data.inputs(torch.from_numpy(plane()))).numpy()
    first = lab.paths[method]
    assert first.epochs[0] == 0
    np.testing.assert_array_equal(first.cells[0].ravel() // LEVELS, logits.argmax(1))
    assert first.measure("logit_drift", 0) == 0
    assert first.measure("plane_changed", 0) == 0
    assert not np.array_equal(first.cells[0], first.cells[-1])


def test_retrain_is_one_frame_that_never_answers_the_forgotten_class(lab: LabRun) -> None:
    target = lab.paths["retrain"]
    assert target.epochs.tolist() == [0]
    assert not (target.cells // LEVELS == lab.forgotten).any()
    assert target.measure("acc_forget") == 0
    assert target.measure("plane_as_retrained") == 1


@pytest.mark.parametrize("method", SHOWN)
def test_measures_are_those_of_the_points_and_cells(lab: LabRun, method: str) -> None:
    path, labels = lab.paths[method], lab.dataset.y_test
    before, target = lab.paths["unsc"].cells[0] // LEVELS, lab.paths["retrain"].cells[0] // LEVELS
    for i in range(len(path.epochs)):
        right = [100 * (path.answers[i] == labels)[labels == c].mean() for c in range(4)]
        assert path.measure("acc_forget", i) == pytest.approx(right[lab.forgotten])
        assert path.measure("acc_retain", i) == pytest.approx(
            np.mean([a for c, a in enumerate(right) if c != lab.forgotten])
        )
        now = path.cells[i] // LEVELS
        assert path.measure("plane_changed", i) == pytest.approx(
            (now != before)[before != lab.forgotten].mean()
        )
        assert path.measure("plane_as_retrained", i) == pytest.approx((now == target).mean())


def test_cells_hold_the_largest_softmax() -> None:
    logits = torch.randn(500, 4, generator=torch.Generator().manual_seed(0)) * 3
    share, answers = logits.softmax(1).max(1)
    cells = packed(logits.numpy())
    np.testing.assert_array_equal(cells // LEVELS, answers)
    np.testing.assert_allclose(
        0.25 + 0.75 * (cells % LEVELS) / (LEVELS - 1), share, atol=0.75 / (LEVELS - 1) / 2 + 1e-6
    )


def test_points_and_the_cells_they_lie_in_agree(lab: LabRun) -> None:
    """Cells start at the top left; away from borders, a point's cell has the point's prediction."""
    points, path = lab.dataset.x_test, lab.paths["random-labels"]
    assert np.abs(points).max() < EXTENT
    column, row = (
        ((0.5 + sign * points[:, axis] / EXTENT / 2) * SIZE).astype(int)
        for axis, sign in ((0, 1), (1, -1))
    )
    for i in (0, -1):
        assert (path.cells[i][row, column] // LEVELS == path.answers[i]).mean() > 0.97


def test_unsc_forgets_and_stays_nearer_to_the_original_than_random_labels(
    shared_store: Store,
) -> None:
    found = recorded(shared_store, config(width=32, epochs=60))
    ours, random = found.paths["unsc"], found.paths["random-labels"]
    assert ours.measure("acc_forget") < 5
    assert ours.measure("acc_retain") > random.measure("acc_retain") + 10
    assert ours.measure("logit_drift") < random.measure("logit_drift") / 3
    assert "stopped after epoch" in ours.stopped
    assert "UNSC forgets north-east" in verdict(found)
    assert f"its Acc_r is {ours.measure('acc_retain'):.1f} %," in verdict(found)


def test_at_full_energy_layer_1_cannot_move(shared_store: Store) -> None:
    found = recorded(shared_store, config(1.0))
    first, second = found.layers
    assert (first.dim, first.rank, first.free) == (2, 2, 0)
    assert not first.projected.any()
    assert np.abs(first.raw).max() > 0.01
    assert "dimension 0" in why(found)[0]
    assert second.rank > recorded(shared_store, config(0.9)).layers[1].rank


def test_a_low_threshold_frees_one_direction_of_layer_1(shared_store: Store) -> None:
    found = recorded(shared_store, config(0.5))
    first = found.layers[0]
    assert (first.rank, first.free) == (1, 1)
    assert np.abs(first.projected).max() > 0
    np.testing.assert_allclose(first.projected @ first.directions[:, 0], 0, atol=1e-6)
    assert "the null space has dimension 1" in why(found)[0]
    assert "of the first step is made here" in why(found)[1]


def test_projected_gradients_avoid_the_kept_directions(lab: LabRun) -> None:
    for layer in lab.layers:
        kept = layer.directions[:, : layer.rank]
        np.testing.assert_allclose(layer.projected @ kept, 0, atol=1e-5)
        np.testing.assert_allclose(
            layer.projected, layer.raw - layer.raw @ kept @ kept.T, atol=1e-5
        )


def test_long_runs_keep_a_bounded_number_of_frames_and_the_last_one(shared_store: Store) -> None:
    path = recorded(shared_store, config(epochs=151)).paths["random-labels"]
    assert len(path.epochs) <= MAX_FRAMES
    assert path.epochs[-1] == 151
    assert (np.diff(path.epochs) > 0).all()


def test_a_rate_that_blows_the_network_up_is_said(shared_store: Store) -> None:
    found = recorded(shared_store, config(lr=1e38, epochs=3))
    assert found.paths["random-labels"].stopped.startswith("diverged after epoch")
    assert "Random labels diverged." in verdict(found)
    json.dumps(figures.frames(found, LIGHT), allow_nan=False)


def test_a_run_that_is_there_is_not_made_again(lab: LabRun, shared_store: Store) -> None:
    path = shared_store.path("lab", lab.key)
    before = path.stat().st_mtime_ns
    run(config(), shared_store)
    assert path.stat().st_mtime_ns == before


def test_width_is_part_of_the_model_and_of_the_key() -> None:
    assert lab_key(config(width=8)) != lab_key(config(width=16))
    assert [tuple(p.shape) for p in build_model("mlp-24", (2,), 4).parameters()] == [
        (24, 2),
        (24,),
        (4, 24),
        (4,),
    ]
    assert len(config(width=128).model) == len("mlp-128")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"width": 1}, "Unknown model 'mlp-1'"),
        ({"forget": 4}, "Class 4"),
        ({"gamma": 1.5}, "energy threshold"),
        ({"epochs": 0}, "epochs must be"),
    ],
)
def test_impossible_settings_are_sentences(values: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config(**{"gamma": 0.99} | values)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_surer_answers_are_nearer_to_the_class_colour(look) -> None:
    colours = figures.palette(4, (2,), look).astype(int)
    for c in range(4):
        goal = np.array(figures.rgb(class_colour(c, (2,))))
        distance = np.abs(colours[c * LEVELS : (c + 1) * LEVELS] - goal).sum(1)
        assert (np.diff(distance) <= 0).all()
        assert distance[0] > 1.5 * distance[-1]


def test_frames_are_small_and_complete(lab: LabRun) -> None:
    sent = figures.frames(lab, LIGHT)
    assert len(json.dumps(sent)) < 3_000_000
    assert [panel["name"] for panel in sent["panels"]] == [
        "UNSC",
        "Random labels",
        "Gradient ascent",
        "Retrained",
    ]
    assert sent["classes"][2] == {
        "name": "north-east",
        "colour": FORGET,
        "forgotten": True,
        "corner": [1.0, 1.0],
    }
    for panel in sent["panels"]:
        assert len(panel["readouts"]) == len(panel["epochs"])
        assert len(panel["readouts"][0]) == len(sent["readouts"])


def test_figures_say_what_they_show(lab: LabRun) -> None:
    for picture in (
        arrows(lab.layers[0], 3, LIGHT),
        bars(lab.layers[1], 2, "north-east", DARK),
        curves(lab, LIGHT),
    ):
        assert len(picture.alt) > 40
        assert len({len(column) for column in picture.table.values()}) == 1
    drawn = bars(lab.layers[1], 2, "north-east", DARK).figure.data
    np.testing.assert_array_equal(drawn[1].y, lab.layers[1].projected[2])
