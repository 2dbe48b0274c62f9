"""How running work reports progress, and how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Glimpse:
    """What a network that is being trained or unlearned answers on a few samples.

    Attributes:
        work: the stage in which its weights change.
        epoch, last: the epoch that has just ended, and the last one there may be.
        forgotten, others: how many percent it recognises of the samples to forget and of the
            others, one per epoch from 0.
        answers: (samples,) uint16 as bytes, the class each is taken for.
        places: (samples, 2) float32 as bytes, its mean place if the classes are on a circle of
            radius 1, weighted by their probabilities.
    """

    work: str
    epoch: int
    last: int
    forgotten: tuple[float, ...]
    others: tuple[float, ...]
    answers: bytes
    places: bytes


@dataclass(frozen=True)
class Progress:
    """One message from running work.

    Attributes:
        stage: what is being done, such as "training the original model".
        done, total: steps done and steps in all; total 0 means unknown.
        detail: more, such as "epoch 3 of 10".
        seconds_left: estimated for this stage, None while unknown.
        glimpse: of the network trained or unlearned last in this work, if anyone looks.
    """

    stage: str
    done: int = 0
    total: int = 0
    detail: str = ""
    seconds_left: float | None = None
    glimpse: Glimpse | None = None

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Progress:
        """The inverse of `dataclasses.asdict`."""
        glimpse = fields["glimpse"]
        return cls(**fields | {"glimpse": None if glimpse is None else Glimpse(**glimpse)})


Report = Callable[[Progress], None]
"""Receives progress; may raise `Cancelled` to stop the work."""


def silent(_: Progress) -> None:
    """Ignore progress."""


class Stages:
    """Reports the current stage, times each stage, and estimates the time left of it.

    Attributes:
        words: what the current stage does.
        glimpse: what is reported as such from now on.
        seconds: stage -> its time so far.
    """

    def __init__(self, report: Report = silent) -> None:
        self._report = report
        self.words = ""
        self._started = 0.0
        self.glimpse: Glimpse | None = None
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, words: str) -> Iterator[None]:
        """Time the enclosed work as stage `name`; the seconds of a recurring name add up."""
        self.words, self._started = words, time.perf_counter()
        self.tick(0, 0)
        try:
            yield
        finally:
            took = time.perf_counter() - self._started
            self.seconds[name] = self.seconds.get(name, 0.0) + took

    @contextmanager
    def aside(self, name: str) -> Iterator[None]:
        """Time work in the middle of a stage as `name`, and not as part of that stage."""
        began = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - began
            self.seconds[name] = self.seconds.get(name, 0.0) + took
            self._started += took

    def tick(self, done: int, total: int, detail: str = "") -> None:
        """Report `done` of `total` steps of the current stage."""
        elapsed = time.perf_counter() - self._started
        settled = elapsed > 1 and done >= 0.03 * total  # the first steps are slower than the rest
        left = elapsed / done * (total - done) if done and settled else None
        self._report(Progress(self.words, done, total, detail, left, self.glimpse))
