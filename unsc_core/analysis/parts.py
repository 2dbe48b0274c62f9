"""What each part of UNSC adds: two targets × three sets of weights × what is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from unsc_core.analysis.comparison import OWN_DEFAULTS, PARTS, MethodRun, by_method, forgets
from unsc_core.analysis.spread import Interval, interval
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.resolve import resolve
from unsc_core.methods import METHODS

TARGETS = ("pseudo-label", "masked")
WEIGHTS = ("all", "cut", "soft")
READS = ("forget set", "retained")
EPOCHS = 25
"""Most epochs of each of them; learning rates are the methods' own, one for each set of weights."""
_CUT = ("energy_threshold", "energy_thresholds", "subspace")


def configs(
    chosen: ExperimentConfig, dataset: Dataset, seeds: Iterable[int]
) -> dict[tuple[str, int], ExperimentConfig]:
    """(method, seed) -> resolved config of the twelve combinations on the request of `chosen`.

    All have the same settings, whatever those of `chosen` are, but for the cut: if `chosen` is one
    of the twelve and has a γ, it is everybody's.
    """
    own = OWN_DEFAULTS | {"epochs": EPOCHS}
    if METHODS[chosen.method].parts and METHODS[chosen.method].uses_energy_threshold:
        own |= {name: getattr(chosen, name) for name in _CUT}
    return {
        (method, seed): resolve(replace(chosen, seed=seed, method=method, **own), dataset)
        for seed in seeds
        for method in PARTS.values()
    }


@dataclass(frozen=True)
class Bought:
    """What the null space, cut at γ, keeps of Acc_r beyond free weights, for one way of reading.

    Attributes:
        points: Acc_r under the cut − under free weights, the mean over `targets`, paired by seed;
            None if no target can be compared.
        targets: those with which both forget with every seed.
        failing: methods that do not forget, because of which a target is left out.
        missing: methods that have not been run.
    """

    points: Interval | None
    targets: tuple[str, ...]
    failing: tuple[str, ...]
    missing: tuple[str, ...]


def bought(runs: Sequence[MethodRun], reads: str) -> Bought:
    """What the null space buys where this is read, one of READS; see `Bought`."""
    of = by_method(runs)
    pairs = {target: [PARTS[target, w, reads] for w in ("cut", "all")] for target in TARGETS}
    needed = [method for pair in pairs.values() for method in pair]
    missing = tuple(method for method in needed if method not in of)
    failing = tuple(method for method in needed if method in of and not forgets(of[method]))
    usable = {
        target: [_kept(of[method]) for method in pair]
        for target, pair in pairs.items()
        if not {*pair} & {*missing, *failing}
    }
    seeds = [set(kept) for pair in usable.values() for kept in pair]
    shared = sorted(set.intersection(*seeds)) if seeds else []
    values = [
        sum(cut[seed] - free[seed] for cut, free in usable.values()) / len(usable)
        for seed in shared
    ]
    points = interval(values) if values else None
    return Bought(points, tuple(usable) if values else (), failing, missing)


def _kept(runs: Sequence[MethodRun]) -> dict[int, float]:
    """Seed -> Acc_r."""
    found = {run.seed: run.measures["unlearned"]["acc_retain"] for run in runs}
    return {seed: value for seed, value in found.items() if value is not None}
