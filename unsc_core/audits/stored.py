"""Stored outcomes: their keys, and reading them, without torch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from unsc_core.audits import AUDITS
from unsc_core.audits.entry import NETWORKS, Audit, Outcome
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.artefacts import AUDITED
from unsc_core.experiment.keys import Keys, content_key, keys
from unsc_core.experiment.store import Store

Outcomes = dict[str, dict[str, list[Outcome]]]
"""Audit -> network -> outcome for each seed."""
NO_OTHER_SEED = Outcome(None, failed="A network retrained with another seed is needed.")
"""Of the retrained network, where an audit compares with the latter and there is one seed."""


def with_seeds(config: ExperimentConfig, count: int) -> list[ExperimentConfig]:
    """The config with as many seeds, from its own on."""
    return [replace(config, seed=config.seed + i) for i in range(count)]


def outcome_key(
    entry: Audit,
    network: str,
    config: ExperimentConfig,
    dataset: Dataset,
    own: Keys,
    other: Keys | None,
) -> str | None:
    """The key of an outcome; None where it would be `NO_OTHER_SEED`.

    Args:
        entry: the audit.
        network: one of NETWORKS; where an audit does not read the answers, the mask is the
            original.
        config: resolved.
        dataset: the config's.
        own: the config's keys.
        other: the keys of another seed, whose retrained network is audited in place of this one's
            where an audit compares with the latter; None if there is none.
    """
    masked = network == "mask" and entry.reads_answers
    audited: Keys | None = own
    if network == "retrained" and entry.compares:
        audited = other
    if audited is None:
        return None
    return content_key(
        audit=entry.name,
        version=entry.version,
        network=getattr(audited, "original" if network == "mask" else network),
        masked=masked,
        retrained=own.retrained if entry.compares else None,
        forget=list(config.forget_classes),
        train=dataset.train_digest,
        test=dataset.test_digest,
        seed=config.seed,
    )


def read_outcome(store: Store, key: str) -> Outcome | None:
    """The outcome under a key; None when it is absent or damaged."""
    found = AUDITED.read(store, key)
    if found is None:
        return None
    return Outcome(found["value"], found["detail"], found.get("failed", ""))


def write_outcome(store: Store, key: str, outcome: Outcome) -> None:
    """Store an outcome, also one that failed: it would fail again.

    Raises:
        StoreError: the disk is full or the folder may not be written.
    """
    AUDITED.write(
        store, key, {"value": outcome.value, "detail": outcome.detail, "failed": outcome.failed}
    )


def outcome_keys(
    configs: Sequence[ExperimentConfig], dataset: Dataset, audits: Collection[str] = AUDITS
) -> Iterator[tuple[str, str, str | None]]:
    """(audit, network, key) of every outcome of one experiment with several seeds, seed by seed.

    Args:
        configs: resolved; they differ in their seeds only.
        dataset: the configs'.
        audits: names of those that are wanted.
    """
    every = [keys(config, dataset) for config in configs]
    for i, config in enumerate(configs):
        other = every[(i + 1) % len(every)] if len(every) > 1 else None
        for name in audits:
            for network in NETWORKS:
                entry = AUDITS[name]
                key = outcome_key(entry, network, config, dataset, every[i], other)
                yield name, network, key


def read_outcomes(
    configs: Sequence[ExperimentConfig],
    dataset: Dataset,
    store: Store,
    audits: Collection[str] = AUDITS,
) -> Outcomes | None:
    """The stored outcomes of one experiment with several seeds; None while one is missing.

    Args:
        configs: resolved; they differ in their seeds only.
        dataset: the configs'.
        store: where they are.
        audits: names of those that are wanted.
    """
    found: Outcomes = {name: {network: [] for network in NETWORKS} for name in audits}
    for name, network, key in outcome_keys(configs, dataset, audits):
        outcome = NO_OTHER_SEED if key is None else read_outcome(store, key)
        if outcome is None:
            return None
        found[name][network].append(outcome)
    return found
