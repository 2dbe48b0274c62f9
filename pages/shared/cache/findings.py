"""What audits found."""

from __future__ import annotations

import streamlit as st

from pages.shared.cache.files import dataset, request, store, time_of, times_of
from pages.shared.cache.runs import result, run
from unsc_core.analysis.comparison import variants
from unsc_core.audits import AUDITS
from unsc_core.audits.excess import over_seeds
from unsc_core.audits.shadow import Answers, Attacked, attacked, read_answers, stored_models
from unsc_core.audits.shadow_outcomes import shadow_outcomes
from unsc_core.audits.stored import Outcomes, outcome_keys, read_outcomes, with_seeds
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.artefacts import AUDITED
from unsc_core.figures.keeping import AuditedMethod
from unsc_core.jobs.job import PROBED


def audited(config: ExperimentConfig, seeds: int) -> Outcomes | None:
    """The audits of a resolved config over so many seeds, or None until they have been made."""
    every = outcome_keys(with_seeds(config, seeds), dataset(config.dataset))
    written = []
    for _, _, key in every:
        if key is not None:
            written.append(time_of(AUDITED, key))
            if not written[-1]:
                return None
    return _audited(config, seeds, tuple(written))


def probed(config: ExperimentConfig) -> Outcomes | None:
    """What the linear probe found of a resolved config's seed, or None until it was made."""
    return read_outcomes([config], dataset(config.dataset), store(), [PROBED])


def some_audits(config: ExperimentConfig) -> Outcomes | None:
    """The audits of a resolved config over 3, 5 or 1 seeds: the first of these that are stored."""
    return next(filter(None, (audited(config, seeds) for seeds in (3, 5, 1))), None)


@st.cache_resource(show_spinner=False, max_entries=32)
def _audited(config: ExperimentConfig, seeds: int, written: tuple[float, ...]) -> Outcomes | None:
    return read_outcomes(with_seeds(config, seeds), dataset(config.dataset), store())


def shadow_models(config: ExperimentConfig) -> int:
    """How many shadow models of a resolved config are stored."""
    return stored_models(config, dataset(config.dataset), store())


def _answers(config: ExperimentConfig, models: int) -> Answers | None:
    return read_answers(config, request(config), store(), models)


def attacked_networks(config: ExperimentConfig, models: int) -> dict[str, Attacked] | None:
    """Network -> what an attacker with so many shadow models sees of it; None until computed.

    Raises:
        AuditError: a network's answers are not numbers.
    """
    return _attacked_networks(config, models, times_of(config))


@st.cache_resource(show_spinner=False, max_entries=8)
def _attacked_networks(
    config: ExperimentConfig, models: int, written: tuple[float, ...]
) -> dict[str, Attacked] | None:
    found, known = result(config), _answers(config, models)
    if found is None or known is None or not found.is_complete(with_retrain=True):
        return None
    return {name: attacked(one, found.split, known) for name, one in found.rows.items()}


def shadow_audits(config: ExperimentConfig, seeds: int, models: int) -> Outcomes | None:
    """The attacks with so many shadow models over the seeds; None while a network is missing."""
    written = tuple(times_of(one) for one in with_seeds(config, seeds))
    return _shadow_audits(config, seeds, models, written)


@st.cache_resource(show_spinner=False, max_entries=32)
def _shadow_audits(
    config: ExperimentConfig, seeds: int, models: int, written: tuple[tuple[float, ...], ...]
) -> Outcomes | None:
    found = [result(one) for one in with_seeds(config, seeds)]
    results = [one for one in found if one is not None and one.is_complete(with_retrain=True)]
    known = _answers(config, models)
    return None if known is None or len(results) < seeds else shadow_outcomes(results, known)


def audited_methods(config: ExperimentConfig, seeds: int) -> list[AuditedMethod]:
    """This and every other method and strength of erasing, audited on its request over the seeds.

    Those whose audits or runs are not stored are left out.
    """
    found = []
    for each in variants(config, dataset(config.dataset)):
        outcomes = audited(each, seeds)
        runs = [run(one) for one in with_seeds(each, seeds)] if outcomes is not None else [None]
        if outcomes is not None and all(runs):
            audits = {name: over_seeds(AUDITS[name], of) for name, of in outcomes.items()}
            found.append(AuditedMethod(each.strength, [r for r in runs if r is not None], audits))
    return found
