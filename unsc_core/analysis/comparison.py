"""Methods side by side on one request: what each run measured, mean and spread over seeds, and where UNSC stands. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis import evaluation
from unsc_core.analysis.claims import SAME, has_forgotten
from unsc_core.analysis.replay import Epochs, read_epochs
from unsc_core.analysis.spread import Interval, half_width, interval, mean_and
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import Result, read_result
from unsc_core.experiment.store import Store
from unsc_core.methods import METHODS

COMPARED = tuple(name for name in METHODS if name != "retrain")
"""The methods; retraining is what they are measured against."""
REFERENCES = ("original", "mask", "retrained")
"""Rows that are no method, in the order in which they are shown."""
Measures = dict[str, float | None]
"""acc_forget, acc_retain, agreement in percent; Acc_r minus that of the original (gain), mask (added) and retrained (gap); drift; seconds."""


@dataclass(frozen=True, eq=False)
class Path:
    """Acc_f and Acc_r in percent, (entries,) each, from the original to the unlearned model.

    Attributes:
        epoch: (entries,) which epochs these are. recorded: whether those in between were recorded, or there are none.
    """

    epoch: NDArray[np.int64]
    acc_forget: NDArray[np.float64]
    acc_retain: NDArray[np.float64]
    recorded: bool = True


@dataclass(frozen=True, eq=False)
class Run:
    """What a comparison needs of one stored experiment.

    Attributes:
        measures: "unlearned" and those of REFERENCES that are there -> their Measures.
        change: the same -> (classes,) change of test accuracy against the original, in points.
        path: of the unlearning.
        forgotten: whether it may be said that it forgot; None while that is not known.
        machines: the keys of `measures` whose seconds are known -> the machine they were measured on; see `machine.Took`.
        alterations: what makes it another run than its method's own, in words.
    """

    method: str
    seed: int
    measures: dict[str, Measures]
    change: dict[str, NDArray[np.float64]]
    path: Path
    forgotten: bool | None = True
    machines: dict[str, str] = field(default_factory=dict)
    alterations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One line of the comparison.

    Attributes:
        mean: of each measure over seeds, None where a seed lacks it; half: of its 95 % interval, None for one seed.
        seeds: how many; alterations: of its runs.
        elsewhere: whether its seconds were measured, even in part, on another machine than those of most rows, or nobody knows where.
    """

    mean: Measures
    half: Measures
    seeds: int
    alterations: tuple[str, ...] = ()
    elsewhere: bool = False


@dataclass(frozen=True)
class Standing:
    """Methods that forget by how much of the rest they keep, against UNSC: each name -> its Acc_r − UNSC's in points, paired by seed.

    Tied: the 95 % interval holds 0, or the difference is written as 0.0. One seed has no interval, and a difference may be chance.
    """

    better: dict[str, Interval] = field(default_factory=dict)
    tied: dict[str, Interval] = field(default_factory=dict)
    worse: dict[str, Interval] = field(default_factory=dict)
    not_forgetting: list[str] = field(default_factory=list)


def configs(
    chosen: ExperimentConfig, dataset: Dataset, seeds: Iterable[int]
) -> dict[tuple[str, int], ExperimentConfig]:
    """(method, seed) -> resolved config of every method on `chosen`'s request: its own method with its settings, the others with their defaults."""
    defaults: dict[str, Any] = {
        "energy_threshold": None,
        "energy_thresholds": (),
        "subspace": None,
        "learning_rate": None,
        "epochs": None,
        "edits": (),
    }
    return {
        (method, seed): resolve(
            replace(
                chosen, seed=seed, method=method, **({} if method == chosen.method else defaults)
            ),
            dataset,
        )
        for seed in seeds
        for method in COMPARED
    }


