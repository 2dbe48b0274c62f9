"""ResNet-18 (He, Zhang, Ren, Sun, 2016, arXiv 1512.03385) for 32×32 images."""

from __future__ import annotations

from torch import nn

from unsc_core.models.entry import ModelEntry
from unsc_core.models.layers import ResidualBlock, conv_block

MODEL = ModelEntry(
    name="resnet18",
    title="ResNet-18",
    summary="Residual blocks, 11.2 million weights; the paper's network for CIFAR-100.",
    order=60,
)


def layers(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """A 3×3 stem with stride 1 and no max-pool, eight residual blocks, Linear."""
    blocks: list[nn.Module] = []
    channels = 64
    for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        blocks += [ResidualBlock(channels, width, stride), ResidualBlock(width, width)]
        channels = width
    return [
        *conv_block(input_shape[0], 64),
        *blocks,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(512, num_classes),
    ]
