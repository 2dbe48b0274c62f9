"""Where generated files are kept, in one folder outside the checkout, and how they are written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_CORE = Path(__file__).resolve().parent
APP = _CORE / "_app" if (_CORE / "_app").is_dir() else _CORE.parent
"""The folder of app.py, pages and assets: inside this package when installed, else the checkout."""
ASSETS = APP / "assets"
"""The bundled data and checkpoints."""


def home() -> Path:
    """The folder of all generated files: `UNSC_HOME`, or ~/.cache/unsc-lab. Not created here."""
    return Path(os.environ.get("UNSC_HOME") or "~/.cache/unsc-lab").expanduser()


def data_folder() -> Path:
    """Where downloaded and user-supplied datasets are kept."""
    return home() / "data"


def rooms_file() -> Path:
    """Where rooms, their people and their answers are kept."""
    return home() / "rooms.sqlite"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically, and its folder if missing: a reader sees the old content or the new.

    Raises:
        OSError: the disk is full or the folder may not be written; nothing is left behind.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=".", suffix=".tmp", delete=False
        ) as file:
            temporary = file.name
            file.write(content)
        os.replace(temporary, path)
    except OSError:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise
