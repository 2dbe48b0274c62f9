"""How a worker process is set up: its environment before it starts, its priority for each job."""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import suppress
from typing import Any

from unsc_core.experiment.machine import cores
from unsc_core.jobs.job import Lane

NICENESS = {Lane.SHORT: 5, Lane.LONG: 10}
"""Jobs give way to the server that draws the pages, and long jobs to short ones."""


def environment(long_workers: int) -> dict[str, Any]:
    """The variables that OpenMP and BLAS read when a worker loads them.

    The cores are shared among the long lane's workers. Threads that wait do not spin: see
    `unsc_core.learning.device`.
    """
    threads = max(1, cores() // long_workers)
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return dict.fromkeys(names, threads) | {"OMP_WAIT_POLICY": "passive"}


def set_priority(lane: Lane, when_idle: bool) -> None:
    """Lower the priority of this thread and, on Linux, of the threads it starts from now on.

    A worker's other threads, which report to the scheduler, keep theirs.

    Args:
        lane: of the job that is about to run.
        when_idle: run only on processor time that nothing else wants, where the system offers that.
    """
    if hasattr(os, "setpriority"):
        current = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS[lane], current))
    if when_idle and hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):  # a sandbox may forbid it; niceness remains
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def release_memory() -> None:
    """Give back to the system what a job has used, which glibc would keep for the next one."""
    gc.collect()
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)
