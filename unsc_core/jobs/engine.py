"""The job queue: what runs, how far it is, what went wrong, and who still waits for it.

A job is a kind (a name in `unsc_core.jobs.worker.JOBS`) and a config; its result goes to the store.
Dask keeps the queue, runs each task once, and supervises the workers. `UNSC_SCHEDULER` names
another Dask scheduler to use in place of the local one.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from distributed.scheduler import KilledWorker

from unsc_core.config import ExperimentConfig
from unsc_core.errors import EngineError, UnscError
from unsc_core.jobs.cluster import Cluster, connect, start
from unsc_core.jobs.job import (
    BACKGROUND_OFFSET,
    MAX_FOR_ALL,
    MAX_FOR_ONE,
    Job,
    JobState,
    Lane,
    lane_for,
    turns,
)
from unsc_core.jobs.worker import TOPIC
from unsc_core.progress import Progress

logger = logging.getLogger(__name__)

STOP_TIMEOUT_S = 1.5
"""A cancelled job that is still running after this long is stopped by restarting its worker."""
SWEEP_INTERVAL_S = 1.0
"""How often the engine looks for watchers that have left."""
ABSENCE_LIMIT_S = 20.0
"""A watcher absent for this long no longer waits; one that lost its network is back sooner."""
SET_BACK_S = 60.0
SET_BACK = (
    "This computer's clock was set back, and jobs stand still until it is as late as it was; "
    "restart the app. No result is lost."
)
"""What is said after the clock was set back by more: Dask's messages wait for a time by it."""
KEPT_JOBS = 200
"""How many jobs are remembered before the oldest finished ones are dropped."""


