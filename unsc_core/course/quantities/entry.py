"""What a quantity is, and the registry of them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from unsc_core.course.evidence import Evidence
from unsc_core.errors import UnscError
from unsc_core.figures.phrases import joined, requested


class UnknownQuantityError(UnscError):
    """The quantity has no value for this run; the message says why."""


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its value, and whose colour it has: "retained", "forgotten" or ""."""

    name: str
    value: float
    of: str = ""


@dataclass(frozen=True)
class Asked:
    """What is asked, on the bars of a real result.

    Attributes:
        title: of the bars. unit: of their values.
        bars: in the order in which they are drawn.
        asked: the name of the bar that is to be guessed; empty for a choice.
        answer: of a choice, in words or the name of a bar.
    """

    title: str
    unit: str
    bars: tuple[Bar, ...]
    asked: str = ""
    answer: str = ""

    @property
    def truth(self) -> float | str:
        """The answer: a number, or the right choice."""
        if not self.asked:
            return self.answer
        return next(bar.value for bar in self.bars if bar.name == self.asked)


@dataclass(frozen=True)
class Quantity:
    """One entry.

    Attributes:
        name: in lesson files.
        meaning: one line, for those who write lessons.
        kind: "number" or "choice".
        compute: from what is stored.
        needs: beside the experiment itself; see `evidence.pieces`.
    """

    name: str
    meaning: str
    kind: str
    compute: Callable[[Evidence], Asked]
    needs: tuple[str, ...] = ()


QUANTITIES: dict[str, Quantity] = {}
Compute = Callable[[Evidence], Asked]


def quantity(name: str, meaning: str, *needs: str, kind: str = "number") -> Callable[..., Compute]:
    """Register a quantity: a decorator of the function that computes it."""

    def add(compute: Compute) -> Compute:
        QUANTITIES[name] = Quantity(name, meaning, kind, compute, needs)
        return compute

    return add


def written(value: float | str, unit: str) -> str:
    """An answer in words: "78.5 %", "−12.8 points", "Coat"."""
    if isinstance(value, str):
        return value
    text = f"{value:+.1f}" if unit == "points" else f"{value:.1f}"
    text = "0.0" if float(text) == 0 else text.replace("-", "−")
    return f"{text}\u00a0{unit}" if unit else text


def forgotten(evidence: Evidence) -> str:
    """The classes or samples that were to be forgotten, in words."""
    return requested(evidence.result.split)


def only(bars: Sequence[Bar], choose: Callable[[Iterable[float]], float], what: str) -> str:
    """The name of the bar with the lowest or highest value, which must be one."""
    best = choose(bar.value for bar in bars)
    names = [bar.name for bar in bars if bar.value == best]
    if len(names) > 1:
        raise UnknownQuantityError(
            f"{joined(names)} are tied for {what}, so there is no one answer; choose another state."
        )
    return names[0]
