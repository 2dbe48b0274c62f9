"""Where jobs run: Dask distributed. A local cluster inside by default, another scheduler by `UNSC_SCHEDULER`.

A job is a kind (a name in `unsc_core.jobs.worker.JOBS`) and a config; its result goes to the store. Dask has the
queue, one run per key, and the supervision of workers; this module adds words (what runs, how far, what went wrong),
two lanes, so that short work never waits behind long work, and an eye on who still waits for a job.
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
from distributed.system import MEMORY_LIMIT

from unsc_core.config import ExperimentConfig
from unsc_core.errors import EngineError, UnscError
from unsc_core.experiment.machine import cores
from unsc_core.jobs.worker import TOPIC, run_job
from unsc_core.paths import home
from unsc_core.progress import Progress

logger = logging.getLogger(__name__)

PATIENT = 10**6
"""Added to the number of a job that lets all others go first."""
GRACE_S = 1.5
"""A cancelled job that has not stopped by itself after this long is stopped by restarting its worker."""
LOOK_S = 1.0
"""How often the engine looks whether those who wait for a job are still there."""
ABSENCE_S = 5.0
"""Who has been away for this long no longer waits: longer than a reload or a short loss of the network."""
SHORT_S = 10.0
"""Jobs of at most so many seconds are short."""
SHORT_KINDS = ("cost", "lab", "embedding", "subspaces", "spectra")
"""Kinds of jobs that are short where nothing is known about their seconds."""


class State(StrEnum):
    """Where a job is in its life."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Lane(StrEnum):
    """Which workers a job may run on. Each lane has its own; the name is a Dask resource, which a worker keeps when it is restarted."""

    SHORT = "short"
    LONG = "long"


NICENESS = {Lane.SHORT: 5, Lane.LONG: 10}
"""Jobs give way to the pages that people look at, by so much, and long ones to short ones."""


