"""What may be said of a run: each claim that a sentence on screen makes has its condition here, in numbers."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

FORGOTTEN = 2.0
"""Classes count as forgotten while Acc_f, in percent, is at most this; single samples while it is at most this above the retrained model's."""
SAME = 0.05
"""Points below which a difference is written as 0.0: nothing is said to have risen or fallen by less."""
AS_MASK = 1.0
"""Calibration is claimed only where agreement with the retrained model is no more than this, in points, under the mask's."""


class Outcome(StrEnum):
    """What became of a request, in the words that may be said of it."""

    CALIBRATED = "calibrated"
    GAINED = "gained"
    KEPT = "kept"
    DAMAGED = "damaged"
    REMAINS = "remains"
    UNDECIDED = "undecided"


def forgotten(
    acc_forget: float | None, retrained: float | None = None, *, single: bool = False
) -> bool | None:
    """Whether it may be said that a model forgot, by its Acc_f in percent; None while that cannot be known.

    Args:
        acc_forget: of the model.
        retrained: of the retrained model; needed for single samples, which a model that never saw them may well recognise.
        single: whether single samples were to be forgotten.
    """
    if acc_forget is None or (single and retrained is None):
        return None
    return acc_forget <= FORGOTTEN + (retrained or 0.0 if single else 0.0)


def has_forgotten(numbers: dict[str, Any], model: str = "unlearned") -> bool | None:
    """`forgotten` of a model in a `summary`."""
    retrained = numbers.get("retrained")
    return forgotten(
        numbers[model]["acc_forget"],
        retrained and retrained["acc_forget"],
        single=numbers["mask"] is None,
    )


def outcome(numbers: dict[str, Any]) -> Outcome:
    """What may be said of a `summary`.

    CALIBRATED: forgotten, the rest gained, and what is forgotten is answered as the retrained model answers it, about as often as by
    the mask. GAINED: without the last, or before the retrained model is there to judge. KEPT: the rest is as before. DAMAGED:
    over-unlearning. REMAINS: it was not forgotten. UNDECIDED: not known yet.
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
