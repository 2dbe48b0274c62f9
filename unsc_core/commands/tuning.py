"""`tune`: chooses learning rates and γ on a validation part of the training data.

The test set is never used.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from unsc_core.analysis.claims import FORGOTTEN
from unsc_core.analysis.summary import summary
from unsc_core.commands import arguments
from unsc_core.commands.terminal import clear_progress, show_progress
from unsc_core.config import ExperimentConfig
from unsc_core.data import dataset_entry
from unsc_core.data.held_out import VALIDATION
from unsc_core.errors import DivergedError
from unsc_core.methods import METHODS
from unsc_core.paths import ASSETS, home, write_whole
from unsc_core.progress import Report, silent

BUDGET = 9
"""How many settings of each method are tried on the same classes and seeds."""
WIDENINGS = 4
"""How often settings beyond those tried are tried as well, while the best is at an edge."""
TOLERANCE = 0.05
"""Settings whose Acc_r differs by less than this, in percentage points, count as equal."""


def tune_methods(options: argparse.Namespace) -> int:
    """Tune the methods one by one, record each outcome, and print all of them."""
    model = options.model or dataset_entry(options.dataset).default_model
    config = ExperimentConfig(
        dataset=options.dataset, model=model, training_epochs=options.training_epochs
    )
    forget = arguments.integers(options.forget, "--forget")
    seeds = arguments.integers(options.seeds, "--seeds")
    factors = arguments.numbers(options.factors, "--factors")
    gammas = arguments.numbers(options.energy_thresholds, "--energy-thresholds")
    grids = {
        method: list(settings(method, factors, gammas))
        for method in arguments.methods(options.methods)
    }
    path, outcomes = record_path(config), []
    for outcome in tune(config, grids, forget, seeds, show_progress):
        outcomes.append(outcome)
        write(path, config, forget, outcomes)
    clear_progress()
    print(table(outcomes))
    print(path)
    return 0


def settings(
    method: str, factors: Sequence[float] = (), energy_thresholds: Sequence[float] = ()
) -> Iterator[dict[str, float]]:
    """The settings to try for a method; none for a method without a learning rate.

    Args:
        method: a name in METHODS.
        factors: learning rates, as multiples of the default; empty for as many doublings about it
            as make BUDGET settings.
        energy_thresholds: values of γ; empty for those of the method's entry.
    """
    entry = METHODS[method]
    if entry.learning_rate is None:
        return
    gammas: Sequence[float | None] = [None]
    if entry.uses_energy_threshold:
        gammas = energy_thresholds or entry.tuning_energy_thresholds
    for factor in factors or doublings(BUDGET // len(gammas)):
        for gamma in gammas:
            yield setting(factor * entry.learning_rate, gamma)


def doublings(count: int) -> list[float]:
    """`count` powers of two about 1."""
    return [2.0 ** (i - count // 2) for i in range(count)]


def setting(learning_rate: float, energy_threshold: float | None) -> dict[str, float]:
    """One setting; γ where it has an effect."""
    rate = {"learning_rate": float(f"{learning_rate:.3g}")}
    return rate if energy_threshold is None else rate | {"energy_threshold": energy_threshold}


def tune(
    config: ExperimentConfig,
    grids: Mapping[str, Sequence[dict[str, float]]],
    forget: Iterable[int],
    seeds: Iterable[int],
    report: Report = silent,
) -> Iterator[dict[str, Any]]:
    """Try every setting of every method on the validation samples of a config's dataset.

    While the best learning rate or γ is the lowest or the highest of those tried, further ones are
    tried as well (`beyond`), up to WIDENINGS times.

    Args:
        config: dataset, model, training epochs and device.
        grids: method -> the `settings` to try.
        forget: classes to forget, one at a time.
        seeds: of the original and the unlearning.
        report: receives progress.

    Yields:
        Per method {"method", "seeds", "chosen", "tried"}: `tried` is a list of {"settings",
        "acc_forget", "acc_retain", "worst_forget"} (means over classes and seeds, and the highest
        Acc_f, in percent; None where training diverged); `chosen` is what `choose` selects.
    """
    base, seeds = replace(config, dataset=config.dataset + VALIDATION), list(seeds)
    requests = [replace(base, forget_classes=(c,), seed=seed) for c, seed in product(forget, seeds)]
    for method, grid in grids.items():

        def attempt(setting: dict[str, float], method: str = method) -> dict[str, Any]:
            means = _means(requests, {"method": method, **setting}, report)
            return {"settings": setting, **means}

        tried = [attempt(setting) for setting in grid]
        for _ in range(WIDENINGS):
            tried += [attempt(setting) for setting in beyond(tried)]
        if tried:
            yield {"method": method, "seeds": seeds, "chosen": choose(tried), "tried": tried}


def beyond(tried: list[dict[str, Any]]) -> list[dict[str, float]]:
    """The settings to try next because the best learning rate or γ is at an edge of those tried.

    Half or twice the rate, with every γ; and with every rate, the γ that leaves half or twice the
    share 1 − γ. None if the best lies inside, or if only one rate was to be tried.
    """
    chosen = choose(tried)
    rates = list(dict.fromkeys(one["settings"]["learning_rate"] for one in tried))
    if not chosen or len(rates) == 1:
        return []
    gammas = list(dict.fromkeys(one["settings"].get("energy_threshold") for one in tried))
    further = [
        setting(rate, gamma)
        for rate in _past_edges(rates, chosen["learning_rate"])
        for gamma in gammas
    ]
    if len(gammas) > 1:
        shares = [round(1 - gamma, 6) for gamma in gammas]
        for share in _past_edges(shares, round(1 - chosen["energy_threshold"], 6)):
            further += [setting(rate, round(1 - share, 6)) for rate in rates if share < 1]
    return further


def _past_edges(values: list[float], best: float) -> list[float]:
    """Half of the lowest value if that is the best, twice the highest if that is."""
    return [best / 2] * (best == min(values)) + [best * 2] * (best == max(values))


def _means(
    requests: list[ExperimentConfig], settings: dict[str, Any], report: Report
) -> dict[str, float | None]:
    """Accuracies of one setting over classes and seeds."""
    from unsc_core.experiment.experiment import Experiment  # loads torch

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
    """The settings with the highest Acc_r among those that forget; among equals, the lowest Acc_f.

    Settings forget when Acc_f on validation samples is at most FORGOTTEN for every class and seed.
    If none do, the settings with the largest Acc_r − Acc_f.
    """
    finished = [one for one in tried if one["acc_forget"] is not None]
    forgetting = [one for one in finished if _forgets(one)]
    if forgetting:
        best = max(one["acc_retain"] for one in forgetting)
        equals = [one for one in forgetting if one["acc_retain"] > best - TOLERANCE]
        return min(equals, key=lambda one: (one["worst_forget"], -one["acc_retain"]))["settings"]
    if finished:
        return max(finished, key=lambda one: one["acc_retain"] - one["acc_forget"])["settings"]
    return {}


def _forgets(one: dict[str, Any]) -> bool:
    return one["worst_forget"] is not None and one["worst_forget"] <= FORGOTTEN


def record_path(config: ExperimentConfig) -> Path:
    """Where this machine's record of `tune` is kept."""
    return home() / "tuning" / f"{Path(config.dataset).name}_{Path(config.model).name}.json"


