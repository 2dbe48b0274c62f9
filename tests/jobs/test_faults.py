"""What goes wrong under a running job: a full or read-only disk, a clock that is set, damage."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import distributed.scheduler
import pytest

from tests.jobs.test_engine import LIMIT_S, LONG, quick, result, stop, submit, training, until
from unsc_core.analysis.summary import summary
from unsc_core.experiment.artefacts import UNLEARNED
from unsc_core.experiment.store import Store
from unsc_core.jobs.engine import SET_BACK, Engine
from unsc_core.jobs.job import JobState


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    running = Engine()
    yield running
    running.close()


def in_workers(engine: Engine, act: Callable[[], Any]) -> None:
    """Do something in every worker process."""
    assert engine._cluster is not None
    engine._cluster.client.run(act)


def finished(engine: Engine, seed: int) -> dict[str, Any]:
    assert engine.wait(submit(engine, quick(seed)), LIMIT_S).state is JobState.DONE
    return numbers(seed)


def numbers(seed: int) -> dict[str, Any]:
    """What the store says of a result."""
    found = result(quick(seed))
    assert found is not None
    return summary(found)


def test_a_disk_that_is_full_during_a_job_is_one_sentence_and_the_next_try_succeeds(
    engine: Engine, home: Path
) -> None:
    before = finished(engine, 0)

    def limit(size: int) -> Callable[[], Any]:
        hard = resource.RLIM_INFINITY
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    in_workers(engine, limit(1000))
    try:
        job = engine.wait(submit(engine, quick(1)), LIMIT_S)
    finally:
        in_workers(engine, limit(resource.RLIM_INFINITY))
    assert job.state is JobState.FAILED
    assert "make room or set UNSC_HOME elsewhere." in job.error
    assert str(home) in job.error
    assert not list(home.rglob("*.tmp"))
    assert numbers(0) == before
    finished(engine, 1)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="drops root's rights")
def test_a_store_that_becomes_read_only_is_one_sentence_and_loses_nothing(
    engine: Engine, home: Path
) -> None:
    before = finished(engine, 0)
    for folder in (home, *home.parents, *home.rglob("*")):
        if folder.owner() == "root" and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | (0o055 if folder.is_dir() else 0o044))
    in_workers(engine, lambda: os.seteuid(65534))
    try:
        job = engine.wait(submit(engine, quick(1)), LIMIT_S)
    finally:
        in_workers(engine, lambda: os.seteuid(0))
    assert job.state is JobState.FAILED
    assert "Permission denied" in job.error
    assert "set UNSC_HOME elsewhere." in job.error
    assert numbers(0) == before
    finished(engine, 1)


def test_a_clock_that_is_set_forward_ends_no_job(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what a laptop does that wakes up: hours have passed at once."""
    job = submit(engine, LONG, "a")
    until(lambda: training(job))
    assert engine._cluster is not None
    scheduler = engine._cluster.local.scheduler
    now = time.time
    monkeypatch.setattr(distributed.scheduler, "time", lambda: now() + 86_400)
    if scheduler.worker_ttl:  # what it then does every few minutes
        engine._cluster.client.sync(scheduler.check_worker_ttl)
    done = job.progress.done
    until(lambda: job.progress.done > done + 100 or job.over)
    assert (job.state, job.starts) == (JobState.RUNNING, 1)
    stop(engine, job)


def test_a_clock_that_is_set_back_is_said(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    late = [0.0]
    clock = SimpleNamespace(time=lambda: time.time() + late[0], monotonic=time.monotonic)
    monkeypatch.setattr("unsc_core.jobs.engine.time", clock)
    said = []
    for late[0] in (0, -30, -86_400, 0, 86_400, 0, 86_400):
        engine.check_clock()
        said.append(engine.error)
    assert said == ["", "", SET_BACK, "", "", SET_BACK, ""]


def damaged(path: Path, how: str) -> None:
    """Flip a bit in the middle of a file, or cut it."""
    content = bytearray(path.read_bytes())
    if how == "flipped":
        content[len(content) // 2] ^= 1
    path.write_bytes(content if how == "flipped" else content[: len(content) // 2])


@pytest.mark.parametrize("how", ["flipped", "cut"])
def test_a_result_that_is_damaged_is_computed_again(engine: Engine, home: Path, how: str) -> None:
    before = finished(engine, 0)
    store = Store(home / "store")
    for path in sorted(store.root.rglob("*.safetensors")):
        damaged(path, how)
    assert result(quick(0)) is None
    assert not UNLEARNED.has(store, before["key"])
    again = finished(engine, 0)
    for key in ("original", "unlearned"):
        for part in ("acc_forget", "acc_retain", "per_class"):
            assert again[key][part] == before[key][part]
