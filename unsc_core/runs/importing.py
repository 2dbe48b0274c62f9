"""An exported run taken into the store: checked down to the last file before anything is written, and nothing of it is executed."""

from __future__ import annotations

import hashlib
import math
import os
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from unsc_core.config import DEVICES, ExperimentConfig
from unsc_core.data import DATASETS, is_available, load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.errors import CheckpointError, DataError, ImportedFileError, StoreError, UnscError
from unsc_core.experiment import artefacts
from unsc_core.experiment.artefacts import Kind, Layers, Network
from unsc_core.experiment.keys import Keys, keys, logits_key
from unsc_core.experiment.machine import ELSEWHERE
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.shipped import read_shipped
from unsc_core.experiment.store import Arrays, Store
from unsc_core.models import MODELS
from unsc_core.models.own import is_user_model
from unsc_core.paths import data_folder, write_whole
from unsc_core.runs.archive import (
    TRAINED,
    Files,
    read_archive,
    read_array,
    read_json,
    read_record,
    read_tensors,
)

CHECKED_SAMPLES = 200
"""Test samples that the imported networks answer again, to see whether the answers in the file are theirs."""
TOLERANCE = 0.02
"""‖difference‖ / ‖logits‖ that another machine's rounding may make."""
Piece = tuple[Kind[Any], str, Any]
"""(kind, key, value or None) of something to store."""
Logits = dict[tuple[str, str], NDArray[np.float32]]
"""(model, "test" or "train") -> (n, classes)."""


@dataclass(frozen=True)
class Imported:
    """What became of an imported file.

    Attributes:
        key: what the run is stored under here.
        notes: a sentence for everything that is not as it was where the run was made.
    """

    key: str
    notes: tuple[str, ...] = ()


def import_zip(file: BinaryIO | Path, store: Store) -> Imported:
    """Check an exported .zip and store its run; either all of it is stored or nothing.

    Args:
        file: what `export_zip` made, perhaps on another machine.
        store: where it goes.

    Raises:
        ImportedFileError, ConfigError, DataError, CheckpointError: one sentence about what is wrong with it.
        StoreError: there is no room.
    """
    files = read_archive(file)
    record = read_record(files["run.json"])
    config = _config(files["config.json"])
    dataset = _same_dataset(config, record)
    config = resolve(
        replace(
            config,
            dataset=config.dataset if config.dataset in DATASETS else _own_path(config.dataset),
        ),
        dataset,
    )
    request = split(dataset, config.forget_classes, config.forget_ids)
    if not np.array_equal(
        read_array(files, "labels.npy", (len(dataset.y_test),), np.int64), dataset.y_test
    ):
        raise ImportedFileError("labels.npy are not the labels of this dataset's test samples.")
    weights = {
        name: read_tensors(files, f"{name}.safetensors")
        for name in TRAINED
        if f"{name}.safetensors" in files
    }
    answers = _answers(files, dataset)
    _check_networks(config, dataset, weights, answers)
    spectra = _spectra(files, record, weights["original"])
    taught = _taught(files, request)
    config, found, notes, written = _place(config, dataset, weights["original"], store)
    try:
        if "retrained" in weights and _other_here(
            config, dataset, found.retrained, request.forget_classes, weights["retrained"], store
        ):
            del weights["retrained"]
            notes.append(
                "This machine has a retrained model of its own of these settings: agreement and gap to retrain are against that one."
            )
        pieces = [
            *_pieces(config, dataset, found, record, weights, answers),
            (artefacts.SPECTRA, found.spectra, spectra),
        ]
        _store(
            [
                *pieces,
                (
                    artefacts.UNLEARNED,
                    found.unlearned,
                    _unlearned(config, record, weights["unlearned"], taught),
                ),
            ],
            found,
            store,
        )  # listed when whole
    except UnscError:
        if written:
            written.unlink()
        raise
    return Imported(found.unlearned, tuple(notes))


def _config(content: bytes) -> ExperimentConfig:
    values = read_json(content, "config.json")
    if not isinstance(values, dict):
        raise ImportedFileError(
            "'config.json' is not an experiment's config; export the run again."
        )
    config = ExperimentConfig.from_dict(values)
    if is_user_model(config.model):
        raise ImportedFileError(
            f"The run's network '{config.model[:60]}' is a program of its own, which an import never runs; import takes {', '.join(MODELS)}."
        )
    if not re.fullmatch(DEVICES, config.device):
        raise ImportedFileError(
            f"'config.json' names a device '{config.device[:40]}', which is none; export the run again."
        )
    return config


