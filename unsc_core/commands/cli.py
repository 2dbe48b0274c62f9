"""The command line: `python -m unsc_core --help`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from unsc_core.commands.paper import ROWS, paper_row, read_record, run_row
from unsc_core.commands.paper import table as paper_table
from unsc_core.config import ExperimentConfig
from unsc_core.data import DATASETS, DEFAULT_DATASET
from unsc_core.errors import ConfigError, StoreError, UnscError
from unsc_core.methods import METHODS, method_entry
from unsc_core.models import MODELS
from unsc_core.progress import Progress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked, 2 with one sentence on stderr when the request was wrong."""
    os.environ.setdefault(
        "OMP_WAIT_POLICY", "passive"
    )  # before torch is loaded; see unsc_core.learning.device
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except UnscError as error:
        _clear_line()
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        _clear_line()
        print("stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m unsc_core", description="Make a trained classifier forget classes."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, registry in (("datasets", DATASETS), ("models", MODELS), ("methods", METHODS)):
        listing = commands.add_parser(name, help=f"list the {name}")
        listing.add_argument("--json", action="store_true", help="as one JSON object")
        listing.set_defaults(command=_list, registry=registry)

    run = commands.add_parser("run", help="run an experiment for one or more seeds")
    run.add_argument(
        "--dataset",
        default=DEFAULT_DATASET,
        metavar="D",
        help=f"{', '.join(DATASETS)}, or the path of an .npz file or image folder",
    )
    run.add_argument(
        "--model",
        metavar="M",
        help=f"{', '.join(MODELS)}, or your own function: net.py:make (default: the dataset's)",
    )
    run.add_argument("--forget", metavar="C[,C]", help="classes to forget (default: the dataset's)")
    run.add_argument(
        "--forget-ids",
        type=Path,
        metavar="FILE",
        help="forget single training samples: a text file of their indices, from 0",
    )
    run.add_argument("--method", default="unsc", help=", ".join(METHODS))
    run.add_argument(
        "--energy-threshold",
        default="",
        metavar="γ[,γ]",
        help="kept share of the retain energy, 0 < γ <= 1; one, or one for each layer",
    )
    run.add_argument(
        "--subspace", help="joint (default), or merge: a basis per class, as published"
    )
    run.add_argument(
        "--moments-sample",
        default="random",
        help="images of each class for the second moments: random (default), or first",
    )
    run.add_argument(
        "--class-weights",
        default="equal",
        help="of classes in the second moments: equal (default), or size: by their images",
    )
    run.add_argument("--learning-rate", type=float, help="of the unlearning")
    run.add_argument("--epochs", type=int, help="of the unlearning, at most")
    run.add_argument("--training-epochs", type=int, help="of the original and the retrained model")
    run.add_argument(
        "--checkpoint", metavar="FILE", help="weights of the original model instead of training it"
    )
    run.add_argument("--seeds", default="0", metavar="S[,S]")
    run.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    run.add_argument(
        "--with-retrain", action="store_true", help="also train without the forgotten classes"
    )
    run.add_argument("--json", action="store_true", help="one JSON object on stdout")
    run.set_defaults(command=_run)

    paper = commands.add_parser(
        "paper", help="run a row of the published table again, and print it beside ours"
    )
    paper.add_argument(
        "row",
        nargs="?",
        metavar="ROW",
        help=f"{', '.join(ROWS)}; without it, what each of them needs",
    )
    paper.add_argument("--methods", default=",".join(METHODS), metavar="M[,M]")
    paper.add_argument("--seeds", default="0,1,2", metavar="S[,S]")
    paper.add_argument("--table", action="store_true", help="only print what has been run so far")
    paper.set_defaults(command=_paper)

    tune = commands.add_parser(
        "tune", help="choose learning rates and γ on a validation part of the training data"
    )
    tune.add_argument("--dataset", default=DEFAULT_DATASET, metavar="D")
    tune.add_argument("--model", metavar="M", help="(default: the dataset's)")
    tune.add_argument(
        "--forget", default="6,0,9", metavar="C[,C]", help="classes to forget, each on its own"
    )
    tune.add_argument("--methods", default=",".join(METHODS), metavar="M[,M]")
    tune.add_argument("--seeds", default="0", metavar="S[,S]")
    tune.add_argument(
        "--factors",
        default="",
        metavar="F[,F]",
        help="learning rates to try, as multiples of each method's default",
    )
    tune.add_argument("--energy-thresholds", default="", metavar="γ[,γ]")
    tune.add_argument("--training-epochs", type=int)
    tune.set_defaults(command=_tune)

    prepare = commands.add_parser(
        "prepare",
        help="compute the landing page's experiments now, so that the app opens on them at once",
    )
    prepare.set_defaults(command=_prepare)

    export = commands.add_parser(
        "export",
        help="write a result's weights, logits, labels, config and report to a folder or a .zip",
    )
    export.add_argument("key", metavar="KEY", help="as printed by run")
    export.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="DIR",
        help="a folder, or FILE.zip, which import takes back",
    )
    export.set_defaults(command=_export)

    taken = commands.add_parser("import", help="take an exported .zip into this machine's results")
    taken.add_argument("file", type=Path, metavar="FILE")
    taken.set_defaults(command=_import)

    report = commands.add_parser(
        "report", help="write a result as one HTML file with live figures, readable offline"
    )
    report.add_argument("key", metavar="KEY", help="as printed by run")
    report.add_argument("--out", required=True, type=Path, metavar="FILE")
    report.set_defaults(command=_report)

    assets = commands.add_parser("make-assets", help="make the bundled files anew")
    assets.add_argument("--data", action="store_true", help="the bundled part of Fashion-MNIST")
    assets.add_argument(
        "--checkpoints", action="store_true", help="the default's original and retrained models"
    )
    assets.add_argument("--icon", action="store_true", help="the browser tab's icon")
    assets.add_argument(
        "--records", action="store_true", help="what tune and paper found on this machine"
    )
    assets.set_defaults(command=_make_assets)
    return parser


