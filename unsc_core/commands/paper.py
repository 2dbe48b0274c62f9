"""The published experiments, run again: our numbers beside theirs, resumed where they stopped.

Published numbers: Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024, arXiv 2404.13588,
test accuracy in percent, three seeds.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unsc_core.analysis.spread import mean_and, standard_deviation
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.errors import ConfigError
from unsc_core.experiment.machine import processor
from unsc_core.methods import METHODS
from unsc_core.paths import ASSETS, home, write_whole
from unsc_core.progress import Report, silent

Pair = tuple[float | None, float | None]
"""Acc_f and Acc_r in percent; None where nothing was published."""


@dataclass(frozen=True)
class PaperRow:
    """One published pair of dataset and network.

    Attributes:
        name: as typed; dataset, model: names in DATASETS and MODELS.
        forget: the class to forget; more: the sets of several classes that were published for UNSC.
        original: published accuracies of the original; methods: method -> published accuracies.
        settings: method -> fields of ExperimentConfig that differ from the defaults; chosen by `tune` on validation samples.
        needs: what it takes.
    """

    name: str
    dataset: str
    model: str
    forget: int
    original: Pair
    methods: dict[str, Pair]
    needs: str
    more: dict[tuple[int, ...], Pair] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)


ROWS: dict[str, PaperRow] = {
    row.name: row
    for row in (
        PaperRow(
            "fashion-mnist",
            "fashion-mnist-32",
            "alexnet",
            6,
            (80.97, 93.58),
            {
                "retrain": (None, 95.19),
                "unsc": (0.67, 95.23),
                "random-labels+null-space": (1.57, 93.30),
                "gradient-ascent": (6.40, 80.94),
                "fisher": (1.50, 95.11),
                "salun": (1.80, 91.11),
            },
            "Fashion-MNIST (30 MB), and about a quarter of an hour per training on two cores; six trainings for three seeds.",
            {
                (0, 6): (0.80, 95.38),
                (0, 4, 6): (1.16, 96.80),
                (0, 1, 4, 6): (0.35, 97.19),
                (0, 1, 4, 6, 9): (0.04, 97.88),
            },
            # at 0.02 it keeps a third of one validation sample more, and forgets less: see assets/tuning
            {"unsc": {"energy_threshold": 0.9, "learning_rate": 0.05}},
        ),
        PaperRow(
            "cifar10",
            "cifar10",
            "allcnn",
            3,
            (79.93, 92.10),
            {"retrain": (None, 93.22), "random-labels": (3.30, 82.88), "unsc": (0.70, 92.77)},
            "CIFAR-10 (170 MB download), and a GPU for a training in minutes; hours on a CPU.",
        ),
        PaperRow(
            "svhn",
            "svhn",
            "vgg11",
            3,
            (91.30, 95.52),
            {"retrain": (None, 95.56), "random-labels": (1.75, 76.95), "unsc": (0.00, 95.74)},
            "SVHN (250 MB download), and a GPU for a training in minutes; hours on a CPU.",
        ),
        PaperRow(
            "cifar100",
            "cifar100",
            "resnet18",
            19,
            (72.07, 75.36),
            {"retrain": (None, 75.77), "random-labels": (1.13, 24.58), "unsc": (1.23, 76.01)},
            "CIFAR-100 (170 MB download), and a GPU; about a day per training on a CPU.",
        ),
    )
}


def paper_row(name: str) -> PaperRow:
    """The published row `name`.

    Raises:
        ConfigError: unknown name.
    """
    if name not in ROWS:
        raise ConfigError(
            f"Unknown row '{name}' of the published table; choose one of {', '.join(ROWS)}."
        )
    return ROWS[name]


def record_path(row: PaperRow) -> Path:
    """Where this machine's record of a row lies."""
    return home() / "paper" / f"{row.name}.json"


def shipped_record(row: PaperRow) -> Path:
    """Where the record that comes with the project lies."""
    return ASSETS / "paper" / f"{row.name}.json"


def read_record(row: PaperRow) -> dict[str, Any]:
    """This machine's record, else the one that comes with the project, else an empty one.

    Raises:
        ConfigError: the record cannot be read.
    """
    for path in (record_path(row), shipped_record(row)):
        if path.is_file():
            try:
                return json.loads(path.read_text())
            except ValueError:
                raise ConfigError(
                    f"The record {path} is damaged; remove it to begin again."
                ) from None
    return {"row": row.name, "runs": []}


def experiments(
    row: PaperRow, methods: Iterable[str], seeds: Iterable[int]
) -> Iterator[ExperimentConfig]:
    """Every experiment of a row, retraining last: it takes longest."""
    chosen = sorted(methods, key=lambda method: (method == "retrain", method != "unsc"))
    for method in chosen:
        for forget in ((row.forget,), *(row.more if method == "unsc" else ())):
            for seed in seeds:
                settings = row.settings.get(method, {})
                yield ExperimentConfig(
                    dataset=row.dataset,
                    model=row.model,
                    forget_classes=forget,
                    method=method,
                    seed=seed,
                    **settings,
                )


def run_row(
    row: PaperRow, methods: Iterable[str], seeds: Iterable[int], report: Report = silent
) -> Iterator[dict[str, Any]]:
    """Run what is missing of a row; after every experiment the record is written and handed out."""
    from unsc_core.experiment.experiment import Experiment

    record = read_record(row)
    for config in experiments(row, methods, seeds):
        work = Experiment(config, report=report)
        if all(run["key"] != work.keys.unlearned for run in record["runs"]):
            run = _run(summary(work.run()), work.config) | {"machine": machine(work.device)}
            request = ("method", "forget", "seed")
            record["runs"] = [
                *(
                    other
                    for other in record["runs"]
                    if any(other[name] != run[name] for name in request)
                ),
                run,
            ]
            write_whole(record_path(row), json.dumps(record, indent=1).encode())
        yield record


def _run(said: dict[str, Any], config: ExperimentConfig) -> dict[str, Any]:
    """What is kept of one experiment."""
    accuracies = {
        model: {name: said[model][name] for name in ("acc_forget", "acc_retain")}
        for model in ("original", "mask", "unlearned")
    }
    return {
        "method": config.method,
        "forget": list(config.forget_classes),
        "seed": config.seed,
        "key": said["key"],
        "config": config.to_dict(),
        **accuracies,
        "epochs_run": said["epochs_run"],
        "seconds": said["seconds"],
    }


def machine(device: str) -> dict[str, Any]:
    """The machine in words, as part of a record."""
    import torch

    gpu = torch.cuda.get_device_name() if device.startswith("cuda") else None
    return {
        "cpu": processor(),
        "cores": os.cpu_count(),
        "gpu": gpu,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def table(row: PaperRow, record: dict[str, Any]) -> str:
    """The record beside the published numbers, in Markdown."""
    lines = [f"{row.dataset} / {row.model}, test accuracy in percent, mean ± sd over seeds", ""]
    lines += [
        "| forget | method | seeds | ours f | ours r | ours r − original r | published f | published r |",
        "|---|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[tuple[int, ...], str], list[dict[str, Any]]] = {}
    for run in record["runs"]:
        groups.setdefault((tuple(run["forget"]), run["method"]), []).append(run)
    for forget in ((row.forget,), *row.more):
        of_forget = {
            method: runs for (classes, method), runs in groups.items() if classes == forget
        }
        originals = list({run["seed"]: run for runs in of_forget.values() for run in runs}.values())
        if originals:
            lines.append(
                _line(
                    forget,
                    "original",
                    originals,
                    "original",
                    row.original if forget == (row.forget,) else (None, None),
                )
            )
        if masked := [
            run for run in originals if "mask" in run
        ]:  # records of earlier versions have none
            lines.append(_line(forget, "mask", masked, "mask", (None, None)))
        for method in METHODS:
            published = (
                row.methods.get(method, (None, None))
                if forget == (row.forget,)
                else row.more[forget]
                if method == "unsc"
                else (None, None)
            )
            if method in of_forget:
                lines.append(_line(forget, method, of_forget[method], "unlearned", published))
            elif published != (None, None):
                lines.append(
                    f"| {_classes(forget)} | {method} | 0 | not run yet | | | {_number(published[0])} | {_number(published[1])} |"
                )
    return "\n".join(lines)


def _line(
    forget: tuple[int, ...], name: str, runs: list[dict[str, Any]], model: str, published: Pair
) -> str:
    mean, sd = mean_and(
        standard_deviation,
        [
            {**run[model], "gain": run[model]["acc_retain"] - run["original"]["acc_retain"]}
            for run in runs
        ],
    )
    cells = [
        f"{mean[n]:{'+' if n == 'gain' else ''}.2f}" + ("" if sd[n] is None else f" ± {sd[n]:.2f}")
        for n in ("acc_forget", "acc_retain", "gain")
    ]
    return f"| {_classes(forget)} | {name} | {len(runs)} | {' | '.join(cells)} | {_number(published[0])} | {_number(published[1])} |"


def _classes(forget: tuple[int, ...]) -> str:
    return ", ".join(map(str, forget))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
