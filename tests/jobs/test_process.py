"""A worker shares the cores, gives way by lane, and returns memory after each job."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from unsc_core.experiment.machine import cores
from unsc_core.jobs.job import Lane
from unsc_core.jobs.process import NICENESS, environment, set_priority

pytestmark = pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="scheduling classes of Linux")


def in_a_thread(call: Callable[[], object]) -> object:
    """The call's result, computed in a new thread: priorities set in it end with it."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    return found[0]


def priority() -> tuple[int, int]:
    """Scheduling class and niceness of this thread."""
    return os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.parametrize(
    ("lane", "when_idle", "policy"),
    [
        (Lane.SHORT, False, "SCHED_OTHER"),
        (Lane.LONG, False, "SCHED_OTHER"),
        (Lane.LONG, True, "SCHED_IDLE"),
    ],
)
def test_priority_holds_for_the_thread_and_those_it_starts(
    lane: Lane, when_idle: bool, policy: str
) -> None:
    before = priority()

    def work() -> object:
        set_priority(lane, when_idle)
        return priority(), in_a_thread(priority)

    lowered = (getattr(os, policy), max(NICENESS[lane], before[1]))
    assert in_a_thread(work) == (lowered, lowered)
    assert priority() == before


def test_niceness_is_never_reduced() -> None:
    def work() -> object:
        set_priority(Lane.LONG, False)
        set_priority(Lane.SHORT, False)
        return priority()[1]

    assert in_a_thread(work) >= NICENESS[Lane.LONG]


def test_a_system_that_forbids_the_idle_class_keeps_niceness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", forbidden)

    def work() -> object:
        set_priority(Lane.LONG, True)
        return priority()

    assert in_a_thread(work)[1] >= NICENESS[Lane.LONG]


@pytest.mark.parametrize("workers", [1, 2, 1000])
def test_long_workers_share_the_cores(workers: int) -> None:
    variables = environment(workers)
    assert variables["OMP_NUM_THREADS"] == max(1, cores() // workers)
    assert variables["OMP_WAIT_POLICY"] == "passive"


FREED = """
import psutil
from unsc_core.jobs.process import release_memory
blocks = [bytes(60_000) for _ in range(3_000)]
blocks[:-1] = []
before = psutil.Process().memory_info().rss
release_memory()
print(before - psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_a_job_has_freed_goes_back_to_the_system() -> None:
    ran = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    assert int(ran.stdout) > 100_000_000
