"""The small AlexNet of the paper's Fashion-MNIST experiments."""

from __future__ import annotations

import torch
from torch import nn

from unsc_core.models.entry import ModelEntry
from unsc_core.models.layers import Dropout

MODEL = ModelEntry(
    name="alexnet",
    title="Small AlexNet",
    summary="Three convolutions and three wide layers; the paper's network for Fashion-MNIST.",
    order=40,
)


def layers(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """Three unpadded convolutions and three Linear layers, without biases.

    ReLU follows dropout and max-pooling, where it gives the same numbers for a quarter of the work.
    """
    features = [
        *_conv_block(input_shape[0], 64, 4, 0.2),
        *_conv_block(64, 128, 3, 0.2),
        *_conv_block(128, 256, 2, 0.5),
        nn.Flatten(),
    ]
    with torch.no_grad():
        flat = nn.Sequential(*features).eval()(torch.zeros(1, *input_shape)).shape[1]
    dense = [nn.Linear(flat, 2048, bias=False), nn.BatchNorm1d(2048), nn.ReLU(), Dropout(0.5)]
    dense += [nn.Linear(2048, 2048, bias=False), nn.BatchNorm1d(2048), nn.ReLU(), Dropout(0.5)]
    return [*features, *dense, nn.Linear(2048, num_classes, bias=False)]


def _conv_block(channels: int, out: int, kernel: int, dropout: float) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, out, kernel, bias=False),
        nn.BatchNorm2d(out),
        Dropout(dropout),
        nn.MaxPool2d(2),
        nn.ReLU(),
    ]
