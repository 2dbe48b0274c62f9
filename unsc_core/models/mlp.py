"""A multilayer perceptron with one hidden layer."""

from __future__ import annotations

from math import prod

from torch import nn

from unsc_core.models.entry import ModelEntry

MODEL = ModelEntry(
    name="mlp",
    title="MLP",
    summary="One hidden layer of 128 units; the only network that also takes points in the plane.",
    order=20,
    needs_images=False,
)


def layers(input_shape: tuple[int, ...], num_classes: int, width: int = 128) -> list[nn.Module]:
    """Two Linear layers around one ReLU: features → width → classes."""
    return [
        nn.Flatten(),
        nn.Linear(prod(input_shape), width),
        nn.ReLU(),
        nn.Linear(width, num_classes),
    ]
