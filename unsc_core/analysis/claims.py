"""Conditions, in numbers, of the claims that sentences on screen make about a run."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

FORGOTTEN = 2.0
"""Highest Acc_f, in percent, that counts as forgotten; for single samples, above retrained."""
SAME = 0.05
"""Differences below this many points are written as 0.0, and count as none."""
AS_MASK = 1.0
"""How far below the mask's, in points, the agreement of a run that is called calibrated may be."""


class Outcome(StrEnum):
    """What became of a request; see `outcome`."""

    CALIBRATED = "calibrated"
    GAINED = "gained"
    KEPT = "kept"
    DAMAGED = "damaged"
    REMAINS = "remains"
    UNDECIDED = "undecided"


def forgotten(
    acc_forget: float | None, retrained: float | None = None, *, single: bool = False
) -> bool | None:
    """Whether a model counts as having forgotten; None while that is unknown.

    Args:
        acc_forget: its Acc_f in percent.
        retrained: that of the retrained model, which single samples are compared with: a model
            that never saw them may well recognise them.
        single: whether single samples were to be forgotten.
    """
    if acc_forget is None or (single and retrained is None):
        return None
    return acc_forget <= FORGOTTEN + (retrained or 0.0 if single else 0.0)


def has_forgotten(numbers: dict[str, Any], model: str = "unlearned") -> bool | None:
    """`forgotten`, for a model in a `summary`."""
    retrained = numbers.get("retrained")
    return forgotten(
        numbers[model]["acc_forget"],
        retrained and retrained["acc_forget"],
        single=numbers["mask"] is None,
    )


def outcome(numbers: dict[str, Any]) -> Outcome:
    """The outcome that a `summary` shows.

    CALIBRATED: forgotten, Acc_r gained, and agreement with the retrained model is about the mask's.
    GAINED: the same without the last, or before there is a retrained model.
    KEPT: forgotten, Acc_r as before.
    DAMAGED: forgotten, Acc_r lost: over-unlearning.
    REMAINS: not forgotten.
    UNDECIDED: not known yet.
    """
    done = has_forgotten(numbers)
    if done is None:
        return Outcome.UNDECIDED
    if not done:
        return Outcome.REMAINS
    gain = numbers["gain"]["total"]
    if gain <= -SAME:
        return Outcome.DAMAGED
    if gain < SAME:
        return Outcome.KEPT
    agreement, mask = numbers["agreement"], numbers["mask"]
    if (
        agreement is None
        or mask is None
        or mask["agreement"] is None
        or agreement < mask["agreement"] - AS_MASK
    ):
        return Outcome.GAINED
    return Outcome.CALIBRATED
