"""Makes the checkpoints that are shipped: the default's originals for three seeds, and its retrained models."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from unsc_core.config import ExperimentConfig
from unsc_core.experiment.artefacts import TRAINED
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.keys import CHECKPOINTS, shipped_key, shipped_path
from unsc_core.experiment.store import Artefact, Store, to_bytes
from unsc_core.paths import ASSETS, home
from unsc_core.progress import Report, silent

SEEDS = (0, 1, 2)


def make_icon() -> Path:
    """Draw the browser tab's icon: dots that stay around a vermilion cross that goes."""
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (256, 256))
    draw = ImageDraw.Draw(image)
    for (x, y), colour in zip(
        ((60, 60), (196, 60), (60, 196), (196, 196)),
        ("#0072B2", "#009E73", "#E69F00", "#56B4E9"),
        strict=True,
    ):
        draw.ellipse((x - 38, y - 38, x + 38, y + 38), fill=colour)
    for line in ((96, 96, 160, 160), (96, 160, 160, 96)):
        draw.line(line, fill="#D55E00", width=26)
    path = ASSETS / "icon.png"
    image.resize((64, 64), Image.Resampling.LANCZOS).save(path, optimize=True)
    return path


def ship_records() -> list[Path]:
    """Copy this machine's records of `tune` and `paper` to where the project keeps them."""
    written = []
    for kind in ("tuning", "paper"):
        for record in sorted((home() / kind).glob("*.json")):
            path = ASSETS / kind / record.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(record.read_bytes())
            written.append(path)
    return written


def make_checkpoints(report: Report = silent) -> list[Path]:
    """Train and write: the original for every seed in SEEDS, and for seed 0 a retrained model for every class."""
    CHECKPOINTS.mkdir(parents=True, exist_ok=True)
    for old in CHECKPOINTS.glob("*.safetensors"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        default = ExperimentConfig(device="cpu")
        written = [
            _write(Experiment(replace(default, seed=seed), store, report), ()) for seed in SEEDS
        ]
        for c in range(Experiment(default, store).dataset.num_classes):
            written.append(
                _write(Experiment(replace(default, forget_classes=(c,)), store, report), (c,))
            )
    return written


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
