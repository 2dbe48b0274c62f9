"""How well a score tells members from others: AUC, the curve behind it, and its end at 1 % FPR.

Source: Mann & Whitney, Annals of Mathematical Statistics 1947; TPR at a low FPR: Carlini et al.:
Membership Inference Attacks From First Principles, IEEE S&P 2022, arXiv 2112.03570.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FALSE_POSITIVES = 0.01
Values = NDArray[np.float64]


def auc(members: Values, others: Values) -> float:
    """Chance that a member (n,) scores higher than a non-member (m,); ties count half."""
    ordered = np.sort(others)
    below, up_to = (np.searchsorted(ordered, members, side) for side in ("left", "right"))
    return float(np.mean(below + up_to) / 2 / len(others))


def chance_sd(members: int, others: int) -> float:
    """Standard deviation of the AUC of a score that knows nothing, around 0.5."""
    return math.sqrt((members + others + 1) / (12 * members * others))


def false_alarms(others: int) -> int:
    """How many of so many non-members may be mistaken for members at 1 % FPR."""
    return math.floor(FALSE_POSITIVES * others + 1e-9)


def tpr(members: Values, others: Values) -> float:
    """Share of members found where at most 1 % of the non-members are mistaken for members."""
    highest = np.sort(others)[::-1]
    return float(np.mean(members > highest[false_alarms(len(others))]))


def roc(members: Values, others: Values) -> tuple[Values, Values]:
    """False and true positive rates (k,) of all thresholds, from (0, 0) to (1, 1)."""
    thresholds = np.unique(np.concatenate([members, others]))[::-1]
    rates = [
        (len(part) - np.searchsorted(np.sort(part), thresholds, "left")) / len(part)
        for part in (others, members)
    ]
    false, true = (np.concatenate([[0.0], rate]) for rate in rates)
    return false, true
