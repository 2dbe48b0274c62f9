"""Likelihood ratio: is the confidence more like that of networks that saw the sample, or not?

Source: Carlini et al.: Membership Inference Attacks From First Principles, IEEE S&P 2022,
arXiv 2112.03570 (LiRA, online, with one standard deviation for all samples of a class, as there for
few shadow models); for unlearning, Hayes et al.: Inexact Unlearning Needs More Careful Evaluations
to Avoid a False Sense of Privacy, 2024, arXiv 2403.01218.

Differences here: unlearning lowers the confidence in a whole class, of members and others alike, so
that it lies far from that of any shadow model. What remains of a sample's own surprise is therefore
lined up with theirs first, see `lined_up`; Watson et al., ICLR 2022, arXiv 2111.08440, take out how
hard a sample is in a like manner. The shadow models are not unlearned themselves, as those of Hayes
et al. are for every method and request, so an attacker who does that may find more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsc_core.audits.entry import Outcome, ShadowAudit
from unsc_core.audits.ranking import auc
from unsc_core.audits.shadow import Attacked, judged

SHADOW_AUDIT = ShadowAudit(
    name="likelihood-ratio",
    title="Likelihood ratio (LiRA)",
    question="Is the confidence more like that of networks that saw the sample, or not?",
    measures="AUC at telling forgotten training samples from test samples by the likelihood ratio.",
    unit="",
    direction="higher",
    group="memory",
    source="Carlini et al., IEEE S&P 2022, arXiv 2112.03570; Hayes et al. 2024, arXiv 2403.01218",
    order=71,
    reads_answers=True,
)
SMALL = 1e-9
"""A spread below this is that of rounding."""
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Normals:
    """For each sample, the log odds of networks that saw it and of others, as two normals.

    Attributes:
        mean_in, mean_out: (n,). sd_in, sd_out: (n,), the same for all samples of a class.
    """

    mean_in: Values
    mean_out: Values
    sd_in: Values
    sd_out: Values

    def log_ratio(self, log_odds: Values) -> Values:
        """(n,) log N(x; in) − log N(x; out); above 0 for what is more likely of a member."""
        own = (log_odds - self.mean_in) / self.sd_in
        other = (log_odds - self.mean_out) / self.sd_out
        return (other**2 - own**2) / 2 + np.log(self.sd_out / self.sd_in)


def measure(seen: Attacked) -> Outcome:
    """AUC by the likelihood ratio; detail: see `judged`; "as_published", AUC if not lined up."""
    outcome, found = judged(scores, seen), np.zeros(len(seen.labels))
    if not seen.silent:
        found = normals(seen).log_ratio(seen.log_odds)
    outcome.detail["as_published"] = auc(found[seen.member], found[~seen.member])
    return outcome


def scores(seen: Attacked) -> Values:
    """(n,) log likelihood ratios; 0 for a class of which the network says always the same."""
    found = np.zeros(len(seen.labels))
    if not seen.silent:
        ratios = normals(seen).log_ratio(lined_up(seen))
        for rows in _informative(seen):
            found[rows] = ratios[rows]
    return found


def normals(seen: Attacked) -> Normals:
    """The two distributions of every sample, from the shadow models."""
    known = seen.shadows
    (mean_in, sd_in), (mean_out, sd_out) = (
        _fitted(known.log_odds, within, seen.classes()) for within in (known.within, ~known.within)
    )
    return Normals(mean_in, mean_out, sd_in, sd_out)


def _fitted(
    log_odds: Values, chosen: NDArray[np.bool_], classes: list[NDArray[np.intp]]
) -> tuple[Values, Values]:
    """(n,) means over the chosen models, and standard deviations around them, class by class."""
    counts = chosen.sum(0)
    mean = np.where(chosen, log_odds, 0.0).sum(0) / np.maximum(counts, 1)
    squares = np.where(chosen, (log_odds - mean) ** 2, 0.0).sum(0)
    sd = np.ones(len(mean))
    for rows in classes:
        free = max(1, int((counts[rows] - 1).sum()))
        sd[rows] = max(SMALL, np.sqrt(squares[rows].sum() / free))
    return mean, sd


def lined_up(seen: Attacked) -> Values:
    """(n,) log odds as the network would have them if it were one of the shadow models.

    For each class, a line from what shadow models say of a sample to what the network says takes
    out how hard the sample is and how far the whole class was moved. What is left of each sample is
    brought to the spread that it has in shadow models. None of this needs to know who is a member.
    Of a class of which the network says always the same, these are the shadow models' means.
    """
    known = normals(seen)
    middle = (known.mean_in + known.mean_out) / 2
    found = middle.copy()
    for rows in _informative(seen):
        usual = (known.sd_in[rows] ** 2 + known.sd_out[rows] ** 2) / 2
        usual += np.mean((known.mean_in[rows] - known.mean_out[rows]) ** 2) / 4
        left = _residual(middle[rows], seen.log_odds[rows])
        if left.std() > SMALL:
            found[rows] += left * np.sqrt(usual) / left.std()
    return found


def _informative(seen: Attacked) -> list[NDArray[np.intp]]:
    """The samples of each class of which the network does not always say the same."""
    return [rows for rows in seen.classes() if seen.log_odds[rows].std() > SMALL]


def _residual(x: Values, y: Values) -> Values:
    """(n,) what the least-squares line of y on x leaves of y."""
    centred, spread = x - x.mean(), x.var()
    slope = (centred * (y - y.mean())).mean() / spread if spread > SMALL**2 else 0.0
    return y - y.mean() - slope * centred
