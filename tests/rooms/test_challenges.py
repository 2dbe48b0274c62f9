"""Challenges: scores are read from stored runs, and only from runs that take part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import blobs
from unsc_core.analysis.summary import summary
from unsc_core.audits.entry import Outcome
from unsc_core.audits.stored import outcome_key, write_outcome
from unsc_core.errors import ConfigError, RoomError
from unsc_core.experiment.artefacts import UNLEARNED
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.rooms import CHALLENGES, Opened, Rooms, challenges
from unsc_core.rooms.challenges import AUDITS, PROBE, leaderboard, submit, task_config

START = blobs(training_epochs=5)


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("challenges") / "store")


@pytest.fixture(autouse=True)
def start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(challenges, "START", START)


@pytest.fixture
def rooms(home: Path) -> Rooms:
    return Rooms()


@pytest.fixture
def opened(rooms: Rooms) -> Opened:
    return rooms.open()


def run(store: Store, **values: object) -> Result:
    return Experiment(replace(START, **values), store).run(with_retrain=True)


def test_every_challenge_says_its_task_and_where_to_do_it() -> None:
    for name, challenge in CHALLENGES.items():
        assert (challenge.name, challenge.task[-1]) == (name, ".")
        assert (Path(__file__).parents[2] / "pages" / f"{challenge.page}.py").is_file()


def test_the_best_gain_leads_and_equal_scores_share_a_rank(
    rooms: Rooms, opened: Opened, computed: Store
) -> None:
    runs = [run(computed, edits=edits) for edits in ((), ("1>2",), ("1>3",))]
    added = [summary(one)["gain"]["added"] for one in runs]
    tokens = [rooms.join(opened.code, name).token for name in "abc"]
    for token, one, score in zip(tokens, runs, added, strict=True):
        assert submit(rooms, opened.code, token, "keep", one.key, computed) == score
    # c also enters a's run, and is as good as a then, but was later
    submit(rooms, opened.code, tokens[2], "keep", runs[0].key, computed)
    submit(rooms, opened.code, tokens[2], "keep", runs[0].key, computed)
    board = leaderboard(rooms, opened.code, "keep")
    assert added[1] > added[0] > added[2]
    best = {"a": added[0], "b": added[1], "c": added[0]}
    assert {line.name: line.score for line in board} == best
    assert [(line.rank, line.name) for line in board] == [(1, "b"), (2, "a"), (2, "c")]
    assert {line.name: line.runs for line in board} == {"a": 1, "b": 1, "c": 2}
    assert leaderboard(rooms, opened.code, "labels") == []


def test_runs_that_do_not_take_part_are_refused_and_say_why(
    rooms: Rooms, opened: Opened, computed: Store
) -> None:
    def refused(name: str, one: Result, why: str) -> None:
        with pytest.raises(RoomError, match=why):
            submit(rooms, opened.code, opened.token, name, one.key, computed)
        assert leaderboard(rooms, opened.code, name) == []

    plain = run(computed)
    refused("keep", run(computed, forget_classes=(1,)), "the class to forget")
    refused("keep", run(computed, forget_classes=(), forget_ids=(0, 5)), "the class to forget")
    refused("keep", run(computed, seed=1), "the seed")
    refused("keep", run(computed, training_epochs=6), "trained in another way")
    refused("keep", run(computed, method="retrain"), "retraining")
    refused("keep", run(computed, epochs=1, learning_rate=1e-6), "still recognises")
    refused("labels", plain, "were not edited")
    refused("auditor", plain, "audits have to be run")
    surprise = task_config(CHALLENGES["range"], opened.code).forget_classes
    assert surprise != START.forget_classes
    refused("range", plain, "the class to forget")
    refused("range", run(computed, forget_classes=surprise, learning_rate=0.1), "all but γ")

    made = UNLEARNED.read(computed, plain.key)
    assert made is not None
    UNLEARNED.write(computed, plain.key, replace(made, meta=made.meta | {"imported": {}}))
    refused("keep", plain, "another machine")
    UNLEARNED.write(computed, plain.key, made)
    submit(rooms, opened.code, opened.token, "keep", plain.key, computed)


@pytest.mark.parametrize("key", ["", "0" * 20, "../../rooms", "x", "0" * 10**5, "\ud800"])
def test_a_made_up_key_enters_nothing(
    rooms: Rooms, opened: Opened, computed: Store, key: str
) -> None:
    with pytest.raises(ConfigError):
        submit(rooms, opened.code, opened.token, "keep", key, computed)
    with pytest.raises(RoomError, match="no challenge"):
        submit(rooms, opened.code, opened.token, key, key, computed)
    assert leaderboard(rooms, opened.code, "keep") == []


def test_edited_labels_score_their_agreement(rooms: Rooms, opened: Opened, computed: Store) -> None:
    one = run(computed, edits=("1>2",))
    agreement = summary(one)["agreement"]
    assert submit(rooms, opened.code, opened.token, "labels", one.key, computed) == agreement


def test_the_narrowest_range_needs_a_gamma_that_works_and_one_that_does_not(
    rooms: Rooms, opened: Opened, computed: Store
) -> None:
    task = task_config(CHALLENGES["range"], opened.code)

    def enter(gamma: float) -> tuple[bool, float | None]:
        one = run(computed, forget_classes=task.forget_classes, energy_threshold=gamma)
        numbers = summary(one)
        works = numbers["unlearned"]["acc_forget"] <= 1 and numbers["gain"]["added"] >= -0.5
        return works, submit(rooms, opened.code, opened.token, "range", one.key, computed)

    found = {1.0: enter(1.0)}  # nothing can change, so nothing is forgotten
    assert found[1.0] == (False, None)
    assert leaderboard(rooms, opened.code, "range") == []
    for gamma in (0.9, 0.99, 0.999):
        found[gamma] = enter(gamma)
        works = sorted((g, w) for g, (w, _) in found.items())
        gaps = [b - a for (a, x), (b, y) in zip(works, works[1:], strict=False) if x != y]
        assert found[gamma][1] == (pytest.approx(min(gaps)) if gaps else None)
    assert {works for works, _ in found.values()} == {True, False}
    (line,) = leaderboard(rooms, opened.code, "range")
    assert (line.score, line.runs) == (found[0.999][1], 4)


def test_equal_distances_of_gamma_are_equal_scores() -> None:
    def entered(low: float, high: float) -> list[dict[str, Any]]:
        return [{"gamma": low, "works": True}, {"gamma": high, "works": False}]

    score = CHALLENGES["range"].score
    assert 0.8 - 0.7 != 0.9 - 0.8  # in floating point
    assert score(entered(0.7, 0.8)) == score(entered(0.8, 0.9)) == 0.1


def test_the_auditor_is_fooled_by_as_much_as_in_the_retrained_model(
    rooms: Rooms, opened: Opened, computed: Store
) -> None:
    token = rooms.join(opened.code, "a").token
    pair = [run(computed), run(computed, method="unsc-auto")]
    own = Experiment(START, computed)
    for one, value in zip(pair, (80.0, 20.0), strict=True):
        for network, found in (("unlearned", value), ("retrained", 40.0)):
            keys = Experiment(one.config, computed).keys
            key = outcome_key(AUDITS[PROBE], network, one.config, own.dataset, keys, None)
            assert key is not None
            write_outcome(computed, key, Outcome(found))
    scores = [
        submit(rooms, opened.code, who, "auditor", one.key, computed)
        for who, one in zip((opened.token, token), pair, strict=True)
    ]
    assert scores == [40.0, 20.0]
    assert [line.name for line in leaderboard(rooms, opened.code, "auditor")] == ["a", "Teacher"]
