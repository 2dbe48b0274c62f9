"""The stored experiments: listed from the headers of their files, read, linked to and deleted. Loads no torch."""

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
from unsc_core.experiment.artefacts import EPOCHS, LOGITS, SUBSPACES, UNLEARNED, Network
from unsc_core.experiment.keys import Keys, keys, logits_key
from unsc_core.experiment.resolve import CLASS_WEIGHTS, SAMPLES, resolve
from unsc_core.experiment.result import Result, read_result, took_unlearning
from unsc_core.experiment.store import Store, read_artefact, read_meta
from unsc_core.methods import METHODS
from unsc_core.models.own import is_user_model
from unsc_core.paths import data_folder

LIMIT = 500
"""Runs that are listed, the files written last; a longer list would be slow and nobody reads it."""
MAX_IDS = 500
"""Single samples that a link names at most: every browser takes an address of that length."""
KEY = re.compile(r"[0-9a-f]{20}")
FAR_FUTURE = 2**35
"""In seconds since 1970; calendars end somewhere beyond it."""
UNREADABLE = (OSError, ValueError, KeyError, SafetensorError)
Marks = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Run:
    """One stored experiment as the history shows it.

    Attributes:
        key: what it is stored under; created: when it was computed, in seconds since 1970.
        config: None when the file cannot be read.
        imported: whether it was computed elsewhere.
        forgets: the names of the classes to forget, or "12 samples".
        acc_forget, acc_retain: on the test set in percent, None where there are no answers to measure.
        seconds: what the method took; None where its network was trained for another run.
        trouble: in a few plain words, why it cannot be shown as it was; empty when it can.
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
    """A complete run with everything that is written down about it."""

    result: Result
    made: Network
    keys: Keys

    @property
    def dataset(self) -> Dataset:
        """What it was measured on."""
        return self.result.split.dataset


def list_runs(store: Store, limit: int = LIMIT) -> list[Run]:
    """The stored experiments, newest first, damaged ones included; files with other names are passed over.

    Weights are not read, and what was measured once is remembered until a file changes.

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
    runs = [_described(store.path(UNLEARNED.name, key), key, mark) for mark, key in files]
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
            f"The results in {store.root} cannot be listed ({error.strerror or error}); check the folder's permissions."
        ) from None
    return found


@lru_cache(maxsize=4 * LIMIT)
def _described(path: Path, key: str, mark: int) -> Run:
    """What the header of a file says; `mark` tells one content of it from the next."""
    try:
        meta = read_meta(path)
        config = ExperimentConfig.from_dict(meta["config"])
        took = took_unlearning(meta).seconds
        seconds = (
            took if config.method != "retrain" else meta["seconds"].get("retrain")
        )  # None: it was trained for another run
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
    """What is forgotten, where the dataset that has the names is not at hand."""
    return (
        (f"{len(config.forget_ids)} samples",)
        if config.forget_ids
        else tuple(f"class {c}" for c in config.forget_classes)
    )


def _marks(config: ExperimentConfig) -> Any:
    """Changes when a file that an experiment was made from does."""
    try:
        weights = (
            Path(config.checkpoint).expanduser().stat().st_mtime_ns if config.checkpoint else 0
        )
        program = (
            0
            if not is_user_model(config.model)
            else Path(config.model.rpartition(":")[0]).expanduser().stat().st_mtime_ns
        )
        return (
            file_fingerprint(config.dataset),
            is_available(config.dataset.removesuffix(VALIDATION)),
            weights,
            program,
        )
    except (OSError, RuntimeError, ValueError, UnscError) as error:
        return str(error)


@lru_cache(maxsize=4 * LIMIT)
def _measured(root: Path, run: Run, answers: Marks, marks: Any) -> Run:
    """The run with its accuracies and the names of its classes, or with what is in the way."""
    store, config = Store(root), run.config
    assert config is not None
    if config.dataset.removesuffix(VALIDATION) in DATASETS and not is_available(
        config.dataset.removesuffix(VALIDATION)
    ):
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
    run = replace(
        run,
        config=config,
        forgets=_classes(config)
        if config.forget_ids
        else tuple(dataset.class_names[c] for c in config.forget_classes),
    )
    if found.unlearned != run.key:
        return replace(run, trouble="data or weights have changed")
    try:
        return _with_accuracies(run, dataset, store)
    except FileNotFoundError:
        return replace(run, trouble="answers missing")
    except UNREADABLE:
        return replace(run, trouble="answers damaged")