def shipped_record(dataset: str, model: str) -> Path:
    """Where the bundled record is kept, from which the methods' defaults were taken."""
    return ASSETS / "tuning" / f"{dataset}_{model}.json"


def write(
    path: Path, config: ExperimentConfig, forget: Iterable[int], outcomes: list[dict[str, Any]]
) -> None:
    """Write the outcomes and what they were tuned on; other methods' earlier outcomes stay."""
    before = json.loads(path.read_text())["methods"] if path.is_file() else []
    names = {outcome["method"] for outcome in outcomes}
    record = {
        "dataset": config.dataset + VALIDATION,
        "model": config.model,
        "forget": list(forget),
        "methods": [*(b for b in before if b["method"] not in names), *outcomes],
    }
    write_whole(path, json.dumps(record, indent=1).encode())


def table(outcomes: Iterable[dict[str, Any]]) -> str:
    """The outcomes in Markdown, the chosen settings marked."""
    header = ["method", "learning rate", "γ", "Acc_f", "worst Acc_f", "Acc_r", ""]
    rows = [header, ["---"] * len(header)]
    for outcome in outcomes:
        for one in outcome["tried"]:
            setting = one["settings"]
            rate, gamma = setting["learning_rate"], setting.get("energy_threshold", "")
            cells = [outcome["method"], f"{rate:g}", str(gamma), *_accuracies(one)]
            rows.append([*cells, _mark(one, outcome["chosen"])])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _accuracies(one: dict[str, Any]) -> list[str]:
    if one["acc_forget"] is None:
        return ["diverged", "", ""]
    return [f"{one[name]:.2f}" for name in ("acc_forget", "worst_forget", "acc_retain")]


def _mark(one: dict[str, Any], chosen: dict[str, float]) -> str:
    if one["settings"] != chosen:
        return ""
    return "chosen" if _forgets(one) else "chosen, although no settings forget"
