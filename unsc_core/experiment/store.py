"""The store: one file per artefact, written atomically, verified when read, limited in all."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from unsc_core.errors import StoreError, os_errors_as
from unsc_core.experiment import store_limit
from unsc_core.paths import home, write_whole

logger = logging.getLogger(__name__)

ABANDONED_S = 3600
"""An unfinished file older than this, in seconds, was left by a writer that was killed."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Artefact:
    """What is stored under one key: named arrays and a description in JSON types."""

    arrays: Arrays = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)


class Store:
    """Artefacts under `root`/kind/key.safetensors.

    Args:
        pins: whether what is read or written stays however full the store becomes.
    """

    def __init__(self, root: Path | None = None, *, pins: bool = False) -> None:
        self.root, self._pins = root or home() / "store", pins

    def path(self, kind: str, key: str) -> Path:
        """Where an artefact is, or would be."""
        return self.root / kind / f"{key}.safetensors"

    def has(self, kind: str, key: str) -> bool:
        """Whether there is a file; it is not opened, so it may be damaged."""
        found = self.path(kind, key).is_file()
        if found and self._pins:
            self._used(self.path(kind, key))
        return found

    def get(self, kind: str, key: str) -> Artefact | None:
        """The artefact, or None when it is absent or damaged; a damaged file is removed.

        Raises:
            StoreError: the file is there but cannot be read.
        """
        path = self.path(kind, key)
        try:
            found = read_artefact(path)
        except FileNotFoundError:
            return None
        except (SafetensorError, ValueError, KeyError) as error:
            logger.warning(
                "Removed the damaged result %s (%s); it will be computed again.", path.name, error
            )
            self._remove(path)
            return None
        except OSError as error:
            raise StoreError(
                f"The stored result {path} cannot be read ({error.strerror or error}); "
                "check its permissions."
            ) from None
        self._used(path)
        return found

    def put(self, kind: str, key: str, artefact: Artefact) -> None:
        """Write an artefact atomically.

        Raises:
            StoreError: the disk is full, the folder may not be written, or the store is at its
                limit and nothing may be removed.
        """
        path, content = self.path(kind, key), to_bytes(artefact)
        with os_errors_as(StoreError, *self._unwritable), store_limit.one_writer(self.root):
            store_limit.make_room(self.root, path, len(content))
            write_whole(path, content)
        self._used(path)

    def check_writable(self) -> None:
        """Check, before long work, that its result can be stored.

        Raises:
            StoreError: it cannot.
        """
        probe = self.root / f".probe-{os.getpid()}"
        with os_errors_as(StoreError, *self._unwritable):
            write_whole(probe, b"\0" * 4096)
        probe.unlink(missing_ok=True)
        for left_over in self.root.glob("*/.*.tmp"):  # of writers that were killed
            if time.time() - left_over.stat().st_mtime > ABANDONED_S:
                left_over.unlink(missing_ok=True)

    def _remove(self, path: Path) -> None:
        what = f"The damaged result {path} cannot be removed"
        with os_errors_as(StoreError, what, "remove it by hand"):
            path.unlink(missing_ok=True)

    def _used(self, path: Path) -> None:
        store_limit.use(path)
        if self._pins:
            with os_errors_as(StoreError, *self._unwritable):
                store_limit.pin(path)

    @property
    def _unwritable(self) -> tuple[str, str]:
        what = f"Results cannot be written to {self.root}"
        return what, "make room or set UNSC_HOME elsewhere"


def to_bytes(artefact: Artefact) -> bytes:
    """A safetensors file whose header holds the artefact's description and a digest."""
    # np.require, unlike ascontiguousarray, leaves scalars without dimensions.
    arrays = {name: np.require(a, requirements="C") for name, a in artefact.arrays.items()}
    meta = json.dumps(artefact.meta)
    return save(arrays, metadata={"meta": meta, "digest": _digest(arrays, meta)})


def read_artefact(path: Path) -> Artefact:
    """The artefact in a file.

    Raises:
        FileNotFoundError, OSError: the file cannot be opened.
        ValueError, KeyError, SafetensorError: the content is damaged or not an artefact.
    """
    with _opened(path) as file:
        header = file.metadata() or {}
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    if _digest(arrays, header["meta"]) != header["digest"]:
        raise ValueError("its checksum does not match")
    return Artefact(arrays, json.loads(header["meta"]))


def read_meta(path: Path) -> dict[str, Any]:
    """The description of the artefact in a file; its arrays are neither read nor verified.

    Raises:
        FileNotFoundError, OSError: the file cannot be opened.
        ValueError, KeyError, SafetensorError: the header is damaged, the file is truncated, or it
            is not an artefact.
    """
    with _opened(path) as file:
        return json.loads((file.metadata() or {})["meta"])


def _opened(path: Path) -> Any:
    with path.open("rb"):  # so that a missing or forbidden file is an OSError
        pass
    return safe_open(path, framework="numpy")


def _digest(arrays: Arrays, meta: str) -> str:
    sha = hashlib.sha256(meta.encode())
    for name in sorted(arrays):
        sha.update(f"{name}{arrays[name].dtype.str}{arrays[name].shape}".encode())
        sha.update(np.ascontiguousarray(arrays[name]).data)
    return sha.hexdigest()
