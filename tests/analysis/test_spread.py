"""Means and intervals over seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from unsc_core.analysis.spread import half_width, interval, mean_and, standard_deviation


def test_mean_and_spread_are_numpys_through_any_nesting() -> None:
    rng = np.random.default_rng(0)
    runs = [
        {"a": float(a), "b": {"c": [float(c), float(a)]}, "name": "x", "none": None}
        for a, c in rng.standard_normal((5, 2))
    ]
    mean, sd = mean_and(standard_deviation, runs)
    assert mean["a"] == pytest.approx(np.mean([run["a"] for run in runs]))
    assert sd["a"] == pytest.approx(np.std([run["a"] for run in runs], ddof=1))
    assert mean["b"]["c"][1] == mean["a"]
    assert sd["b"]["c"][0] == pytest.approx(np.std([run["b"]["c"][0] for run in runs], ddof=1))
    assert (mean["none"], sd["none"]) == (None, None)


def test_mean_of_runs_that_lack_something_leaves_it_out() -> None:
    runs = [{"a": 1.0, "retrained": {"x": 2.0}, "agreement": 5.0}, {"a": 3.0, "agreement": None}]
    for order in (runs, runs[::-1]):
        mean, _ = mean_and(standard_deviation, order)
        assert mean == {"a": 2.0, "agreement": None}


def test_one_run_has_no_spread() -> None:
    assert (
        mean_and(standard_deviation, [{"a": 1.5}])
        == mean_and(half_width, [{"a": 1.5}])
        == ({"a": 1.5}, {"a": None})
    )
    assert interval([0.0]).half is None
    assert not interval([0.0]).tied


@pytest.mark.parametrize("n", [2, 3, 7])
def test_the_interval_is_students(n: int) -> None:
    values = np.random.default_rng(n).normal(0.3, 1.0, n).tolist()
    low, high = stats.t.interval(0.95, n - 1, loc=np.mean(values), scale=stats.sem(values))
    found = interval(values)
    assert found.half is not None
    assert (found.mean - found.half, found.mean + found.half) == pytest.approx((low, high))
    assert found.tied == (low <= 0 <= high)