def measures(result: Result, numbers: dict[str, Any], model: str = "unlearned") -> Measures:
    """One model of a result, or the mask, by the numbers of its `summary`; seconds are None where unknown."""
    now, mask, retrained = numbers[model], numbers["mask"], numbers.get("retrained")
    took = result.took.get(model)
    return {
        "acc_forget": now["acc_forget"],
        "acc_retain": now["acc_retain"],
        "gain": now["acc_retain"] - numbers["original"]["acc_retain"],
        "added": mask and now["acc_retain"] - mask["acc_retain"],
        "gap": retrained and now["acc_retain"] - retrained["acc_retain"],
        "agreement": now["agreement"],
        "drift": now["logit_drift"],
        "seconds": took and took.seconds,
    }


def run_of(result: Result, epochs: Epochs | None) -> Run:
    """A result and, where they were recorded, its epochs, as a comparison needs them."""
    numbers = summary(result)
    measured = {model: measures(result, numbers, model) for model in result.rows}
    dataset = result.split.dataset
    per_class = {
        model: evaluation.per_class_accuracy(
            answers.test.argmax(1), dataset.y_test, dataset.num_classes
        )
        for model, answers in result.rows.items()
    }
    if epochs is not None:
        path = Path(epochs.epoch, epochs.acc_forget, epochs.acc_retain)
    else:
        ends = {
            name: np.array([measured[model][name] for model in ("original", "unlearned")], float)
            for name in ("acc_forget", "acc_retain")
        }
        last = max(len(result.history) - 1, 1)
        path = Path(
            np.array([0, last]), **ends, recorded=METHODS[result.config.method].epochs is None
        )
    change = {model: values - per_class["original"] for model, values in per_class.items()}
    return Run(
        result.config.method,
        result.config.seed,
        measured,
        change,
        path,
        has_forgotten(numbers),
        {model: took.machine for model, took in result.took.items()},
        result.alterations,
    )


def read_run(config: ExperimentConfig, dataset: Dataset, store: Store) -> Run | None:
    """The stored run of a resolved config, or None until original and unlearned model have answered."""
    result = read_result(config, dataset, store)
    return None if result is None else run_of(result, read_epochs(config, dataset, store))