def _same_dataset(config: ExperimentConfig, record: dict[str, Any]) -> Dataset:
    """The dataset on this machine that the run was made on; own data is looked for by name, in the data folder only."""
    if config.dataset in DATASETS:
        if not is_available(config.dataset):
            raise DataError(
                f"The run needs {DATASETS[config.dataset].title}, which is not on this machine; choose it on any page to download it, first."
            )
        dataset = load_dataset(config.dataset)
    else:
        dataset = load_dataset(_own_path(config.dataset))
    if (dataset.train_digest, dataset.test_digest) != (
        record["train_digest"],
        record["test_digest"],
    ):
        raise DataError(
            f"'{Path(config.dataset).name}' on this machine holds other samples than the run was made on; get the same data first."
        )
    return dataset


def _own_path(name: str) -> str:
    """Where own data of this name lies in the data folder; folders in the name are ignored."""
    plain = Path(name.replace("\\", "/")).name
    for place in (data_folder() / "own" / plain, data_folder() / plain):
        if plain not in ("", "..") and os.path.lexists(place):
            return str(place.resolve())
    raise DataError(
        f"The run needs the own data '{plain[:60]}', which is not in {data_folder()}; upload it on any page, first."
    )


def _answers(files: Files, dataset: Dataset) -> Logits:
    """(model, part) -> logits, of shapes that fit the dataset."""
    found: Logits = {}
    for model in TRAINED:
        for part, suffix, n in (
            ("test", "", len(dataset.y_test)),
            ("train", "_train", len(dataset.y_train)),
        ):
            if (name := f"logits_{model}{suffix}.npy") in files:
                found[model, part] = read_array(files, name, (n, dataset.num_classes), np.float32)
    return found


def _check_networks(
    config: ExperimentConfig, dataset: Dataset, weights: dict[str, Arrays], answers: Logits
) -> None:
    """Whether every file of weights fits the model, and the answers in the archive are its own."""
    import torch

    from unsc_core.learning.batches import predict, to_device
    from unsc_core.models import build_model
    from unsc_core.models.weights import set_weights

    rows = np.linspace(
        0, len(dataset.y_test) - 1, min(CHECKED_SAMPLES, len(dataset.y_test))
    ).astype(int)
    data = to_device(dataset, "cpu")
    for name, arrays in weights.items():
        model = build_model(config.model, dataset.input_shape, dataset.num_classes)
        wanted = {key: value.numpy().dtype for key, value in model.state_dict().items()}
        if other := [key for key in arrays if key in wanted and arrays[key].dtype != wanted[key]]:
            raise CheckpointError(
                f"{name}.safetensors does not fit this model: '{other[0]}' is {arrays[other[0]].dtype}, not {wanted[other[0]]}."
            )
        set_weights(
            model,
            {key: torch.from_numpy(np.array(value)) for key, value in arrays.items()},
            f"{name}.safetensors",
        )
        if (said := answers.get((name, "test"))) is None:
            raise ImportedFileError(
                f"The archive has {name}.safetensors but not logits_{name}.npy; export the run again."
            )
        again = predict(model, data, data.x_test[torch.from_numpy(rows)]).numpy()
        if not np.linalg.norm(again - said[rows]) <= TOLERANCE * np.linalg.norm(again):
            raise ImportedFileError(
                f"The answers in logits_{name}.npy are not those of the network in {name}.safetensors; export the run again."
            )
    if alone := [name for name, _ in answers if name not in weights]:
        raise ImportedFileError(
            f"The archive has logits_{alone[0]}.npy but not {alone[0]}.safetensors; export the run again."
        )


def _spectra(files: Files, record: dict[str, Any], original: Arrays) -> Layers | None:
    """The eigenvalues of the request, (groups, d) for every layer, d being what its weight multiplies."""
    if "spectra.safetensors" not in files:
        return None
    values, layers = read_tensors(files, "spectra.safetensors"), record["spectra_layers"]
    fits = sorted(values) == sorted(layers) and set(record["energy_error"]) <= set(layers)
    for layer, groups in values.items():
        d = math.prod(original[f"{layer}.weight"].shape[1:]) if f"{layer}.weight" in original else 0
        fits &= (
            groups.dtype == np.float64
            and groups.ndim == 2
            and groups.shape[0] > 0
            and groups.shape[1] == d
            and bool((groups >= 0).all())
        )
    if not fits:
        raise ImportedFileError(
            "'spectra.safetensors' does not fit this model; export the run again."
        )
    return {layer: values[layer] for layer in layers}


def _taught(files: Files, request: Split) -> NDArray[np.int64] | None:
    if "taught_labels.npy" not in files:
        return None
    labels = read_array(files, "taught_labels.npy", (len(request.forget_train()),), np.int64)
    if not ((labels >= 0) & (labels < request.dataset.num_classes)).all():
        raise ImportedFileError(
            "'taught_labels.npy' names classes that this dataset does not have; export the run again."
        )
    return labels


