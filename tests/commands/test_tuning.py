"""Settings are chosen on validation samples, and the defaults are what was chosen."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import blobs
from unsc_core.commands import tuning
from unsc_core.commands.tuning import (
    BUDGET,
    beyond,
    choose,
    settings,
    shipped_record,
    table,
    tune,
    write,
)
from unsc_core.data import DATASETS, load_dataset
from unsc_core.data.held_out import held_out
from unsc_core.methods import METHODS


@pytest.mark.parametrize("name", ["digits", "blobs", "fashion-mnist-mini"])
def test_validation_samples_are_training_samples_that_are_not_trained_on(name: str) -> None:
    whole, part = load_dataset(name), load_dataset(f"{name}:validation")
    rows = {bytes(x) for x in whole.x_test.reshape(len(whole.x_test), -1)}
    fit, held = (x.reshape(len(x), -1) for x in (part.x_train, part.x_test))
    everything = np.concatenate([fit, held])
    assert sorted(map(bytes, everything)) == sorted(
        map(bytes, whole.x_train.reshape(len(whole.x_train), -1))
    )
    repeated = sum(bytes(x) in rows for x in everything)  # the source has a few images twice
    assert repeated <= 5
    assert set(part.y_test) == set(range(whole.num_classes))
    assert len(held) == pytest.approx(0.2 * len(everything), rel=0.05)
    assert part.train_digest != whole.train_digest


def test_held_out_share_is_taken_from_every_class() -> None:
    part = held_out(load_dataset("blobs"), 0.1)
    assert np.bincount(part.y_test).tolist() == [40] * 4


def _tried(*numbers: tuple[float | None, float | None]) -> list[dict]:
    return [
        {"settings": {"learning_rate": i}, "acc_forget": f, "worst_forget": f, "acc_retain": r}
        for i, (f, r) in enumerate(numbers)
    ]


def test_choice_keeps_most_of_the_rest_among_those_that_forget() -> None:
    assert choose(_tried((1.0, 90.0), (2.0, 92.0), (2.1, 99.0), (None, None)))["learning_rate"] == 1
    assert (
        choose(_tried((50.0, 90.0), (30.0, 80.0), (29.0, 70.0), (None, None)))["learning_rate"] == 1
    )
    assert choose(_tried((None, None))) == {}


def test_a_learning_rate_beyond_the_edge_is_tried_while_the_best_is_there() -> None:
    inside = _tried((9.0, 90.0), (1.0, 92.0), (0.0, 80.0))
    assert beyond(inside) == []
    assert beyond(inside[1:]) == [{"learning_rate": 0.5}]
    assert beyond(inside[:2]) == [{"learning_rate": 2.0}]
    assert beyond(inside[1:2]) == []  # a single rate says nothing about a direction
    assert beyond(_tried((None, None), (None, None))) == []


def test_a_threshold_beyond_the_edge_is_tried_while_the_best_is_there() -> None:
    rates = _tried((9.0, 90.0), (1.0, 92.0), (0.0, 80.0))

    def with_gammas(*gammas: float, best: float) -> list[dict]:
        return [
            one
            | {"settings": one["settings"] | {"energy_threshold": gamma}}
            | {"acc_retain": one["acc_retain"] + (gamma == best)}
            for one in rates
            for gamma in gammas
        ]

    assert beyond(with_gammas(0.94, 0.96, 0.98, best=0.96)) == []
    assert beyond(with_gammas(0.94, 0.96, 0.98, best=0.98)) == [
        {"learning_rate": rate["settings"]["learning_rate"], "energy_threshold": 0.99}
        for rate in rates
    ]
    assert {
        one["energy_threshold"] for one in beyond(with_gammas(0.94, 0.96, 0.98, best=0.94))
    } == {0.88}
    assert beyond(with_gammas(0.4, 0.6, best=0.4)) == []  # there is no γ below 0
    both = beyond(with_gammas(0.94, 0.96, best=0.96)[2:])
    assert [(one["learning_rate"], one["energy_threshold"]) for one in both] == [
        (0.5, 0.94),
        (0.5, 0.96),
        (1.0, 0.98),
        (2.0, 0.98),
    ]


def test_every_method_has_the_same_budget() -> None:
    tuned = [name for name, entry in METHODS.items() if entry.learning_rate is not None]
    assert {len(list(settings(name))) for name in tuned} == {BUDGET}


def test_tuning_tries_every_setting_on_validation_samples_and_is_written(home) -> None:
    config = blobs(forget_classes=(0,))
    grids = {
        method: list(settings(method, (0.1, 1.0, 1e9), (0.9, 0.99)))
        for method in ("pseudo-labels", "unsc", "retrain")
    }
    outcomes = list(tune(config, grids, (0, 1), (0,)))
    assert [outcome["method"] for outcome in outcomes] == ["pseudo-labels", "unsc"]
    for outcome in outcomes:
        grid, tried = grids[outcome["method"]], outcome["tried"]
        assert [one["settings"] for one in tried][: len(grid)] == grid
        assert len(tried) > len(grid) or beyond(tried) == []
    assert all(
        outcome["chosen"] in [one["settings"] for one in outcome["tried"]] for outcome in outcomes
    )
    path = tuning.record_path(config)
    write(path, config, (0, 1), outcomes[:1])
    write(path, config, (0, 1), outcomes[1:])
    record = json.loads(path.read_text())
    assert record["methods"] == outcomes
    assert record["dataset"] == "blobs:validation"
    text = table(outcomes)
    assert text.count("chosen") == 2
    assert len(text.splitlines()) == 2 + sum(len(outcome["tried"]) for outcome in outcomes)


def test_defaults_are_what_was_chosen_on_validation_samples() -> None:
    default = DATASETS["fashion-mnist-mini"]
    record = json.loads(shipped_record("fashion-mnist-mini", default.default_model).read_text())
    assert record["dataset"] == "fashion-mnist-mini:validation"
    chosen = {outcome["method"]: outcome["chosen"] for outcome in record["methods"]}
    assert set(chosen) <= {
        name for name, entry in METHODS.items() if entry.learning_rate is not None
    }
    for name, setting in chosen.items():
        assert METHODS[name].learning_rate == setting["learning_rate"], name
        assert METHODS[name].energy_threshold == setting.get("energy_threshold"), name
    assert all(len(list(settings(name))) > 1 for name in chosen)


def test_the_record_of_equal_budgets_gives_no_method_fewer_settings() -> None:
    record = json.loads(shipped_record("fashion-mnist-mini", "small-cnn_equal-budget").read_text())
    for outcome in record["methods"]:
        grid = list(settings(outcome["method"]))
        assert [one["settings"] for one in outcome["tried"]][: len(grid)] == grid
        assert outcome["chosen"] == choose(outcome["tried"])
        assert outcome["seeds"] == [0]