@dataclass(eq=False)
class Job:
    """One piece of work as the views see it. Only the engine changes it.

    Attributes:
        id: kind and content key; the same work has the same id.
        task: its name for Dask; asked for again, the same work has another one.
        lane: the workers it may run on.
        seconds: how long it was estimated to take, None where nobody knows.
        progress: the last message from the worker.
        starts: how often a worker began it: more than one means that a worker was lost on the way.
        error: one sentence once it failed.
        watchers: who waits for it; "" is a script, which is always there.
    """

    id: str
    kind: str
    config: ExperimentConfig
    number: int
    task: str
    lane: Lane = Lane.LONG
    seconds: float | None = None
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
        self._is_open: Callable[[str], bool] = lambda watcher: True
        self._absent: dict[str, float] = {}
        self._closed = threading.Event()
        self._calls = ThreadPoolExecutor(1, thread_name_prefix="unsc-engine")
        self._stops = ThreadPoolExecutor(4, thread_name_prefix="unsc-stop")
        self._calls.submit(self._guarded, self._start)
        self.error = ""

    def submit(
        self,
        kind: str,
        key: str,
        config: ExperimentConfig,
        watcher: str = "",
        *,
        patient: bool = False,
        seconds: float | None = None,
    ) -> Job:
        """Ask for a job; the same kind and key asked again while it waits or runs is the same job.

        Args:
            kind: a name in JOBS.
            key: the content key of what the job makes.
            config: resolved.
            watcher: who asks; see `cancel` and `keep_watchers`.
            patient: one of many jobs asked for together: whatever else is asked for meanwhile goes first.
            seconds: how long it is estimated to take; it decides on the lane.
        """
        job_id = f"{kind}-{key}"
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or job.over:
                self._submitted += 1
                number = self._submitted + PATIENT * patient
                task = job_id if self._address else f"{job_id}-{number}"
                job = Job(
                    job_id, kind, config, number, task, self._lane(kind, patient, seconds), seconds
                )
                self._jobs[job_id] = job
                self._forget_old()
                self._calls.submit(self._guarded, lambda: self._send(job), job)
            job.watchers.add(watcher)
        return job

    def _lane(self, kind: str, patient: bool, seconds: float | None) -> Lane:
        """Another scheduler's workers know no lanes, so that all its jobs are in one."""
        short = kind in SHORT_KINDS if seconds is None else seconds <= SHORT_S
        return Lane.SHORT if short and not patient and not self._address else Lane.LONG

    def job(self, kind: str, key: str) -> Job | None:
        """The latest job of this kind and key, if it was asked for here."""
        return self._jobs.get(f"{kind}-{key}")

    def place(self, job: Job) -> int:
        """How many jobs of its lane are before this one (0 = it runs or is next)."""
        with self._lock:
            return sum(
                1
                for other in self._jobs.values()
                if not other.over and other.lane == job.lane and other.number < job.number
            )

    def active(self) -> list[Job]:
        """Jobs that wait or run, in order."""
        with self._lock:
            return sorted(
                (job for job in self._jobs.values() if not job.over), key=lambda job: job.number
            )

    def cancel(self, job: Job, watcher: str = "") -> int:
        """No longer want a job. It stops unless somebody else who is still there wants it.

        Returns:
            How many others keep it going; 0: it is being stopped, or was over.
        """
        with self._lock:
            if job.over:
                return 0
            job.watchers = {
                other for other in job.watchers if other != watcher and self._there(other)
            }
            if not job.watchers:
                self._give_up(job)
            return len(job.watchers)

    def keep_watchers(self, is_open: Callable[[str], bool]) -> None:
        """From now on, look every LOOK_S seconds who is still there, in a thread that ends with the engine.

        Args:
            is_open: whether this watcher is still there; called from any thread.
        """
        self._is_open = is_open
        threading.Thread(target=self._look, name="unsc-watchers", daemon=True).start()

    def sweep(self, now: float) -> None:
        """Forget watchers that have been away for ABSENCE_S, and stop the jobs that nobody waits for any more.

        Args:
            now: seconds on a clock that only goes forward.
        """
        with self._lock:
            active = self.active()
            away = {
                watcher for job in active for watcher in job.watchers if not self._there(watcher)
            }
            self._absent = {watcher: self._absent.get(watcher, now) for watcher in away}
            gone = {watcher for watcher, since in self._absent.items() if now - since >= ABSENCE_S}
            for job in reversed(active):  # the last first, so that none begins meanwhile
                job.watchers -= gone
                if not job.watchers:
                    self._give_up(job)

    def _look(self) -> None:
        while not self._closed.wait(LOOK_S):
            self.sweep(time.monotonic())

    def _there(self, watcher: str) -> bool:
        return not watcher or self._is_open(watcher)

    def _give_up(self, job: Job) -> None:
        job.state = State.CANCELLED
        self._calls.submit(self._guarded, lambda: self._stop(job))

    def wait(self, job: Job, timeout: float) -> Job:
        """Block until the job is over or `timeout` seconds have passed (for scripts and tests, not for pages)."""
        end = time.monotonic() + timeout
        while not job.over and time.monotonic() < end:
            time.sleep(0.02)
        return job

    def worker_pids(self) -> dict[str, int]:
        """Address -> process id of the workers, empty before the engine has started."""
        return self._client.run(os.getpid) if self._client else {}

    def close(self) -> None:
        """Stop the workers."""
        self._closed.set()
        self._calls.submit(self._shut).result(timeout=30)
        self._calls.shutdown(wait=False)
        self._stops.shutdown(wait=False)

    def _guarded(self, call: Callable[[], None], job: Job | None = None) -> None:
        """Run one call of the engine's own thread; its failure becomes a sentence."""
        try:
            call()
        except Exception as error:
            sentence = (
                str(error)
                if isinstance(error, UnscError)
                else f"The job engine failed ({error}); restart the app."
            )
            logger.exception("engine call failed")
            self.error = sentence
            if job is not None:
                job.error, job.state = sentence, State.FAILED

    def _start(self) -> None:
        if self._address:
            try:
                self._client = distributed.Client(
                    self._address, timeout="10s", set_as_default=False
                )
            except (OSError, TimeoutError, ValueError) as error:
                raise EngineError(
                    f"No Dask scheduler answers at {self._address} ({type(error).__name__}); start one there or unset UNSC_SCHEDULER."
                ) from None
        else:
            threads = max(1, cores() // _long_workers())
            spawn_environment: dict[str, Any] = dict.fromkeys(
                ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads
            )
            spawn_environment["OMP_WAIT_POLICY"] = "passive"  # see unsc_core.learning.device
            dask.config.set(
                {
                    "distributed.nanny.pre-spawn-environ": spawn_environment,
                    "distributed.scheduler.allowed-failures": 1,
                    "distributed.scheduler.http.routes": [],  # no pages about the cluster, on any port
                }
            )
            address = {"host": "127.0.0.1", "protocol": "tcp://", "dashboard": False}
            options = address | {
                "nthreads": 1,
                "memory_limit": MEMORY_LIMIT,
                "dashboard_address": None,
                "silence_logs": logging.CRITICAL,
            }
            short, long = (
                {"cls": distributed.Nanny, "options": options | {"resources": {lane.value: 1}}}
                for lane in Lane
            )
            self._cluster = distributed.SpecCluster(
                scheduler={
                    "cls": distributed.Scheduler,
                    "options": address | {"port": 0, "dashboard_address": "127.0.0.1:0"},
                },
                workers={Lane.SHORT.value: short},
                worker=long,
                silence_logs=logging.CRITICAL,
            )
            self._client = distributed.Client(self._cluster, set_as_default=False)
        self._client.subscribe_topic(TOPIC, self._on_event)

    def _send(self, job: Job) -> None:
        if self._client is None:
            raise EngineError(self.error or "The job engine is not running; restart the app.")
        if job.over:
            return
        distributed.Event(f"cancel-{job.task}", client=self._client).clear()
        if self._cluster is not None and job.lane is Lane.LONG:
            self._cluster.scale(
                1 + _long_workers()
            )  # they start with the first long job; until then there is only the short lane's
        job.future = self._client.submit(
            run_job,
            job.kind,
            job.task,
            job.config.to_dict(),
            str(home()),
            NICENESS[job.lane],
            key=job.task,
            priority=-job.number,
            pure=False,
            resources=None if self._cluster is None else {job.lane.value: 1},
        )
        job.future.add_done_callback(lambda future: self._on_done(job, future))

    def _stop(self, job: Job) -> None:
        future = job.future
        if future is None:
            return
        distributed.Event(f"cancel-{job.task}", client=self._client).set()
        if job.worker:
            self._stops.submit(self._guarded, lambda: self._see_off(job, future))
        else:
            future.cancel()

    def _see_off(self, job: Job, future: Any) -> None:
        """Wait until a running job has stopped; one that does not is stopped with its worker."""
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
        job = next((job for job in tuple(self._jobs.values()) if job.task == message["id"]), None)
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
        if (
            isinstance(error, distributed.scheduler.KilledWorker)
            and job.starts < 2
            and not job.over
        ):
            job.task += "-again"  # Dask blames all that a lost worker had been given, also what it had not begun
            self._calls.submit(self._guarded, lambda: self._send(job), job)
            return
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


def _long_workers() -> int:
    """One for each GPU of this machine, found without loading torch; one where there is none."""
    return len(list(Path("/dev").glob("nvidia[0-9]*"))) or 1


def _sentence(error: BaseException | None) -> str:
    if isinstance(error, UnscError):
        return str(error)
    if isinstance(error, distributed.scheduler.KilledWorker):
        return "The worker process was lost twice while running this (killed, or out of memory); try a smaller model or dataset."
    if isinstance(error, MemoryError) or (
        error is not None and "out of memory" in str(error).lower()
    ):
        return "There was not enough memory for this; try a smaller model or dataset."
    logger.error("job failed", exc_info=error)
    return f"The job failed unexpectedly ({type(error).__name__}: {error}); the server log has the details."
