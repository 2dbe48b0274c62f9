"""Chooses a method's learning rate, and γ, on a validation part of the training data: the test set is never looked at."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from unsc_core.analysis.claims import FORGOTTEN
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data.held_out import VALIDATION
from unsc_core.errors import DivergedError
from unsc_core.methods import METHODS
from unsc_core.paths import ASSETS, home, write_whole
from unsc_core.progress import Report, silent

EQUAL = 0.05
"""Settings whose Acc_r differs by less, in points, keep equally much."""


def settings(
    method: str, factors: Sequence[float] = (), energy_thresholds: Sequence[float] = ()
) -> Iterator[dict[str, float]]:
    """The settings to try for a method.

    Args:
        method: a name in METHODS.
        factors: learning rates, as multiples of the default; empty for those of the method's entry.
        energy_thresholds: values of γ; empty for those of the method's entry.
    """
    entry = METHODS[method]
    if entry.learning_rate is None:
        return
    for factor in factors or entry.tuning_factors:
        rate = {"learning_rate": float(f"{factor * entry.learning_rate:.3g}")}
        if not entry.uses_energy_threshold:
            yield rate
            continue
        for threshold in energy_thresholds or entry.tuning_energy_thresholds:
            yield rate | {"energy_threshold": threshold}


def tune(
    config: ExperimentConfig,
    grids: Mapping[str, Sequence[dict[str, float]]],
    forget: Iterable[int],
    seeds: Iterable[int],
    report: Report = silent,
) -> Iterator[dict[str, Any]]:
    """Try every setting of every method on the validation samples of a config's dataset.

    Args:
        config: dataset, model, training epochs and device.
        grids: method -> the `settings` to try.
        forget: classes to forget, each on its own.
        seeds: of original and unlearning.

    Yields:
        Per method {"method", "seeds", "chosen", "tried"}: tried is a list of {"settings", "acc_forget", "acc_retain", "worst_forget"}
        (means over classes and seeds in percent; None where it diverged), chosen the settings `choose` takes.
    """
    base, seeds = replace(config, dataset=config.dataset + VALIDATION), list(seeds)
    requests = [replace(base, forget_classes=(c,), seed=seed) for c, seed in product(forget, seeds)]
    for method, grid in grids.items():
        tried = [
            {"settings": setting, **_means(requests, {"method": method, **setting}, report)}
            for setting in grid
        ]
        if tried:
            yield {"method": method, "seeds": seeds, "chosen": choose(tried), "tried": tried}


def _means(
    requests: list[ExperimentConfig], settings: dict[str, Any], report: Report
) -> dict[str, float | None]:
    """Accuracies of one setting over classes and seeds."""
    from unsc_core.experiment.experiment import Experiment

    try:
        runs = [
            summary(Experiment(replace(request, **settings), report=report).run())["unlearned"]
            for request in requests
        ]
    except DivergedError:
        return {"acc_forget": None, "acc_retain": None, "worst_forget": None}
    forget, retain = ([run[name] for run in runs] for name in ("acc_forget", "acc_retain"))
    return {
        "acc_forget": sum(forget) / len(forget),
        "acc_retain": sum(retain) / len(retain),
        "worst_forget": max(forget),
    }


def choose(tried: list[dict[str, Any]]) -> dict[str, float]:
    """Of the settings that forget, the one that keeps most of the rest, of equals the one that forgets most surely.

    A setting forgets when Acc_f on validation samples is at most FORGOTTEN for every class and seed.
    If none forgets, the one with the widest Acc_r − Acc_f.
    """
    sound = [one for one in tried if one["acc_forget"] is not None]
    forgetting = [one for one in sound if one["worst_forget"] <= FORGOTTEN]
    if forgetting:
        best = max(one["acc_retain"] for one in forgetting)
        equals = [one for one in forgetting if one["acc_retain"] > best - EQUAL]
        return min(equals, key=lambda one: (one["worst_forget"], -one["acc_retain"]))["settings"]
    return (
        max(sound, key=lambda one: one["acc_retain"] - one["acc_forget"])["settings"]
        if sound
        else {}
    )


def record_path(config: ExperimentConfig) -> Path:
    """Where the outcome of `tune` is written."""
    return home() / "tuning" / f"{Path(config.dataset).name}_{Path(config.model).name}.json"


def shipped_record(dataset: str, model: str) -> Path:
    """Where the outcome that the defaults were taken from lies."""
    return ASSETS / "tuning" / f"{dataset}_{model}.json"


def write(
    path: Path, config: ExperimentConfig, forget: Iterable[int], outcomes: list[dict[str, Any]]
) -> None:
    """Write the outcomes with what they were found on; methods that were not tuned this time keep what is there."""
    before = json.loads(path.read_text())["methods"] if path.is_file() else []
    names = {outcome["method"] for outcome in outcomes}
    about = {"dataset": config.dataset + VALIDATION, "model": config.model, "forget": list(forget)}
    write_whole(
        path,
        json.dumps(
            about | {"methods": [*(b for b in before if b["method"] not in names), *outcomes]},
            indent=1,
        ).encode(),
    )


def table(outcomes: Iterable[dict[str, Any]]) -> str:
    """The outcomes in Markdown, the chosen setting marked."""
    lines = [
        "| method | learning rate | γ | Acc_f | worst Acc_f | Acc_r | |",
        "|---|---|---|---|---|---|---|",
    ]
    for outcome in outcomes:
        for one in outcome["tried"]:
            numbers = (
                ["diverged", "", ""]
                if one["acc_forget"] is None
                else [f"{one[n]:.2f}" for n in ("acc_forget", "worst_forget", "acc_retain")]
            )
            forgets = one["worst_forget"] is not None and one["worst_forget"] <= FORGOTTEN
            mark = (
                ""
                if one["settings"] != outcome["chosen"]
                else "chosen"
                if forgets
                else "chosen, though nothing tried forgets"
            )
            setting = one["settings"]
            lines.append(
                f"| {outcome['method']} | {setting['learning_rate']:g} | {setting.get('energy_threshold', '')} | {' | '.join(numbers)} | {mark} |"
            )
    return "\n".join(lines)
