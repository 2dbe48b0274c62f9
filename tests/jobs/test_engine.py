"""Jobs on a real Dask cluster: queue, progress, cancellation, and workers that die."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import distributed
import pytest
from distributed.core import connect
from distributed.security import Security

from tests.conftest import blobs, digits
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import Result, read_result
from unsc_core.experiment.store import Store
from unsc_core.jobs.engine import ABSENCE_LIMIT_S, Engine
from unsc_core.jobs.job import SHORT_S, Job, JobState, Lane
from unsc_core.progress import Progress

LONG = digits(training_epochs=1000)
"""About a minute of training, long enough to be interrupted."""
LIMIT_S = 300
"""Longest wait for what takes seconds on an idle machine; a busy one may have many times more."""


def quick(seed: int = 0) -> ExperimentConfig:
    """Well under a second."""
    return blobs(training_epochs=3, epochs=3, seed=seed)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    running = Engine()
    yield running
    running.close()


def submit(
    engine: Engine, config: ExperimentConfig, watcher: str = "", kind: str = "experiment"
) -> Job:
    dataset = load_dataset(config.dataset)
    config = resolve(config, dataset)
    return engine.submit(kind, keys(config, dataset).unlearned, config, watcher)


def result(config: ExperimentConfig) -> Result | None:
    dataset = load_dataset(config.dataset)
    return read_result(resolve(config, dataset), dataset, Store())


def until(condition: Callable[[], bool]) -> None:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < LIMIT_S, "the condition was not met in time"
        time.sleep(0.01)


def training(job: Job) -> bool:
    return (
        job.state is JobState.RUNNING
        and job.progress.stage == "training the original model"
        and job.progress.done > 0
    )


def stop(engine: Engine, *jobs: Job) -> None:
    """Cancel the jobs a test has started, and wait until they are over."""
    for job in jobs:
        for watcher in list(job.watchers):
            engine.cancel(job, watcher)
    until(lambda: not engine.active())


def test_job_runs_and_its_result_is_in_the_store(engine: Engine) -> None:
    job = engine.wait(submit(engine, quick()), LIMIT_S)
    assert (job.state, job.error, job.starts) == (JobState.DONE, "", 1)
    assert job.over
    found = result(quick())
    assert found is not None
    assert found.unlearned.test.shape == (800, 4)
    assert found.retrained is None
    assert engine.job("experiment", found.key) is job


def test_other_kinds_of_jobs(engine: Engine) -> None:
    engine.wait(submit(engine, quick()), LIMIT_S)
    assert engine.wait(submit(engine, quick(), kind="retrain"), LIMIT_S).state is JobState.DONE
    assert result(quick()).retrained is not None
    assert engine.wait(submit(engine, quick(), kind="dataset"), LIMIT_S).state is JobState.DONE


def test_same_work_submitted_twice_is_one_job(engine: Engine) -> None:
    first, second, other = (
        submit(engine, LONG, "a"),
        submit(engine, LONG, "b"),
        submit(engine, quick(1), "a"),
    )
    assert first is second
    assert first is not other
    assert first.watchers == {"a", "b"}
    stop(engine, first, other)
    assert first.starts <= 1


def test_finished_work_submitted_again_is_a_new_job(engine: Engine) -> None:
    first = engine.wait(submit(engine, quick(2)), LIMIT_S)
    second = engine.wait(submit(engine, quick(2)), LIMIT_S)
    assert first is not second
    assert second.state is JobState.DONE
    assert {first.starts, second.starts} == {1}


def test_progress_names_the_stage_and_counts(engine: Engine) -> None:
    job = submit(engine, LONG)
    assert job.state is JobState.WAITING or job.state is JobState.RUNNING
    heard: list[Progress] = []
    until(lambda: training(job))
    start = time.monotonic()
    while time.monotonic() - start < LIMIT_S and not (heard and heard[-1].seconds_left):
        if not heard or heard[-1] is not job.progress:
            heard.append(job.progress)
        time.sleep(0.02)
    stop(engine, job)
    assert len(heard) >= 3
    assert [p.done for p in heard] == sorted(p.done for p in heard)
    assert {p.total for p in heard} == {10_000}
    assert heard[-1].detail.endswith("of 1000")
    assert heard[-1].seconds_left > 0


def test_waiting_jobs_have_a_place_in_the_queue(engine: Engine) -> None:
    first = submit(engine, LONG)
    until(lambda: training(first))
    second, third = submit(engine, quick(3)), submit(engine, quick(4))
    assert [len(engine.ahead(job)) for job in (first, second, third)] == [0, 1, 2]
    assert engine.active() == [first, second, third]
    assert second.state is JobState.WAITING
    stop(engine, first, second, third)


def test_a_background_job_lets_later_ones_go_first(engine: Engine) -> None:
    first = submit(engine, LONG)
    until(lambda: training(first))
    behind = engine.submit("experiment", "behind", quick(11), background=True)
    later = submit(engine, quick(12))
    assert engine.active() == [first, later, behind]
    assert [len(engine.ahead(job)) for job in (later, behind)] == [1, 2]
    engine.cancel(first)
    assert engine.wait(later, LIMIT_S).state is JobState.DONE
    assert engine.wait(behind, LIMIT_S).state is JobState.DONE
    assert (behind.background, later.background) == (True, False)


def test_who_asks_for_much_does_not_keep_the_others_waiting(engine: Engine) -> None:
    first = submit(engine, LONG)
    until(lambda: training(first))
    much = [submit(engine, quick(20 + seed), "ann") for seed in range(3)]
    bob = submit(engine, quick(30), "bob")
    assert engine.active() == [first, much[0], bob, *much[1:]]
    ends: list[Job] = []
    engine.cancel(first)
    waiting = [*much, bob]
    until(lambda: ends.extend(j for j in waiting if j.over and j not in ends) or len(ends) == 4)
    assert {job.state for job in waiting} == {JobState.DONE}
    assert ends.index(bob) < ends.index(much[2])


def test_a_long_job_lets_some_short_ones_go_first_and_not_all(engine: Engine) -> None:
    first = submit(engine, LONG)
    until(lambda: training(first))
    long = engine.submit("retrain", "long", LONG, "ann", seconds=10 * SHORT_S)
    people = 14
    short = [
        engine.submit("retrain", f"short-{n}", LONG, f"{n}", seconds=1.5 * SHORT_S)
        for n in range(people)
    ]
    waiting = engine.active()[1:]
    assert [job for job in waiting if job is not long] == short
    assert 5 < waiting.index(long) < people - 2
    stop(engine, first, *short, long)


@pytest.mark.parametrize(
    ("limit", "word"), [("MAX_FOR_ONE", "cancel some"), ("MAX_FOR_ALL", "try again")]
)
def test_more_jobs_than_are_taken_fail_with_a_sentence(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, limit: str, word: str
) -> None:
    monkeypatch.setattr(f"unsc_core.jobs.engine.{limit}", 2)
    first, second = submit(engine, LONG, "ann"), submit(engine, quick(40), "ann")
    refused = submit(engine, quick(41), "ann")
    assert refused.state is JobState.FAILED
    assert word in refused.error
    assert "2" in refused.error
    assert submit(engine, LONG, "bob") is first  # what runs already is no more work
    assert submit(engine, quick(41)).state is not JobState.FAILED  # a script is not refused
    stop(engine, first, second, *engine.active())
    again = submit(engine, quick(42), "ann")
    assert engine.wait(again, LIMIT_S).state is JobState.DONE


def test_cancel_stops_a_running_training_and_the_next_job_runs(engine: Engine) -> None:
    job = submit(engine, LONG, "a")
    until(lambda: training(job))
    following = submit(engine, quick(5), "a")
    assert engine.cancel(job, "a") == 0
    assert job.state is JobState.CANCELLED
    assert engine.wait(following, LIMIT_S).state is JobState.DONE
    assert job.state is JobState.CANCELLED
    assert result(LONG) is None


def test_cancelled_work_can_be_submitted_again(engine: Engine) -> None:
    for _ in range(2):
        job = submit(engine, LONG)
        until(lambda job=job: training(job))
        assert job.starts == 1
        engine.cancel(job)
        assert job.over
    assert engine.wait(submit(engine, quick(6)), LIMIT_S).state is JobState.DONE


def test_cancelling_a_waiting_job(engine: Engine) -> None:
    first = submit(engine, LONG)
    until(lambda: training(first))
    second, third = submit(engine, quick(7)), submit(engine, quick(8))
    assert engine.cancel(second) == 0
    assert second.state is JobState.CANCELLED
    assert len(engine.ahead(third)) == 1
    assert engine.cancel(first) == 0
    assert engine.wait(third, LIMIT_S).state is JobState.DONE
    assert (second.state, second.starts) == (JobState.CANCELLED, 0)
    assert result(quick(7)) is None


def test_job_continues_while_another_watcher_waits(engine: Engine) -> None:
    job = submit(engine, LONG, "a")
    submit(engine, LONG, "b")
    until(lambda: training(job))
    assert engine.cancel(job, "a") == 1
    done = job.progress.done
    until(lambda: job.progress.done > done)
    assert job.state is JobState.RUNNING
    assert engine.cancel(job, "b") == 0
    assert job.state is JobState.CANCELLED
    until(lambda: not engine.active())


def test_job_is_cancelled_when_its_watchers_have_left(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"a", "b"}
    monkeypatch.setattr(engine, "_is_open", there.__contains__)
    job, script = submit(engine, LONG, "a"), submit(engine, quick(13), "")
    submit(engine, LONG, "b")
    there.discard("a")
    engine.sweep(0.0)
    assert job.watchers == {"a", "b"}  # a reload takes a moment
    engine.sweep(ABSENCE_LIMIT_S)
    assert job.watchers == {"b"}
    there.discard("b")
    engine.sweep(ABSENCE_LIMIT_S + 1)
    there.add("b")
    engine.sweep(ABSENCE_LIMIT_S + 2)  # it came back, so its absence starts over
    there.discard("b")
    engine.sweep(2 * ABSENCE_LIMIT_S + 1)
    assert not job.over
    engine.sweep(3 * ABSENCE_LIMIT_S + 1)
    assert job.state is JobState.CANCELLED
    assert engine.wait(script, LIMIT_S).state is JobState.DONE
    there.add("c")
    again = submit(engine, LONG, "c")
    submit(engine, LONG, "gone")
    assert engine.cancel(again, "c") == 0  # without waiting for the next sweep
    assert again.state is JobState.CANCELLED


def test_the_engine_sweeps_by_itself(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unsc_core.jobs.engine.SWEEP_INTERVAL_S", 0.05)
    monkeypatch.setattr("unsc_core.jobs.engine.ABSENCE_LIMIT_S", 0.2)
    monkeypatch.setattr(engine, "_is_open", engine._is_open)
    job = submit(engine, LONG, "closed")
    until(lambda: training(job))
    engine.track_watchers(lambda watcher: False)
    until(lambda: job.over)
    assert engine.wait(submit(engine, quick(14)), LIMIT_S).state is JobState.DONE


def test_a_short_job_runs_while_long_ones_do(engine: Engine) -> None:
    long, waiting = submit(engine, LONG), submit(engine, quick(15))
    until(lambda: training(long))
    dataset = load_dataset("blobs")
    config = resolve(quick(16), dataset)
    short = engine.submit("experiment", keys(config, dataset).unlearned, config, seconds=SHORT_S)
    assert (long.lane, waiting.lane, short.lane) == (Lane.LONG, Lane.LONG, Lane.SHORT)
    assert [len(engine.ahead(job)) for job in (long, waiting, short)] == [0, 1, 0]
    assert engine.wait(short, LIMIT_S).state is JobState.DONE
    assert (long.state, waiting.state) == (JobState.RUNNING, JobState.WAITING)
    assert short.worker != long.worker
    stop(engine, long, waiting)


@pytest.mark.parametrize(
    ("kind", "asked", "lane"),
    [
        ("subspaces", {}, Lane.SHORT),
        ("subspaces", {"seconds": SHORT_S + 1}, Lane.LONG),
        ("experiment", {}, Lane.LONG),
        ("experiment", {"seconds": SHORT_S}, Lane.SHORT),
        ("epochs", {"seconds": 1.0, "background": True}, Lane.LONG),
    ],
    ids=str,
)
def test_the_lane_follows_from_the_seconds(
    engine: Engine, kind: str, asked: dict, lane: Lane
) -> None:
    running = submit(engine, LONG)
    job = engine.submit(kind, f"lane-{asked}", quick(), **asked)
    assert job.lane is lane
    stop(engine, job, running)


def test_one_lane_loses_its_worker_and_the_other_continues(engine: Engine) -> None:
    long = submit(engine, LONG)
    until(lambda: training(long))
    config = digits(training_epochs=40, seed=5)
    short = engine.submit("retrain", "lost", config, seconds=1.0)
    until(lambda: short.state is JobState.RUNNING)
    os.kill(engine.worker_pids()[short.worker], signal.SIGKILL)
    engine.wait(short, LIMIT_S)
    assert (short.state, short.starts) == (JobState.DONE, 2)
    assert (long.state, long.starts) == (JobState.RUNNING, 1)
    stop(engine, long)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"energy_threshold": 1.5}, "1.5"),
        ({"method": "nope"}, "'nope'"),
        ({"dataset": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"epochs": 0}, "epochs"),
    ],
    ids=str,
)
def test_impossible_request_fails_with_its_sentence(
    engine: Engine, change: dict, words: str
) -> None:
    job = engine.wait(
        engine.submit("experiment", f"impossible-{words}", replace(quick(), **change)), 60
    )
    assert job.state is JobState.FAILED
    assert words in job.error
    assert job.error.endswith(".")
    assert "\n" not in job.error
    assert engine.wait(submit(engine, quick(9)), LIMIT_S).state is JobState.DONE


def test_unknown_kind_fails_with_a_sentence(engine: Engine) -> None:
    job = engine.wait(engine.submit("nope", "key", quick()), LIMIT_S)
    assert job.state is JobState.FAILED
    assert "nope" in job.error


def test_lost_worker_is_replaced_and_its_job_started_again(engine: Engine) -> None:
    config = digits(training_epochs=30)
    job = submit(engine, config)
    until(lambda: training(job))
    os.kill(engine.worker_pids()[job.worker], signal.SIGKILL)
    engine.wait(job, LIMIT_S)
    assert (job.state, job.starts) == (JobState.DONE, 2)
    found = result(config)
    assert found is not None
    assert (found.original.test.argmax(1) == found.split.dataset.y_test).mean() > 0.9


def test_worker_lost_twice_fails_the_job_and_not_the_engine(engine: Engine) -> None:
    job = submit(engine, LONG)
    until(lambda: training(job))
    following = submit(engine, quick(10))
    for starts in (1, 2):
        until(lambda starts=starts: job.starts == starts and job.state is JobState.RUNNING)
        until(lambda: job.worker in engine.worker_pids())
        os.kill(engine.worker_pids()[job.worker], signal.SIGKILL)
    engine.wait(job, LIMIT_S)
    assert job.state is JobState.FAILED
    assert "lost twice" in job.error
    assert (engine.wait(following, LIMIT_S).state, following.starts) == (JobState.DONE, 1)


def test_a_lane_that_dask_has_closed_is_opened_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unsc_core.jobs.engine.SWEEP_INTERVAL_S", 0.2)
    until(lambda: bool(engine.worker_pids()))
    local = engine._cluster.local
    local.sync(local.workers[Lane.SHORT.value].close)  # as after a start that failed
    engine.track_watchers(lambda watcher: True)
    config = resolve(quick(17), load_dataset("blobs"))
    short = engine.submit("experiment", "reopened", config, seconds=1.0)
    assert short.lane is Lane.SHORT
    assert engine.wait(short, LIMIT_S).state is JobState.DONE


def test_a_worker_that_is_gone_need_not_be_restarted(engine: Engine) -> None:
    job = submit(engine, LONG)
    until(lambda: training(job))
    lost = job.worker
    os.kill(engine.worker_pids()[lost], signal.SIGKILL)
    until(lambda: job.starts == 2)
    engine._cluster.restart(lost)
    stop(engine, job)


def test_other_programs_of_the_machine_are_refused(engine: Engine) -> None:
    """Whoever reaches a scheduler can have it run anything."""
    until(lambda: engine.worker_pids())
    address = engine._cluster.local.scheduler_address
    assert address.startswith("tls://127.0.0.1:")
    plain = address.replace("tls", "tcp")
    for target, stranger in (
        (address, Security.temporary()),
        (address, Security()),
        (plain, Security()),
    ):
        with pytest.raises((OSError, TimeoutError, TypeError)):
            asyncio.run(greet(target, stranger))


async def greet(address: str, security: Security) -> None:
    """Connect to a scheduler as its clients do, by handshake."""
    await connect(address, timeout=2, **security.get_connection_args("client"))


def test_a_line_is_logged_for_each_job(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "unsc_core.jobs"):
        job = engine.wait(submit(engine, quick(21)), LIMIT_S)
        until(lambda: job.id in caplog.text)
    assert re.search(rf"{job.id}: done, \d+\.\d s", caplog.text)


def test_the_engine_met_no_error(engine: Engine) -> None:
    """The last test of the shared engine: none of the others left an error or a job behind."""
    assert engine.error == ""
    assert engine.active() == []


def test_another_scheduler_by_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        asyncio.run(greet(cluster.scheduler_address, Security()))  # one that refuses nobody
        monkeypatch.setenv("UNSC_SCHEDULER", cluster.scheduler_address)
        engine = Engine()
        try:
            job = engine.wait(submit(engine, quick(11)), LIMIT_S)
            assert (job.state, job.error) == (JobState.DONE, "")
            assert result(quick(11)) is not None
            long = submit(engine, LONG)
            until(lambda: training(long))
            assert long.lane is Lane.LONG
            engine.cancel(long)
            assert engine.wait(submit(engine, quick(12)), LIMIT_S).state is JobState.DONE
        finally:
            engine.close()
        assert cluster.scheduler_info["workers"]


def test_address_without_a_scheduler_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unsc_core.jobs.cluster.CONNECT_TIMEOUT", "1s")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
    engine = Engine(address)
    try:
        job = engine.wait(submit(engine, quick()), LIMIT_S)
        assert job.state is JobState.FAILED
        assert address in job.error
        assert "UNSC_SCHEDULER" in job.error
        assert job.error == engine.error
        assert engine.worker_pids() == {}
    finally:
        engine.close()
