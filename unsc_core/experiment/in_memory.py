"""Unlearning a network that is in memory: the pipeline without a store."""

from __future__ import annotations

import copy

from torch import nn

from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.experiment.pipeline import Pipeline
from unsc_core.experiment.resolve import resolve_method
from unsc_core.learning.batches import to_device
from unsc_core.learning.device import resolve_device
from unsc_core.methods.context import Unlearned
from unsc_core.progress import Report, Stages, silent


def unlearn(
    model: nn.Module,
    dataset: Dataset,
    forget_classes: tuple[int, ...] = (),
    forget_ids: tuple[int, ...] = (),
    method: str = "unsc",
    *,
    energy_threshold: float | None = None,
    subspace: str | None = None,
    learning_rate: float | None = None,
    epochs: int | None = None,
    strength: float = 1.0,
    seed: int = 0,
    moments_sample: str = "random",
    class_weights: str = "equal",
    device: str = "auto",
    report: Report = silent,
) -> Unlearned:
    """A copy of a trained network that has forgotten classes or single training samples.

    Args:
        model: left as it is. Takes normalised samples (n, channels, height, width) or
            (n, features) and returns logits (n, classes).
        dataset: from `load_dataset` or `checked_dataset`; its normalisation is used.
        forget_classes, forget_ids: what to forget, one or the other; ids are indices of training
            samples.
        method: a name in METHODS except "retrain": how `model` was trained is not known here.
        energy_threshold, subspace, learning_rate, epochs, strength, seed, moments_sample,
            class_weights, device: as in ExperimentConfig; None is the method's default.
        report: receives progress.

    Raises:
        ConfigError: an impossible request or setting, or a network that null spaces do not cover.
        DivergedError: the learning rate was too large.

    >>> import torch, unsc_core as unsc
    >>> blobs = unsc.load_dataset("blobs")
    >>> data = unsc.to_device(blobs, "cpu")
    >>> net = unsc.build_model("mlp", blobs.input_shape, blobs.num_classes)
    >>> unsc.train(net, data, torch.arange(len(data.y_train)), unsc.TrainingConfig(epochs=20), 0)
    >>> unlearned = unsc.unlearn(net, blobs, forget_classes=(2,), device="cpu")
    >>> logits = unsc.predict(unlearned.model, data, data.x_test).numpy()
    >>> after = unsc.accuracies(logits, blobs.y_test, blobs.y_test == 2)
    >>> after["acc_forget"] < 50 < 95 < after["acc_retain"]
    True
    """
    config = resolve_method(
        ExperimentConfig(
            method=method,
            forget_classes=tuple(forget_classes),
            forget_ids=tuple(forget_ids),
            seed=seed,
            energy_threshold=energy_threshold,
            subspace=subspace,
            learning_rate=learning_rate,
            epochs=epochs,
            strength=strength,
            moments_sample=moments_sample,
            class_weights=class_weights,
        )
    )
    request = split(dataset, config.forget_classes, config.forget_ids)
    data = to_device(dataset, resolve_device(device))
    original = copy.deepcopy(model).to(data.device)
    return Pipeline(original, request, data, config, Stages(report)).unlearn()
