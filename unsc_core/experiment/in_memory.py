"""Unlearning a network that is in memory, without store or config."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cached_property

from torch import nn

from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.errors import ConfigError
from unsc_core.experiment.resolve import MOMENTS, resolve_method
from unsc_core.learning.batches import DeviceData, to_device
from unsc_core.learning.device import one_thread, resolve_device
from unsc_core.methods import METHODS
from unsc_core.methods.context import Context, Unlearned
from unsc_core.progress import Report, Stages, silent
from unsc_core.subspace.moments import (
    Moments,
    Parts,
    drawn_batches,
    enough_images,
    retain_spectra,
    second_moments,
)
from unsc_core.subspace.null_space import MERGE_THRESHOLD, Spectra, spectra
from unsc_core.subspace.representations import check_covered


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
    seed: int = 0,
    moments_sample: str = "random",
    class_weights: str = "equal",
    device: str = "auto",
    report: Report = silent,
) -> Unlearned:
    """A trained network with classes, or single training samples, forgotten; the network itself is left as it is.

    Args:
        model: takes normalised samples (n, channels, height, width) or (n, features), answers logits (n, classes).
        dataset: from `load_dataset` or `checked_dataset`; its normalisation is used.
        forget_classes, forget_ids: what to forget, one or the other; ids are indices of training samples.
        method: a name in METHODS but "retrain", which has no recipe for a network that it did not train.
        energy_threshold, subspace, learning_rate, epochs, seed, moments_sample, class_weights, device: as in ExperimentConfig;
            None: the method's default.
        report: receives progress.

    Raises:
        ConfigError: an impossible request or setting, or a network that null spaces do not cover.
        DivergedError: the learning rate was too large.

    >>> import torch, unsc_core as unsc
    >>> blobs = unsc.load_dataset("blobs")
    >>> data, net = unsc.to_device(blobs, "cpu"), unsc.build_model("mlp", blobs.input_shape, blobs.num_classes)
    >>> unsc.train(net, data, torch.arange(len(data.y_train)), unsc.TrainingConfig(epochs=20), seed=0)
    >>> forgot = unsc.unlearn(net, blobs, forget_classes=(2,), device="cpu")
    >>> after = unsc.accuracies(unsc.predict(forgot.model, data, data.x_test).numpy(), blobs.y_test, blobs.y_test == 2)
    >>> after["acc_forget"] < 50 < 95 < after["acc_retain"]
    True
    """
    if method == "retrain":
        raise ConfigError(
            "Retraining needs to know how the network was trained; use Experiment, or train on what remains yourself."
        )
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
            moments_sample=moments_sample,
            class_weights=class_weights,
        )
    )
    request = split(dataset, config.forget_classes, config.forget_ids)
    data, stages = to_device(dataset, resolve_device(device)), Stages(report)
    copied = copy.deepcopy(model).to(data.device)
    seen = _Seen(copied, request, data, config, stages)
    cut_at = MERGE_THRESHOLD if config.subspace == "merge" else config.energy_threshold or 1.0
    context = Context(
        request,
        data,
        seed,
        cut_at,
        config.learning_rate or 0.0,
        config.epochs or 0,
        stages,
        lambda: seen.spectra,
        lambda: seen.forget_spectra,
        lambda: model,
    )
    return METHODS[method].unlearn(copied, context)


@dataclass(eq=False)
class _Seen:
    """What D_r and D_f use of a network's layers, computed when a method asks."""

    model: nn.Module
    request: Split
    data: DeviceData
    config: ExperimentConfig
    stages: Stages

    @cached_property
    def moments(self) -> Moments:
        """Of D_r and D_f, or of every class if their subspaces are merged."""
        check_covered(self.model, self.data.inputs(self.data.x_train[:2]))
        retain, forget = (
            self.data.index(rows)
            for rows in (self.request.retain_train(), self.request.forget_train())
        )
        merge, classes = self.config.subspace == "merge", self.request.dataset.num_classes
        needed = enough_images(self.model, classes, MOMENTS)
        parts: Parts = [(None, retain)] if merge else [(0, retain), (1, forget)]
        batches = drawn_batches(self.data, parts, needed.images, self.config)
        with self.stages.stage("moments", "collecting second moments"):
            found = second_moments(
                self.model,
                batches,
                classes if merge else 2,
                images=needed.images,
                positions=needed.positions,
                seed=self.config.seed,
            )
        return replace(found, by_request=not merge)

    @cached_property
    def spectra(self) -> Spectra:
        """Of D_r."""
        moments = self.moments
        with self.stages.stage("spectra", "finding the null space"), one_thread():
            return retain_spectra(
                moments, self.request, self.config.subspace, self.config.energy_threshold or 1.0
            )

    @cached_property
    def forget_spectra(self) -> Spectra:
        """Of D_f."""
        moments = self.moments
        with self.stages.stage("spectra", "finding the subspace of the forgotten"), one_thread():
            return spectra(moments.forget(self.request.forget_classes))
