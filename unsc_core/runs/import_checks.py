"""An exported run, read and checked: it fits its dataset and model, and nothing is executed."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from unsc_core.config import DEVICES, ExperimentConfig
from unsc_core.data import DATASETS, is_available, load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.errors import CheckpointError, DataError, ImportedFileError
from unsc_core.experiment.artefacts import Layers
from unsc_core.experiment.resolve import resolve, settings
from unsc_core.experiment.store import Arrays
from unsc_core.models import MODELS
from unsc_core.models.own import is_user_model
from unsc_core.paths import data_folder
from unsc_core.runs import archive

CHECKED_SAMPLES = 200
"""Test samples that the imported networks predict again, to compare with the logits in the file."""
TOLERANCE = 0.02
"""‖difference‖ / ‖logits‖ that rounding on another machine may cause."""
Logits = dict[tuple[str, str], NDArray[np.float32]]
"""(model, "test" or "train") -> (n, classes)."""


@dataclass(frozen=True, eq=False)
class CheckedRun:
    """The content of an export.

    Attributes:
        config: resolved, with the dataset's path on this machine.
        dataset: that the run was made on.
        request: what was to be forgotten.
        record: `run.json`; see `archive.RECORD`.
        weights: model -> its weights.
        logits: of the models.
        spectra: eigenvalues of the request, if the export has them.
        training_labels: (n_forget,) training label of each forgotten sample, if any.
    """

    config: ExperimentConfig
    dataset: Dataset
    request: Split
    record: dict[str, Any]
    weights: dict[str, Arrays]
    logits: Logits
    spectra: Layers | None
    training_labels: NDArray[np.int64] | None


def read_export(file: BinaryIO | Path) -> CheckedRun:
    """Read an exported .zip, and check it down to the last file.

    Raises:
        ImportedFileError, ConfigError, DataError, CheckpointError: the first thing that is wrong.
    """
    files = archive.read_archive(file)
    record = archive.read_record(files["run.json"])
    config = _config(files["config.json"])
    if config.dataset not in DATASETS:
        config = replace(config, dataset=_own_path(config.dataset))
    dataset = _same_dataset(config, record)
    config = resolve(config, dataset)
    request = split(dataset, config.forget_classes, config.forget_ids)
    labels = archive.read_array(files, "labels.npy", (len(dataset.y_test),), np.int64)
    if not np.array_equal(labels, dataset.y_test):
        raise ImportedFileError("labels.npy are not the labels of this dataset's test samples.")
    weights = {
        name: archive.read_tensors(files, f"{name}.safetensors")
        for name in archive.TRAINED
        if f"{name}.safetensors" in files
    }
    logits = _logits(files, dataset)
    _check_networks(config, dataset, weights, logits)
    spectra = _spectra(files, record, weights["original"])
    training_labels = _training_labels(files, request)
    return CheckedRun(config, dataset, request, record, weights, logits, spectra, training_labels)


def _config(content: bytes) -> ExperimentConfig:
    values = archive.read_json(content, "config.json")
    if not isinstance(values, dict):
        raise archive.unusable("'config.json' is not an experiment's config")
    config = ExperimentConfig.from_dict(values)
    if is_user_model(config.model):
        raise ImportedFileError(
            f"The run's model '{config.model[:60]}' is defined in a user's Python file, which an "
            f"import never runs; import takes {', '.join(MODELS)}."
        )
    if not re.fullmatch(DEVICES, config.device):
        raise archive.unusable(f"'config.json' names '{config.device[:40]}', which is not a device")
    return config


def _same_dataset(config: ExperimentConfig, record: dict[str, Any]) -> Dataset:
    """This machine's copy of the dataset."""
    if not is_available(config.dataset):
        raise DataError(
            f"The run needs {DATASETS[config.dataset].title}, which is not on this machine; "
            "choose it on any page to download it, then import the run again."
        )
    dataset = load_dataset(config.dataset)
    here = (dataset.train_digest, dataset.test_digest)
    if here != (record["train_digest"], record["test_digest"]):
        raise DataError(
            f"'{Path(config.dataset).name}' on this machine has other samples than the run was "
            "made on; get the same data, then import the run again."
        )
    return dataset


