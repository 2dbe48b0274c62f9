"""Where jobs run: Dask distributed. A local cluster inside by default, another scheduler by `UNSC_SCHEDULER`.

A job is a kind (a name in `unsc_core.jobs.JOBS`) and a config; its result goes to the store. Dask has the
queue, one run per key, and the supervision of workers; this module adds words: what runs, how far, what went wrong.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import dask
import distributed

from unsc_core.config import ExperimentConfig
from unsc_core.errors import EngineError, UnscError
from unsc_core.home import home
from unsc_core.jobs import TOPIC, run_job
from unsc_core.progress import Progress

logger = logging.getLogger(__name__)

PATIENT = 10**6
"""Added to the number of a job that lets all others go first."""
GRACE_S = 1.5
"""A cancelled job that has not stopped by itself after this long is stopped by restarting its worker."""


class State(StrEnum):
    """Where a job is in its life."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(eq=False)
class Job:
    """One piece of work as the views see it. Only the engine changes it.

    Attributes:
        id: kind and content key; the same work has the same id.
        progress: the last message from the worker.
        starts: how often a worker began it: more than one means that a worker was lost on the way.
        error: one sentence once it failed.
    """

    id: str
    kind: str
    config: ExperimentConfig
    number: int
    state: State = State.WAITING
    progress: Progress = field(default_factory=lambda: Progress("waiting"))
    starts: int = 0
    error: str = ""
    worker: str = ""
    watchers: set[str] = field(default_factory=set)
    future: Any = None

    @property
    def patient(self) -> bool:
        """Whether it lets all others go first."""
        return self.number > PATIENT

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in (State.DONE, State.FAILED, State.CANCELLED)


