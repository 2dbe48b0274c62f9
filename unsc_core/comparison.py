"""Methods side by side on one request: what each run measured, mean and spread over seeds, and where UNSC stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core import evaluation
from unsc_core.config import ExperimentConfig
from unsc_core.dataset import Dataset
from unsc_core.epochs import Epochs, read_epochs
from unsc_core.methods import METHODS
from unsc_core.results import Result, mean_and_sd, read_result, resolve, summary
from unsc_core.store import Store

FORGOTTEN = 2.0
"""A method forgets when its Acc_f, in percent, is at most this."""
SHARED = ("data", "train", "evaluate", "retrain", "energy_error")
"""Stages that are not a method's own."""
COMPARED = tuple(name for name in METHODS if name != "retrain")
"""The methods; retraining is what they are measured against."""
Measures = dict[str, float | None]
"""acc_forget, acc_retain, over_unlearning (points of Acc_r lost), gap (Acc_r − the retrained model's), agreement, drift, seconds."""


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
        measures: model ("original", "unlearned", "retrained" where it is there) -> its Measures.
        change: the same -> (classes,) change of test accuracy against the original, in points.
        path: of the unlearning.
    """

    method: str
    seed: int
    measures: dict[str, Measures]
    change: dict[str, NDArray[np.float64]]
    path: Path


@dataclass(frozen=True)
class Row:
    """One line of the comparison: mean and standard deviation (0 for one seed) of each measure, None where a seed lacks it."""

    mean: Measures
    sd: Measures
    seeds: int


@dataclass(frozen=True)
class Standing:
    """Methods by how much of the rest they keep, against UNSC; each name -> its mean Acc_r − UNSC's, in points."""

    better: dict[str, float] = field(default_factory=dict)
    tied: dict[str, float] = field(default_factory=dict)
    worse: dict[str, float] = field(default_factory=dict)
    not_forgetting: list[str] = field(default_factory=list)


def configs(chosen: ExperimentConfig, dataset: Dataset, seeds: Iterable[int]) -> dict[tuple[str, int], ExperimentConfig]:
    """(method, seed) -> resolved config of every method on `chosen`'s request: its own method with its settings, the others with their defaults."""
    defaults: dict[str, Any] = {"energy_threshold": None, "energy_thresholds": (), "subspace": None, "learning_rate": None, "epochs": None}
    return {
        (method, seed): resolve(replace(chosen, seed=seed, method=method, **({} if method == chosen.method else defaults)), dataset)
        for seed in seeds
        for method in COMPARED
    }


def own_seconds(seconds: dict[str, float], method: str) -> float:
    """What a method itself took, of all the stages of its result."""
    return sum(took for stage, took in seconds.items() if stage not in SHARED or stage == method)


def measures(result: Result, model: str = "unlearned") -> Measures:
    """One model of a result, measured as `summary` measures the unlearned one; seconds are None for the others where unknown."""
    numbers = summary(replace(result, unlearned=result.models[model]))
    stage = {"original": "train", "retrained": "retrain"}.get(model)
    gap, now = numbers["gap_to_retrain"], numbers["unlearned"]
    return {
        "acc_forget": now["acc_forget"], "acc_retain": now["acc_retain"], "over_unlearning": numbers["over_unlearning"],
        "gap": gap and gap["acc_retain"], "agreement": numbers["agreement"], "drift": numbers["logit_drift"],
        "seconds": result.seconds.get(stage) if stage else own_seconds(result.seconds, result.config.method),
    }  # fmt: skip


def run_of(result: Result, epochs: Epochs | None) -> Run:
    """A result and, where they were recorded, its epochs, as a comparison needs them."""
    measured = {model: measures(result, model) for model in result.models}
    dataset = result.split.dataset
    per_class = {
        model: evaluation.per_class_accuracy(answers.test.argmax(1), dataset.y_test, dataset.num_classes) for model, answers in result.models.items()
    }
    if epochs is not None:
        path = Path(epochs.epoch, epochs.acc_forget, epochs.acc_retain)
    else:
        ends = {name: np.array([measured[model][name] for model in ("original", "unlearned")], float) for name in ("acc_forget", "acc_retain")}
        last = max(len(result.history) - 1, 1)
        path = Path(np.array([0, last]), **ends, recorded=METHODS[result.config.method].epochs is None)
    change = {model: values - per_class["original"] for model, values in per_class.items()}
    return Run(result.config.method, result.config.seed, measured, change, path)


def read_run(config: ExperimentConfig, dataset: Dataset, store: Store) -> Run | None:
    """The stored run of a resolved config, or None until original and unlearned model have answered."""
    result = read_result(config, dataset, store)
    return None if result is None else run_of(result, read_epochs(config, dataset, store))


def by_method(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """Method -> its runs by seed, in the order of METHODS."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.method, []).append(run)
    return {method: sorted(found[method], key=lambda run: run.seed) for method in METHODS if method in found}


def row(measured: Sequence[Measures]) -> Row:
    """Mean and spread of one measurement per seed."""
    mean, sd = mean_and_sd(list(measured))
    return Row(mean, sd, len(measured))


def rows(runs: Iterable[Run]) -> dict[str, Row]:
    """ "original" and "retrained" (where it is there), then every method -> its row."""
    runs = list(runs)
    found = {}
    for model in ("original", "retrained"):
        per_seed = {run.seed: run.measures[model] for run in runs if model in run.measures}
        if per_seed:
            found[model] = row(list(per_seed.values()))
    return found | {method: row([run.measures["unlearned"] for run in of]) for method, of in by_method(runs).items()}


def standing(found: dict[str, Row]) -> Standing:
    """Every method but UNSC and retraining: does it forget, and does it keep more of the rest than UNSC?

    Tied: the means of Acc_r differ by no more than the larger of the two standard deviations.
    """
    unsc, result = found["unsc"], Standing()
    for method in (name for name in COMPARED if name in found and name != "unsc"):
        mean, sd = found[method].mean, found[method].sd
        if _value(mean, "acc_forget") > FORGOTTEN:
            result.not_forgetting.append(method)
            continue
        ahead = _value(mean, "acc_retain") - _value(unsc.mean, "acc_retain")
        spread = max(_value(sd, "acc_retain"), _value(unsc.sd, "acc_retain"))
        group = result.tied if abs(ahead) <= spread else result.better if ahead > 0 else result.worse
        group[method] = ahead
    return result


def _value(measured: Measures, name: str) -> float:
    value = measured[name]
    return float("nan") if value is None else value


def mean_path(runs: Sequence[Run]) -> Path:
    """The mean of several seeds' paths, entry by entry; one that stopped early stays where it ended."""
    longest = max((run.path for run in runs), key=lambda path: len(path.epoch))

    def mean(name: str) -> Any:
        values = [getattr(run.path, name) for run in runs]
        return np.mean([np.pad(v, (0, len(longest.epoch) - len(v)), mode="edge") for v in values], axis=0)

    return Path(longest.epoch, mean("acc_forget"), mean("acc_retain"), all(run.path.recorded for run in runs))


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
        acc_forget, acc_retain: in percent.
        change: Acc_r − the original's, in points; sd: its standard deviation.
        reached: whether every seed came down to it; epoch: of each seed.
    """

    acc_forget: float
    acc_retain: float
    change: float
    sd: float
    reached: bool
    epoch: tuple[int, ...]


def at_equal_forgetting(runs: Iterable[Run], acc_forget: float) -> dict[str, Equal]:
    """Method -> where its path is when Acc_f has come down to `acc_forget` (percent), the method with the highest Acc_r first.

    Methods that do not come so low come last.
    """
    found = {}
    for method, of in by_method(runs).items():
        picked = [(run.path, *entry_at(run.path, acc_forget)) for run in of]
        mean, sd = mean_and_sd([{"f": p.acc_forget[i], "r": p.acc_retain[i], "change": p.acc_retain[i] - p.acc_retain[0]} for p, i, _ in picked])
        epochs = tuple(int(p.epoch[i]) for p, i, _ in picked)
        found[method] = Equal(mean["f"], mean["r"], mean["change"], sd["change"], all(ok for *_, ok in picked), epochs)
    return dict(sorted(found.items(), key=lambda item: (not item[1].reached, -item[1].acc_retain)))
