"""Mean and spread over seeds. Differences are paired by seed, which cancels what seeds share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95 % confidence interval, mean ± half.

    Attributes:
        mean: of the values.
        half: half of the interval; None for one value.
        n: how many values.
    """

    mean: float
    half: float | None
    n: int

    @property
    def tied(self) -> bool:
        """Whether the interval contains 0; False for one value, which has no interval."""
        return self.half is not None and abs(self.mean) <= self.half


def interval(values: Sequence[float], comparisons: int = 1) -> Interval:
    """Mean of one value per seed, and Student's t interval for it.

    Args:
        values: one per seed.
        comparisons: how many such intervals are to hold together (Bonferroni's correction).

    >>> interval([1.0, 2.0, 3.0]).mean, round(interval([1.0, 2.0, 3.0]).half, 3)
    (2.0, 2.484)
    >>> interval([1.0]).half is None
    True
    """
    return Interval(float(np.mean(values)), half_width(values, comparisons), len(values))


def half_width(values: Sequence[float], comparisons: int = 1) -> float | None:
    """Half of the interval: t(n − 1) · sd / √n; None for one value. See `interval`."""
    n, deviation = len(values), standard_deviation(values)
    if deviation is None:
        return None
    from scipy.special import stdtrit

    quantile = 1 - (1 - CONFIDENCE) / (2 * comparisons)
    return float(stdtrit(n - 1, quantile) * deviation / np.sqrt(n))


def standard_deviation(values: Sequence[float]) -> float | None:
    """With n − 1; None for one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def mean_and(
    spread: Callable[[Sequence[float]], float | None], values: list[Any]
) -> tuple[Any, Any]:
    """Mean and `spread` over runs, through nested dicts and lists; None if a run lacks a value."""
    first = values[0]
    if any(value is None for value in values):
        return None, None
    if isinstance(first, dict):
        pairs = {
            k: mean_and(spread, [v[k] for v in values])
            for k in first
            if all(k in v for v in values)
        }
        return {k: p[0] for k, p in pairs.items()}, {k: p[1] for k, p in pairs.items()}
    if isinstance(first, list):
        both = [mean_and(spread, list(column)) for column in zip(*values, strict=True)]
        return [p[0] for p in both], [p[1] for p in both]
    if isinstance(first, str):
        return first, None
    return float(np.mean(values)), spread(values)
