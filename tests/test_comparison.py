"""Methods side by side: means, spreads, verdicts and equal forgetting, on numbers that can be worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conftest import digits
from unsc_core.comparison import (
    COMPARED,
    Path,
    Row,
    Run,
    at_equal_forgetting,
    configs,
    entry_at,
    mean_path,
    own_seconds,
    read_run,
    rows,
    standing,
)
from unsc_core.data import load_dataset
from unsc_core.epochs import make_epochs, read_epochs
from unsc_core.experiment import Experiment
from unsc_core.figures import compare as figures
from unsc_core.figures import standings
from unsc_core.figures.theme import DARK, LIGHT
from unsc_core.results import resolve, summary
from unsc_core.store import Store


def path(*pairs: tuple[float, float]) -> Path:
    forget, retain = np.array(pairs, float).T
    return Path(np.arange(len(pairs)), forget, retain)


def run(method: str, seed: int, *pairs: tuple[float, float]) -> Run:
    """A run whose path begins at the original and ends at the unlearned model."""
    (f0, r0), (f, r) = pairs[0], pairs[-1]

    def measured(acc_forget: float, acc_retain: float) -> dict[str, Any]:
        return {
            "acc_forget": acc_forget, "acc_retain": acc_retain, "over_unlearning": r0 - acc_retain, "gap": acc_retain - 93.0, "agreement": 50.0,
            "drift": 0.1, "seconds": 1.0,
        }  # fmt: skip

    measures = {"original": measured(f0, r0), "unlearned": measured(f, r), "retrained": measured(0.0, 93.0)}
    change = {"original": np.zeros(3), "unlearned": np.array([f - f0, r - r0, r - r0]), "retrained": np.array([-f0, 1.0, 1.0])}
    return Run(method, seed, measures, change, path(*pairs))


def unsc(*acc_retain: float) -> list[Run]:
    return [run("unsc", seed, (80.0, 90.0), (1.0, value)) for seed, value in enumerate(acc_retain)]


def row_of(acc_forget: float, acc_retain: float, sd: float) -> Row:
    return Row({"acc_forget": acc_forget, "acc_retain": acc_retain}, {"acc_forget": 0.0, "acc_retain": sd}, 3)


def test_standing_ties_within_the_larger_spread_and_leaves_out_what_does_not_forget() -> None:
    found = {
        "original": row_of(80, 92, 0.1), "unsc": row_of(1, 92.0, 0.25), "scrub": row_of(1, 92.25, 0.125), "fisher": row_of(0, 92.5, 0.125),
        "salun": row_of(2, 91.0, 1.0), "fine-tune": row_of(2.1, 95.0, 0.0), "random-labels": row_of(0, 80.0, 0.5),
    }  # fmt: skip
    got = standing(found)
    assert got.not_forgetting == ["fine-tune"]
    assert list(got.better) == ["fisher"]
    assert set(got.tied) == {"scrub", "salun"}
    assert got.worse == {"random-labels": pytest.approx(-12.0)}
    assert standing({"unsc": row_of(1, 92, 0), "scrub": row_of(1, 92.1, 0)}).better == {"scrub": pytest.approx(0.1)}


def test_rows_are_means_with_the_sample_spread_and_references_first() -> None:
    found = rows([*unsc(92.0, 94.0), run("random-labels", 0, (80.0, 90.0), (0.0, 70.0))])
    assert list(found) == ["original", "retrained", "unsc", "random-labels"]
    assert found["unsc"].mean["acc_retain"] == 93.0
    assert found["unsc"].sd["acc_retain"] == pytest.approx(2**0.5)
    assert found["unsc"].mean["over_unlearning"] == -3.0
    assert (found["unsc"].seeds, found["random-labels"].seeds, found["original"].seeds) == (2, 1, 2)
    assert found["random-labels"].sd["acc_retain"] == 0.0


def test_a_measure_that_one_seed_lacks_is_none() -> None:
    runs = unsc(92.0, 94.0)
    runs[1].measures["unlearned"]["agreement"] = None
    assert rows(runs)["unsc"].mean["agreement"] is None
    assert "–" in standings.table(runs)["Agreement %"]


def test_a_mean_path_waits_where_a_seed_has_stopped() -> None:
    runs = [run("unsc", 0, (80, 90), (40, 91), (0, 92)), run("unsc", 1, (60, 92), (20, 91))]
    mean = mean_path(runs)
    assert mean.acc_forget.tolist() == [70, 30, 10]
    assert mean.acc_retain.tolist() == [91, 91, 91.5]


@pytest.mark.parametrize(("most", "entry", "reached"), [(30, 1, True), (29, 3, True), (5, 2, True), (4.9, 2, False), (0, 2, False), (80, 0, True)])
def test_the_entry_nearest_from_below_is_taken(most: float, entry: int, reached: bool) -> None:
    assert entry_at(path((80, 90), (30, 89), (5, 88), (20, 87), (20, 86)), most) == (entry, reached)


def test_equal_forgetting_compares_paths_where_they_cross_and_puts_the_late_ones_last() -> None:
    runs = [
        run("unsc", 0, (80, 90), (10, 91), (0, 92)),
        run("random-labels", 0, (80, 90), (9, 95), (0, 60)),
        run("fine-tune", 0, (80, 90), (70, 99)),
    ]
    found = at_equal_forgetting(runs, 10)
    assert list(found) == ["random-labels", "unsc", "fine-tune"]
    assert (found["unsc"].acc_retain, found["unsc"].change, found["unsc"].epoch, found["unsc"].reached) == (91, 1, (1,), True)
    assert not found["fine-tune"].reached
    assert next(iter(at_equal_forgetting(runs, 5))) == "unsc"
    assert "Random labels keeps most of the rest: Acc_r 95.0 %; UNSC is number 2 of 2" in figures.equal_forgetting(runs, 10, LIGHT).sentence
    assert "UNSC keeps most of the rest: Acc_r 92.0 %, 32.0 points more than Random labels" in figures.equal_forgetting(runs, 5, LIGHT).sentence
    assert "Fine-tune never comes so low" in figures.equal_forgetting(runs, 5, LIGHT).sentence


def test_two_seeds_reach_it_only_together() -> None:
    runs = [run("unsc", 0, (80, 90), (4, 91)), run("unsc", 1, (80, 90), (6, 93))]
    assert not at_equal_forgetting(runs, 5)["unsc"].reached
    found = at_equal_forgetting(runs, 6)["unsc"]
    assert (found.reached, found.acc_forget, found.acc_retain, found.change) == (True, 5, 92, 2)
    assert found.sd == pytest.approx(2**0.5)


def test_the_conclusion_is_honest() -> None:
    better = run("fisher", 0, (80.0, 90.0), (0.0, 93.5))
    assert "Fisher forgetting keeps 1.5 points more of Acc_r than UNSC" in standings.conclusion([*unsc(92.0), better])
    assert "One seed has no spread" in standings.conclusion([*unsc(92.0), better])
    tied = [run("scrub", seed, (80.0, 90.0), (0.0, value)) for seed, value in enumerate((92.1, 92.3, 92.5))]
    text = standings.conclusion([*unsc(92.0, 92.2, 92.4), *tied])
    assert "Over 3 seeds UNSC forgets" in text
    assert "SCRUB is tied with it" in text
    assert "spread" not in text
    stays = [run("unsc", 0, (80.0, 90.0), (30.0, 92.0)), better]
    assert "UNSC itself does not forget: Acc_f stays at 30.0 %" in standings.conclusion(stays)
    assert "UNSC has not been run" in standings.conclusion([better])


def test_the_table_marks_unsc_the_references_and_what_does_not_forget() -> None:
    found = standings.table([*unsc(92.0, 94.0), *(run("fine-tune", seed, (80.0, 90.0), (70.0, 95.0)) for seed in (0, 1))])
    assert found["Method"] == ["Original", "Retrained", "◆ UNSC", "Fine-tune"]
    assert found["Verdict"] == ["before forgetting", "gold standard", "forgets", "does not forget (over 2 %)"]
    assert found["Acc_r %"][2] == "93.0 ± 1.4"
    assert found["Over-unlearning"][0] == "0.0 ± 0.0"
    assert set(standings.COLUMNS) < set(found)


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_names_at_the_ends_do_not_overlap(look: Any) -> None:
    runs = [run(method, 0, (80.0, 90.0), (0.5, 92.0 + 0.01 * i)) for i, method in enumerate(COMPARED)]
    picture = figures.plane(runs, look)
    low, high = picture.figure.layout.yaxis.range
    pixels = picture.figure.layout.height - picture.figure.layout.margin.t - picture.figure.layout.margin.b
    heights = sorted(pixels * (a.y - low) / (high - low) for a in picture.figure.layout.annotations if a.xref == "paper")
    assert len(heights) == len(COMPARED) + 1
    assert np.diff(heights).min() > 20
    assert heights[0] > 0
    assert heights[-1] < pixels
    assert len(picture.table["method"]) == 2 * len(COMPARED)


def test_the_map_of_classes_names_the_deepest_cut() -> None:
    runs = [*unsc(92.0), run("random-labels", 0, (80.0, 90.0), (0.0, 60.0))]
    picture = figures.change_map(runs, ("a", "b", "c"), [1, 2], LIGHT)
    assert "The deepest cut: Random labels takes 30.0 points from b." in picture.sentence
    assert "UNSC raises 2 of 2 retained classes" in picture.sentence
    assert list(picture.table) == ["method", "b", "c"]


def test_a_stored_run_says_what_its_summary_says(shared_store: Store) -> None:
    work = Experiment(digits(method="random-labels"), shared_store)
    assert read_run(Experiment(digits(method="random-labels", epochs=7), shared_store).config, work.dataset, shared_store) is None
    result = work.run(with_retrain=True)
    make_epochs(work.config, shared_store)
    found, numbers = read_run(work.config, work.dataset, shared_store), summary(result)
    assert found is not None
    epochs = read_epochs(work.config, work.dataset, shared_store)
    assert epochs is not None
    measured = found.measures["unlearned"]
    assert measured["acc_retain"] == numbers["unlearned"]["acc_retain"]
    assert measured["over_unlearning"] == numbers["over_unlearning"]
    assert measured["gap"] == numbers["gap_to_retrain"]["acc_retain"]
    assert measured["seconds"] == own_seconds(result.seconds, "random-labels") > 0
    assert found.measures["retrained"]["gap"] == 0.0
    assert found.measures["retrained"]["agreement"] == 100.0
    assert found.measures["original"]["drift"] == 0.0
    assert found.path.acc_retain.tolist() == epochs.acc_retain.tolist()


def test_the_chosen_method_keeps_its_settings_and_the_others_have_their_own() -> None:
    dataset = load_dataset("digits")
    chosen = resolve(digits(energy_threshold=0.9, epochs=3), dataset)
    found = configs(chosen, dataset, range(4, 6))
    assert set(found) == {(method, seed) for method in COMPARED for seed in (4, 5)}
    assert (found["unsc", 4].energy_threshold, found["unsc", 5].epochs) == (0.9, 3)
    for method in COMPARED:
        if method != "unsc":
            assert found[method, 4] == resolve(digits(method=method, seed=4), dataset)
