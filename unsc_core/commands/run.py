"""`run`: one experiment for one or more seeds, printed as a table or as one JSON object."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from functools import partial
from typing import Any

from unsc_core.analysis.spread import half_width, mean_and, standard_deviation
from unsc_core.analysis.summary import summary
from unsc_core.commands.arguments import integers, numbers, sample_ids
from unsc_core.commands.terminal import clear_progress, show_progress
from unsc_core.config import ExperimentConfig
from unsc_core.data import dataset_entry
from unsc_core.errors import ConfigError
from unsc_core.figures.phrases import dataset_title, method_title
from unsc_core.figures.summary_table import text_table

AS_TYPED = (
    *("dataset", "subspace", "learning_rate", "epochs", "strength"),
    *("training_epochs", "device", "checkpoint", "moments_sample", "class_weights"),
)
"""Settings of an experiment that are the options of the same names."""
UNMEASURED = ("seed", "key", "device", "machines", "alterations", "chosen")
"""Fields of a run's summary that have no mean over seeds."""


def run(options: argparse.Namespace) -> int:
    """Run the experiment for every seed and print the outcome."""
    from unsc_core.experiment.experiment import Experiment  # loads torch

    configs: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    for config in requested_configs(options):
        work = Experiment(config, report=partial(show_progress, seed=config.seed))
        runs.append(summary(work.run(with_retrain=options.with_retrain)))
        configs.append(work.config.to_dict())
    clear_progress()
    measured = [{k: v for k, v in run.items() if k not in UNMEASURED} for run in runs]
    (mean, sd), (_, half) = mean_and(standard_deviation, measured), mean_and(half_width, measured)
    outcome = {
        "config": {k: v for k, v in configs[0].items() if k != "seed"}
        | {"seeds": [run["seed"] for run in runs]},
        "seeds": runs,
        "mean": mean,
        "sd": sd,
        "interval": half,
    }
    if options.json:
        print(json.dumps(outcome, ensure_ascii=False, allow_nan=False))
    else:
        print(f"{method_title(configs[0]['method'])} on {dataset_title(configs[0]['dataset'])}")
        print(text_table(outcome))
    return 0


def requested_configs(options: argparse.Namespace) -> list[ExperimentConfig]:
    """The requested experiment, once per seed.

    Raises:
        ConfigError: an option that takes numbers has something else, or there is no seed.
    """
    entry = dataset_entry(options.dataset)
    seeds = integers(options.seeds, "--seeds")
    if not seeds:
        raise ConfigError(f"--seeds takes one or more whole numbers, not '{options.seeds}'.")
    ids = sample_ids(options.forget_ids) if options.forget_ids else ()
    gammas = numbers(options.energy_threshold, "--energy-threshold")
    usual = "" if ids else str(entry.default_forget_class)
    forget = integers(usual if options.forget is None else options.forget, "--forget")
    config = ExperimentConfig(
        **{name: getattr(options, name) for name in AS_TYPED},
        model=options.model or entry.default_model,
        method=options.method or ("unsc" if gammas or options.subspace else entry.default_method),
        forget_classes=forget,
        forget_ids=ids,
        energy_threshold=gammas[0] if len(gammas) == 1 else None,
        energy_thresholds=gammas if len(gammas) > 1 else (),
    )
    return [replace(config, seed=seed) for seed in seeds]