class Engine:
    """Runs jobs. Starting takes a moment and happens in the background: the constructor returns at once."""

    def __init__(self, address: str | None = None) -> None:
        self._address = address or os.environ.get("UNSC_SCHEDULER")
        self._jobs: dict[str, Job] = {}
        self._lock = threading.RLock()
        self._submitted = 0
        self._client: Any = None
        self._cluster: Any = None
        self._calls = ThreadPoolExecutor(1, thread_name_prefix="unsc-engine")
        self._calls.submit(self._guarded, self._start)
        self.error = ""

    def submit(self, kind: str, key: str, config: ExperimentConfig, watcher: str = "", *, patient: bool = False) -> Job:
        """Ask for a job; the same kind and key asked again while it waits or runs is the same job.

        Args:
            kind: a name in JOBS.
            key: the content key of what the job makes.
            config: resolved.
            watcher: who asks; see `cancel`.
            patient: one of many jobs asked for together: whatever else is asked for meanwhile goes first.
        """
        job_id = f"{kind}-{key}"
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or job.over:
                self._submitted += 1
                job = Job(job_id, kind, config, self._submitted + PATIENT * patient)
                self._jobs[job_id] = job
                self._forget_old()
                self._calls.submit(self._guarded, lambda: self._send(job), job)
            job.watchers.add(watcher)
        return job

    def job(self, kind: str, key: str) -> Job | None:
        """The latest job of this kind and key, if it was asked for here."""
        return self._jobs.get(f"{kind}-{key}")

    def place(self, job: Job) -> int:
        """How many jobs are before this one (0 = it runs or is next)."""
        with self._lock:
            return sum(1 for other in self._jobs.values() if not other.over and other.number < job.number)

    def active(self) -> list[Job]:
        """Jobs that wait or run, in order."""
        with self._lock:
            return sorted((job for job in self._jobs.values() if not job.over), key=lambda job: job.number)

    def cancel(self, job: Job, watcher: str = "") -> bool:
        """No longer want a job. It stops once nobody else who asked for it still wants it.

        Returns:
            Whether it is being stopped.
        """
        with self._lock:
            job.watchers.discard(watcher)
            if job.watchers or job.over:
                return False
            job.state = State.CANCELLED
            self._calls.submit(self._guarded, lambda: self._stop(job))
        return True

    def wait(self, job: Job, timeout: float) -> Job:
        """Block until the job is over or `timeout` seconds have passed (for scripts and tests, not for pages)."""
        end = time.monotonic() + timeout
        while not job.over and time.monotonic() < end:
            time.sleep(0.02)
        return job

    def worker_pids(self) -> list[int]:
        """Process ids of the workers, empty before the engine has started."""
        return list(self._client.run(os.getpid).values()) if self._client else []

    def close(self) -> None:
        """Stop the workers."""
        self._calls.submit(self._shut).result(timeout=30)
        self._calls.shutdown(wait=False)

    def _guarded(self, call: Callable[[], None], job: Job | None = None) -> None:
        """Run one call of the engine's own thread; its failure becomes a sentence."""
        try:
            call()
        except Exception as error:
            sentence = str(error) if isinstance(error, UnscError) else f"The job engine failed ({error}); restart the app."
            logger.exception("engine call failed")
            self.error = sentence
            if job is not None:
                job.error, job.state = sentence, State.FAILED

    def _start(self) -> None:
        if self._address:
            try:
                self._client = distributed.Client(self._address, timeout="10s", set_as_default=False)
            except (OSError, TimeoutError, ValueError) as error:
                raise EngineError(
                    f"No Dask scheduler answers at {self._address} ({type(error).__name__}); start one there or unset UNSC_SCHEDULER."
                ) from None
        else:
            workers = _gpu_count() or 1
            threads = max(1, _cores() // workers)
            spawn_environment: dict[str, Any] = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
            spawn_environment["OMP_WAIT_POLICY"] = "passive"  # see unsc_core.device
            dask.config.set(
                {
                    "distributed.nanny.pre-spawn-environ": spawn_environment,
                    "distributed.scheduler.allowed-failures": 1,
                    "distributed.scheduler.http.routes": [],  # no pages about the cluster, on any port
                }
            )
            self._cluster = distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"}, silence_logs=logging.CRITICAL,
            )  # fmt: skip
            self._client = distributed.Client(self._cluster, set_as_default=False)
        self._client.subscribe_topic(TOPIC, self._on_event)

    def _send(self, job: Job) -> None:
        if self._client is None:
            raise EngineError(self.error or "The job engine is not running; restart the app.")
        if job.over:
            return
        distributed.Event(f"cancel-{job.id}", client=self._client).clear()
        job.future = self._client.submit(
            run_job, job.kind, job.id, job.config.to_dict(), str(home()), key=f"{job.id}-{job.number}" if not self._address else job.id,
            priority=-job.number, pure=False,
        )  # fmt: skip
        job.future.add_done_callback(lambda future: self._on_done(job, future))

    def _stop(self, job: Job) -> None:
        future = job.future
        if future is None:
            return
        distributed.Event(f"cancel-{job.id}", client=self._client).set()
        if not job.worker:
            future.cancel()
            return
        end = time.monotonic() + GRACE_S
        while future.status == "pending" and time.monotonic() < end:
            time.sleep(0.02)
        if future.status == "pending":
            future.cancel()
            self._client.restart_workers([job.worker], timeout=30, raise_for_error=False)

    def _shut(self) -> None:
        for part in (self._client, self._cluster):
            if part is not None:
                part.close()

    def _on_event(self, event: tuple[float, dict[str, Any]]) -> None:
        message = event[1]
        job = self._jobs.get(message["id"])
        if job is None or job.over:
            return
        if message["what"] == "start":
            job.starts += 1
            job.worker = message["worker"]
            job.state = State.RUNNING
        else:
            job.progress = Progress(**message["progress"])

    def _on_done(self, job: Job, future: Any) -> None:
        error = future.exception() if future.status == "error" else None
        with self._lock:
            if not job.over:
                if future.status == "finished" and future.result() != "cancelled":
                    job.state = State.DONE
                elif future.status == "error":
                    job.error, job.state = _sentence(error), State.FAILED
                else:
                    job.state = State.CANCELLED
        job.future = None

    def _forget_old(self, keep: int = 200) -> None:
        over = [job_id for job_id, job in self._jobs.items() if job.over]
        for job_id in over[: max(0, len(self._jobs) - keep)]:
            del self._jobs[job_id]


def _cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _gpu_count() -> int:
    """GPUs on this machine, found without loading torch."""
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def _sentence(error: BaseException | None) -> str:
    if isinstance(error, UnscError):
        return str(error)
    if isinstance(error, distributed.scheduler.KilledWorker):
        return "The worker process was lost twice while running this (killed, or out of memory); try a smaller model or dataset."
    if isinstance(error, MemoryError) or (error is not None and "out of memory" in str(error).lower()):
        return "There was not enough memory for this; try a smaller model or dataset."
    logger.error("job failed", exc_info=error)
    return f"The job failed unexpectedly ({type(error).__name__}: {error}); the server log has the details."
