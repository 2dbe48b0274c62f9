"""VGG-11 with BatchNorm (Simonyan & Zisserman, 2015, arXiv 1409.1556) for 32×32 images."""

from __future__ import annotations

from torch import nn

from unsc_core.models.entry import ModelEntry
from unsc_core.models.layers import conv_block

MODEL = ModelEntry(
    name="vgg11",
    title="VGG-11",
    summary="Eight convolutions, 9.2 million weights, for 32×32 or larger; the paper's for SVHN.",
    order=50,
)


def layers(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """Eight 3×3 convolutions with BatchNorm and ReLU, five max-pools, one Linear (not three)."""
    features: list[nn.Module] = []
    channels = input_shape[0]
    for widths in ((64,), (128,), (256, 256), (512, 512), (512, 512)):
        for width in widths:
            features += conv_block(channels, width)
            channels = width
        features.append(nn.MaxPool2d(2))
    return [*features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, num_classes)]
