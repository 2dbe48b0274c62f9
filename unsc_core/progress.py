"""How running work reports progress, and how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One message from running work.

    Attributes:
        stage: what is being done, such as "training the original model".
        done, total: steps done and steps in all; total 0 means unknown.
        detail: more, such as "epoch 3 of 10".
        seconds_left: estimated for this stage, None while unknown.
        curve: shares measured in this stage, one per epoch from 0; when unlearning, the accuracy on
            the forgotten samples.
    """

    stage: str
    done: int = 0
    total: int = 0
    detail: str = ""
    seconds_left: float | None = None
    curve: tuple[float, ...] = ()


Report = Callable[[Progress], None]
"""Receives progress; may raise `Cancelled` to stop the work."""


def silent(_: Progress) -> None:
    """Ignore progress."""


class Stages:
    """Reports the current stage, times each stage, and estimates the time left of it."""

    def __init__(self, report: Report = silent) -> None:
        self._report = report
        self._stage = ""
        self._started = 0.0
        self._curve: list[float] = []
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, words: str) -> Iterator[None]:
        """Time the enclosed work as stage `name`; the seconds of a recurring name add up."""
        self._stage, self._started, self._curve = words, time.perf_counter(), []
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

    def tick(self, done: int, total: int, detail: str = "", share: float | None = None) -> None:
        """Report `done` of `total` steps of the current stage.

        Args:
            done, total, detail: as in Progress.
            share: the point of the curve after this step; later points, of an earlier attempt, go.
        """
        if share is not None:
            self._curve = [*self._curve[:done], share]
        elapsed = time.perf_counter() - self._started
        settled = elapsed > 1 and done >= 0.03 * total  # the first steps are slower than the rest
        left = elapsed / done * (total - done) if done and settled else None
        self._report(Progress(self._stage, done, total, detail, left, tuple(self._curve)))
