"""`make-assets`: the bundled data, checkpoints and icon, and the records of `tune` and `paper`."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from unsc_core.commands.terminal import show_progress
from unsc_core.config import ExperimentConfig
from unsc_core.errors import ConfigError
from unsc_core.experiment.artefacts import TRAINED
from unsc_core.experiment.keys import CHECKPOINTS, shipped_key, shipped_path
from unsc_core.experiment.store import Artefact, Store, to_bytes
from unsc_core.paths import ASSETS, home
from unsc_core.progress import Report, silent

if TYPE_CHECKING:
    from unsc_core.experiment.experiment import Experiment

SEEDS = (0, 1, 2)


def make_assets(options: argparse.Namespace) -> int:
    """Make the files that were asked for and print their paths."""
    from unsc_core.data.fashion_mnist_mini import make_fashion_mnist_mini

    if not (options.data or options.checkpoints or options.icon or options.records):
        raise ConfigError("Name what to make: --data, --checkpoints, --icon, --records or several.")
    if options.icon:
        print(make_icon())
    if options.data:
        print(make_fashion_mnist_mini())
    for path in copy_records() if options.records else ():
        print(path)
    for path in make_checkpoints(show_progress) if options.checkpoints else ():
        print(path)
    return 0


def make_icon() -> Path:
    """Draw the browser tab's icon: four dots around a vermilion cross."""
    image = Image.new("RGBA", (256, 256))
    draw = ImageDraw.Draw(image)
    dots = {"#0072B2": (60, 60), "#009E73": (196, 60), "#E69F00": (60, 196), "#56B4E9": (196, 196)}
    for colour, (x, y) in dots.items():
        draw.ellipse((x - 38, y - 38, x + 38, y + 38), fill=colour)
    for line in ((96, 96, 160, 160), (96, 160, 160, 96)):
        draw.line(line, fill="#D55E00", width=26)
    path = ASSETS / "icon.png"
    image.resize((64, 64), Image.Resampling.LANCZOS).save(path, optimize=True)
    return path


def copy_records() -> list[Path]:
    """Copy this machine's records of `tune` and `paper` to the bundled ones."""
    written = []
    for kind in ("tuning", "paper"):
        for record in sorted((home() / kind).glob("*.json")):
            path = ASSETS / kind / record.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(record.read_bytes())
            written.append(path)
    return written


def make_checkpoints(report: Report = silent) -> list[Path]:
    """Train the default's original for every seed, and for seed 0 one retrained model per class."""
    from unsc_core.experiment.experiment import Experiment  # loads torch

    CHECKPOINTS.mkdir(parents=True, exist_ok=True)
    for old in CHECKPOINTS.glob("*.safetensors"):
        old.unlink()
    default = ExperimentConfig(device="cpu")
    wanted: list[tuple[ExperimentConfig, tuple[int, ...]]]
    wanted = [(replace(default, seed=seed), ()) for seed in SEEDS]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        classes = range(Experiment(default, store).dataset.num_classes)
        wanted += [(replace(default, forget_classes=(c,)), (c,)) for c in classes]
        return [_write(Experiment(config, store, report), without) for config, without in wanted]


def _write(work: Experiment, without: tuple[int, ...]) -> Path:
    _ = work.retrained if without else work.original
    key = work.keys.retrained if without else work.keys.original
    made = TRAINED.read(work.store, key)
    assert made is not None
    path = shipped_path(work.config, without)
    meta = {
        "key": shipped_key(work.config, work.dataset, without),
        "seconds": made.meta["seconds"],
        "without": list(without),
    }
    path.write_bytes(to_bytes(Artefact(made.weights, meta)))
    return path