def _place(
    config: ExperimentConfig, dataset: Dataset, original: Arrays, store: Store
) -> tuple[ExperimentConfig, Keys, list[str], Path | None]:
    """Under which keys the run belongs here: its own, if its original is or may become the one of this training.

    Two machines may train the same settings to weights that differ in the last digits. Then the run is stored as what it
    is, an experiment that begins at given weights, so that no result here is mixed from two originals.

    Returns:
        The config and keys here, what is to be said about it, and the file of weights that was written for it.
    """
    if config.checkpoint is None:
        found = keys(config, dataset)
        other = _other_here(config, dataset, found.original, (), original, store)
        if other is None:
            return (
                config,
                found,
                [
                    "Its original, trained elsewhere, is now this machine's for these settings: other runs begin at it, too."
                ],
                None,
            )
        if not other:
            return config, found, [], None
        note = "This machine has another original of the same settings, so the imported one is kept as weights of its own, under More."
    else:
        note = "Its original is a file of weights, kept in the data folder; choose it under More to run other methods on it."
    content = save(original)
    path = (
        data_folder().resolve()
        / "own"
        / f"imported-{hashlib.sha256(content).hexdigest()[:12]}.safetensors"
    )  # this content and no other
    written = None if path.exists() else path
    try:
        write_whole(path, content)
    except OSError as error:
        raise StoreError(
            f"The imported weights cannot be kept in {path.parent} ({error.strerror or error}); make room there."
        ) from None
    config = replace(config, checkpoint=str(path))
    return config, keys(config, dataset), [note], written


def _same(a: Arrays, b: Arrays) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def _other_here(
    config: ExperimentConfig,
    dataset: Dataset,
    key: str,
    without: tuple[int, ...],
    weights: Arrays,
    store: Store,
) -> bool | None:
    """Whether this machine has a network of the same training with other weights; None if it has none at all."""
    here = artefacts.TRAINED.read(store, key)
    if here is None and any(
        (store.root / artefacts.LOGITS.name).glob(f"{key}-*")
    ):  # answers of a network that is gone
        return True
    if here is None and not config.forget_ids:
        here = read_shipped(config, dataset, without)
    return None if here is None else not _same(here.weights, weights)


def _pieces(
    config: ExperimentConfig,
    dataset: Dataset,
    found: Keys,
    record: dict[str, Any],
    weights: dict[str, Arrays],
    answers: Logits,
) -> list[Piece]:
    """All networks and answers but the unlearned network itself."""
    pieces: list[Piece] = []
    by_name = {
        "original": found.original,
        "unlearned": found.unlearned,
        "retrained": found.retrained,
    }
    for name in ("original", "retrained"):
        if name in weights and not (name == "original" and config.checkpoint is not None):
            meta = {
                "seconds": record["trained_seconds"].get(name, 0.0),
                "config": config.to_dict(),
                "created": record["created"],
                "machine": record.get("trained_machines", {}).get(name) or ELSEWHERE,
            }
            pieces.append(
                (
                    artefacts.TRAINED,
                    by_name[name],
                    Network(weights[name], meta | {"imported": time.time()}),
                )
            )
    for (name, part), logits in answers.items():
        if name in weights:
            pieces.append((artefacts.LOGITS, logits_key(by_name[name], dataset, part), logits))
    return pieces


def _unlearned(
    config: ExperimentConfig,
    record: dict[str, Any],
    weights: Arrays,
    taught: NDArray[np.int64] | None,
) -> Network:
    names = ("history", "null_space", "energy_error", "seconds", "took", "device", "created")
    meta: dict[str, Any] = {name: record[name] for name in names if name in record}
    meta["machine"] = record.get("machine") or ELSEWHERE
    return Network(weights, {"config": config.to_dict(), "imported": time.time(), **meta}, taught)


def _store(pieces: list[Piece], found: Keys, store: Store) -> None:
    """Write what is not here yet; all of it, or nothing.

    Raises:
        ImportedFileError: the run is here.
        StoreError: there is no room.
    """
    if artefacts.UNLEARNED.has(store, found.unlearned):
        raise ImportedFileError(
            f"This run is in the history already (key {found.unlearned}); delete it there to import it again."
        )
    new: list[Path] = []
    try:
        for kind, key, value in pieces:
            path = store.path(kind.name, key)
            own = key.startswith(
                found.unlearned
            )  # answers that a deleted run left behind are replaced
            if value is not None and (own or not path.is_file()):
                new.append(path)
                kind.write(store, key, value)
    except StoreError:
        for path in new:
            path.unlink(missing_ok=True)
        raise
