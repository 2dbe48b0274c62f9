"""Bars of a real result with one to guess: their scale, and what is said of a guess."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

CLOSE = 0.1
"""A guess this share of the whole scale away, or less, is called close."""
STEPS = 100
"""About so many guesses are possible on one scale."""


def step_of(low: float, high: float) -> float:
    """The distance of two guesses: 1, 2 or 5 times a power of ten."""
    return _round_step((high - low) / STEPS)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= least * (1 - 1e-9))


def digits_of(step: float) -> int:
    """Decimals that values are written with: at least one, and those of a guess."""
    return max(1, -math.floor(math.log10(step) + 1e-9))


def scale(low: float, high: float, values: Sequence[float]) -> tuple[float, float]:
    """The ends of a scale on which all values fit."""
    return min([low, *values]), max([high, *values])


def start_note(low: float, high: float, unit: str) -> str:
    """What is said of a scale that leaves out 0: its bars tell no ratios; nothing of another."""
    if low <= 0 <= high:
        return ""
    start = f"{low if low > 0 else high:g}\u00a0{unit}".replace("-", "−").rstrip()
    return f"The bars begin at {start}, not at 0."


def ticks(low: float, high: float) -> list[float]:
    """A few round numbers along a scale, ascending."""
    step = _round_step((high - low) / 5)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first
    return [round((first + i) * step, 9) + 0.0 for i in range(count + 1)]


def reply(guess: float | None, truth: float, low: float, high: float, unit: str) -> str:
    """What is said of a guess when the answer is there; nothing without a guess."""
    if guess is None:
        return ""
    off, step = abs(guess - truth), step_of(low, high)
    digits = digits_of(step)
    apart = f"{off:.{digits}f} {'points' if unit == '%' else unit}".strip()
    if off <= step / 2 + 1e-9:
        return "Your guess is as near as the scale allows."
    if off <= CLOSE * (high - low):
        return f"Close: your guess is {apart} away."
    return f"Your guess is {apart} too {'high' if guess > truth else 'low'}."


def data(
    of: str,
    title: str,
    unit: str,
    bars: Sequence[dict[str, Any]],
    asked: str,
    ends: tuple[float, float],
    guess: float | None,
    truth: float | None,
) -> dict[str, Any]:
    """For predict.js.

    Args:
        of: names the question.
        title, unit: of the bars.
        bars: each with "name", "value" and "of"; the asked one's value is left out until the truth
            is known, so that no browser has it before.
        asked: the name of the bar to guess.
        ends: low and high of the question's scale.
        guess: so far. truth: None until it is revealed.
    """
    known = [bar["value"] for bar in bars if bar["name"] != asked]
    known += [] if truth is None else [truth]
    low, high = scale(*ends, known)
    step = step_of(*ends)
    return {
        "of": of,
        "title": title,
        "unit": unit,
        "bars": [bar if bar["name"] != asked else bar | {"value": truth} for bar in bars],
        "asked": asked,
        "low": low,
        "high": high,
        "step": step,
        "digits": digits_of(step),
        "ticks": ticks(low, high),
        "note": start_note(low, high, unit),
        "guess": guess,
        "truth": truth,
        "said": "" if truth is None else reply(guess, truth, *ends, unit),
    }
