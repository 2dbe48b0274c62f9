"""A stored result as plain files for other tools: a folder, or one .zip that can be imported."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data import DATASETS
from unsc_core.data.held_out import VALIDATION
from unsc_core.errors import ConfigError, StoreError, os_errors_as
from unsc_core.experiment.artefacts import SPECTRA, TRAINED
from unsc_core.experiment.result import took_training
from unsc_core.experiment.store import Arrays, Store
from unsc_core.models.own import is_user_model
from unsc_core.runs.history import Stored, read_run
from unsc_core.runs.report import report

FORMAT = 2
"""Of an export: raise it when a reader of earlier exports would misread new ones."""


def export_result(key: str, folder: Path, store: Store | None = None) -> list[Path]:
    """Write everything about a result to a folder: see `contents`.

    Args:
        key: the result's key, as printed by `run`.
        folder: made if missing.
        store: where results are; the default store if None.

    Returns:
        The files written.

    Raises:
        ConfigError: no complete result has this key.
        StoreError: the folder cannot be written.
    """
    files = contents(key, store or Store())
    with os_errors_as(StoreError, f"{folder} cannot be written", "choose another folder"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    return sorted(folder / name for name in files)


def export_zip(key: str, store: Store | None = None, address: str = "") -> bytes:
    """The same files as one .zip; see `report` for `address`.

    Raises:
        ConfigError: no complete result has this key.
    """
    out = io.BytesIO()
    # Weights and logits hardly shrink, so the fastest level.
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in contents(key, store or Store(), address).items():
            archive.writestr(name, content)
    return out.getvalue()


def contents(key: str, store: Store, address: str = "") -> dict[str, bytes]:
    """File name -> content: weights, logits, labels, config, summary, spectra, record and report.

    Raises:
        ConfigError: no complete result has this key.
    """
    run = read_run(key, store)
    original, retrained = _original(run, store), TRAINED.read(store, run.keys.retrained)
    if original is None:
        raise ConfigError(f"The result '{key}' is incomplete; run it again, then export it.")
    files = {
        "config.json": _json(shared_config(run.result.config)),
        "summary.json": _json(summary(run.result)),
        "run.json": _json(_record(run, store)),
        "labels.npy": _npy(run.dataset.y_test),
        "unlearned.safetensors": save(run.made.weights),
        "original.safetensors": save(original),
    }
    if retrained is not None and run.result.retrained is not None:
        files["retrained.safetensors"] = save(retrained.weights)
    for name, answers in run.result.models.items():
        files[f"logits_{name}.npy"] = _npy(answers.test)
        if answers.train is not None:
            files[f"logits_{name}_train.npy"] = _npy(answers.train)
    if run.result.labels is not None:
        files["taught_labels.npy"] = _npy(run.result.labels)
    spectra = SPECTRA.read(store, run.keys.spectra)
    if spectra is not None:
        files["spectra.safetensors"] = save(spectra)
    files["report.html"] = report(run, spectra, store, address).encode()
    return files


def shared_config(config: ExperimentConfig) -> dict[str, Any]:
    """The config without the folders of this machine: user-supplied files by name only."""
    values = config.to_dict()
    if config.dataset.removesuffix(VALIDATION) not in DATASETS:
        values["dataset"] = Path(config.dataset).name
    if is_user_model(config.model):
        values["model"] = Path(config.model).name
    if config.checkpoint is not None:
        values["checkpoint"] = Path(config.checkpoint).name
    return values


def _record(run: Stored, store: Store) -> dict[str, Any]:
    """What an import needs besides: how the run went, and on which data."""
    spectra = SPECTRA.read(store, run.keys.spectra)
    trained = {
        name: TRAINED.read(store, key)
        for name, key in (("original", run.keys.original), ("retrained", run.keys.retrained))
    }
    made: dict[str, Any] = {
        name: run.made.meta[name]
        for name in ("created", "seconds", "took", "machine", "chosen")
        if run.made.meta.get(name, {}) != {}
    }
    return {
        "format": FORMAT,
        "key": run.result.key,
        **made,
        "device": run.result.device,
        "history": run.result.history,
        "null_space": run.result.null_space,
        "spectra_layers": list(spectra or ()),
        "energy_error": run.result.energy_error,
        "trained_seconds": {
            name: found.meta["seconds"] for name, found in trained.items() if found
        },
        "trained_machines": {
            name: took_training(found.meta).machine for name, found in trained.items() if found
        },
        "train_digest": run.dataset.train_digest,
        "test_digest": run.dataset.test_digest,
        "class_names": list(run.dataset.class_names),
    }


def _original(run: Stored, store: Store) -> Arrays | None:
    """The original's weights: from the user's checkpoint, else as they were trained here."""
    if run.result.config.checkpoint is None:
        trained = TRAINED.read(store, run.keys.original)
        return None if trained is None else trained.weights
    from unsc_core.models.weights import load_weights

    return {
        name: value.contiguous().numpy()
        for name, value in load_weights(Path(run.result.config.checkpoint).expanduser()).items()
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()
