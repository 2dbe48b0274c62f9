"""A job as the pages see it: what it computes, in which lane it runs, and how far it is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from unsc_core.config import ExperimentConfig
from unsc_core.progress import Progress

SHORT_S = 10.0
"""A job that is estimated to take at most this long is short."""
NEIGHBOURS = {part: f"neighbours-{part}" for part in ("test", "train")}
"""Part of a dataset -> the kind of jobs that find the neighbours of its samples."""
SHORT_KINDS = ("cost", "embedding", "subspaces", "spectra", "features", *NEIGHBOURS.values())
"""Kinds of jobs that are short when there is no estimate."""
AUDITED_SEEDS = {f"audit-{count}": count for count in (1, 3, 5)}
"""Kinds of jobs that audit an experiment -> how many seeds they audit, from the config's on."""
PROBED = "linear-probe"
"""The one audit that a job of kind "probe" makes, with one seed."""
SHADOWS = "shadows-"
"""The start of the kinds of jobs that train shadow models; how many there are then follows."""
BACKGROUND_OFFSET = 10**6
"""Added to the turn of a background job, so that every other job comes before it."""
TURNS = (1, 6, 30)
"""How many jobs that are asked for later go before a job of the long lane: at least, without an
estimate, and at most."""
MAX_FOR_ONE, MAX_FOR_ALL = 150, 600
"""How many jobs one watcher and all together may wait for."""


class JobState(StrEnum):
    """The states of a job; the last three are final."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Lane(StrEnum):
    """The workers a job may run on: each lane has its own, so short jobs never wait for long ones.

    The name is also a Dask resource, which a worker keeps when it is restarted.
    """

    SHORT = "short"
    LONG = "long"


def lane_for(kind: str, seconds: float | None, background: bool) -> Lane:
    """The lane for a job with this estimate; background jobs are always in the long lane."""
    short = kind in SHORT_KINDS if seconds is None else seconds <= SHORT_S
    return Lane.SHORT if short and not background else Lane.LONG


def turns(seconds: float | None) -> float:
    """How many later jobs go before one that takes this long; the longer it takes, the more."""
    least, usual, most = TURNS
    return usual if seconds is None else min(most, max(least, seconds / SHORT_S))


@dataclass(eq=False)
class Job:
    """One piece of work. Only the engine changes it.

    Attributes:
        id: kind and content key; the same work has the same id.
        number: counts the jobs as they are asked for.
        turn: jobs with a lower one come first. Each job of the same watcher is put behind the one
            before, so that who asks for much does not keep the others waiting.
        background: whether every other job comes before it.
        task: its name for Dask, different each time the same work is submitted.
        lane: the workers it may run on.
        seconds: how long it is estimated to take; None if unknown.
        progress: the last report from the worker.
        began: when a worker last started it, in seconds on the monotonic clock; None before.
        starts: how often a worker started it; more than 1 if a worker was lost.
        error: one sentence if it failed.
        worker: the address of the worker that runs it.
        watchers: who waits for it; "" is a script, which never leaves.
        future: Dask's handle, until the job is over.
    """

    id: str
    kind: str
    config: ExperimentConfig
    number: int
    turn: float
    task: str
    background: bool = False
    lane: Lane = Lane.LONG
    seconds: float | None = None
    state: JobState = JobState.WAITING
    progress: Progress = field(default_factory=lambda: Progress("waiting"))
    began: float | None = None
    starts: int = 0
    error: str = ""
    worker: str = ""
    watchers: set[str] = field(default_factory=set)
    future: Any = None

    @property
    def over(self) -> bool:
        """Whether its state is final."""
        return self.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)

    @property
    def seconds_left(self) -> float | None:
        """How long it still takes by its estimate, in seconds; None without one."""
        if self.seconds is None:
            return None
        ran = 0.0 if self.began is None else time.monotonic() - self.began
        return max(0.0, self.seconds - ran)