def by_method(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """Method -> its runs by seed, in the order of METHODS."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.method, []).append(run)
    return {
        method: sorted(found[method], key=lambda run: run.seed)
        for method in METHODS
        if method in found
    }


def rows(runs: Iterable[Run]) -> dict[str, Row]:
    """The REFERENCES that are there, then every method -> its row."""
    runs = list(runs)
    machines = Counter(run.machines.get("unlearned", "") for run in runs)
    usual = machines.most_common(1)[0][0] if machines else ""

    def row(of: Sequence[Run], model: str) -> Row:
        mean, half = mean_and(half_width, [run.measures[model] for run in of])
        elsewhere = any(model in run.machines and run.machines[model] != usual for run in of)
        return Row(
            mean, half, len(of), of[0].alterations if model == "unlearned" else (), elsewhere
        )

    found = {}
    for model in REFERENCES:
        per_seed = {run.seed: run for run in runs if model in run.measures}
        if per_seed:
            found[model] = row(list(per_seed.values()), model)
    return found | {method: row(of, "unlearned") for method, of in by_method(runs).items()}


def forgets(runs: Sequence[Run]) -> bool:
    """Whether it may be said of all these runs that they forgot."""
    return all(run.forgotten for run in runs)


def differences(
    runs: Sequence[Run],
    others: Sequence[Run],
    measure: str = "acc_retain",
    model: str = "unlearned",
) -> Interval | None:
    """A measure of `runs` − that of `others`, paired by seed; None where they share no seed, or one lacks it."""
    there = {run.seed: run.measures[model].get(measure) for run in others if model in run.measures}
    pairs = [
        (run.measures["unlearned"].get(measure), there.get(run.seed))
        for run in runs
        if run.seed in there
    ]
    values = [a - b for a, b in pairs if a is not None and b is not None]
    return interval(values) if values else None


def free(runs: Sequence[Run]) -> Interval | None:
    """Acc_r of the mask − the original's: what hiding the answer gives; None for single samples, which have no mask."""
    values = [run.measures["mask"]["gain"] for run in runs if "mask" in run.measures]
    return interval([value for value in values if value is not None]) if values else None


def added(runs: Sequence[Run]) -> Interval | None:
    """Acc_r of the unlearned model − the mask's: what changing weights brought beyond hiding the answer."""
    return differences(runs, runs, model="mask")


def standing(runs: Iterable[Run]) -> Standing:
    """Every method but UNSC and retraining: does it forget, and does it keep more of the rest than UNSC?"""
    found, result = by_method(runs), Standing()
    for method in (name for name in COMPARED if name in found and name != "unsc"):
        if not forgets(found[method]):
            if all(
                run.forgotten is not None for run in found[method]
            ):  # of the others it is not known yet
                result.not_forgetting.append(method)
            continue
        ahead = differences(found[method], found.get("unsc", []))
        if ahead is not None:
            group = (
                result.tied
                if ahead.tied or abs(ahead.mean) < SAME
                else result.better
                if ahead.mean > 0
                else result.worse
            )
            group[method] = ahead
    return result


def mean_path(runs: Sequence[Run]) -> Path:
    """The mean of several seeds' paths, entry by entry; one that stopped early stays where it ended."""
    longest = max((run.path for run in runs), key=lambda path: len(path.epoch))

    def mean(name: str) -> Any:
        values = [getattr(run.path, name) for run in runs]
        return np.mean(
            [np.pad(v, (0, len(longest.epoch) - len(v)), mode="edge") for v in values], axis=0
        )

    return Path(
        longest.epoch,
        mean("acc_forget"),
        mean("acc_retain"),
        all(run.path.recorded for run in runs),
    )


def entry_at(path: Path, acc_forget: float) -> tuple[int, bool]:
    """The entry with the highest Acc_f at or below `acc_forget`, the first of several.

    Returns:
        Which entry, and True; where none is so low, the one that comes nearest, and False.
    """
    below = np.flatnonzero(path.acc_forget <= acc_forget)
    if len(below):
        return int(below[np.argmax(path.acc_forget[below])]), True
    return int(np.argmin(path.acc_forget)), False


@dataclass(frozen=True)
class Equal:
    """One method at a given forgetting: means over its seeds.

    Attributes:
        acc_forget, acc_retain: in percent; kept: seed -> Acc_r there.
        change: Acc_r − the original's, in points, paired by seed.
        reached: whether every seed came down to it; epoch: of each seed.
    """

    acc_forget: float
    acc_retain: float
    kept: dict[int, float]
    change: Interval
    reached: bool
    epoch: tuple[int, ...]


def at_equal_forgetting(runs: Iterable[Run], acc_forget: float) -> dict[str, Equal]:
    """Method -> where its path is when Acc_f has come down to `acc_forget` (percent), the method with the highest Acc_r first.

    The entry is chosen by the test accuracy itself, which nobody knows while unlearning: an oracle, which shows what each method could
    keep at its best moment. Methods that do not come so low come last.
    """
    found = {}
    for method, of in by_method(runs).items():
        picked = [(run.path, *entry_at(run.path, acc_forget)) for run in of]
        forget = float(np.mean([path.acc_forget[i] for path, i, _ in picked]))
        kept = {
            run.seed: float(path.acc_retain[i])
            for run, (path, i, _) in zip(of, picked, strict=True)
        }
        change = interval([kept[run.seed] - float(run.path.acc_retain[0]) for run in of])
        found[method] = Equal(
            forget,
            float(np.mean(list(kept.values()))),
            kept,
            change,
            all(ok for *_, ok in picked),
            tuple(int(path.epoch[i]) for path, i, _ in picked),
        )
    return dict(sorted(found.items(), key=lambda item: (not item[1].reached, -item[1].acc_retain)))
