"""Every attack with shadow models, on every network of an experiment, from what is stored."""

from __future__ import annotations

from collections.abc import Sequence

from unsc_core.audits import SHADOW_AUDITS
from unsc_core.audits.entry import NETWORKS, Outcome, ShadowAudit, check_request
from unsc_core.audits.shadow import Answers, attacked
from unsc_core.audits.stored import Outcomes
from unsc_core.errors import AuditError
from unsc_core.experiment.result import Result


def shadow_outcomes(results: Sequence[Result], answers: Answers) -> Outcomes:
    """The attacks on one experiment with several seeds; takes a fraction of a second.

    Args:
        results: one for each seed, with the retrained network and all predictions.
        answers: of the shadow models to the request; the same for all seeds.
    """
    return {
        name: {
            network: [_outcome(entry, result, network, answers) for result in results]
            for network in NETWORKS
        }
        for name, entry in SHADOW_AUDITS.items()
    }


def _outcome(entry: ShadowAudit, result: Result, network: str, answers: Answers) -> Outcome:
    try:
        check_request(result.split)
        return entry.attack(attacked(result.rows[network], result.split, answers))
    except AuditError as error:
        return Outcome(None, failed=str(error))
