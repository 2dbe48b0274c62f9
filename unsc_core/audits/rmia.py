"""Robust membership inference (RMIA): has the sample gained more than others of its class?

A sample's gain is its probability under the network over its mean probability under the shadow
models, those that saw it and those that did not in equal parts. The score is the share of held-out
samples of its class with no larger gain. Since a class is compared with itself, it does not matter
that unlearning lowers the probability of all its samples.

Source: Zarifzadeh, Liu, Shokri: Low-Cost High-Power Membership Inference Attacks, ICML 2024,
arXiv 2312.03262, with γ = 1 and softmax probabilities.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from unsc_core.audits.entry import Outcome, ShadowAudit
from unsc_core.audits.shadow import Attacked, judged

SHADOW_AUDIT = ShadowAudit(
    name="rmia",
    title="Robust membership (RMIA)",
    question="Has the network gained more on a sample than on others of its class?",
    measures="AUC at telling forgotten training samples from test samples by their relative gain.",
    unit="",
    direction="higher",
    group="memory",
    source="Zarifzadeh et al., ICML 2024, arXiv 2312.03262",
    order=72,
    reads_answers=True,
)
Values = NDArray[np.float64]


def measure(seen: Attacked) -> Outcome:
    """AUC by the relative gain; detail: see `judged`."""
    return judged(scores, seen)


def scores(seen: Attacked) -> Values:
    """(n,) shares of the other held-out samples of the class with no larger gain."""
    found = np.zeros(len(seen.labels))
    if seen.silent:
        return found
    gained = gains(seen)
    for rows in seen.classes():
        held_out = rows[~seen.member[rows]]
        ordered = np.sort(gained[held_out])
        itself = ~seen.member[rows]
        below = np.searchsorted(ordered, gained[rows], "right") - itself
        found[rows] = below / np.maximum(1, len(held_out) - itself)
    return found


def gains(seen: Attacked) -> Values:
    """(n,) log of the probability of the class asked about over its mean under the shadow models.

    Behind a mask, training on a sample may lower the probability of what is shown. So where shadow
    models that were trained on samples of a class have lower ones, a loss counts as a gain.
    """
    known = seen.shadows
    by_model = _log_probability(known.log_odds)
    inside, outside = (_log_mean(by_model, w) for w in (known.within, ~known.within))
    found = _log_probability(seen.log_odds) - (np.logaddexp(inside, outside) - np.log(2))
    for rows in seen.classes():
        found[rows] *= 1 if np.mean(inside[rows] - outside[rows]) >= 0 else -1
    return found


def _log_probability(log_odds: Values) -> Values:
    return -np.logaddexp(0.0, -log_odds)


def _log_mean(log_p: Values, chosen: NDArray[np.bool_]) -> Values:
    """(n,) log of the mean over the chosen of (models, n) probabilities, given as logs."""
    return logsumexp(log_p, axis=0, b=chosen) - np.log(chosen.sum(0))
