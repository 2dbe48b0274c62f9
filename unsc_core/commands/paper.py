"""`paper`: runs published experiments and prints our numbers beside the published ones.

What has been run is recorded after every experiment, so that an interrupted run resumes there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from unsc_core.analysis.spread import mean_and, standard_deviation
from unsc_core.analysis.summary import summary
from unsc_core.commands import arguments
from unsc_core.commands.published import ROWS, Pair, PaperRow, published_row
from unsc_core.commands.terminal import clear_progress, show_progress
from unsc_core.config import ExperimentConfig
from unsc_core.errors import ConfigError
from unsc_core.experiment.machine import processor
from unsc_core.methods import METHODS
from unsc_core.paths import ASSETS, home, write_whole
from unsc_core.progress import Report, silent

UNPUBLISHED: Pair = (None, None)
HEADER = (
    "| forget | method | seeds | ours f | ours r | ours r − original r | published f "
    "| published r |\n"
    "|---|---|---|---|---|---|---|---|"
)


def paper(options: argparse.Namespace) -> int:
    """Run what is missing of a row and print its table; without a row, list what each one needs."""
    if options.row is None:
        for row in ROWS.values():
            print(f"{row.name:14}{row.dataset} / {row.model}, forget {row.forget}. {row.needs}")
        return 0
    row = published_row(options.row)
    record = read_record(row)
    if not options.table:
        methods = arguments.methods(options.methods)
        seeds = arguments.integers(options.seeds, "--seeds")
        *_, record = record, *run_row(row, methods, seeds, show_progress)
        clear_progress()
    print(table(row, record))
    return 0


def record_path(row: PaperRow) -> Path:
    """Where this machine's record of a row is kept."""
    return home() / "paper" / f"{row.name}.json"


def shipped_record(row: PaperRow) -> Path:
    """Where the bundled record of a row is kept."""
    return ASSETS / "paper" / f"{row.name}.json"


def read_record(row: PaperRow) -> dict[str, Any]:
    """This machine's record, else the bundled one, else an empty one.

    Raises:
        ConfigError: the record cannot be read.
    """
    for path in (record_path(row), shipped_record(row)):
        if path.is_file():
            try:
                return json.loads(path.read_text())
            except ValueError:
                raise ConfigError(
                    f"The record {path} is damaged; remove it to start over."
                ) from None
    return {"row": row.name, "runs": []}


def experiments(
    row: PaperRow, methods: Iterable[str], seeds: Iterable[int]
) -> Iterator[ExperimentConfig]:
    """Every experiment of a row; UNSC first, retraining last because it takes longest."""
    for method in sorted(methods, key=lambda method: (method == "retrain", method != "unsc")):
        for forget in ((row.forget,), *(row.more if method == "unsc" else ())):
            for seed in seeds:
                yield ExperimentConfig(
                    dataset=row.dataset,
                    model=row.model,
                    forget_classes=forget,
                    method=method,
                    seed=seed,
                    **row.settings.get(method, {}),
                )


def run_row(
    row: PaperRow, methods: Iterable[str], seeds: Iterable[int], report: Report = silent
) -> Iterator[dict[str, Any]]:
    """Run what is missing of a row; write and yield the record after every experiment."""
    from unsc_core.experiment.experiment import Experiment  # loads torch

    record = read_record(row)
    for config in experiments(row, methods, seeds):
        work = Experiment(config, report=report)
        if all(run["key"] != work.keys.unlearned for run in record["runs"]):
            run = _run(summary(work.run()), work.config) | {"machine": machine(work.device)}
            others = [other for other in record["runs"] if _request(other) != _request(run)]
            record["runs"] = [*others, run]
            write_whole(record_path(row), json.dumps(record, indent=1).encode())
        yield record


def _request(run: dict[str, Any]) -> tuple[Any, ...]:
    return run["method"], run["forget"], run["seed"]


def _run(numbers: dict[str, Any], config: ExperimentConfig) -> dict[str, Any]:
    """The part of one experiment's summary that is recorded."""
    accuracies = {
        model: {name: numbers[model][name] for name in ("acc_forget", "acc_retain")}
        for model in ("original", "mask", "unlearned")
    }
    return {
        "method": config.method,
        "forget": list(config.forget_classes),
        "seed": config.seed,
        "key": numbers["key"],
        "config": config.to_dict(),
        **accuracies,
        "epochs_run": numbers["epochs_run"],
        "seconds": numbers["seconds"],
    }


def machine(device: str) -> dict[str, Any]:
    """This machine and its software versions, as JSON types."""
    import torch

    return {
        "cpu": processor(),
        "cores": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if device.startswith("cuda") else None,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def table(row: PaperRow, record: dict[str, Any]) -> str:
    """The record beside the published numbers, in Markdown."""
    title = f"{row.dataset} / {row.model}, test accuracy in percent, mean ± sd over seeds"
    lines = [title, "", HEADER]
    runs: dict[tuple[int, ...], dict[str, list[dict[str, Any]]]] = {}
    for run in record["runs"]:
        runs.setdefault(tuple(run["forget"]), {}).setdefault(run["method"], []).append(run)
    for forget in ((row.forget,), *row.more):
        lines += _lines(row, forget, runs.get(forget, {}))
    return "\n".join(lines)


def _lines(
    row: PaperRow, forget: tuple[int, ...], by_method: dict[str, list[dict[str, Any]]]
) -> Iterator[str]:
    """The lines of one set of forgotten classes: original, mask, and each method."""
    main = forget == (row.forget,)
    published = row.methods if main else {"unsc": row.more[forget]}
    by_seed = {run["seed"]: run for runs in by_method.values() for run in runs}
    originals = list(by_seed.values())
    if originals:
        reference = row.original if main else UNPUBLISHED
        yield _line(forget, "original", originals, "original", reference)
    masked = [run for run in originals if "mask" in run]  # records of earlier versions have none
    if masked:
        yield _line(forget, "mask", masked, "mask", UNPUBLISHED)
    for method in METHODS:
        reference = published.get(method, UNPUBLISHED)
        if method in by_method:
            yield _line(forget, method, by_method[method], "unlearned", reference)
        elif reference != UNPUBLISHED:
            yield _cells(forget, method, 0, ("not run yet", "", ""), reference)


def _line(
    forget: tuple[int, ...], name: str, runs: list[dict[str, Any]], model: str, published: Pair
) -> str:
    gains = [
        {**run[model], "gain": run[model]["acc_retain"] - run["original"]["acc_retain"]}
        for run in runs
    ]
    mean, sd = mean_and(standard_deviation, gains)
    ours = [
        f"{mean[n]:{'+' if n == 'gain' else ''}.2f}" + ("" if sd[n] is None else f" ± {sd[n]:.2f}")
        for n in ("acc_forget", "acc_retain", "gain")
    ]
    return _cells(forget, name, len(runs), ours, published)


def _cells(
    forget: tuple[int, ...], name: str, seeds: int, ours: Iterable[str], published: Pair
) -> str:
    theirs = ["–" if value is None else f"{value:.2f}" for value in published]
    cells = [", ".join(map(str, forget)), name, str(seeds), *ours, *theirs]
    return " | ".join(cells).join(("| ", " |"))
