"""A small convolutional network."""

from __future__ import annotations

from torch import nn

from unsc_core.models.entry import ModelEntry
from unsc_core.models.layers import conv_block

MODEL = ModelEntry(
    name="small-cnn",
    title="Small CNN",
    summary="Five convolutions, 70,000 weights; small enough for a CPU.",
    order=10,
)


def layers(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """Five 3×3 convolutions (16-32-32-64-64) with BatchNorm and ReLU, two max-pools, Linear."""
    return [
        *conv_block(input_shape[0], 16),
        nn.MaxPool2d(2),
        *conv_block(16, 32),
        *conv_block(32, 32),
        nn.MaxPool2d(2),
        *conv_block(32, 64),
        *conv_block(64, 64),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, num_classes),
    ]
