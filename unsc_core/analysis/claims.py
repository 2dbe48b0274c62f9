"""Conditions, in numbers, of the claims that sentences on screen make about a run."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any

from unsc_core.analysis.evaluation import FEW, chance
from unsc_core.experiment.result import Result

FORGOTTEN = 2.0
"""How far, in points, Acc_f may be from the retrained model's to count as forgotten.

For classes that model has 0 %, so this is the highest Acc_f. For single samples, being further
below is no better than being further above, and one sample more or fewer is none; see `tolerance`.
"""
LEAST_SAMPLES = 10
"""Of fewer single samples, one is more than 10 points, so that only equal shares are alike."""
SAME = 0.05
"""Differences below this many points are written as 0.0, and count as none."""
AS_MASK = 1.0
"""How far below the mask's, in points, the agreement of a run that is called calibrated may be."""
AGREES = 200 / 3
"""How often, in percent, a run that is called calibrated agrees with the retrained model at least.

Where the mask itself rarely does, agreeing as often as the mask says little.
"""


class Forgetting(StrEnum):
    """How an Acc_f compares with its goal; see `forgetting`."""

    DONE = "done"
    MORE = "more"
    FEWER = "fewer"
    TOO_FEW = "too few"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What became of a request; see `outcome`."""

    CALIBRATED = "calibrated"
    GAINED = "gained"
    KEPT = "kept"
    DAMAGED = "damaged"
    REMAINS = "remains"
    OVERSHOT = "overshot"
    TOO_FEW = "too few"
    NOTHING = "nothing"
    UNDECIDED = "undecided"


def tolerance(samples: int) -> float:
    """How far Acc_f may be from its goal, in points, where so many single samples are forgotten.

    Of few samples, one more or fewer may be chance; of fewer than LEAST_SAMPLES, none is allowed.
    """
    return SAME if samples < LEAST_SAMPLES else max(FORGOTTEN, 100 / samples)


def forgetting(
    acc_forget: float | None, retrained: float | None = None, samples: int = 0
) -> Forgetting:
    """How an Acc_f compares with its goal.

    Classes are forgotten when hardly any of their samples is recognised. Single samples are when
    as many are recognised as by the retrained model, which may well recognise samples that it never
    saw. DONE says no more than that: an original that recognises as many gets it, too.

    Args:
        acc_forget: in percent; None while it is unknown.
        retrained: that of the retrained model; it counts for single samples only.
        samples: how many single samples were to be forgotten; 0 if classes were.

    Returns:
        DONE: forgotten, within the tolerance. MORE: more is recognised than that. FEWER: of single
        samples, fewer are. TOO_FEW: of fewer than LEAST_SAMPLES, another number is recognised,
        which may be chance. UNKNOWN: not known yet.
    """
    if acc_forget is None or (samples and retrained is None):
        return Forgetting.UNKNOWN
    if not samples:
        return Forgetting.MORE if acc_forget > FORGOTTEN else Forgetting.DONE
    excess = acc_forget - (retrained or 0.0)
    if abs(excess) <= tolerance(samples) + 1e-9:  # of rounding: accuracies are shares of samples
        return Forgetting.DONE
    if samples < LEAST_SAMPLES and _near_by_chance(acc_forget, retrained or 0.0, samples):
        return Forgetting.TOO_FEW
    return Forgetting.MORE if excess > 0 else Forgetting.FEWER


def forgotten(acc_forget: float | None) -> bool | None:
    """Whether classes with this Acc_f count as forgotten; None while it is unknown."""
    return None if acc_forget is None else forgetting(acc_forget) is Forgetting.DONE


def forgetting_of(
    numbers: dict[str, Any], samples: int = 0, model: str = "unlearned"
) -> Forgetting:
    """`forgetting`, for a model in a `summary`; NOTHING for classes the original never recognised.

    It recognises no more of them than a network that has forgotten them may.
    """
    if not samples and forgotten(numbers["original"]["acc_forget"]):
        return Forgetting.NOTHING
    retrained = numbers.get("retrained")
    goal = retrained and retrained["acc_forget"]
    return forgetting(numbers[model]["acc_forget"], goal, samples)


def may_be_chance(numbers: dict[str, Any], samples: int) -> bool:
    """Whether the recognised shares of so many single samples are as near as chance makes them."""
    mine, goal = (numbers[model]["acc_forget"] for model in ("unlearned", "retrained"))
    return _near_by_chance(mine, goal, samples)


def _near_by_chance(mine: float, goal: float, samples: int) -> bool:
    """Whether two shares in percent, of so many samples each, are as near as chance makes them.

    Two shares of different samples differ by more in 5 of 100 cases; `samples` is not 0. Of fewer
    than FEW samples this is Fisher's exact test: the standard error of 0 or 100 % says 0.
    """
    if samples >= FEW:
        variance = sum(share * (100 - share) for share in (mine, goal)) / samples
        return abs(mine - goal) <= 1.96 * math.sqrt(variance)
    one, other = (round(share * samples / 100) for share in (mine, goal))
    both = one + other
    ways = [math.comb(samples, k) * math.comb(samples, both - k) for k in range(both + 1)]
    return sum(n for n in ways if n <= ways[one]) > 0.05 * math.comb(2 * samples, both)


def outcome(numbers: dict[str, Any], samples: int = 0, least: float = SAME) -> Outcome:
    """The outcome that a `summary` shows; see `forgetting` for `samples`.

    Changes of Acc_r by less than `least` points count as none.

    CALIBRATED: forgotten, Acc_r gained, and agreement with the retrained model is high, and about
        the mask's or higher.
    GAINED: the same without the last, or before there is a retrained model.
    KEPT: forgotten, Acc_r as before.
    DAMAGED: forgotten, Acc_r lost: over-unlearning.
    REMAINS: more is recognised than counts as forgotten.
    OVERSHOT: of single samples, fewer are recognised than by the retrained model.
    TOO_FEW: there are too few single samples to tell.
    NOTHING: the original does not recognise the classes either.
    UNDECIDED: not known yet.
    """
    reached = forgetting_of(numbers, samples)
    if reached is not Forgetting.DONE:
        return _WITHOUT_SUCCESS[reached]
    gain = numbers["gain"]["total"]
    if gain <= -least:
        return Outcome.DAMAGED
    if gain < least:
        return Outcome.KEPT
    ahead = ahead_of_mask(numbers)
    alike = ahead is not None and ahead >= -AS_MASK and numbers["agreement"] >= AGREES
    return Outcome.CALIBRATED if alike else Outcome.GAINED


_WITHOUT_SUCCESS = {
    Forgetting.MORE: Outcome.REMAINS,
    Forgetting.FEWER: Outcome.OVERSHOT,
    Forgetting.TOO_FEW: Outcome.TOO_FEW,
    Forgetting.NOTHING: Outcome.NOTHING,
    Forgetting.UNKNOWN: Outcome.UNDECIDED,
}


def least_change(result: Result, base: str = "original", model: str = "unlearned") -> float:
    """How far Acc_r must differ between two models, in points, for a difference to be claimed.

    Further than chance would move it on another test set of this size; and by `SAME` at least.
    """
    data, rows = result.split.dataset, result.rows
    before, after = (rows[name].test.argmax(1) for name in (base, model))
    forgotten = result.split.is_forgotten("test")
    return max(SAME, chance(before, after, data.y_test, forgotten, data.num_classes))


def whole_points(change: float) -> int:
    """A number in whole points or counts, halves away from 0: not 0 from half a point on."""
    return round(math.copysign(abs(change) + 1e-9, change))


def ahead_of_mask(numbers: dict[str, Any]) -> float | None:
    """Agreement with the retrained model − the mask's, in points; None where one is missing."""
    agreement, mask = numbers["agreement"], numbers["mask"]
    if agreement is None or mask is None or mask["agreement"] is None:
        return None
    return float(agreement - mask["agreement"])
