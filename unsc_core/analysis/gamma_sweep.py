"""A request at several γ and seeds: which experiments those are, and what is read of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis import maps
from unsc_core.analysis.claims import SAME, Forgetting, forgetting_of
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.spread import Interval, interval
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import Result

SWEEP = (0.8, 0.9, 0.94, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999)
"""The γ that a sweep runs, beside the experiment's own."""
PREPARED = (0.8, 0.9, 0.98, 0.99, 0.999)
"""Those of them that `prepare` runs; all would take twice as long."""
MOST_SEEDS = 5
"""Seeds, from the experiment's own on, whose stored runs count."""
READ = ("acc_forget", "acc_retain", "added", "logit_drift")
"""The measures that are read of each run."""
THINNING = 3
"""Of the retained samples on a map, one in this many is shown."""


@dataclass(frozen=True, eq=False)
class SweepRun:
    """What a sweep needs of the run at one γ with one seed.

    Attributes:
        energy_threshold: γ.
        seed: of the run.
        values: model or "mask" -> key of a measure in READ -> its value, None where unknown.
        forgetting: how Acc_f compares with its goal.
        samples: how many single samples were to be forgotten; 0 if classes were.
        places: model -> (n, 2) float32, the shown samples on the PCA map of its original; empty
            while the part of the dataset that is shown has not been predicted.
    """

    energy_threshold: float
    seed: int
    values: dict[str, dict[str, float | None]]
    forgetting: Forgetting
    samples: int
    places: dict[str, NDArray[np.float32]]

    def value(self, key: str) -> float | None:
        """A measure of the unlearned model."""
        return self.values["unlearned"][key]


def configs(
    config: ExperimentConfig, dataset: Dataset, gammas: Iterable[float], seeds: Iterable[int]
) -> dict[tuple[float, int], ExperimentConfig]:
    """(γ, seed) -> resolved config, γ ascending; all else is as in `config`."""

    def at(gamma: float, seed: int) -> ExperimentConfig:
        own = replace(config, energy_threshold=gamma, energy_thresholds=(), seed=seed)
        return resolve(own, dataset)

    seeds = list(seeds)
    return {(gamma, seed): at(gamma, seed) for gamma in sorted(gammas) for seed in seeds}


def sweep_run(energy_threshold: float, result: Result) -> SweepRun:
    """What a sweep needs of the result at one γ."""
    numbers, samples = summary(result), len(result.split.forget_ids)
    return SweepRun(
        energy_threshold,
        result.config.seed,
        {model: {key: MEASURES[key].read(numbers, model) for key in READ} for model in result.rows},
        forgetting_of(numbers, samples),
        samples,
        _places(result),
    )


def _places(result: Result) -> dict[str, NDArray[np.float32]]:
    """Where the original and the unlearned model put the shown samples."""
    part = result.split.measured_part
    models = {"original": result.original, "unlearned": result.unlearned}
    if not all(answers.has(part) for answers in models.values()):
        return {}
    rows = shown(result.split)
    fitted_on = result.original.test[maps.sample(result.split.dataset)]
    return maps.pca_map(fitted_on, {name: one.of(part)[rows] for name, one in models.items()})


def shown(request: Split) -> NDArray[np.intp]:
    """The samples on the map: of those on the large map, all to forget and some of the others."""
    part = request.measured_part
    rows = maps.shown(request, part)
    forgotten = request.is_forgotten(part)[rows]
    return np.sort(np.concatenate([rows[forgotten], rows[~forgotten][::THINNING]]))


def comparable(runs: Iterable[SweepRun], own_seed: int) -> list[SweepRun]:
    """The runs with `own_seed`, and those with other seeds that were run at two γ or more.

    One run of another seed, as a comparison of methods leaves it, would shift a single point of
    every curve.
    """
    runs = sorted(runs, key=lambda run: (run.energy_threshold, run.seed))
    seeds = [run.seed for run in runs]
    return [run for run in runs if run.seed == own_seed or seeds.count(run.seed) > 1]


def by_gamma(runs: Iterable[SweepRun]) -> dict[float, list[SweepRun]]:
    """γ, ascending -> its runs by seed."""
    found: dict[float, list[SweepRun]] = {}
    for run in sorted(runs, key=lambda run: (run.energy_threshold, run.seed)):
        found.setdefault(run.energy_threshold, []).append(run)
    return found


@dataclass(frozen=True)
class Kept:
    """How the Acc_r of several γ compare, over the seeds that all of them have.

    Attributes:
        means: γ -> mean Acc_r.
        seeds: how many seeds that is over.
        best: the γ with the highest mean.
        behind: γ that keep less than the best, beyond the 95 % interval of the difference, paired
            by seed and corrected for so many comparisons with the best -> that difference; None for
            one seed, which has no interval.
    """

    means: dict[float, float]
    seeds: int
    best: float
    behind: dict[float, Interval] | None

    @property
    def tied(self) -> list[float]:
        """The best γ, and those not told from it by their interval."""
        return [gamma for gamma in self.means if gamma not in (self.behind or {})]


def kept(found: Sequence[list[SweepRun]]) -> Kept | None:
    """How Acc_r compares between γ; None without a seed that all of them have.

    Args:
        found: the runs of each γ.
    """
    values = {
        runs[0].energy_threshold: {
            run.seed: acc_retain
            for run in runs
            if (acc_retain := run.value("acc_retain")) is not None
        }
        for runs in found
    }
    seeds = sorted(set.intersection(*(set(of) for of in values.values()))) if values else []
    if not seeds:
        return None
    means = {gamma: float(np.mean([of[seed] for seed in seeds])) for gamma, of in values.items()}
    best = max(means, key=lambda gamma: means[gamma])
    if len(seeds) == 1:
        return Kept(means, 1, best, None)
    losses = {
        gamma: interval([values[best][seed] - of[seed] for seed in seeds], len(values) - 1)
        for gamma, of in values.items()
        if gamma != best
    }
    behind = {gamma: loss for gamma, loss in losses.items() if not loss.tied and loss.mean >= SAME}
    return Kept(means, len(seeds), best, behind)
