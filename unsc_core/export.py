"""A stored result as plain files that other tools can read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.errors import ConfigError, StoreError
from unsc_core.results import keys, read_result, resolve, summary
from unsc_core.store import Store


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
    result = read_result(config, dataset, store)
    original = store.get("trained", keys(config, dataset).original)
    if result is None or original is None:
        raise ConfigError(f"The result '{key}' is incomplete; run it again, then export it.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(original.arrays, folder / "original.safetensors")
        save_file({name: array for name, array in made.arrays.items() if name != "labels"}, folder / "unlearned.safetensors")
        np.save(folder / "labels.npy", dataset.y_test)
        for name, answers in result.models.items():
            np.save(folder / f"logits_{name}.npy", answers.test)
        (folder / "config.json").write_text(json.dumps(config.to_dict(), indent=2))
        (folder / "summary.json").write_text(json.dumps(summary(result), indent=2))
    except OSError as error:
        raise StoreError(f"{folder} cannot be written ({error.strerror or error}); choose another folder.") from None
    return sorted(folder.iterdir())