def _own_path(name: str) -> str:
    """The path of user-supplied data in the data folder; folders in the name are ignored."""
    plain = Path(name.replace("\\", "/")).name
    for place in (data_folder() / "own" / plain, data_folder() / plain):
        if plain not in ("", "..") and os.path.lexists(place):
            return str(place.resolve())
    raise DataError(
        f"The run needs the user-supplied data '{plain[:60]}', which is not in {data_folder()}; "
        "upload it on any page, then import the run again."
    )


def _logits(files: archive.Files, dataset: Dataset) -> Logits:
    """Those in the archive, of shapes that fit the dataset."""
    found: Logits = {}
    sizes = (("test", "", len(dataset.y_test)), ("train", "_train", len(dataset.y_train)))
    for model in archive.TRAINED:
        for part, suffix, n in sizes:
            if (name := f"logits_{model}{suffix}.npy") in files:
                found[model, part] = archive.read_array(
                    files, name, (n, dataset.num_classes), np.float32
                )
    return found


def _check_networks(
    config: ExperimentConfig, dataset: Dataset, weights: dict[str, Arrays], logits: Logits
) -> None:
    """Check that the weights fit the model, and that it predicts the logits in the archive."""
    import torch  # the history is listed without it

    from unsc_core.learning.batches import predict, to_device

    some = min(CHECKED_SAMPLES, len(dataset.y_test))
    rows = np.linspace(0, len(dataset.y_test) - 1, some).astype(int)
    data = to_device(dataset, "cpu")
    for name, arrays in weights.items():
        model = _network(config, dataset, name, arrays)
        if (stored := logits.get((name, "test"))) is None:
            raise archive.unusable(f"The archive has {name}.safetensors but not logits_{name}.npy")
        again = predict(model, data, data.x_test[torch.from_numpy(rows)]).numpy()
        if not np.linalg.norm(again - stored[rows]) <= TOLERANCE * np.linalg.norm(again):
            what = f"logits_{name}.npy does not hold the predictions of the network in"
            raise archive.unusable(f"{what} {name}.safetensors")
    for name, _ in logits:
        if name not in weights:
            raise archive.unusable(f"The archive has logits_{name}.npy but not {name}.safetensors")


def _network(config: ExperimentConfig, dataset: Dataset, name: str, arrays: Arrays) -> Any:
    """The model with these weights."""
    import torch  # the history is listed without it

    from unsc_core.models import build_model
    from unsc_core.models.weights import set_weights
    from unsc_core.subspace.representations import represented_layers

    file = f"{name}.safetensors"
    model = build_model(config.model, dataset.input_shape, dataset.num_classes)
    settings(config).cuts(represented_layers(model))  # refuses, unless there is a γ for each layer
    wanted = {key: value.numpy().dtype for key, value in model.state_dict().items()}
    for key, array in arrays.items():
        if key in wanted and array.dtype != wanted[key]:
            raise CheckpointError(
                f"{file} does not fit this model: '{key}' is {array.dtype}, not {wanted[key]}."
            )
    tensors = {key: torch.from_numpy(np.array(value)) for key, value in arrays.items()}
    set_weights(model, tensors, file)
    return model


def _spectra(files: archive.Files, record: dict[str, Any], original: Arrays) -> Layers | None:
    """The eigenvalues of the request, layer -> (groups, d); d is the input size of its weight."""
    if "spectra.safetensors" not in files:
        return None
    values, layers = archive.read_tensors(files, "spectra.safetensors"), record["spectra_layers"]
    fits = sorted(values) == sorted(layers) and set(record["energy_error"]) <= set(layers)
    for layer, groups in values.items():
        d = math.prod(original[f"{layer}.weight"].shape[1:]) if f"{layer}.weight" in original else 0
        fits = fits and groups.dtype == np.float64 and groups.ndim == 2 and groups.shape[1] == d
        fits = fits and len(groups) > 0 and bool((groups >= 0).all())
    if not fits:
        raise archive.unusable("'spectra.safetensors' does not fit this model")
    return {layer: values[layer] for layer in layers}


def _training_labels(files: archive.Files, request: Split) -> NDArray[np.int64] | None:
    if "taught_labels.npy" not in files:
        return None
    labels = archive.read_array(
        files, "taught_labels.npy", (len(request.forget_train()),), np.int64
    )
    if not ((labels >= 0) & (labels < request.dataset.num_classes)).all():
        raise archive.unusable("'taught_labels.npy' has classes that this dataset does not have")
    return labels
