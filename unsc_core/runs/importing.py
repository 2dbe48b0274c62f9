"""An exported run added to the store, all of it or nothing; `import_checks` checks it first."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from safetensors.numpy import save

from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.errors import ImportedFileError, StoreError, UnscError, os_errors_as
from unsc_core.experiment.artefacts import LOGITS, SPECTRA, TRAINED, UNLEARNED, Kind, Network
from unsc_core.experiment.keys import Keys, keys, logits_key
from unsc_core.experiment.machine import ELSEWHERE
from unsc_core.experiment.shipped import read_shipped
from unsc_core.experiment.store import Arrays, Store
from unsc_core.paths import data_folder, write_whole
from unsc_core.runs.import_checks import CheckedRun, read_export

Piece = tuple[Kind[Any], str, Any]
"""Kind, key, and the value stored under them, or None."""


@dataclass(frozen=True)
class Imported:
    """An imported run.

    Attributes:
        key: what the run is stored under here.
        notes: a sentence for everything that differs from the machine it was made on.
    """

    key: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a run goes here.

    Attributes:
        config: whose checkpoint may be a file in the data folder.
        keys: what its pieces are stored under.
        note: what differs from the machine it was made on; "" for nothing.
        written: the file of weights that was written for it, if any.
    """

    config: ExperimentConfig
    keys: Keys
    note: str = ""
    written: Path | None = None


def import_zip(file: BinaryIO | Path, store: Store) -> Imported:
    """Check an exported .zip and store its run.

    Args:
        file: made by `export_zip`, perhaps on another machine.
        store: where it goes.

    Raises:
        ImportedFileError, ConfigError, DataError, CheckpointError: the first thing that is wrong.
        StoreError: there is no room.
    """
    run = read_export(file)
    place = _place(run, store)
    notes = [place.note] if place.note else []
    try:
        if _has_other_retrained(run, place, store):
            run.weights.pop("retrained")
            notes.append(
                "This machine already has another retrained model for these settings: "
                "agreement and gap to retrain are measured against that one."
            )
        _store(_pieces(run, place), place.keys, store)
    except UnscError:
        if place.written:
            place.written.unlink()
        raise
    return Imported(place.keys.unlearned, tuple(notes))


def _place(run: CheckedRun, store: Store) -> Place:
    """The keys of the run's settings, unless this machine has another original for them.

    Two machines may train the same settings to weights that differ in the last digits. The run is
    then stored as an experiment that starts from given weights, so that no result here mixes two
    originals.
    """
    config, original = run.config, run.weights["original"]
    if config.checkpoint is None:
        found = keys(config, run.dataset)
        other = _other_here(config, run.dataset, found.original, (), original, store)
        if other is None:
            note = "Its original, trained elsewhere, now serves these settings: "
            return Place(config, found, f"{note}other runs start from it, too.")
        if not other:
            return Place(config, found)
        note = (
            "This machine has another original for the same settings, so the imported one is kept "
            "as user-supplied weights, under More."
        )
    else:
        note = (
            "Its original is a file of weights, kept in the data folder; choose it under More to "
            "run other methods on it."
        )
    path, written = _keep_weights(original)
    config = replace(config, checkpoint=str(path))
    return Place(config, keys(config, run.dataset), note, written)


def _keep_weights(original: Arrays) -> tuple[Path, Path | None]:
    """The file in the data folder that has exactly these weights; and again, if it is new."""
    content = save(original)
    name = f"imported-{hashlib.sha256(content).hexdigest()[:12]}.safetensors"
    path = data_folder().resolve() / "own" / name
    written = None if path.exists() else path
    what = f"The imported weights cannot be written to {path.parent}"
    with os_errors_as(StoreError, what, "make room there"):
        write_whole(path, content)
    return path, written


def _has_other_retrained(run: CheckedRun, place: Place, store: Store) -> bool:
    """Whether the run has a retrained model and this machine another one for the same settings."""
    if "retrained" not in run.weights:
        return False
    forget, weights = run.request.forget_classes, run.weights["retrained"]
    key = place.keys.retrained
    return bool(_other_here(place.config, run.dataset, key, forget, weights, store))


def _other_here(
    config: ExperimentConfig,
    dataset: Dataset,
    key: str,
    without: tuple[int, ...],
    weights: Arrays,
    store: Store,
) -> bool | None:
    """Whether this machine's network of the same training has other weights; None without one."""
    here = TRAINED.read(store, key)
    if here is None and any((store.root / LOGITS.name).glob(f"{key}-*")):
        return True  # its weights were deleted, but not what it predicted
    if here is None and not config.forget_ids:
        here = read_shipped(config, dataset, without)
    return None if here is None else not _same(here.weights, weights)


def _same(a: Arrays, b: Arrays) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def _pieces(run: CheckedRun, place: Place) -> list[Piece]:
    """Everything to be stored; the unlearned network last, as it makes the run appear in lists."""
    found, pieces = place.keys, list[Piece]()
    for name in ("original", "retrained"):
        given = name == "original" and place.config.checkpoint is not None
        if name in run.weights and not given:
            pieces.append((TRAINED, getattr(found, name), _trained(run, place.config, name)))
    for (name, part), logits in run.logits.items():
        if name in run.weights:
            key = logits_key(getattr(found, name), run.dataset, part)
            pieces.append((LOGITS, key, logits))
    pieces.append((SPECTRA, found.spectra, run.spectra))
    pieces.append((UNLEARNED, found.unlearned, _unlearned(run, place.config)))
    return pieces


def _trained(run: CheckedRun, config: ExperimentConfig, name: str) -> Network:
    record = run.record
    meta = {
        "seconds": record["trained_seconds"].get(name, 0.0),
        "config": config.to_dict(),
        "created": record["created"],
        "machine": record.get("trained_machines", {}).get(name) or ELSEWHERE,
        "imported": time.time(),
    }
    return Network(run.weights[name], meta)


def _unlearned(run: CheckedRun, config: ExperimentConfig) -> Network:
    names = ("history", "null_space", "energy_error", "seconds", "took", "device", "created")
    meta: dict[str, Any] = {n: run.record[n] for n in (*names, "chosen") if n in run.record}
    meta["machine"] = run.record.get("machine") or ELSEWHERE
    meta |= {"config": config.to_dict(), "imported": time.time()}
    return Network(run.weights["unlearned"], meta, run.training_labels)


def _store(pieces: list[Piece], found: Keys, store: Store) -> None:
    """Write the pieces that are not here yet; all of them, or none.

    Raises:
        ImportedFileError: the run is here.
        StoreError: there is no room.
    """
    if UNLEARNED.has(store, found.unlearned):
        raise ImportedFileError(
            f"This run is stored already (key {found.unlearned}); delete it to import it again."
        )
    new: list[Path] = []
    try:
        for kind, key, value in pieces:
            path = kind.path(store, key)
            own = key.startswith(found.unlearned)  # a deleted run may have left files behind
            if value is not None and (own or not path.is_file()):
                new.append(path)
                kind.write(store, key, value)
    except StoreError:
        for path in new:
            path.unlink(missing_ok=True)
        raise