def _with_accuracies(run: Run, dataset: Dataset, store: Store) -> Run:
    config = run.config
    assert config is not None
    request = split(dataset, config.forget_classes, config.forget_ids)

    def measured(part: str) -> dict[str, Any]:
        path = store.path(LOGITS.name, logits_key(run.key, dataset, part))
        logits = LOGITS.unpack(read_artefact(path))
        labels = dataset.y_test if part == "test" else dataset.y_train
        if logits.shape != (len(labels), dataset.num_classes):
            raise ValueError("answers of another shape")
        return evaluation.accuracies(logits, labels, request.is_forgotten(part))

    test = measured("test")
    forget = measured("train") if config.forget_ids else test
    return replace(run, acc_forget=forget["acc_forget"], acc_retain=test["acc_retain"])


def read_run(key: str, store: Store) -> Stored:
    """Everything about one run.

    Raises:
        ConfigError: no run has this key, it is incomplete, or a file that it was made from has changed.
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
            f"A file that the result '{key}' was made from (data, model or weights) has changed since; run it again, then export it."
        )
    result = read_result(config, dataset, store)
    if result is None:
        raise ConfigError(f"The result '{key}' is incomplete; run it again, then export it.")
    return Stored(result, made, found)


def delete_run(key: str, store: Store) -> list[str]:
    """Remove what belongs to one run alone: the unlearned model, its answers, its epochs and what was found of its subspaces.

    The original, the retrained model, their answers, the moments and the maps stay: other runs are made from them too.

    Returns:
        The names of the removed files; none when another tab was quicker.

    Raises:
        ConfigError: this is no key.
        StoreError: a file may not be removed.
    """
    if not KEY.fullmatch(key):
        raise ConfigError(f"'{key[:40]}' is not the key of a run.")
    own = [
        path
        for kind in (LOGITS, EPOCHS, SUBSPACES)
        for path in sorted((store.root / kind.name).glob(f"{key}*.safetensors"))
    ]
    own.append(store.path(UNLEARNED.name, key))
    removed = []
    for path in own:
        try:
            path.unlink()
            removed.append(path.name)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreError(
                f"{path} cannot be removed ({error.strerror or error}); check the folder's permissions."
            ) from None
    return removed


def link(config: ExperimentConfig, dataset: Dataset) -> dict[str, str]:
    """The query of the address that opens a resolved config on a page.

    Raises:
        ConfigError: the pages cannot show it; one sentence says why.
    """
    if len(config.forget_ids) > MAX_IDS:
        raise ConfigError(
            f"{len(config.forget_ids)} samples are too many for a link (at most {MAX_IDS})."
        )
    if is_user_model(config.model):
        raise ConfigError("Its network is a program of its own, which the pages never run.")
    default = resolve(
        replace(config, learning_rate=None, epochs=None, training_epochs=None), dataset
    )
    values = {
        "dataset": config.dataset
        if config.dataset in DATASETS
        else _in_data_folder(config.dataset),
        "model": config.model,
        "forget": ",".join(map(str, config.forget_classes)) or None,
        "ids": ",".join(map(str, config.forget_ids)) or None,
        "method": config.method,
        "seed": config.seed,
        "gamma": config.energy_threshold if METHODS[config.method].uses_energy_threshold else None,
        "subspace": config.subspace,
        "gammas": ",".join(f"{one:.12g}" for one in config.energy_thresholds) or None,
        "lr": _unless(config.learning_rate, default.learning_rate),
        "epochs": _unless(config.epochs, default.epochs),
        "training": _unless(config.training_epochs, default.training_epochs),
        "device": _unless(config.device, "auto"),
        "edits": ",".join(config.edits) or None,
        "sample": _unless(config.moments_sample, SAMPLES[0]),
        "weights": _unless(config.class_weights, CLASS_WEIGHTS[0]),
        "checkpoint": None if config.checkpoint is None else _in_data_folder(config.checkpoint),
    }
    return {name: str(value) for name, value in values.items() if value is not None}


def _unless(value: Any, default: Any) -> Any:
    return None if value == default else value


def _in_data_folder(path: str) -> str:
    """A path relative to the data folder."""
    try:
        return Path(path).expanduser().resolve().relative_to(data_folder().resolve()).as_posix()
    except (ValueError, OSError, RuntimeError):
        raise ConfigError(
            f"{Path(path).name} lies outside the data folder, where the pages look for files."
        ) from None