def _list(options: argparse.Namespace) -> int:
    entries = options.registry.values()
    if options.json:
        print(
            json.dumps(
                {entry.name: {"title": entry.title, "summary": entry.summary} for entry in entries},
                ensure_ascii=False,
            )
        )
        return 0
    width = max(len(entry.name) for entry in entries)
    for entry in entries:
        print(f"{entry.name:{width}}  {entry.summary}")
    return 0


def _run(options: argparse.Namespace) -> int:
    from unsc_core.analysis.spread import half_width, mean_and, standard_deviation
    from unsc_core.analysis.summary import summary
    from unsc_core.data import dataset_entry
    from unsc_core.experiment.experiment import Experiment
    from unsc_core.figures.summary_table import text_table

    entry = dataset_entry(options.dataset)
    seeds = _integers(options.seeds, "--seeds")
    if not seeds:
        raise ConfigError(f"--seeds takes one or more whole numbers, not '{options.seeds}'.")
    ids = _ids(options.forget_ids) if options.forget_ids else ()
    gammas = _numbers_of(options.energy_threshold)
    default = () if ids else (entry.default_forget_class,)
    forget = _integers(options.forget, "--forget") if options.forget is not None else default
    runs: list[dict[str, Any]] = []
    configs: list[dict[str, Any]] = []
    for seed in seeds:
        config = ExperimentConfig(
            dataset=options.dataset,
            model=options.model or entry.default_model,
            forget_classes=forget,
            forget_ids=ids,
            method=options.method,
            seed=seed,
            energy_threshold=gammas[0] if len(gammas) == 1 else None,
            energy_thresholds=gammas if len(gammas) > 1 else (),
            subspace=options.subspace,
            learning_rate=options.learning_rate,
            epochs=options.epochs,
            training_epochs=options.training_epochs,
            device=options.device,
            checkpoint=options.checkpoint,
            moments_sample=options.moments_sample,
            class_weights=options.class_weights,
        )
        work = Experiment(config, report=partial(_show, seed=seed))
        runs.append(summary(work.run(with_retrain=options.with_retrain)))
        configs.append(work.config.to_dict())
    _clear_line()
    measured = [
        {
            k: v
            for k, v in run.items()
            if k not in ("seed", "key", "device", "machines", "alterations")
        }
        for run in runs
    ]
    (mean, sd), (_, half) = mean_and(standard_deviation, measured), mean_and(half_width, measured)
    shared = {k: v for k, v in configs[0].items() if k != "seed"}
    answer = {
        "config": {**shared, "seeds": list(seeds)},
        "seeds": runs,
        "mean": mean,
        "sd": sd,
        "interval": half,
    }
    as_json = json.dumps(answer, ensure_ascii=False, allow_nan=False)
    print(as_json if options.json else text_table(answer))
    return 0


