"""How large the store may become, and what is removed before it would become larger.

What was used least recently goes first. What was used in the last minutes or is pinned, as
`prepare` pins what a workshop needs, stays. The time of use is a file's access time, which is set
here, since many systems do not keep it; a pin is an empty file beside the artefact.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from unsc_core.errors import StoreError

try:
    from fcntl import LOCK_EX, flock
except ImportError:  # Windows, where two processes that write at once may both find room
    flock = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

VARIABLE, USUAL_GB = "UNSC_STORE_GB", 20.0
"""The environment variable that sets the limit in GB (10⁹ bytes), and the limit without it."""
IN_USE_S = 900.0
"""What was read or written in the last seconds, this many, is in use."""


@dataclass(frozen=True)
class Stored:
    """An artefact's file: its size in bytes, and when it was used, in seconds since 1970."""

    path: Path
    size: int
    used: float


def limit() -> int:
    """The most bytes that all artefacts together may take.

    Raises:
        StoreError: the variable is not a number above 0.
    """
    text = os.environ.get(VARIABLE, "")
    try:
        value = float(text or USUAL_GB)
        if not 0 < value < float("inf"):
            raise ValueError
    except ValueError:
        raise StoreError(
            f"{VARIABLE} is '{text[:40]}'; set it to a number of GB above 0, or remove it for "
            f"{USUAL_GB:g}."
        ) from None
    return int(value * 1e9)


def stored(root: Path) -> Iterator[Stored]:
    """Every artefact in the store."""
    for path in root.glob("*/*.safetensors"):
        with suppress(FileNotFoundError):  # removed just now
            found = path.stat()
            yield Stored(path, found.st_size, found.st_atime)


def words(root: Path) -> str:
    """How full the store is, and what happens when it is full, in one sentence."""
    try:
        most = limit()
    except StoreError as error:
        return str(error)
    size = sum(one.size for one in stored(root))
    return (
        f"All stored results take {size / 1e9:.2f} of at most {most / 1e9:g} GB; beyond that, "
        "those used least recently are removed, except what was prepared."
    )


def use(path: Path) -> None:
    """Note that an artefact is used now. Where that cannot be noted, it counts as not used."""
    with suppress(OSError):
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def pin(path: Path) -> None:
    """Keep an artefact however full the store becomes."""
    _pin_of(path).touch()


def is_pinned(path: Path) -> bool:
    """Whether an artefact stays however full the store becomes."""
    return _pin_of(path).exists()


def _pin_of(path: Path) -> Path:
    return path.with_name(f".{path.stem}.pinned")


@contextmanager
def one_writer(root: Path) -> Iterator[None]:
    """Let one process at a time make room and write."""
    if flock is None:
        yield
        return
    root.mkdir(parents=True, exist_ok=True)
    folder = os.open(root, os.O_RDONLY)
    try:
        flock(folder, LOCK_EX)
        yield
    finally:
        os.close(folder)  # which lets the next one in


def make_room(root: Path, path: Path, size: int) -> None:
    """Remove what was used least recently, until `size` bytes at `path` fit in.

    Raises:
        StoreError: too much is in use or pinned; nothing was removed.
    """
    most = limit()
    there = [one for one in stored(root) if one.path != path]
    over = sum(one.size for one in there) + size - most
    if over <= 0:
        return
    going, freed = [], 0
    for one in sorted(there, key=lambda one: one.used):
        if freed >= over:
            break
        if abs(time.time() - one.used) < IN_USE_S:  # later than now: the clock was set back
            continue
        if not is_pinned(one.path):
            going.append(one)
            freed += one.size
    if freed < over:
        raise StoreError(
            f"The results fill {most / 1e9:g} GB, the limit, and what is left is pinned or was "
            f"used in the last {IN_USE_S / 60:g} minutes; set {VARIABLE} higher, or delete runs."
        )
    for one in going:
        one.path.unlink(missing_ok=True)
    logger.warning(
        "Stored results used least recently were removed: %d, with %.0f MB. The limit is %g GB.",
        len(going),
        freed / 1e6,
        most / 1e9,
    )
