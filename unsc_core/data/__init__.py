"""DATASETS: every dataset by name, collected from the files of this folder.

A dataset is one file that defines `DATASET`, its registry entry, and the function that loads it.
The files are imported when this package is, so they load torch, torchvision and scikit-learn only
when a dataset is loaded. A user's own dataset needs no entry; see `unsc_core.data.own`.
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from itertools import chain
from pathlib import Path

from unsc_core.data.dataset import Dataset
from unsc_core.data.entry import DatasetEntry
from unsc_core.data.held_out import VALIDATION, held_out
from unsc_core.data.own import load_user_dataset
from unsc_core.errors import ConfigError, DataError, os_errors_as
from unsc_core.progress import Report, silent
from unsc_core.registry import import_entries

DATASETS = import_entries(__name__, "DATASET", DatasetEntry)
DEFAULT_DATASET = "fashion-mnist-mini"
OWN_METHOD = "unsc-auto"
"""The method for user-supplied data, on which no default was tuned."""
MAX_LOADED = 4
"""Number of datasets kept in memory."""
_loaded: dict[tuple[str, tuple[int, ...]], Dataset] = {}
_locks: dict[str, threading.Lock] = {}


def dataset_entry(name: str) -> DatasetEntry:
    """The registry entry of `name`; for a path, an entry with default settings.

    A name that ends in ":validation" is the training set of that dataset, split in two.

    Raises:
        ConfigError: neither a known name nor something that looks like a path.
    """
    if name in DATASETS:
        return DATASETS[name]
    whole = name.removesuffix(VALIDATION)
    if whole != name and not whole.endswith(VALIDATION):
        entry = dataset_entry(whole)
        load = entry.load_validation or (lambda report: held_out(entry.load(report)))
        return replace(entry, name=name, title=f"{entry.title}, validation", load=load)
    path, exists = _user_path(name)
    if path.suffix == ".npz" or os.sep in name or exists:
        return DatasetEntry(
            name,
            path.name,
            "User-supplied images.",
            load=lambda _: load_user_dataset(path),
            default_model="small-cnn",
            default_forget_class=0,
            default_method=OWN_METHOD,
        )
    raise ConfigError(
        f"Unknown dataset '{name}'; choose one of {', '.join(DATASETS)}, or give the path of an "
        ".npz file or image folder."
    )


def load_dataset(name: str, report: Report = silent) -> Dataset:
    """The dataset called `name`, or the user-supplied one at that path; the last few are cached.

    Raises:
        ConfigError: unknown name.
        DataError: the data is missing or cannot be used.
    """
    entry = dataset_entry(name)
    key = (name, file_fingerprint(name))
    found = _loaded.get(key)
    if found is None:
        with _locks.setdefault(name, threading.Lock()):  # two threads do not read the same files
            found = _loaded.get(key) or entry.load(report)
            _loaded[key] = found
            while len(_loaded) > MAX_LOADED:
                _loaded.pop(next(iter(_loaded)), None)
    return found


def is_available(name: str) -> bool:
    """Whether a dataset loads without a download; always true of user-supplied data."""
    return name not in DATASETS or DATASETS[name].is_available()


def file_fingerprint(name: str) -> tuple[int, ...]:
    """Changes when the files of user-supplied data do; constant for a dataset in DATASETS.

    Raises:
        ConfigError: no file can have this name.
    """
    plain = name.removesuffix(VALIDATION)
    return () if plain in DATASETS else _fingerprint(_user_path(plain)[0])


def _user_path(name: str) -> tuple[Path, bool]:
    """The path that `name` refers to, and whether it exists.

    Raises:
        ConfigError: no file can have this name (too long, unknown home folder).
    """
    try:
        path = Path(name).expanduser()
        return path, path.exists()
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"'{name}' is neither a dataset nor a valid path ({reason}); choose one of "
            f"{', '.join(DATASETS)}."
        ) from None


def _fingerprint(path: Path) -> tuple[int, ...]:
    """Changes when the file, or any image of the folder, does."""
    with os_errors_as(DataError, f"{path} cannot be read", "check its permissions"):
        found = (path.glob(f"{part}/{at}") for part in ("train", "test") for at in ("*", "*/*"))
        files = [path, *chain.from_iterable(found)]
        stats = [file.stat() for file in files if file.exists()]
    newest = max((s.st_mtime_ns for s in stats), default=0)
    return len(stats), sum(s.st_size for s in stats), newest