def _prepare(_: argparse.Namespace) -> int:
    from unsc_core.commands.prepare import prepare

    prepare(_show)
    _clear_line()
    return 0


def _paper(options: argparse.Namespace) -> int:
    if options.row is None:
        print(
            "\n".join(
                f"{row.name:14}{row.dataset} / {row.model}, forget {row.forget}. {row.needs}"
                for row in ROWS.values()
            )
        )
        return 0
    row = paper_row(options.row)
    record = read_record(row)
    if not options.table:
        steps = run_row(row, _methods(options.methods), _integers(options.seeds, "--seeds"), _show)
        *_, record = record, *steps
        _clear_line()
    print(paper_table(row, record))
    return 0


def _tune(options: argparse.Namespace) -> int:
    from unsc_core.commands import tuning
    from unsc_core.data import dataset_entry

    model = options.model or dataset_entry(options.dataset).default_model
    config = ExperimentConfig(
        dataset=options.dataset, model=model, training_epochs=options.training_epochs
    )
    forget, seeds = _integers(options.forget, "--forget"), _integers(options.seeds, "--seeds")
    path = tuning.record_path(config)
    factors, thresholds = (
        _numbers_of(text) for text in (options.factors, options.energy_thresholds)
    )
    grids = {
        method: list(tuning.settings(method, factors, thresholds))
        for method in _methods(options.methods)
    }
    outcomes = []
    for outcome in tuning.tune(config, grids, forget, seeds, _show):
        outcomes.append(outcome)
        tuning.write(path, config, forget, outcomes)
    _clear_line()
    print(tuning.table(outcomes))
    print(path)
    return 0


def _methods(text: str) -> list[str]:
    return [method_entry(name.strip()).name for name in text.split(",") if name.strip()]


def _export(options: argparse.Namespace) -> int:
    from unsc_core.experiment.store import Store
    from unsc_core.runs.exporting import export_result, export_zip

    if options.out.suffix == ".zip":
        return _write(options.out, export_zip(options.key, Store()))
    for path in export_result(options.key, options.out):
        print(path)
    return 0


def _import(options: argparse.Namespace) -> int:
    from unsc_core.experiment.store import Store
    from unsc_core.runs.importing import import_zip

    imported = import_zip(options.file, Store())
    print("\n".join([f"key {imported.key}", *imported.notes]))
    return 0


def _report(options: argparse.Namespace) -> int:
    from unsc_core.runs.report import report_of

    return _write(options.out, report_of(options.key).encode())


def _write(path: Path, content: bytes) -> int:
    from unsc_core.paths import write_whole

    try:
        write_whole(path, content)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror or error}); choose another place."
        ) from None
    print(path)
    return 0


def _make_assets(options: argparse.Namespace) -> int:
    from unsc_core.commands.assets import make_checkpoints, make_icon, ship_records
    from unsc_core.data.fashion_mnist_mini import make_fashion_mnist_mini

    if not (options.data or options.checkpoints or options.icon or options.records):
        raise ConfigError("Say what to make: --data, --checkpoints, --icon, --records or several.")
    if options.icon:
        print(make_icon())
    if options.data:
        print(make_fashion_mnist_mini())
    for path in ship_records() if options.records else ():
        print(path)
    if options.checkpoints:
        for path in make_checkpoints(_show):
            print(path)
    return 0


def _integers(text: str, option: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ConfigError(
            f"{option} takes whole numbers separated by commas, not '{text}'."
        ) from None


def _numbers_of(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ConfigError(f"Numbers separated by commas are needed here, not '{text}'.") from None


def _ids(path: Path) -> tuple[int, ...]:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(
            f"The file of samples {path} cannot be read ({reason}); check the path."
        ) from None
    ids = _integers(",".join(text.replace(",", " ").split()), str(path))
    if not ids:
        raise ConfigError(
            f"{path} names no sample; write the indices of training samples, separated by commas, spaces or lines."
        )
    return ids


def _show(progress: Progress, seed: int | None = None) -> None:
    share = f" {progress.done / progress.total:4.0%}" if progress.total else ""
    left = f", {progress.seconds_left:.0f} s left" if progress.seconds_left else ""
    line = (
        f"{'' if seed is None else f'seed {seed}: '}{progress.stage}{share} {progress.detail}{left}"
    )
    if sys.stderr.isatty():
        print(f"\r\033[K{line[:110]}", end="", file=sys.stderr, flush=True)
    elif progress.done == 0:
        print(line, file=sys.stderr, flush=True)


def _clear_line() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
