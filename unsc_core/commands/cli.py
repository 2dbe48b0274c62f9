"""The command line: `unsc-lab --help`, or `python -m unsc_core --help`."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from unsc_core.audits import AUDITS
from unsc_core.commands.assets import make_assets
from unsc_core.commands.audit import audit
from unsc_core.commands.paper import paper
from unsc_core.commands.prepare import prepare_app
from unsc_core.commands.published import ROWS
from unsc_core.commands.run import run
from unsc_core.commands.stored import export_lab, export_run, import_run, write_report
from unsc_core.commands.terminal import clear_progress
from unsc_core.commands.tuning import tune_methods
from unsc_core.data import DATASETS, DEFAULT_DATASET, OWN_METHOD
from unsc_core.errors import UnscError
from unsc_core.methods import LISTED
from unsc_core.models import MODELS

Commands = Any
"""What argparse's `add_subparsers` returns: it has no public type."""


def main(arguments: Sequence[str] | None = None, program: str = "python -m unsc_core") -> int:
    """Run one command.

    Returns:
        The exit code: 0; 2 for an impossible request, with one sentence on stderr; 130 when
        interrupted.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch; see learning.device
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path need not be text
    options = _parser(program).parse_args(arguments)
    try:
        return options.command(options)
    except UnscError as error:
        clear_progress()
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        clear_progress()
        print("stopped", file=sys.stderr)
        return 130


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Make a trained classifier forget classes or samples.",
        epilog="`unsc-lab` without a command starts the app; its options are Streamlit's.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_listings(commands)
    _add_run(commands)
    _add_audit(commands)
    _add_paper(commands)
    _add_tune(commands)
    _add_prepare(commands)
    _add_lessons(commands)
    _add_stored(commands)
    _add_make_assets(commands)
    return parser


def _command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], what: str, **more: Any
) -> Callable[..., Any]:
    """Add a command; returns what adds its arguments."""
    parser = commands.add_parser(name, help=what)
    parser.set_defaults(command=run, **more)
    return parser.add_argument


def _add_listings(commands: Commands) -> None:
    registries: dict[str, Mapping[str, Any]] = {
        "datasets": DATASETS,
        "models": MODELS,
        "methods": LISTED,
        "audits": AUDITS,
    }
    for name, registry in registries.items():
        add = _command(commands, name, _list, f"list the {name}", registry=registry)
        add("--json", action="store_true", help="as one JSON object")


def _list(options: argparse.Namespace) -> int:
    entries = options.registry.values()
    if options.json:
        found = {entry.name: {"title": entry.title, "summary": entry.summary} for entry in entries}
        print(json.dumps(found, ensure_ascii=False))
        return 0
    width = max(len(entry.name) for entry in entries)
    for entry in entries:
        print(f"{entry.name:{width}}  {entry.summary}")
    return 0


def _add_run(commands: Commands) -> None:
    add = _command(commands, "run", run, "run an experiment for one or more seeds")
    _add_experiment(add)
    retrain = "also train without the forgotten data"
    add("--with-retrain", action="store_true", help=retrain)


def _add_audit(commands: Commands) -> None:
    what = "look for what is left of a forgotten class in answers, features and memory"
    add = _command(commands, "audit", audit, what)
    _add_experiment(add)
    shadows = "also train this many shadow models (even; 16 is usual) and attack with them: slow"
    add("--shadow-models", type=int, default=0, metavar="N", help=shadows)


def _add_experiment(add: Callable[..., Any]) -> None:
    """The options of an experiment, its seeds, and how it is printed."""
    paths = "or the path of an .npz file or image folder"
    add("--dataset", default=DEFAULT_DATASET, metavar="D", help=f"{', '.join(DATASETS)}, {paths}")
    function = "or a function in a file: net.py:make"
    add("--model", metavar="M", help=f"{', '.join(MODELS)}, {function} (default: the dataset's)")
    add("--forget", metavar="C[,C]", help="classes to forget (default: the dataset's)")
    ids = "training samples to forget instead: a text file of their indices, from 0"
    add("--forget-ids", type=Path, metavar="FILE", help=ids)
    usual = f"default: unsc; for your own images {OWN_METHOD}"
    add("--method", help=f"{', '.join(LISTED)} ({usual})")
    gamma = "energy threshold, 0 < γ <= 1: one for all layers, or one for each"
    add("--energy-threshold", default="", metavar="γ[,γ]", help=gamma)
    add("--subspace", help="joint (default), or merge: one basis per class, as published")
    sample = "images of each class for the second moments: random (default), or first"
    add("--moments-sample", default="random", help=sample)
    weights = "of the classes in the second moments: equal (default), or size: by their images"
    add("--class-weights", default="equal", help=weights)
    add("--learning-rate", type=float, help="of the unlearning")
    add("--epochs", type=int, help="most epochs of the unlearning")
    strength = "of erasing in the features, where the method does that: 1 (default); 0: none"
    add("--strength", type=float, default=1.0, help=strength)
    add("--training-epochs", type=int, help="of the original and the retrained model")
    add("--checkpoint", metavar="FILE", help="weights of the original model, instead of training")
    add("--seeds", default="0", metavar="S[,S]")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add("--json", action="store_true", help="print one JSON object")


def _add_paper(commands: Commands) -> None:
    what = "run a row of the published table and print it beside our numbers"
    add = _command(commands, "paper", paper, what)
    add("row", nargs="?", metavar="ROW", help=f"{', '.join(ROWS)}; without it, what each needs")
    add("--methods", default=",".join(LISTED), metavar="M[,M]")
    add("--seeds", default="0,1,2", metavar="S[,S]")
    add("--table", action="store_true", help="print what has been run so far, and run nothing")


def _add_tune(commands: Commands) -> None:
    what = "choose learning rates and γ on a validation part of the training data"
    add = _command(commands, "tune", tune_methods, what)
    add("--dataset", default=DEFAULT_DATASET, metavar="D")
    add("--model", metavar="M", help="(default: the dataset's)")
    add("--forget", default="6,0,9", metavar="C[,C]", help="classes to forget, one at a time")
    add("--methods", default=",".join(LISTED), metavar="M[,M]")
    add("--seeds", default="0", metavar="S[,S]")
    factors = "learning rates to try, as multiples of each method's default"
    add("--factors", default="", metavar="F[,F]", help=factors)
    add("--energy-thresholds", default="", metavar="γ[,γ]", help="values of γ to try")
    add("--training-epochs", type=int, help="of the original model")


def _add_prepare(commands: Commands) -> None:
    what = "compute the experiments that the app opens on"
    add = _command(commands, "prepare", prepare_app, what)
    presets = "default, or all: every experiment that the page Story offers"
    add("--preset", choices=("default", "all"), default="default", help=presets)
    add("--lesson", metavar="NAME", help="what a lesson of the course needs instead, or all do")
    add("--check", action="store_true", help="compute nothing; tell whether this machine is ready")


def _add_lessons(commands: Commands) -> None:
    add = _command(commands, "lessons", _lessons, "list the lessons of the course")
    add("--check", action="store_true", help="also whether every question has its answer")
    add("--names", action="store_true", help="list the figures and quantities lessons can name")
    add("--handout", type=Path, metavar="FILE", help="write all of them as one HTML file to print")
    add("--notes", action="store_true", help="with the presenter's notes in the handout")


def _lessons(options: argparse.Namespace) -> int:
    from unsc_core.commands.lessons import list_lessons  # loads plotly, with the figures

    return list_lessons(options)


def _add_stored(commands: Commands) -> None:
    add = _command(commands, "export", export_run, "write a result's weights, logits and report")
    add("key", metavar="KEY", help="as printed by run")
    out = "a folder, or FILE.zip, which import reads"
    add("--out", required=True, type=Path, metavar="DIR", help=out)

    what = "read an exported .zip into this machine's store"
    add = _command(commands, "import", import_run, what)
    add("file", type=Path, metavar="FILE")

    what = "write a result as one HTML file, readable offline"
    add = _command(commands, "report", write_report, what)
    add("key", metavar="KEY", help="as printed by run")
    add("--out", required=True, type=Path, metavar="FILE")

    what = "write the 2-D lab as one HTML file, which needs no server"
    add = _command(commands, "export-lab", export_lab, what)
    add("--out", required=True, type=Path, metavar="FILE")


def _add_make_assets(commands: Commands) -> None:
    add = _command(commands, "make-assets", make_assets, "make the bundled files")
    add("--data", action="store_true", help="the bundled part of Fashion-MNIST")
    add("--checkpoints", action="store_true", help="the default's original and retrained models")
    add("--icon", action="store_true", help="the browser tab's icon")
    add("--records", action="store_true", help="this machine's records of tune and paper")
