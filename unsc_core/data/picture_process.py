"""A picture decoded in a process of its own: whatever its bytes do to a decoder ends with it.

It reads the file's name as a line of JSON and then the file, and writes a line of JSON and then the
pixels: nothing that comes back from it is executed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from unsc_core.data.picture import KEPT_SIDE, OpenedPicture, check_bytes, opened
from unsc_core.errors import DataError

SECONDS = 10
"""Processor time that the process may use; a picture of 24 megapixels takes about one."""
MEMORY = 2 << 30
"""Bytes of addresses that it may use, of which the libraries take most."""
_FOLDER = Path(__file__).resolve().parents[2]
_AT_ONCE = threading.Semaphore(2)


def opened_apart(content: bytes, name: str = "The file") -> OpenedPicture:
    """What `opened` returns for a picture, with the same arguments and the same errors.

    Raises:
        DataError: also if the process ended early or took too long.
    """
    check_bytes(content, name)
    head, _, body = _asked(json.dumps(name).encode() + b"\n" + content).partition(b"\n")
    try:
        said = json.loads(head)
        if "refused" in said:
            raise DataError(said["refused"])
        width, height = map(int, said["size"])
        pixels = np.frombuffer(body, np.uint8).reshape(said["shape"])
        if pixels.ndim != 3 or pixels.shape[2] != 3 or max(pixels.shape) > KEPT_SIDE:
            raise ValueError(said["shape"])
        return OpenedPicture(pixels, (width, height), tuple(map(str, said["notes"])))
    except (ValueError, KeyError, TypeError):
        raise DataError(
            f"{name} could not be decoded within {SECONDS} seconds and {MEMORY >> 30} GB of "
            "memory; save it again as PNG or JPEG, or choose another."
        ) from None


def _asked(question: bytes) -> bytes:
    """What the process writes; nothing if it ended early."""
    with _AT_ONCE:
        try:
            done = subprocess.run(
                [sys.executable, "-c", f"from {__name__} import answer; answer()"],
                input=question,
                capture_output=True,
                timeout=3 * SECONDS,  # other programs may slow it down
                cwd=_FOLDER,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            )
        except subprocess.TimeoutExpired:
            return b""
    return b"" if done.returncode else done.stdout


def _limit() -> None:
    """Limit this process, where the system can."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # a pipe is no file


def answer() -> None:
    """What the process does."""
    _limit()
    name = json.loads(sys.stdin.buffer.readline())
    said: dict[str, Any]
    pixels = b""
    try:
        picture = opened(sys.stdin.buffer.read(), name)
    except DataError as error:
        said = {"refused": str(error)}
    else:
        pixels = picture.pixels.tobytes()
        said = {"shape": picture.pixels.shape, "size": picture.size, "notes": picture.notes}
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + pixels)
