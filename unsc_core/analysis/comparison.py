"""Methods side by side on one request: measures, mean and spread over seeds, UNSC's standing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis import evaluation
from unsc_core.analysis.claims import SAME, Forgetting, forgetting_of
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.replay import Epochs, read_epochs
from unsc_core.analysis.spread import Interval, half_width, interval, mean_and
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import Result, read_result
from unsc_core.experiment.store import Store
from unsc_core.methods import LISTED, METHODS

ALL_METHODS = tuple(name for name in LISTED if name != "retrain")
"""The methods; retraining is what they are measured against."""
COMPARED = tuple(name for name in ALL_METHODS if not METHODS[name].further)
"""Those that are compared unless all are asked for."""
PARTS = {entry.parts: name for name, entry in METHODS.items() if entry.parts}
"""Target, weights and what is read -> the method that they make up: see `methods.parts`."""
METHOD_SETS = {"main": COMPARED, "all": ALL_METHODS, "parts": tuple(PARTS.values())}
"""What a comparison may be asked for."""
REFERENCES = ("original", "mask", "retrained")
"""Rows that are not methods, in display order."""
STRENGTHS = (0.0, 0.5, 2.0)
"""Of erasing, compared beside the default where a method has one."""
Values = dict[str, float | None]
"""Key of a measure -> its value; None where it was not measured."""
OWN_DEFAULTS: dict[str, Any] = {
    "energy_threshold": None,
    "energy_thresholds": (),
    "subspace": None,
    "learning_rate": None,
    "epochs": None,
    "strength": 1.0,
    "edits": (),
}
"""Settings that belong to one method: the other methods get their own defaults."""


@dataclass(frozen=True, eq=False)
class AccuracyPath:
    """Acc_f and Acc_r in percent, (entries,) each, from the original to the unlearned model.

    Attributes:
        epoch: (entries,) the epoch of each entry.
        recorded: False where epochs between the first and the last entry were not recorded.
    """

    epoch: NDArray[np.int64]
    acc_forget: NDArray[np.float64]
    acc_retain: NDArray[np.float64]
    recorded: bool = True


@dataclass(frozen=True, eq=False)
class MethodRun:
    """What a comparison needs of one stored experiment.

    Attributes:
        measures: "unlearned" and the available REFERENCES -> their measures.
        change: the same -> (classes,) change of test accuracy against the original, in points.
        path: of the unlearning.
        forgetting: how its Acc_f compares with its goal.
        samples: how many single samples were to be forgotten; 0 if classes were.
        machines: the keys of `measures` whose time is known -> where it was measured; see
            `machine.Took`.
        alterations: how it deviates from its method as published.
    """

    method: str
    seed: int
    measures: dict[str, Values]
    change: dict[str, NDArray[np.float64]]
    path: AccuracyPath
    forgetting: Forgetting = Forgetting.DONE
    samples: int = 0
    machines: dict[str, str] = field(default_factory=dict)
    alterations: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparisonRow:
    """One row of the comparison.

    Attributes:
        mean: of each measure over seeds; None where a seed lacks it.
        half: half of its 95 % interval; None for one seed.
        seeds: how many.
        alterations: of its runs.
        elsewhere: whether any of its times was measured on another machine than most rows', or on
            an unknown one.
    """

    mean: Values
    half: Values
    seeds: int
    alterations: tuple[str, ...] = ()
    elsewhere: bool = False


@dataclass(frozen=True)
class Standing:
    """The methods that forget, grouped by their Acc_r against UNSC's, if that forgets as well.

    Each group maps a method to its Acc_r − UNSC's in points, paired by seed. A method is tied if
    the 95 % interval contains 0 or the difference rounds to 0.0. One seed has no interval: its
    difference may be chance. Of methods in `too_few`, too few single samples tell nothing.
    """

    better: dict[str, Interval] = field(default_factory=dict)
    tied: dict[str, Interval] = field(default_factory=dict)
    worse: dict[str, Interval] = field(default_factory=dict)
    not_forgetting: list[str] = field(default_factory=list)
    too_few: list[str] = field(default_factory=list)


def configs(
    chosen: ExperimentConfig,
    dataset: Dataset,
    seeds: Iterable[int],
    methods: Iterable[str] = COMPARED,
) -> dict[tuple[str, int], ExperimentConfig]:
    """(method, seed) -> resolved config of these methods, and `chosen`'s own, on its request.

    The chosen method keeps its settings; the others get their defaults.
    """

    def config(method: str, seed: int) -> ExperimentConfig:
        own = {} if method == chosen.method else OWN_DEFAULTS
        return resolve(replace(chosen, seed=seed, method=method, **own), dataset)

    wanted = {*methods, chosen.method}
    compared = [method for method in METHODS if method in wanted and method != "retrain"]
    return {(method, seed): config(method, seed) for seed in seeds for method in compared}


def variants(chosen: ExperimentConfig, dataset: Dataset) -> list[ExperimentConfig]:
    """`chosen`, resolved, and every other method and strength of erasing on its request."""
    plain = configs(replace(chosen, edits=()), dataset, [chosen.seed], ALL_METHODS)
    every = [resolve(chosen, dataset), *plain.values()]
    every += [
        replace(config, strength=strength)
        for config in plain.values()
        if METHODS[config.method].erases
        for strength in (*STRENGTHS, 1.0)
    ]
    return list(dict.fromkeys(every))


def run_of(result: Result, epochs: Epochs | None) -> MethodRun:
    """A result and, where they were recorded, its epochs, in the form that a comparison needs."""
    numbers, dataset = summary(result), result.split.dataset
    labels, classes = dataset.y_test, dataset.num_classes
    per_class = {
        model: evaluation.per_class_accuracy(answers.test.argmax(1), labels, classes)
        for model, answers in result.rows.items()
    }
    return MethodRun(
        method=result.config.method,
        seed=result.config.seed,
        measures={
            model: {key: measure.read(numbers, model) for key, measure in MEASURES.items()}
            for model in result.rows
        },
        change={model: values - per_class["original"] for model, values in per_class.items()},
        path=_path(result, numbers) if epochs is None else _recorded_path(epochs),
        forgetting=forgetting_of(numbers, len(result.split.forget_ids)),
        samples=len(result.split.forget_ids),
        machines={model: took.machine for model, took in result.took.items()},
        alterations=result.alterations,
    )


def _recorded_path(epochs: Epochs) -> AccuracyPath:
    return AccuracyPath(epochs.epoch, epochs.acc_forget, epochs.acc_retain)


def _path(result: Result, numbers: dict[str, Any]) -> AccuracyPath:
    """The first and the last entry only."""
    acc_forget, acc_retain = (
        np.array([numbers[model][name] for model in ("original", "unlearned")], float)
        for name in ("acc_forget", "acc_retain")
    )
    last = max(len(result.history) - 1, 1)
    in_one_step = METHODS[result.config.method].epochs is None
    return AccuracyPath(np.array([0, last]), acc_forget, acc_retain, recorded=in_one_step)


def read_run(config: ExperimentConfig, dataset: Dataset, store: Store) -> MethodRun | None:
    """The stored run of a resolved config; None until both its models have been evaluated."""
    result = read_result(config, dataset, store)
    return None if result is None else run_of(result, read_epochs(config, dataset, store))


def by_method(runs: Iterable[MethodRun]) -> dict[str, list[MethodRun]]:
    """Method -> its runs by seed, in the order of METHODS."""
    found: dict[str, list[MethodRun]] = {}
    for run in runs:
        found.setdefault(run.method, []).append(run)
    return {
        method: sorted(found[method], key=lambda run: run.seed)
        for method in METHODS
        if method in found
    }


def rows(runs: Iterable[MethodRun]) -> dict[str, ComparisonRow]:
    """The available REFERENCES, then every method -> its row."""
    runs = list(runs)
    machines = Counter(run.machines.get("unlearned", "") for run in runs)
    usual = machines.most_common(1)[0][0] if machines else ""

    def row(of: Sequence[MethodRun], model: str) -> ComparisonRow:
        mean, half = mean_and(half_width, [run.measures[model] for run in of])
        alterations = of[0].alterations if model == "unlearned" else ()
        elsewhere = any(model in run.machines and run.machines[model] != usual for run in of)
        return ComparisonRow(mean, half, len(of), alterations, elsewhere)

    found = {}
    for model in REFERENCES:
        per_seed = {run.seed: run for run in runs if model in run.measures}
        if per_seed:
            found[model] = row(list(per_seed.values()), model)
    return found | {method: row(of, "unlearned") for method, of in by_method(runs).items()}


def states(runs: Sequence[MethodRun]) -> set[Forgetting]:
    """How the runs of one method, over seeds, compare with their goals.

    Where a seed alone has too few samples to tell, the differences from the retrained model over
    seeds may: MORE or FEWER where their interval does not contain 0, else TOO_FEW, and no other.
    Where a seed has nothing to forget, NOTHING and no other.
    """
    found = {run.forgetting for run in runs}
    if Forgetting.NOTHING in found:
        return {Forgetting.NOTHING}
    if Forgetting.TOO_FEW not in found or Forgetting.UNKNOWN in found:
        return found
    gap = differences(runs, runs, "acc_forget", "retrained")
    if gap is None or gap.half is None or gap.tied:
        return {Forgetting.TOO_FEW}
    return {Forgetting.MORE if gap.mean > 0 else Forgetting.FEWER}


def forgets(runs: Sequence[MethodRun]) -> bool:
    """Whether every run counts as having forgotten."""
    return states(runs) == {Forgetting.DONE}


def fails(runs: Sequence[MethodRun]) -> bool:
    """Whether some run is known not to forget, or to overshoot."""
    return bool(states(runs) & {Forgetting.MORE, Forgetting.FEWER})


def is_known(runs: Sequence[MethodRun]) -> bool:
    """Whether it is known of every run if it forgets."""
    return all(run.forgetting is not Forgetting.UNKNOWN for run in runs)


def differences(
    runs: Sequence[MethodRun],
    others: Sequence[MethodRun],
    measure: str = "acc_retain",
    model: str = "unlearned",
) -> Interval | None:
    """A measure of `runs` − that of `others`, paired by seed; None if no seed has both values."""
    there = {run.seed: run.measures[model].get(measure) for run in others if model in run.measures}
    pairs = [
        (run.measures["unlearned"].get(measure), there.get(run.seed))
        for run in runs
        if run.seed in there
    ]
    values = [a - b for a, b in pairs if a is not None and b is not None]
    return interval(values) if values else None


def free(runs: Sequence[MethodRun]) -> Interval | None:
    """Gain of the mask, what hiding the classes gives; None for single samples, which have none."""
    values = [run.measures["mask"]["gain"] for run in runs if "mask" in run.measures]
    return interval([value for value in values if value is not None]) if values else None


def added(runs: Sequence[MethodRun]) -> Interval | None:
    """Acc_r of the unlearned model − the mask's: what changing weights adds."""
    return differences(runs, runs, model="mask")


def standing(runs: Iterable[MethodRun]) -> Standing:
    """Whether each other method but retraining forgets, and how its Acc_r compares with UNSC's.

    A UNSC that does not forget with every seed is no measure of Acc_r: then there are no groups.
    """
    found, result = by_method(runs), Standing()
    unsc = found.get("unsc", [])
    against = unsc if forgets(unsc) else []
    for method in (name for name in found if name not in ("unsc", "retrain")):
        state = states(found[method])
        if Forgetting.UNKNOWN in state or Forgetting.NOTHING in state:
            continue
        if Forgetting.TOO_FEW in state:
            result.too_few.append(method)
            continue
        if not forgets(found[method]):
            result.not_forgetting.append(method)
            continue
        ahead = differences(found[method], against)
        if ahead is None:
            continue
        if ahead.tied or abs(ahead.mean) < SAME:
            result.tied[method] = ahead
        elif ahead.mean > 0:
            result.better[method] = ahead
        else:
            result.worse[method] = ahead
    return result
