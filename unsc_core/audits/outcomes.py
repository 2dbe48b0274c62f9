"""Every audit of every network of an experiment, for each seed; stored under the networks' keys."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property

from unsc_core.analysis.glimpses import look_at
from unsc_core.audits import AUDITS
from unsc_core.audits.entry import NETWORKS, SAMPLES, Audit, Outcome, check_request
from unsc_core.audits.stored import (
    NO_OTHER_SEED,
    Outcomes,
    outcome_key,
    read_outcome,
    write_outcome,
)
from unsc_core.audits.subject import Subject
from unsc_core.config import ExperimentConfig
from unsc_core.errors import AuditError, ConfigError, DivergedError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.progress import Progress, Report, silent


def audit(
    configs: Sequence[ExperimentConfig],
    store: Store | None = None,
    report: Report = silent,
    audits: Collection[str] = AUDITS,
) -> Outcomes:
    """Audit one experiment with several seeds; what is stored is not computed again.

    Args:
        configs: of one experiment; they differ in their seeds only.
        store: the default store if None.
        report: receives progress, and may raise to stop the work.
        audits: names of those that are wanted.

    Raises:
        AuditError: single samples are to be forgotten.
        ConfigError: two configs have the same seed, or one is impossible.
    """
    _check(configs)
    seeds = [_Seed(config, Store() if store is None else store, report) for config in configs]
    found: Outcomes = {name: {network: [] for network in NETWORKS} for name in audits}
    total = len(audits) * len(NETWORKS)
    for i, seed in enumerate(seeds):
        other = seeds[(i + 1) % len(seeds)] if len(seeds) > 1 else None
        for done, (name, network) in enumerate((a, n) for a in audits for n in NETWORKS):
            words = f"{AUDITS[name].title}, {network}"
            stage, last = f"seed {seed.config.seed}: auditing", seed.work.stages.glimpse
            report(Progress(stage, done, total, words, glimpse=last))
            found[name][network].append(seed.outcome(AUDITS[name], network, other))
        seed.release()
    return found


def _check(configs: Sequence[ExperimentConfig]) -> None:
    if any(config.forget_ids for config in configs):
        raise AuditError(SAMPLES)
    numbers = [config.seed for config in configs]
    if twice := [seed for seed in numbers if numbers.count(seed) > 1]:
        raise ConfigError(f"Seed {twice[0]} is given twice; name each seed once.")


def measured(entry: Audit, subject: Subject, retrained: Subject) -> Outcome:
    """The outcome of one audit of one network; why it failed, if it has no value.

    Args:
        entry: the audit.
        subject: the network.
        retrained: the retrained network of the same seed.
    """
    try:
        for each in (subject, retrained):
            check_request(each.request)
        outcome = entry.measure(subject, retrained)
    except (AuditError, DivergedError) as error:
        return Outcome(None, failed=str(error))
    if outcome.value is None or not math.isfinite(outcome.value):
        return Outcome(None, failed=f"{entry.title} gave no number ({outcome.value}).")
    return outcome


class _Seed:
    """The networks of one seed, each loaded or made when it is first audited."""

    def __init__(self, config: ExperimentConfig, store: Store, report: Report) -> None:
        def report_seed(progress: Progress) -> None:
            report(replace(progress, stage=f"seed {config.seed}: {progress.stage}"))

        self.config, self.store = config, store
        self.work = Experiment(config, store, report_seed)
        self._subjects: dict[str, Subject] = {}

    @cached_property
    def result(self) -> Result:
        """The experiment's result, whose networks are then in the store."""
        return self.work.run(with_retrain=True, look=look_at(self.work))

    def subject(self, network: str) -> Subject:
        """One of NETWORKS; the mask has the weights of the original."""
        if network not in self._subjects:
            predictions, work = self.result.rows[network], self.work
            if network == "mask":
                made = replace(self.subject("original"), predictions=predictions)
            else:
                weights = {
                    "original": lambda: work.original,
                    "unlearned": lambda: work.unlearned.model,
                    "retrained": lambda: work.retrained,
                }[network]()
                made = Subject(weights, work.data, work.split, predictions, self.config.seed)
            self._subjects[network] = made
        return self._subjects[network]

    def release(self) -> None:
        """Free the features of all but the retrained network, which the next seed needs."""
        self._subjects = {n: s for n, s in self._subjects.items() if n == "retrained"}

    def outcome(self, entry: Audit, network: str, other: _Seed | None) -> Outcome:
        """The outcome of an audit, from the store or measured now.

        Args:
            entry: the audit.
            network: one of NETWORKS.
            other: another seed, whose retrained network is measured in place of this one's where
                an audit compares with the latter; None if there is none.
        """
        if network == "mask" and not entry.reads_answers:
            network = "original"
        work = self.work
        others = None if other is None else other.work.keys
        key = outcome_key(entry, network, work.config, work.dataset, work.keys, others)
        if key is None:
            return NO_OTHER_SEED
        stored = read_outcome(self.store, key)
        if stored is not None:
            return stored
        source = self
        if other is not None and network == "retrained" and entry.compares:
            source = other
        found = measured(entry, source.subject(network), self.subject("retrained"))
        write_outcome(self.store, key, found)
        return found
