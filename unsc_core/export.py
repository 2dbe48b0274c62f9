"""A stored result as plain files that other tools can read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.errors import ConfigError, StoreError
from unsc_core.results import keys, read_result, resolve, summary
from unsc_core.store import Arrays, Store


def export_result(key: str, folder: Path, store: Store | None = None) -> list[Path]:
    """Write original and unlearned weights, test logits and labels, config and summary of a result.

    Args:
        key: the result's key, as printed by `run`.
        folder: made if missing.
        store: where results are; the default store if None.

    Returns:
        The files written.

    Raises:
        ConfigError: no result has this key.
        StoreError: the folder cannot be written.
    """
    store = store or Store()
    made = store.get("unlearned", key) if key.isalnum() else None
    if made is None:
        raise ConfigError(f"There is no result with key '{key}' in {store.root}; run prints the keys.")
    dataset = load_dataset(made.meta["config"]["dataset"])
    config = resolve(ExperimentConfig.from_dict(made.meta["config"]), dataset)
    found = keys(config, dataset)
    if found.unlearned != key:
        raise ConfigError(f"A file that the result '{key}' was made from (data, model or weights) has changed since; run it again, then export it.")
    result = read_result(config, dataset, store)
    original = _original_weights(config, found.original, store)
    if result is None or original is None:
        raise ConfigError(f"The result '{key}' is incomplete; run it again, then export it.")
    contents = {
        "original.safetensors": save(original),
        "unlearned.safetensors": save({name: array for name, array in made.arrays.items() if name != "labels"}),
        "labels.npy": _npy(dataset.y_test),
        "config.json": json.dumps(config.to_dict(), indent=2).encode(),
        "summary.json": json.dumps(summary(result), indent=2).encode(),
        **{f"logits_{name}.npy": _npy(answers.test) for name, answers in result.models.items()},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written ({error.strerror or error}); choose another folder.") from None
    return sorted(folder / name for name in contents)


def _original_weights(config: ExperimentConfig, key: str, store: Store) -> Arrays | None:
    """The original's weights: from the checkpoint that was given, else as they were trained here."""
    if config.checkpoint is None:
        trained = store.get("trained", key)
        return None if trained is None else trained.arrays
    from unsc_core.checkpoints import load_weights

    return {name: value.contiguous().numpy() for name, value in load_weights(Path(config.checkpoint).expanduser()).items()}


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()