class Engine:
    """Runs jobs. The constructor returns at once; the workers start in the background."""

    def __init__(self, address: str | None = None) -> None:
        self._address = address or os.environ.get("UNSC_SCHEDULER")
        self._jobs: dict[str, Job] = {}
        self._lock = threading.RLock()
        self._submitted = 0
        self._cluster: Cluster | None = None
        self._is_open: Callable[[str], bool] = lambda watcher: True
        self._absent_since: dict[str, float] = {}
        self._clock = time.time() - time.monotonic()
        self._closed = threading.Event()
        self._calls = ThreadPoolExecutor(1, thread_name_prefix="unsc-engine")
        self._stops = ThreadPoolExecutor(4, thread_name_prefix="unsc-stop")
        self.error = ""
        self._calls.submit(self._run_call, self._start)

    def submit(
        self,
        kind: str,
        key: str,
        config: ExperimentConfig,
        watcher: str = "",
        *,
        background: bool = False,
        seconds: float | None = None,
    ) -> Job:
        """Queue a job. If the same kind and key waits or runs already, return that job.

        Args:
            kind: a name in JOBS.
            key: the content key of what the job makes.
            config: resolved.
            watcher: who waits for it; see `cancel` and `track_watchers`.
            background: every other job comes first, also one that is submitted later.
            seconds: how long it is estimated to take, which decides on the lane and its place.

        Returns:
            The job; one that has failed where so many wait that no more are taken.
        """
        job_id = f"{kind}-{key}"
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or job.over:
                self._submitted += 1
                number = self._submitted
                # another scheduler's workers know no lanes
                lane = Lane.LONG if self._address else lane_for(kind, seconds, background)
                task = job_id if self._address else f"{job_id}-{number}"
                own = [job for job in self.active() if watcher and watcher in job.watchers]
                waits_for = [j.turn for j in own if (j.lane, j.background) == (lane, background)]
                start = max([*waits_for, number + BACKGROUND_OFFSET * background])
                turn = start + turns(seconds)
                job = Job(job_id, kind, config, number, turn, task, background, lane, seconds)
                job.error = self._full(len(own)) if watcher else ""
                self._jobs[job_id] = job
                self._drop_finished()
                if job.error:
                    job.state = JobState.FAILED
                else:
                    self._calls.submit(self._run_call, lambda: self._send(job), job)
            job.watchers.add(watcher)
        return job

    def job(self, kind: str, key: str) -> Job | None:
        """The latest job of this kind and key, if there was one."""
        return self._jobs.get(f"{kind}-{key}")

    def ahead(self, job: Job) -> list[Job]:
        """The jobs of its lane that come before this one; none if it runs or is next."""
        lane = [other for other in self.active() if other.lane == job.lane]
        return lane[: lane.index(job)] if job in lane else []

    def active(self) -> list[Job]:
        """Jobs that run, and those that wait, in order."""
        with self._lock:
            active = (job for job in self._jobs.values() if not job.over)
            return sorted(active, key=lambda j: (j.state is not JobState.RUNNING, j.turn, j.number))

    def cancel(self, job: Job, watcher: str = "") -> int:
        """Stop waiting for a job; it is cancelled unless another watcher is present.

        Returns:
            The number of other watchers; 0 if the job is being stopped or was over.
        """
        with self._lock:
            if job.over:
                return 0
            others = job.watchers - {watcher}
            job.watchers = {other for other in others if self._is_present(other)}
            if not job.watchers:
                self._cancel(job)
            return len(job.watchers)

    def track_watchers(self, is_open: Callable[[str], bool]) -> None:
        """From now on, look every SWEEP_INTERVAL_S for watchers that have left.

        Args:
            is_open: whether a watcher is present; called from any thread.
        """
        self._is_open = is_open
        threading.Thread(target=self._sweep_regularly, name="unsc-watchers", daemon=True).start()

    def sweep(self, now: float) -> None:
        """Remove watchers absent for ABSENCE_LIMIT_S, and cancel the jobs left without any.

        Args:
            now: seconds on a monotonic clock.
        """
        with self._lock:
            active = self.active()
            watchers = set().union(*(job.watchers for job in active))
            absent = {watcher for watcher in watchers if not self._is_present(watcher)}
            self._absent_since = {w: self._absent_since.get(w, now) for w in absent}
            gone = {w for w, since in self._absent_since.items() if now - since >= ABSENCE_LIMIT_S}
            for job in reversed(active):  # the last first, so that none starts meanwhile
                job.watchers -= gone
                if not job.watchers:
                    self._cancel(job)

    def check_clock(self) -> None:
        """Say so, as `error`, while the clock is behind the latest time that it has shown."""
        now = time.time() - time.monotonic()
        self._clock = max(self._clock, now)
        if self._clock - now > SET_BACK_S:
            self.error = self.error or SET_BACK
        elif self.error == SET_BACK:
            self.error = ""

    def wait(self, job: Job, timeout: float) -> Job:
        """Block until the job is over or `timeout` seconds have passed (for scripts and tests)."""
        end = time.monotonic() + timeout
        while not job.over and time.monotonic() < end:
            time.sleep(0.02)
        return job

    def worker_pids(self) -> dict[str, int]:
        """Address -> process id of every local worker that runs; empty until one has started."""
        return self._cluster.worker_pids() if self._cluster else {}

    def close(self) -> None:
        """Stop the workers."""
        self._closed.set()
        self._calls.submit(self._close_cluster).result(timeout=30)
        self._calls.shutdown(wait=False)
        self._stops.shutdown(wait=False)

    def _sweep_regularly(self) -> None:
        while not self._closed.wait(SWEEP_INTERVAL_S):
            self.sweep(time.monotonic())
            self.check_clock()
            if self._cluster is not None:
                self._cluster.reopen_lanes()

    def _is_present(self, watcher: str) -> bool:
        return not watcher or self._is_open(watcher)

    def _full(self, own: int) -> str:
        """Why no more jobs are taken from someone who waits for so many; empty if they are."""
        if own >= MAX_FOR_ONE:
            return (
                f"This tab waits for {own} jobs, the most that one may; cancel some, or wait "
                "until some are done."
            )
        if len(self.active()) >= MAX_FOR_ALL:
            return f"{MAX_FOR_ALL} jobs wait here, the most at once; try again when some are done."
        return ""

    def _drop_finished(self) -> None:
        finished = [job_id for job_id, job in self._jobs.items() if job.over]
        for job_id in finished[: max(0, len(self._jobs) - KEPT_JOBS)]:
            del self._jobs[job_id]

    def _cancel(self, job: Job) -> None:
        job.state = JobState.CANCELLED
        self._calls.submit(self._run_call, lambda: self._stop(job))

    # What follows runs in the engine's own threads.

    def _run_call(self, call: Callable[[], None], job: Job | None = None) -> None:
        """Make a call; a failure is kept as a sentence, for the engine and for the job."""
        try:
            call()
        except Exception as error:
            logger.exception("engine call failed")
            self.error = f"The job engine failed ({error}); restart the app."
            if isinstance(error, UnscError):
                self.error = str(error)
            if job is not None:
                job.error, job.state = self.error, JobState.FAILED

    def _start(self) -> None:
        self._cluster = connect(self._address) if self._address else start()
        self._cluster.client.subscribe_topic(TOPIC, self._on_event)

    def _close_cluster(self) -> None:
        if self._cluster is not None:
            self._cluster.close()

    def _send(self, job: Job) -> None:
        if self._cluster is None:
            raise EngineError(self.error or "The job engine is not running; restart the app.")
        if not job.over:
            job.future = self._cluster.submit(job)
            job.future.add_done_callback(lambda future: self._on_done(job, future))

    def _stop(self, job: Job) -> None:
        future, cluster = job.future, self._cluster
        if future is None or cluster is None:
            return
        cluster.cancel_event(job).set()
        if job.worker:
            self._stops.submit(self._run_call, lambda: _stop_running(job, future, cluster))
        else:
            future.cancel()

    def _on_event(self, event: tuple[float, dict[str, Any]]) -> None:
        message = event[1]
        job = next((job for job in tuple(self._jobs.values()) if job.task == message["id"]), None)
        if job is None or job.over:
            return
        if message["what"] == "start":
            job.began = time.monotonic()
            job.starts += 1
            job.worker = message["worker"]
            job.state = JobState.RUNNING
        else:
            job.progress = Progress.from_dict(message["progress"])

    def _on_done(self, job: Job, future: Any) -> None:
        error = future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker) and job.starts < 2 and not job.over:
            # Dask fails every task that a lost worker had been given, also those not yet started.
            job.task += "-again"
            self._calls.submit(self._run_call, lambda: self._send(job), job)
            return
        with self._lock:
            if not job.over:
                if future.status == "finished" and future.result() != "cancelled":
                    job.state = JobState.DONE
                elif future.status == "error":
                    job.error, job.state = _sentence(error), JobState.FAILED
                else:
                    job.state = JobState.CANCELLED
        job.future = None
        took = "not started" if job.began is None else f"{time.monotonic() - job.began:.1f} s"
        logger.info("%s: %s, %s %s", job.id, job.state.value, took, job.error)


def _stop_running(job: Job, future: Any, cluster: Cluster) -> None:
    """Give a cancelled job STOP_TIMEOUT_S to stop by itself, then restart its worker."""
    end = time.monotonic() + STOP_TIMEOUT_S
    while future.status == "pending" and time.monotonic() < end:
        time.sleep(0.02)
    if future.status == "pending":
        future.cancel()
        cluster.restart(job.worker)


def _sentence(error: BaseException | None) -> str:
    """What a page says about a failed job."""
    if isinstance(error, UnscError):
        return str(error)
    if isinstance(error, KilledWorker):
        return (
            "The worker process was lost twice while running this (killed, or out of memory); "
            "try a smaller model or dataset."
        )
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "There was not enough memory for this; try a smaller model or dataset."
    logger.error("job failed", exc_info=error)
    return (
        f"The job failed unexpectedly ({type(error).__name__}: {error}); "
        "see the server log for details."
    )
