"""Where generated files live: everything under one folder, never in the checkout."""

from __future__ import annotations

import os
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"
"""The bundled data and checkpoints."""


def home() -> Path:
    """The data folder: `UNSC_HOME`, by default ~/.cache/unsc-lab. Not created here."""
    return Path(os.environ.get("UNSC_HOME") or "~/.cache/unsc-lab").expanduser()


def data_folder() -> Path:
    """Where downloaded and own datasets are looked for."""
    return home() / "data"
