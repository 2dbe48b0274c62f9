"""The networks, as lists of layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ModelEntry:
    """One network to choose.

    Attributes:
        name: as typed; title: as shown; summary: one sentence.
        layers: builds its layers for (input_shape, num_classes).
        needs_images: whether samples must be (channels, height, width).
    """

    name: str
    title: str
    summary: str
    layers: Callable[[tuple[int, ...], int], list[nn.Module]]
    needs_images: bool = True


def mlp(input_shape: tuple[int, ...], num_classes: int, width: int = 128) -> list[nn.Module]:
    """Two Linear layers around one ReLU: features → width → classes."""
    from math import prod

    from torch import nn

    return [
        nn.Flatten(),
        nn.Linear(prod(input_shape), width),
        nn.ReLU(),
        nn.Linear(width, num_classes),
    ]


def small_cnn(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """Five 3×3 convolutions, 16-32-32-64-64, BatchNorm, ReLU, two max-pools, average pool, Linear."""
    from torch import nn

    return [
        *_conv_block(input_shape[0], 16),
        nn.MaxPool2d(2),
        *_conv_block(16, 32),
        *_conv_block(32, 32),
        nn.MaxPool2d(2),
        *_conv_block(32, 64),
        *_conv_block(64, 64),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, num_classes),
    ]


def allcnn(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """AllCNN at half width (Springenberg et al., 2015): strides instead of pooling."""
    from torch import nn

    return [
        *_conv_block(input_shape[0], 48),
        *_conv_block(48, 48),
        *_conv_block(48, 96, stride=2),
        *_conv_block(96, 96),
        *_conv_block(96, 96),
        *_conv_block(96, 96, stride=2),
        *_conv_block(96, 96),
        *_conv_block(96, 96, kernel=1, padding=0),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(96, num_classes),
    ]


def alexnet(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """The small AlexNet of the published Fashion-MNIST experiments: three unpadded convolutions, no biases.

    ReLU comes after dropout and max-pool, where it gives the same numbers for a quarter of the work.
    """
    import torch
    from torch import nn

    from unsc_core.models.layers import Dropout

    def conv_block(channels: int, out: int, kernel: int, dropout: float) -> list[nn.Module]:
        return [
            nn.Conv2d(channels, out, kernel, bias=False),
            nn.BatchNorm2d(out),
            Dropout(dropout),
            nn.MaxPool2d(2),
            nn.ReLU(),
        ]

    features = [
        *conv_block(input_shape[0], 64, 4, 0.2),
        *conv_block(64, 128, 3, 0.2),
        *conv_block(128, 256, 2, 0.5),
        nn.Flatten(),
    ]
    with torch.no_grad():
        flat = nn.Sequential(*features).eval()(torch.zeros(1, *input_shape)).shape[1]
    dense = [nn.Linear(flat, 2048, bias=False), nn.BatchNorm1d(2048), nn.ReLU(), Dropout(0.5)]
    dense += [nn.Linear(2048, 2048, bias=False), nn.BatchNorm1d(2048), nn.ReLU(), Dropout(0.5)]
    return [*features, *dense, nn.Linear(2048, num_classes, bias=False)]


def vgg11(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """VGG-11 with BatchNorm (Simonyan & Zisserman, 2015) for 32×32 images: one Linear layer in place of three."""
    from torch import nn

    features: list[nn.Module] = []
    channels = input_shape[0]
    for widths in ((64,), (128,), (256, 256), (512, 512), (512, 512)):
        for width in widths:
            features += _conv_block(channels, width)
            channels = width
        features.append(nn.MaxPool2d(2))
    return [*features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, num_classes)]


def resnet18(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """ResNet-18 (He et al., 2016) for 32×32 images: a 3×3 stem with stride 1, no max-pool."""
    from torch import nn

    from unsc_core.models.layers import ResidualBlock

    blocks: list[nn.Module] = []
    channels = 64
    for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        blocks += [ResidualBlock(channels, width, stride), ResidualBlock(width, width)]
        channels = width
    return [
        *_conv_block(input_shape[0], 64),
        *blocks,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(512, num_classes),
    ]


def _conv_block(
    channels: int, out: int, kernel: int = 3, stride: int = 1, padding: int = 1
) -> list[nn.Module]:
    from torch import nn

    return [
        nn.Conv2d(channels, out, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    ]
