"""Which samples second moments are collected from, and how many samples each of them stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from unsc_core.config import ExperimentConfig, MomentsConfig
from unsc_core.learning.batches import CLASS_BATCH, DeviceData
from unsc_core.subspace.representations import represented_layers

VECTORS_PER_INPUT = 4
"""Vectors, over all classes, for each input of a Linear layer; see `enough_images`."""
UNSEEN_IMAGES = 160
"""Images a cut is checked on, with all their patches: as many of each class, at least one."""

Parts = Sequence[tuple[int | None, Tensor]]
"""(index to count moments under, None for each sample's class; indices of training samples)."""
Batches = Iterator[tuple[int, Tensor, float]]
"""(index to count moments under, normalised inputs, how many samples each input stands for)."""


def enough_images(model: nn.Module, num_classes: int, config: MomentsConfig) -> MomentsConfig:
    """The config with enough images for the widest Linear layer.

    A convolution sees many patches of an image, but a Linear layer usually sees one vector. Fewer
    vectors than inputs span a subspace of their own rather than that of their class, so each input
    gets VECTORS_PER_INPUT of them. With more images, fewer patches are drawn from each.
    """
    linear = (layer for layer in represented_layers(model).values() if isinstance(layer, nn.Linear))
    widest = max((layer.in_features for layer in linear), default=0)
    if not config.images:
        return config
    images = max(config.images, -(-VECTORS_PER_INPUT * widest // num_classes))
    return replace(config, images=images, positions=-(-config.positions * config.images // images))


def draw(
    labels: Tensor, rows: Tensor, images: int, config: ExperimentConfig
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Which samples of each class moments are collected from, and which are left.

    Args:
        labels: (n,) classes of all samples.
        rows: (m,) indices of the samples to choose from.
        images: samples per class, 0 = all.
        config: resolved. By its `moments_sample`, samples are drawn without replacement, with
            `seed`, or the first ones are taken.

    Yields:
        The class, (≤ images,) indices of the samples drawn, and the indices of the others.
    """
    generator = torch.Generator().manual_seed(config.seed)
    for label in labels[rows].unique().cpu().tolist():
        of_class = rows[labels[rows] == label]
        if config.moments_sample == "random":
            order = torch.randperm(len(of_class), generator=generator, device="cpu")
            of_class = of_class[order.to(of_class.device)]
        count = min(images, len(of_class)) if images else len(of_class)
        yield label, of_class[:count], of_class[count:]


def drawn_batches(data: DeviceData, parts: Parts, images: int, config: ExperimentConfig) -> Batches:
    """The samples that `draw` chooses, in batches, weighted by `class_weights`."""
    for part, rows in parts:
        for label, drawn, left in draw(data.y_train, rows, images, config):
            weight = _stands_for(drawn, left, config)
            for batch in drawn.split(CLASS_BATCH):
                yield label if part is None else part, data.inputs(data.x_train[batch]), weight


def unseen_batches(
    data: DeviceData, parts: Parts, images: int, config: ExperimentConfig
) -> Batches:
    """A few samples of each class that `drawn_batches` leaves out, weighted to stand for the rest.

    Where too few are left of a class, test samples take their place.
    """
    each = max(1, UNSEEN_IMAGES // (int(data.y_train.max()) + 1))
    for part, rows in parts:
        for label, drawn, left in draw(data.y_train, rows, images, config):
            samples = data.x_train[left[:each]]
            if len(samples) < each:
                of_test = data.x_test[data.y_test == label]
                samples = torch.cat([samples, of_test[: each - len(samples)]])
            if len(samples):
                weight = _stands_for(drawn, left, config) * len(drawn) / len(samples)
                yield label if part is None else part, data.inputs(samples), weight


def _stands_for(drawn: Tensor, left: Tensor, config: ExperimentConfig) -> float:
    return (len(drawn) + len(left)) / len(drawn) if config.class_weights == "size" else 1.0
