"""The stored experiments: listed from their files' headers, read and deleted. Loads no torch."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from unsc_core.analysis import evaluation
from unsc_core.config import ExperimentConfig
from unsc_core.data import DATASETS, file_fingerprint, is_available, load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.held_out import VALIDATION
from unsc_core.data.request import split
from unsc_core.errors import CheckpointError, ConfigError, DataError, StoreError, UnscError
from unsc_core.experiment.artefacts import EPOCHS, LOGITS, NEIGHBOURS, SUBSPACES, UNLEARNED, Network
from unsc_core.experiment.keys import Keys, keys, logits_key
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import Result, read_result, took_unlearning
from unsc_core.experiment.store import Store, read_artefact, read_meta
from unsc_core.figures.phrases import class_title
from unsc_core.models.own import is_user_model

LIMIT = 500
"""Most runs in a list, those written last: a longer one would be slow, and nobody reads it."""
KEY = re.compile(r"[0-9a-f]{20}")
FAR_FUTURE = 2**35
"""In seconds since 1970; calendars end somewhere beyond it."""
UNREADABLE = (OSError, ValueError, KeyError, SafetensorError)
Marks = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Run:
    """One stored experiment as the history shows it.

    Attributes:
        key: what it is stored under.
        created: when it was computed, in seconds since 1970.
        config: None if the file cannot be read.
        imported: whether it was computed on another machine.
        forgets: the titles of the classes to forget, or "12 samples".
        acc_forget, acc_retain: on the test set in percent; None without stored logits.
        seconds: of the method; None if its network was trained for another run.
        trouble: why it cannot be shown, in a few words; "" if it can.
    """

    key: str
    created: float
    config: ExperimentConfig | None = None
    imported: bool = False
    forgets: tuple[str, ...] = ()
    acc_forget: float | None = None
    acc_retain: float | None = None
    seconds: float | None = None
    trouble: str = ""

    @property
    def alterations(self) -> tuple[str, ...]:
        """As of a `Result`."""
        return (
            *(self.config.alterations if self.config else ()),
            *(("imported",) if self.imported else ()),
        )


@dataclass(frozen=True, eq=False)
class Stored:
    """A complete run with everything stored about it."""

    result: Result
    made: Network
    keys: Keys

    @property
    def dataset(self) -> Dataset:
        """What it was measured on."""
        return self.result.split.dataset


def list_runs(store: Store, limit: int = LIMIT) -> list[Run]:
    """The stored experiments, newest first, damaged ones included; other files are ignored.

    Weights are not read, and results are cached until a file changes.

    Raises:
        StoreError: the folder is there but may not be read.
    """
    files = sorted(
        ((mark, key) for key, mark in _files(store, UNLEARNED.name).items() if KEY.fullmatch(key)),
        reverse=True,
    )[:limit]
    answers: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, mark in _files(store, LOGITS.name).items():
        answers[name.partition("-")[0]].append((name, mark))
    runs = [_described(UNLEARNED.path(store, key), key, mark) for mark, key in files]
    runs.sort(
        key=lambda run: run.config.dataset if run.config else ""
    )  # so that each dataset is loaded once
    runs = [
        _measured(store.root, run, tuple(sorted(answers[run.key])), _marks(run.config))
        if run.config
        else run
        for run in runs
    ]
    return sorted(runs, key=lambda run: run.created, reverse=True)


def _files(store: Store, kind: str) -> dict[str, int]:
    """Name without suffix -> when it was written, of the files of one kind."""
    found = {}
    try:
        for entry in os.scandir(store.root / kind):
            if entry.name.endswith(".safetensors"):
                try:
                    found[entry.name.removesuffix(".safetensors")] = entry.stat().st_mtime_ns
                except FileNotFoundError:  # deleted just now
                    continue
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise StoreError(
            f"The results in {store.root} cannot be listed ({error.strerror or error}); check the "
            "folder's permissions."
        ) from None
    return found


@lru_cache(maxsize=4 * LIMIT)
def _described(path: Path, key: str, mark: int) -> Run:
    """The run in the header of a file; `mark` changes with its content."""
    try:
        meta = read_meta(path)
        config = ExperimentConfig.from_dict(meta["config"])
        seconds = took_unlearning(meta).seconds
        if config.method == "retrain":
            seconds = meta["seconds"].get("retrain")
        if not 0 <= meta["created"] < FAR_FUTURE:
            raise ValueError("made at an impossible time")
        return Run(
            key,
            float(meta["created"]),
            config,
            imported="imported" in meta,
            seconds=seconds,
            forgets=_classes(config),
        )
    except (*UNREADABLE, UnscError, TypeError, AttributeError):
        return Run(key, mark / 1e9, trouble="damaged file")


def _classes(config: ExperimentConfig) -> tuple[str, ...]:
    """What is forgotten, without the dataset that has the names of the classes."""
    if config.forget_ids:
        count = len(config.forget_ids)
        return (f"{count} sample{'s' if count > 1 else ''}",)
    return tuple(f"class {c}" for c in config.forget_classes)


def _marks(config: ExperimentConfig) -> Any:
    """Changes when a file that an experiment was made from does."""
    program = config.model.rpartition(":")[0] if is_user_model(config.model) else None
    try:
        return (
            file_fingerprint(config.dataset),
            is_available(config.dataset.removesuffix(VALIDATION)),
            *(
                Path(path).expanduser().stat().st_mtime_ns if path else 0
                for path in (config.checkpoint, program)
            ),
        )
    except (OSError, RuntimeError, ValueError, UnscError) as error:
        return str(error)


@lru_cache(maxsize=4 * LIMIT)
def _measured(root: Path, run: Run, answers: Marks, marks: Any) -> Run:
    """The run with its accuracies and the names of its classes, or with its trouble."""
    store, config = Store(root), run.config
    assert config is not None
    name = config.dataset.removesuffix(VALIDATION)
    if name in DATASETS and not is_available(name):
        return replace(run, trouble="dataset not on this machine")
    try:
        dataset = load_dataset(config.dataset)
        config = resolve(config, dataset)
        found = keys(config, dataset)
    except DataError:
        return replace(run, trouble="dataset missing or damaged")
    except CheckpointError:
        return replace(run, trouble="weights of the original missing")
    except ConfigError:
        return replace(run, trouble="settings no longer possible")
    titles = tuple(class_title(dataset.class_names[c]) for c in config.forget_classes)
    run = replace(run, config=config, forgets=titles or _classes(config))
    if found.unlearned != run.key:
        return replace(run, trouble="data or weights have changed")
    try:
        return _with_accuracies(run, dataset, store)
    except FileNotFoundError:
        return replace(run, trouble="predictions missing")
    except UNREADABLE:
        return replace(run, trouble="predictions damaged")


def _with_accuracies(run: Run, dataset: Dataset, store: Store) -> Run:
    config = run.config
    assert config is not None
    request = split(dataset, config.forget_classes, config.forget_ids)

    def measured(part: str) -> dict[str, Any]:
        path = LOGITS.path(store, logits_key(run.key, dataset, part))
        logits = LOGITS.unpack(read_artefact(path))
        labels = dataset.y_test if part == "test" else dataset.y_train
        if logits.shape != (len(labels), dataset.num_classes):
            raise ValueError("logits of another shape")
        return evaluation.accuracies(logits, labels, request.is_forgotten(part))

    test = measured("test")
    forget = measured("train") if config.forget_ids else test
    return replace(run, acc_forget=forget["acc_forget"], acc_retain=test["acc_retain"])


def read_run(key: str, store: Store) -> Stored:
    """Everything about one run.

    Raises:
        ConfigError: no run has this key, it is incomplete, or a file it was made from has changed.
        UnscError: its data or the weights it began with cannot be read.
    """
    made = UNLEARNED.read(store, key) if KEY.fullmatch(key) else None
    if made is None:
        raise ConfigError(
            f"There is no result with key '{key}' in {store.root}; run prints the keys."
        )
    dataset = load_dataset(made.meta["config"]["dataset"])
    config = resolve(ExperimentConfig.from_dict(made.meta["config"]), dataset)
    found = keys(config, dataset)
    if found.unlearned != key:
        raise ConfigError(
            f"A file that the result '{key}' was made from (data, model or weights) has changed "
            "since; run it again, then export it."
        )
    result = read_result(config, dataset, store)
    if result is None:
        raise ConfigError(f"The result '{key}' is incomplete; run it again, then export it.")
    return Stored(result, made, found)


def delete_run(key: str, store: Store) -> list[str]:
    """Remove what belongs to one run alone: its unlearned model and all that was made of it.

    The original, the retrained model, their logits, the moments and the maps stay for other runs.

    Returns:
        The names of the removed files; none if another tab was faster.

    Raises:
        ConfigError: this is no key.
        StoreError: a file may not be removed.
    """
    if not KEY.fullmatch(key):
        raise ConfigError(f"'{key[:40]}' is not the key of a run.")
    own = [
        path
        for kind in (LOGITS, EPOCHS, SUBSPACES, NEIGHBOURS)
        for path in sorted((store.root / kind.name).glob(f"{key}*.safetensors"))
    ]
    own.append(UNLEARNED.path(store, key))
    removed = []
    for path in own:
        try:
            path.unlink()
            removed.append(path.name)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreError(
                f"{path} cannot be removed ({error.strerror or error}); check the folder's "
                "permissions."
            ) from None
    return removed
