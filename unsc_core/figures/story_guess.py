"""Guesses asked in the story before a number is shown, and what is said of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unsc_core.figures.phrases import points

CLOSE = 0.1
"""A guess this share of the whole range away, or less, is called close."""
AVERAGE = "Average"
"""The row of the mean over classes, beside the rows of the classes."""


@dataclass(frozen=True)
class Guess:
    """A question with a number as its answer.

    Attributes:
        question: what is asked.
        row: the row of the figure that it is about.
        low, high, step: of the numbers to choose from. start: where the slider begins.
        unit: "points" for a signed change, or "%".
        truth: the answer.
    """

    question: str
    row: str
    low: float
    high: float
    step: float
    start: float
    unit: str
    truth: float

    @property
    def choices(self) -> list[float]:
        """Every number that can be chosen, ascending."""
        count = round((self.high - self.low) / self.step)
        return [round(self.low + i * self.step, 6) for i in range(count + 1)]

    @property
    def replies(self) -> list[str]:
        """What is said of each of the `choices` once the answer is shown."""
        return [self._reply(choice) for choice in self.choices]

    def written(self, value: float) -> str:
        """A number with its unit: "+1.5 points", "63.2 %"."""
        if self.unit == "points":
            return f"{points(value)} points"
        return f"{value:.1f}\u00a0{self.unit}"

    def _reply(self, choice: float) -> str:
        off = abs(choice - self.truth)
        said = f"Your guess: {self.written(choice)}. The answer: {self.written(self.truth)}"
        if off <= self.step / 2 + 1e-9:
            return f"{said}, as near as the slider allows."
        how = f"{off:.1f} points"
        if self.unit == "points" and points(choice)[0] != points(self.truth)[0]:
            way = {"+": "a gain", "−": "a loss"}.get(points(self.truth)[0], "no change")
            return f"{said}: {way}, {how} from your guess."
        if off <= CLOSE * (self.high - self.low):
            return f"{said}: close, {how} apart."
        high = "high" if choice > self.truth else "low"
        return f"{said}: your guess is {how} too {high}."

    def as_json(self) -> dict[str, Any]:
        """For the page's script."""
        return {
            "question": self.question,
            "row": self.row,
            "low": self.low,
            "high": self.high,
            "step": self.step,
            "start": self.start,
            "unit": self.unit,
            "choices": [self.written(choice) for choice in self.choices],
            "replies": self.replies,
        }


def changes(numbers: Mapping[str, Any], model: str, base: str = "original") -> list[float | None]:
    """(classes,) accuracy of a model in a `summary` − that of another; None without samples."""
    if numbers.get(model) is None or numbers.get(base) is None:
        return []
    pairs = zip(numbers[model]["per_class"], numbers[base]["per_class"], strict=True)
    return [None if a is None or b is None else a - b for a, b in pairs]


def most_changed(change: Sequence[float | None], among: Sequence[int]) -> int | None:
    """The class whose accuracy changed most, the first of several; None where none is known."""
    known = [c for c in among if change[c] is not None]
    return max(known, key=lambda c: abs(change[c] or 0.0), default=None)


def class_guess(question: str, name: str, before: float, change: float) -> Guess:
    """What becomes of a class's accuracy of `before` percent: any change that is possible."""
    low, high = -math.ceil(before), math.ceil(100 - before)
    return Guess(question, name, low, high, 1, 0, "points", change)


def average_guess(question: str, truth: float, known: float) -> Guess:
    """A change of the mean accuracy, beside one of `known` points."""
    reach = 5.0 * math.ceil(max(5.0, 1.5 * abs(known), 1.2 * abs(truth)) / 5)
    return Guess(question, AVERAGE, -reach, reach, 0.1, 0, "points", truth)


def share_guess(question: str, row: str, truth: float) -> Guess:
    """A share in percent."""
    return Guess(question, row, 0, 100, 1, 50, "%", truth)
