"""Audits over seeds: excess over the retrained network, and whether an audit sees anything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unsc_core.analysis.spread import interval, standard_deviation
from unsc_core.audits.entry import Audit, Outcome

REMEMBER = ("original", "mask")
"""Networks in which nothing was forgotten."""


def over_seeds(audit: Audit, outcomes: Mapping[str, Sequence[Outcome]]) -> dict[str, Any]:
    """One audit of all networks over seeds, in JSON types.

    Args:
        audit: its entry.
        outcomes: "original", "mask", "unlearned", "retrained" -> outcome for each seed.

    Returns:
        Each network -> {"mean", "sd", "values", "details"}; "excess": {"mean", "low", "high"} of
        unlearned − retrained, paired by seed, with the 95 % interval; "zero": {"mean", "sd"} of
        the same difference for a network retrained with another seed, whose mean over all pairs
        is 0; "sees", see `sees`; "failed": why there is no value, or "". What cannot be known is
        None. "unit", "direction" and "group" are the audit's, and so is "compares".
    """
    values = {name: [outcome.value for outcome in each] for name, each in outcomes.items()}
    failures = [o.failed for each in outcomes.values() for o in each if o.failed]
    known = {name: [v for v in each if v is not None] for name, each in values.items()}
    whole = not failures
    retrained = known["retrained"]
    spread = standard_deviation(retrained) if whole else None
    return {
        "title": audit.title,
        "unit": audit.unit,
        "direction": audit.direction,
        "group": audit.group,
        "compares": audit.compares,
        **{name: _network(values[name], outcomes[name]) for name in values},
        "excess": _excess(known["unlearned"], retrained, audit.unit)
        if whole
        else _excess([], [], audit.unit),
        "zero": {
            "mean": None if spread is None else 0.0,
            "sd": None if spread is None else math.sqrt(2) * spread,
        },
        "sees": sees([v for name in REMEMBER for v in known[name]], retrained, audit.direction)
        if whole
        else None,
        "failed": failures[0] if failures else "",
    }


def _network(values: Sequence[float | None], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    known = [value for value in values if value is not None]
    whole = len(known) == len(values)
    return {
        "mean": float(np.mean(known)) if whole else None,
        "sd": standard_deviation(known) if whole else None,
        "values": list(values),
        "details": [outcome.detail for outcome in outcomes],
    }


def _excess(
    values: Sequence[float], retrained: Sequence[float], unit: str
) -> dict[str, float | None]:
    """Of shares, the interval ends where the unlearned network would have 0 or 100 %."""
    if not values:
        return {"mean": None, "low": None, "high": None}
    found = interval([v - r for v, r in zip(values, retrained, strict=True)])
    if found.half is None:
        return {"mean": found.mean, "low": None, "high": None}
    least, most = (-np.inf, np.inf)
    if unit == "%":
        least, most = -float(np.mean(retrained)), 100 - float(np.mean(retrained))
    low, high = max(found.mean - found.half, least), min(found.mean + found.half, most)
    return {"mean": found.mean, "low": low, "high": high}


def sees(remember: Sequence[float], retrained: Sequence[float], direction: str) -> float | None:
    """How well an audit tells networks that remember from retrained ones: the AUC of its value.

    1 if it ranks every network that remembers above every retrained one, 0.5 for chance. With
    three seeds, chance alone exceeds 0.75 in about one of eight cases for audits of the answers, in
    which original and mask differ, and in one of five for the others.

    Args:
        remember: values of networks in which nothing was forgotten.
        retrained: values of retrained networks; None is returned for fewer than two.
        direction: of the audit, "higher" or "lower".

    Source: Mann & Whitney, Annals of Mathematical Statistics 1947.
    """
    if len(retrained) < 2 or not remember:
        return None
    sign = 1 if direction == "higher" else -1
    differences = sign * np.subtract.outer(np.asarray(remember), np.asarray(retrained))
    return float(np.mean((differences > 0) + 0.5 * (differences == 0)))
