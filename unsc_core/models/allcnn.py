"""AllCNN (Springenberg, Dosovitskiy, Brox, Riedmiller, 2015, arXiv 1412.6806) at half width."""

from __future__ import annotations

from torch import nn

from unsc_core.models.entry import ModelEntry
from unsc_core.models.layers import conv_block

MODEL = ModelEntry(
    name="allcnn",
    title="AllCNN ½ width",
    summary="Eight convolutions, strides in place of max-pooling; the paper's for CIFAR-10.",
    order=30,
)


def layers(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """Eight convolutions with BatchNorm and ReLU, strides in place of pooling, Linear."""
    return [
        *conv_block(input_shape[0], 48),
        *conv_block(48, 48),
        *conv_block(48, 96, stride=2),
        *conv_block(96, 96),
        *conv_block(96, 96),
        *conv_block(96, 96, stride=2),
        *conv_block(96, 96),
        *conv_block(96, 96, kernel=1, padding=0),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(96, num_classes),
    ]
