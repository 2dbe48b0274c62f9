"""Methods side by side: means, spreads, verdicts and equal forgetting, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.conftest import blobs, digits
from unsc_core.analysis.claims import Forgetting, forgetting
from unsc_core.analysis.comparison import (
    COMPARED,
    METHOD_SETS,
    AccuracyPath,
    MethodRun,
    added,
    configs,
    differences,
    free,
    read_run,
    rows,
    standing,
)
from unsc_core.analysis.equal_forgetting import (
    at_equal_forgetting,
    entry_as_retrained,
    entry_at,
    mean_path,
)
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.replay import make_epochs, read_epochs
from unsc_core.analysis.summary import summary
from unsc_core.data import load_dataset
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store
from unsc_core.figures import standings, theme
from unsc_core.figures.accuracy_plane import name_places, plane
from unsc_core.figures.change_map import change_map
from unsc_core.figures.equal_forgetting import equal_forgetting, nothing_to_forget
from unsc_core.figures.ladder import ladder, ordered
from unsc_core.figures.theme import DARK, FORGET, LIGHT
from unsc_core.methods import LISTED

COUNTS = "2\u00a0% or less counts as forgotten"


def path(*pairs: tuple[float, float]) -> AccuracyPath:
    forget, retain = np.array(pairs, float).T
    return AccuracyPath(np.arange(len(pairs)), forget, retain)


def run(method: str, seed: int, *pairs: tuple[float, float], mask: float = 92.5) -> MethodRun:
    """A run whose path begins at the original and ends at the unlearned model."""
    (f0, r0), (f, r) = pairs[0], pairs[-1]

    def measured(acc_forget: float, acc_retain: float) -> dict[str, Any]:
        return {
            "acc_forget": acc_forget,
            "acc_retain": acc_retain,
            "gain": acc_retain - r0,
            "added": acc_retain - mask,
            "gap_to_retrain": acc_retain - 93.0,
            "agreement": 50.0,
            "logit_drift": 0.1,
            "seconds": 1.0,
        }

    measures = {
        "original": measured(f0, r0),
        "mask": measured(0.0, mask),
        "unlearned": measured(f, r),
        "retrained": measured(0.0, 93.0),
    }
    change = {
        "original": np.zeros(3),
        "mask": np.array([-f0, 0.5, 0.5]),
        "unlearned": np.array([f - f0, r - r0, r - r0]),
        "retrained": np.array([-f0, 1.0, 1.0]),
    }
    return MethodRun(
        method,
        seed,
        measures,
        change,
        path(*pairs),
        forgetting(f),
        machines={"unlearned": "here", "original": "here", "retrained": "there"},
    )


def unsc(*acc_retain: float) -> list[MethodRun]:
    return [run("unsc", seed, (80.0, 90.0), (1.0, value)) for seed, value in enumerate(acc_retain)]


def runs_of(method: str, *acc_retain: float, acc_forget: float = 1.0) -> list[MethodRun]:
    return [
        run(method, seed, (80.0, 90.0), (acc_forget, value))
        for seed, value in enumerate(acc_retain)
    ]


def test_standing_is_paired_by_seed_and_leaves_out_what_does_not_forget() -> None:
    ours = unsc(92.0, 94.0, 96.0)  # seeds differ far more than methods do
    close = runs_of("fisher", 92.5, 94.6, 96.4)
    noisy = runs_of("scrub", 95.0, 94.0, 93.0)
    below = runs_of("random-labels", 80.0, 82.0, 84.5)
    stays = runs_of("fine-tune", 99.0, 99.0, 99.0)[:2] + [
        run("fine-tune", 2, (80.0, 90.0), (2.1, 99.0))
    ]
    got = standing([*ours, *close, *noisy, *below, *stays])
    assert got.not_forgetting == ["fine-tune"]
    assert list(got.better) == ["fisher"]
    assert got.better["fisher"].mean == pytest.approx(0.5)
    assert got.better["fisher"].half == pytest.approx(4.30265 * 0.1 / 3**0.5, rel=1e-4)
    assert list(got.tied) == ["scrub"]
    assert list(got.worse) == ["random-labels"]


def test_one_seed_has_no_interval() -> None:
    got = standing([*unsc(92.0), *runs_of("scrub", 92.1), *runs_of("fisher", 92.0)])
    assert list(got.tied) == ["fisher"]  # the same number is no difference
    assert got.better["scrub"].half is None
    assert "±" not in "".join(
        cell
        for column in standings.table([*unsc(92.0), *runs_of("scrub", 92.1)]).values()
        for cell in column
    )


def test_pairs_are_of_the_same_seed() -> None:
    ours, others = (
        unsc(92.0, 94.0),
        [run("scrub", 1, (80.0, 90.0), (1.0, 95.0)), run("scrub", 7, (80.0, 90.0), (1.0, 10.0))],
    )
    found = differences(others, ours)
    assert found is not None
    assert (found.mean, found.n) == (1.0, 1)
    assert differences(others[1:], ours) is None


def test_the_gain_is_told_apart_into_free_and_added() -> None:
    ours = unsc(92.0, 94.0, 93.0)
    hidden, beyond = free(ours), added(ours)
    assert hidden is not None
    assert beyond is not None
    assert (hidden.mean, hidden.half) == (2.5, 0.0)
    assert beyond.mean == pytest.approx(0.5)
    assert beyond.tied
    said = standings.conclusion(ours)
    assert "and cannot be told from the mask by Acc_r (+0.5 ± 2.5 points)." in said
    assert "and keeps 0.5 points less of Acc_r than the mask." in standings.conclusion(unsc(92.0))
    assert "and keeps as much of Acc_r as the mask." in standings.conclusion(unsc(92.5))
    more = standings.conclusion(unsc(93.4, 93.5, 93.6))
    assert "and keeps 1.0 ± 0.2 points more of Acc_r than the mask." in more
    single = [
        replace(one, measures={name: m for name, m in one.measures.items() if name != "mask"})
        for one in ours
    ]
    assert free(single) is None
    assert "mask" not in standings.conclusion(single).lower()


def test_rows_are_means_with_their_interval_and_references_first() -> None:
    found = rows([*unsc(92.0, 94.0), run("random-labels", 0, (80.0, 90.0), (0.0, 70.0))])
    assert list(found) == ["original", "mask", "retrained", "unsc", "random-labels"]
    assert found["unsc"].mean["acc_retain"] == 93.0
    assert found["unsc"].half["acc_retain"] == pytest.approx(12.7062, rel=1e-4)
    assert found["unsc"].mean["gain"] == 3.0
    assert (found["unsc"].seeds, found["random-labels"].seeds, found["original"].seeds) == (2, 1, 2)
    assert found["random-labels"].half["acc_retain"] is None


def test_seconds_of_another_machine_are_marked() -> None:
    table = standings.table(unsc(92.0, 94.0))
    assert dict(zip(table["Method"], table["Seconds"], strict=True)) == {
        "Original": "1.0 ± 0.0",
        "Mask": "1.0 ± 0.0",
        "Retrained": "1.0*",
        "◆ UNSC": "1.0 ± 0.0",
    }


def test_an_altered_run_says_so_wherever_it_is_named() -> None:
    runs = [replace(one, alterations=("edited labels",)) for one in unsc(92.0, 92.5)] + runs_of(
        "fisher", 92.0, 92.6
    )
    title = "UNSC (edited labels)"
    assert f"◆ {title}" in standings.table(runs)["Method"]
    assert title in standings.conclusion(runs)
    for picture in (plane(runs, LIGHT), equal_forgetting(runs, 5, LIGHT)):
        assert title in picture.table["method"]
        assert title in str(picture.figure.to_json()).replace(r"\u003cbr\u003e", " ")
    assert title in change_map(runs, ("a", "b", "c"), [1, 2], LIGHT).table["method"]


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


def test_a_mean_path_has_ends_only_where_a_seed_was_not_recorded() -> None:
    first, second = run("unsc", 0, (80, 90), (40, 91), (0, 92)), run("unsc", 1, (60, 92), (20, 95))
    mean = mean_path([first, replace(second, path=replace(second.path, recorded=False))])
    assert mean.epoch.tolist() == [0, 2]
    assert mean.acc_forget.tolist() == [70, 10]
    assert mean.acc_retain.tolist() == [91, 93.5]
    assert not mean.recorded


@pytest.mark.parametrize(
    ("most", "entry", "reached"),
    [(30, 1, True), (29, 3, True), (5, 2, True), (4.9, 2, False), (0, 2, False), (85, 1, True)],
)
def test_the_entry_nearest_from_below_is_taken(most: float, entry: int, reached: bool) -> None:
    assert entry_at(path((80, 90), (30, 89), (5, 88), (20, 87), (20, 86)), most) == (entry, reached)


def test_the_original_is_no_entry_even_where_a_method_raises_acc_f() -> None:
    assert entry_at(path((50, 90), (70, 91), (60, 92)), 10) == (2, False)
    assert entry_at(path((50, 90)), 10) == (0, False)


def test_where_the_original_is_down_already_there_is_nothing_to_forget() -> None:
    runs = [run("unsc", 0, (24.2, 84.6), (2, 84)), run("fisher", 0, (24.2, 84.6), (20, 83))]
    assert nothing_to_forget(runs, 30, "class 8") == (
        "The original recognises only 24.2\u00a0% of class 8, so at 30\u00a0% there is nothing to "
        "forget, and no method is ahead. A lower value compares them."
    )
    assert nothing_to_forget(runs, 24, "class 8") == ""
    assert "Fisher forgetting has the highest" not in equal_forgetting(runs, 24, LIGHT).sentence
    other = run("unsc", 1, (29, 84), (2, 84))
    assert "only 24.2 to 29.0\u00a0% of" in nothing_to_forget([*runs, other], 30, "class 8")
    some = nothing_to_forget([*runs, other], 25, "class 8")
    assert some.startswith("With some seed, the original recognises only 24.2\u00a0% of class 8")
    never = [run("unsc", 0, (0, 84.6), (0, 84))]
    assert nothing_to_forget(never, 0, "class 8").endswith("no method is ahead.")


def test_equal_forgetting_compares_paths_where_they_cross_and_puts_the_late_ones_last() -> None:
    runs = [
        run("unsc", 0, (80, 90), (10, 91), (0, 92)),
        run("random-labels", 0, (80, 90), (9, 95), (0, 60)),
        run("fine-tune", 0, (80, 90), (70, 99)),
    ]
    found = at_equal_forgetting(runs, 10)
    assert list(found) == ["random-labels", "unsc", "fine-tune"]
    assert (
        found["unsc"].acc_retain,
        found["unsc"].change.mean,
        found["unsc"].epoch,
        found["unsc"].reached,
    ) == (91, 1, (1,), True)
    assert not found["fine-tune"].reached
    assert next(iter(at_equal_forgetting(runs, 5))) == "unsc"
    said = equal_forgetting(runs, 10, LIGHT).sentence
    assert "With Acc_f at 10\u00a0% or less" in said
    assert "Random labels has the highest Acc_r, 95.0\u00a0%, 4.0 points ahead of UNSC." in said
    assert COUNTS in said
    lower = equal_forgetting(runs, 5, LIGHT).sentence
    assert "UNSC has the highest Acc_r, 92.0\u00a0%, 32.0 points ahead of Random labels" in lower
    assert "† Fine-tune does not get so low in any recorded epoch." in lower
    assert "change of Acc_r" in equal_forgetting(runs, 5, LIGHT).alt


def test_equal_forgetting_names_unsc_behind_a_tie_and_whose_seeds_are_compared() -> None:
    runs = [
        *runs_of("fisher", 95.0, 95.2, 95.4),
        *runs_of("scrub", 95.1, 95.0, 95.3),
        *unsc(92.0, 92.1, 92.4),
    ]
    assert (
        "tied with SCRUB; it is 3.0 ± 0.1 points ahead of UNSC."
        in equal_forgetting(runs, 2, LIGHT).sentence
    )
    # The mean of more seeds is higher, but with the seed that both have it is lower.
    uneven = [*runs_of("scrub", 90.0, 96.0, 96.0), *unsc(91.0)]
    assert (
        "SCRUB has the highest mean Acc_r, 94.0\u00a0%, 1.0 points behind UNSC with the seeds that "
        "both have" in equal_forgetting(uneven, 2, LIGHT).sentence
    )


def test_two_seeds_reach_it_only_together() -> None:
    runs = [run("unsc", 0, (80, 90), (4, 91)), run("unsc", 1, (80, 90), (6, 93))]
    assert not at_equal_forgetting(runs, 5)["unsc"].reached
    found = at_equal_forgetting(runs, 6)["unsc"]
    assert (found.reached, found.acc_forget, found.acc_retain, found.change.mean) == (
        True,
        5,
        92,
        2,
    )
    assert found.change.half == pytest.approx(12.7062, rel=1e-4)


def test_equal_forgetting_names_no_best_among_the_tied() -> None:
    runs = [*unsc(92.0, 93.0, 92.0), *runs_of("scrub", 92.4, 92.2, 92.3)]
    assert (
        "has the highest mean Acc_r, 92.3\u00a0%, tied with SCRUB"
        in equal_forgetting(runs, 2, LIGHT).sentence
    )
    alone = equal_forgetting(
        [*unsc(92.0), *runs_of("fine-tune", 99.0, acc_forget=70.0)], 2, LIGHT
    ).sentence
    assert "UNSC has an Acc_r of 92.0\u00a0%. † Fine-tune does not get so low" in alone


def test_the_conclusion_is_honest() -> None:
    better = run("fisher", 0, (80.0, 90.0), (0.0, 93.5))
    assert standings.conclusion([*unsc(92.0), better]).endswith(
        " With one seed, which cannot tell small differences from chance, Fisher forgetting keeps "
        "more of Acc_r (+1.5 points)."
    )
    text = standings.conclusion([*unsc(92.0, 92.2, 92.4), *runs_of("scrub", 92.1, 92.3, 92.2)])
    assert "Over 3 seeds, UNSC forgets" in text
    assert text.endswith(" SCRUB is tied with it.")
    stays = [run("unsc", 0, (80.0, 90.0), (30.0, 92.0)), better]
    assert "UNSC does not forget (Acc_f 30.0\u00a0%)." in standings.conclusion(stays)
    assert "Fisher" not in standings.conclusion(stays)
    assert "UNSC has not been run" in standings.conclusion([better])


def test_what_is_not_known_yet_is_not_said() -> None:
    unjudged = [
        replace(one, forgetting=Forgetting.UNKNOWN)
        for one in [*unsc(92.0), *runs_of("scrub", 92.1)]
    ]
    assert "is known once there is a retrained model" in standings.conclusion(unjudged)
    assert "not forget" not in standings.conclusion([*unsc(92.0), *unjudged[1:]])


def test_one_seed_that_does_not_forget_is_enough() -> None:
    runs = [*unsc(92.0, 92.2)[:1], run("unsc", 1, (80.0, 90.0), (2.4, 92.2))]
    assert "UNSC does not always forget (Acc_f 1.0 to 2.4\u00a0%)." in standings.conclusion(runs)
    assert "does not always forget (Acc_f 1.0 to 2.4\u00a0%)" in standings.table(runs)["Verdict"]


def test_the_table_marks_unsc_the_references_and_what_does_not_forget() -> None:
    found = standings.table(
        [
            *unsc(92.0, 94.0),
            *(run("fine-tune", seed, (80.0, 90.0), (70.0, 95.0)) for seed in (0, 1)),
        ]
    )
    assert found["Method"] == ["Original", "Mask", "Retrained", "◆ UNSC", "Fine-tune"]
    assert found["Verdict"] == [
        "before forgetting",
        "only hides the answer",
        "gold standard",
        "forgets",
        "does not forget (Acc_f 70.0\u00a0%)",
    ]
    assert found["Acc_r %"][3] == "93.0 ± 12.7"
    assert found["Gain"][0] == "0.0 ± 0.0"
    assert found["Added"][1] == "0.0 ± 0.0"
    assert set(standings.columns()) < set(found)


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_names_in_a_column_do_not_overlap(look: Any) -> None:
    ends = {method: (0.5, 92.0 + 0.01 * i) for i, method in enumerate(COMPARED)}
    figure, pixels = go.Figure(), 378
    name_places(figure, ends, {m: m for m in ends}, -10.0, (90.0, 93.0), pixels, look)
    heights = sorted(pixels * (a.y - 90.0) / 3.0 for a in figure.layout.annotations)
    assert len(heights) == len(COMPARED)
    assert np.diff(heights).min() > 20
    assert heights[0] > 0
    assert heights[-1] < pixels


def test_the_plane_names_what_has_room_and_draws_all() -> None:
    crowd = [
        run(method, 0, (80.0, 90.0), (0.5, 92.0 + 0.01 * i)) for i, method in enumerate(COMPARED)
    ]
    picture = plane(crowd, LIGHT)
    assert {trace.meta for trace in picture.figure.data if trace.meta} == set(COMPARED)
    assert len(picture.table["method"]) == 2 * len(COMPARED)
    crowded = {note.text for note in picture.figure.layout.annotations}
    # The references come first; names of other methods would lie on these and on one another.
    assert crowded == {"Original", "<b>Retrained</b>", "Mask", "<b>UNSC</b>"}
    apart = [
        run("unsc", 0, (80.0, 90.0), (1.0, 92.0)),
        run("random-labels", 0, (80.0, 90.0), (2.0, 60.0)),
        run("fine-tune", 0, (80.0, 90.0), (50.0, 75.0)),
    ]
    named = {note.text for note in plane(apart, LIGHT).figure.layout.annotations}
    assert named >= {"<b>UNSC</b>", "Random labels", "Fine-tune", "Original"}


def test_methods_are_put_in_order_and_unknown_values_come_last() -> None:
    runs = [*unsc(92.0), *runs_of("scrub", 93.0, acc_forget=3.0), *runs_of("fisher", 91.0)]
    for one, agreement, seconds in zip(runs, (None, 40.0, 80.0), (5.0, 1.0, 9.0), strict=True):
        one.measures["unlearned"] |= {"agreement": agreement, "seconds": seconds}
    runs[2].measures["unlearned"]["acc_forget"] = 0.0
    assert ordered(runs, "acc_r") == ["scrub", "unsc", "fisher"]
    assert ordered(runs, "acc_f") == ["fisher", "unsc", "scrub"]
    assert ordered(runs, "agreement") == ["fisher", "scrub", "unsc"]
    assert ordered(runs, "seconds") == ["scrub", "unsc", "fisher"]
    assert ordered(runs, "name") == ["fisher", "scrub", "unsc"]


def test_samples_are_ordered_by_their_distance_from_the_retrained_model() -> None:
    runs = [*runs_of("unsc", 92.0, acc_forget=10.0), *runs_of("scrub", 92.0, acc_forget=55.0)]
    runs = [replace(one, samples=30) for one in runs]
    for one in runs:
        one.measures["retrained"]["acc_forget"] = 60.0
    assert ordered(runs, "acc_f") == ["scrub", "unsc"]


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_the_ladder_has_a_line_for_each_method_and_shows_what_it_was_sorted_by(look: Any) -> None:
    runs = [
        *unsc(92.0, 92.4),
        *runs_of("random-labels", 60.0, 61.0),
        *runs_of("fine-tune", 92.8, 93.0, acc_forget=70.0),
    ]
    order = ordered(runs, "acc_r")
    picture = ladder(runs, order, look)
    marks = {trace.meta: trace for trace in picture.figure.data}
    assert list(marks) == order == ["fine-tune", "unsc", "random-labels"]
    low, _ = picture.figure.layout.xaxis.range
    far = marks["random-labels"]
    assert far.marker.symbol == "triangle-left" != theme.method_mark("random-labels")
    assert far.x[0] == low < marks["unsc"].x[0] == pytest.approx(92.2)
    assert marks["unsc"].error_x.visible
    written = {note.text: note.font.color for note in picture.figure.layout.annotations}
    assert written["<b>70.0</b>"] == FORGET
    assert "60.5 ± 6.4" in written
    assert {"original", "mask", "retrained"} <= set(written)
    assert picture.sentence == standings.conclusion(runs)
    by_seconds = ladder(runs, order, look, "seconds")
    texts = [note.text for note in by_seconds.figure.layout.annotations]
    assert "Seconds,<br>s" in texts
    assert texts.count("1.0 ± 0.0") == 3
    assert "60.5 ± 6.4" not in texts


def test_the_map_of_classes_names_the_deepest_cut() -> None:
    runs = [*unsc(92.0), run("random-labels", 0, (80.0, 90.0), (0.0, 60.0))]
    picture = change_map(runs, ("a", "b", "c"), [1, 2], LIGHT)
    assert "Random labels takes 30.0 points from b (as much in 1 other cell)." in picture.sentence
    raised = "By at least half a point, UNSC raises 2 of 2 retained classes and lowers none."
    assert raised in picture.sentence
    assert list(picture.table) == ["method", "b", "c"]


def test_the_map_of_classes_counts_what_its_cells_show() -> None:
    change = np.array([-80.0, 0.5, 0.49, 0.1, -0.5, -0.4])
    (one,) = unsc(92.0)
    one = replace(one, change={"unlearned": change})
    picture = change_map([one], tuple("abcdef"), [1, 2, 3, 4, 5], LIGHT)
    assert list(picture.figure.data[1].text) == ["+1", "0", "0", "−1", "0"]
    assert picture.sentence == (
        "The largest loss: UNSC takes 0.5 points from e. By at least half a point, UNSC raises "
        "1 of 5 retained classes and lowers 1."
    )


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_no_loss_is_off_the_scale_of_the_map_of_classes(look: Any) -> None:
    losses = {"unsc": 1.0, "random-labels": 25.0, "scrub": 53.0}
    runs = [run(method, 0, (80.0, 90.0), (0.0, 90.0 - lost)) for method, lost in losses.items()]
    picture = change_map(runs, ("a", "b", "c"), [1, 2], look, ["scrub", "unsc", "random-labels"])
    assert picture.table["method"][-3:] == ["SCRUB", "UNSC", "Random labels"]
    cells = picture.figure.data[0]
    deepest, _, deep = (row[0] for row in cells.z[-3:])
    assert cells.zmin == deepest < 1.2 * deep < 0
    assert cells.customdata[-3][0] == -53.0


def test_a_stored_run_says_what_its_summary_says(shared_store: Store) -> None:
    work = Experiment(digits(method="random-labels"), shared_store)
    assert (
        read_run(
            Experiment(digits(method="random-labels", epochs=7), shared_store).config,
            work.dataset,
            shared_store,
        )
        is None
    )
    result = work.run(with_retrain=True)
    make_epochs(work.config, shared_store)
    found, numbers = read_run(work.config, work.dataset, shared_store), summary(result)
    assert found is not None
    epochs = read_epochs(work.config, work.dataset, shared_store)
    assert epochs is not None
    measured = found.measures["unlearned"]
    assert measured["acc_retain"] == numbers["unlearned"]["acc_retain"]
    assert measured["gain"] == -numbers["over_unlearning"]
    assert measured["added"] == numbers["gain"]["added"]
    assert measured["gap_to_retrain"] == numbers["gap_to_retrain"]["acc_retain"]
    assert measured["seconds"] == result.took["unlearned"].seconds > 0
    assert found.measures["retrained"]["gap_to_retrain"] == 0.0
    assert found.measures["retrained"]["agreement"] == 100.0
    assert found.measures["original"]["logit_drift"] == 0.0
    assert found.measures["unlearned"].keys() == MEASURES.keys()
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


def test_all_methods_are_the_main_ones_and_further_ones() -> None:
    dataset = load_dataset("blobs")
    chosen = resolve(blobs(method="delete"), dataset)
    main, all_ = (
        {method for method, _ in configs(chosen, dataset, (0,), METHOD_SETS[name])}
        for name in ("main", "all")
    )
    assert main == {*COMPARED, "delete"}  # the chosen method is always compared
    assert all_ == set(LISTED) - {"retrain"}
    assert len(METHOD_SETS["all"]) > len(METHOD_SETS["main"])


def test_of_epochs_equally_near_to_the_retrained_the_last_is_taken() -> None:
    def entry(retrained: float, *acc_forget: float) -> tuple[int, bool]:
        return entry_as_retrained(path(*((one, 90.0) for one in acc_forget)), retrained, 5)

    assert entry(100.0, 100, 100, 100, 100) == (3, True)
    assert entry(70.0, 100, 80, 60, 80)[0] == 3
    assert entry(60.0, 100, 80, 60, 20) == (2, True)
    assert entry(60.0, 100)[0] == 0
