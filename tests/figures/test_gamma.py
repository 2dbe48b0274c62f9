"""The γ cockpit: what a sweep says, and the data that the browser draws."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from unsc_core.analysis.claims import forgetting
from unsc_core.analysis.gamma_sweep import SweepRun, comparable, kept
from unsc_core.data import load_dataset
from unsc_core.data.request import split
from unsc_core.figures import gamma_cockpit, gamma_layers
from unsc_core.figures.gamma_words import sweep_sentence
from unsc_core.subspace.energy import energy_rank

FLAT = {0.8: (0.5, 93.0), 0.9: (0.4, 93.0), 0.96: (1.0, 93.0)}
CLIFF = {0.8: (0.1, 90.0), 0.9: (0.5, 93.0), 0.96: (1.5, 93.4), 0.99: (30.0, 93.5)}
NEVER = {0.98: (12.0, 93.0), 0.99: (40.0, 93.5)}
JITTER = (0.0, 0.3, -0.2)
"""What seeds 0, 1, 2 add to every Acc_r: a paired difference does not contain it."""


def swept(
    outcomes: dict[float, tuple[float, float]],
    seeds: int = 1,
    goal: float | None = None,
    extra: float = 0.0,
) -> list[SweepRun]:
    """Runs of γ -> (Acc_f, Acc_r).

    Args:
        outcomes: of seed 0; other seeds add JITTER to every Acc_r.
        seeds: how many.
        goal: Acc_f of the retrained model, for 100 single samples; None for classes.
        extra: what γ above 0.9 get besides with odd seeds, so that intervals are wide.
    """
    samples = 0 if goal is None else 100
    return [
        SweepRun(
            gamma,
            seed,
            {
                "unlearned": values(
                    f, r + JITTER[seed] + extra * (seed % 2) * (gamma > 0.9), samples
                ),
                "original": values(80.0, 91.0, samples),
                **({} if samples else {"mask": values(0.0, 93.2)}),
                **({} if goal is None else {"retrained": values(goal, 93.0, samples)}),
            },
            forgetting(f, goal, samples),
            samples,
            {},
        )
        for gamma, (f, r) in outcomes.items()
        for seed in range(seeds)
    ]


def values(acc_forget: float, acc_retain: float, samples: int = 0) -> dict[str, float | None]:
    return {
        "acc_forget": acc_forget,
        "acc_retain": acc_retain,
        "added": None if samples else acc_retain - 93.2,
        "logit_drift": 0.2,
    }


def test_a_single_point_says_nothing_about_forgetting() -> None:
    for seeds in (1, 3):
        text = sweep_sentence(swept({0.96: (1.0, 93.0)}, seeds))
        assert text.startswith("Only γ = 0.96 has been run.")
        assert "Acc" not in text
    assert sweep_sentence([]) == "No value of γ has been run yet."


def test_a_cliff_lies_between_two_values() -> None:
    text = sweep_sentence(swept(CLIFF))
    assert text == (
        "Forgetting stops between γ = 0.96 and 0.99: values up to 0.96 forget (Acc_f at most "
        "2\u00a0% with the one seed run), 0.99 does not (Acc_f 30.0\u00a0%). "
        "Where it forgets, Acc_r is 90.0 to 93.4\u00a0% (original 91.0\u00a0%, mask 93.2\u00a0%). "
        "One seed gives no interval, so it is open which of these γ keeps most."
    )


def test_with_seeds_only_what_is_beyond_chance_is_said_to_keep_less() -> None:
    text = sweep_sentence(swept(CLIFF, 3))
    assert "with every seed" in text
    assert "mean Acc_f 30.0\u00a0%" in text
    # The differences are the same with every seed, so nothing is due to chance.
    assert "Of the γ that forget, 0.96 keeps most: Acc_r 93.4\u00a0% (original" in text
    assert "0.8 and 0.9 keep 0.4 to 3.4 points less, which is beyond chance" in text
    noisy = sweep_sentence(swept(CLIFF, 3, extra=1.0))
    # 0.96 is ahead of 0.9 by 0.4, 1.4 and 0.4 points: an interval that contains 0.
    assert "0.9 and 0.96 keep most: Acc_r" in noisy
    assert "within chance of the best" in noisy
    assert "0.8 keeps 3.7 points less" in noisy


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_flat_sweep_has_no_winner(seeds: int) -> None:
    text = sweep_sentence(swept(FLAT, seeds))
    how = "every seed" if seeds > 1 else "the one seed run"
    assert f"All 3 values of γ run, 0.8 to 0.96, forget (Acc_f at most 2\u00a0% with {how})" in text
    assert "keeps most:" not in text
    assert ("no γ stands out" in text) == (seeds > 1)


@pytest.mark.parametrize("seeds", [1, 3])
def test_where_nothing_forgets_no_accuracy_is_praised(seeds: int) -> None:
    text = sweep_sentence(swept(NEVER, seeds))
    assert text.startswith("None of the 2 values of γ run, 0.98 to 0.99, forgets")
    assert text.endswith("cc_f is 12.0 to 40.0\u00a0%.")
    assert "Acc_r" not in text


def test_one_that_forgets_has_nothing_to_be_compared_with() -> None:
    text = sweep_sentence(swept({0.9: (0.5, 93.0), 0.99: (30.0, 93.5)}, 3))
    assert "Only one of 2 values forgets, γ = 0.9" in text
    assert "most:" not in text


def test_without_order_there_is_no_threshold() -> None:
    text = sweep_sentence(swept({0.8: (5.0, 93.0), 0.9: (0.5, 93.0), 0.99: (30.0, 93.0)}))
    assert "γ = 0.9 forgets" in text
    assert "0.8 and 0.99 do not: there is no single threshold among the values run" in text


def test_a_seed_that_does_not_forget_counts() -> None:
    runs = swept({0.9: (0.5, 93.0), 0.97: (1.0, 93.0)}, 3)
    runs[-1] = swept({0.97: (9.0, 93.0)}, 3)[-1]
    text = sweep_sentence(runs)
    assert "Forgetting stops between γ = 0.9 and 0.97" in text
    assert "mean Acc_f 3.7\u00a0%" in text


def test_single_samples_are_compared_with_the_retrained_model() -> None:
    text = sweep_sentence(swept({0.9: (0.0, 92.0), 0.96: (61.0, 93.0)}, goal=60.0))
    assert "γ = 0.96 recognises about as many samples as the retrained model" in text
    assert "γ = 0.9 recognises fewer samples" in text
    assert "at most 2" not in text
    assert "mask" not in text
    unknown = swept({0.9: (50.0, 92.0), 0.96: (60.0, 92.0)}, goal=60.0)
    unknown = [SweepRun(**{**vars(run), "forgetting": forgetting(None)}) for run in unknown]
    assert "is known once there is a retrained model" in sweep_sentence(unknown)


def test_acc_r_is_compared_over_common_seeds_only() -> None:
    runs = [*swept({0.9: (0.5, 93.0)}, 3), *swept({0.96: (0.5, 93.1)}, 2)]
    found = kept([runs[:3], runs[3:]])
    assert found is not None
    assert found.seeds == 2
    assert found.means[0.9] == pytest.approx(93.15)
    assert found.best == 0.96
    assert found.behind is not None
    assert found.behind[0.9].mean == pytest.approx(0.1)
    apart = [runs[0]], [runs[4]]
    assert kept(apart) is None


def test_a_lone_run_of_another_seed_is_left_out() -> None:
    runs = [*swept({0.9: (0.5, 93.0), 0.97: (1.0, 93.0)}), *swept({0.96: (0.5, 93.1)}, 2)]
    assert [(run.energy_threshold, run.seed) for run in comparable(runs, 0)] == [
        (0.9, 0),
        (0.96, 0),
        (0.97, 0),
    ]
    runs += swept({0.97: (1.0, 93.0)}, 2)[1:]
    assert (0.96, 1) in [(run.energy_threshold, run.seed) for run in comparable(runs, 0)]


def test_the_cut_of_every_layer_is_that_of_the_core() -> None:
    values = np.array([[8.0, 4.0, 2.0, 1.0, 0.0]])
    forget = np.array([[1.0, 1.0, 2.0, 4.0, 8.0]])
    stops = (0.5, 0.8, 0.96, 1.0)
    (layer,) = gamma_layers.layers({"a": "A"}, {"a": values}, {"a": forget}, stops)
    assert layer["rank"] == [energy_rank(values[0], gamma) for gamma in stops] == [1, 2, 4, 4]
    assert layer["retained"] == pytest.approx([100 * 7 / 15, 100 * 3 / 15, 0, 0], abs=0.01)
    assert layer["reachable"] == pytest.approx([93.75, 87.5, 50, 50])
    (unknown,) = gamma_layers.layers({"a": "A"}, {"a": values}, None, stops)
    assert unknown["reachable"] is None
    wide = np.sort(np.random.default_rng(0).random((1, 3000)))[:, ::-1]
    (many,) = gamma_layers.layers({"a": "A"}, {"a": wide}, None, (0.96,))
    assert len(many["shares"]) <= gamma_layers.MOST_DIRECTIONS
    assert many["directions"][-1] == many["size"] == 3000


def view(runs: list[SweepRun], own: float | None = 0.96) -> gamma_cockpit.Cockpit:
    request = split(load_dataset("blobs"), (0,))
    return gamma_cockpit.cockpit(request, [], runs, gamma_cockpit.stops(0.955), own)


def chart(data: dict[str, Any], key: str) -> dict[str, Any]:
    return next(one for one in data["charts"] if one["key"] == key)


def test_points_have_intervals_only_over_seeds() -> None:
    data = view(swept(CLIFF, 3)).data
    json.dumps(data)
    points = chart(data, "acc_retain")["points"]
    assert [data["gammas"][point["stop"]] for point in points] == ["0.8", "0.9", "0.96", "0.99"]
    assert points[0]["mean"] == pytest.approx(np.mean([90.0, 90.3, 89.8]))
    assert points[0]["half"] > 0
    one = view(swept(CLIFF)).data
    assert [point["half"] for point in chart(one, "acc_retain")["points"]] == [None] * 4
    assert set(one["seeds"].values()) == {1}
    assert [ref["name"] for ref in chart(one, "acc_retain")["references"]] == ["original", "mask"]


def test_axes_hold_all_that_is_drawn() -> None:
    for one in view(swept(CLIFF, 3, extra=1.0)).data["charts"]:
        ends = [p["mean"] + side * p["half"] for p in one["points"] for side in (-1, 1)]
        every = [*ends, *(ref["value"] for ref in one["references"])]
        if one["unit"] != "%":  # percentages end at 0 and 100, whatever their interval
            assert one["low"] < min(every)
            assert max(every) < one["high"]
        assert len(one["ticks"]) >= 2
        assert all(one["low"] <= tick <= one["high"] for tick in one["ticks"])


def test_measures_that_never_are_say_why() -> None:
    of_samples = view(swept({0.9: (60.0, 92.0)}, goal=60.0)).data
    assert "have no mask" in chart(of_samples, "added")["empty"]
    assert chart(of_samples, "acc_forget")["empty"] == ""
    assert chart(view([]).data, "acc_forget")["empty"] == "No γ has been run yet."


def test_gammas_are_spread_and_those_of_the_sweep_are_stops() -> None:
    data = view(swept(CLIFF)).data
    at = dict(zip(data["gammas"], data["positions"], strict=True))
    assert at["0.5"] == 0
    assert at["1"] == 1
    assert "0.955" in at
    assert list(at.values()) == sorted(at.values())
    assert min(at[b] - at[a] for a, b in (("0.9", "0.96"), ("0.99", "0.999"))) > 0.1
    assert {"0.8", "0.97", "0.999"} <= {data["gammas"][stop] for stop in data["planned"]}
    assert data["gammas"][data["own"]] == "0.96"
    assert view([], None).data["own"] is None
    assert gamma_cockpit.distances([0.9, 0.96, 0.99], 0.96) == pytest.approx(
        [0.391, 0.0, 0.571], abs=0.01
    )


def test_samples_on_the_map_share_one_window() -> None:
    runs = swept({0.9: (0.5, 93.0), 0.96: (1.0, 93.0)})
    n = len(gamma_cockpit.shown(split(load_dataset("blobs"), (0,))))
    places = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    for run, shift in zip(runs, (0.0, 1.0), strict=True):
        run.places.update(original=places, unlearned=places + shift)
    found = view(runs).data["map"]
    assert len(found["marks"]) == n
    grids = [np.reshape(one, (n, 2)) for one in found["places"].values()]
    assert all(grid.min() >= 0 and grid.max() <= gamma_cockpit.GRID for grid in grids)
    moved = grids[1] - grids[0]  # to the right and, as y grows downwards, up
    assert (moved[:, 0] > 0).all()
    assert (moved[:, 1] < 0).all()
    assert sum(gone for _, gone in found["marks"]) > 0
    assert len(found["names"]) == 4
