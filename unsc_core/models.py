"""MODELS: every network by name. Torch is loaded when one is built, not before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unsc_core.errors import ConfigError

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


def mlp(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """Two Linear layers around one ReLU: features → 128 → classes."""
    from math import prod

    from torch import nn

    return [nn.Flatten(), nn.Linear(prod(input_shape), 128), nn.ReLU(), nn.Linear(128, num_classes)]


def small_cnn(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """Five 3×3 convolutions, 16-32-32-64-64, BatchNorm, ReLU, two max-pools, average pool, Linear."""
    from torch import nn

    return [
        *_conv_block(input_shape[0], 16), nn.MaxPool2d(2),
        *_conv_block(16, 32), *_conv_block(32, 32), nn.MaxPool2d(2),
        *_conv_block(32, 64), *_conv_block(64, 64),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, num_classes),
    ]  # fmt: skip


def allcnn(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """AllCNN at half width (Springenberg et al., 2015): strides instead of pooling."""
    from torch import nn

    return [
        *_conv_block(input_shape[0], 48), *_conv_block(48, 48), *_conv_block(48, 96, stride=2),
        *_conv_block(96, 96), *_conv_block(96, 96), *_conv_block(96, 96, stride=2),
        *_conv_block(96, 96), *_conv_block(96, 96, kernel=1, padding=0),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(96, num_classes),
    ]  # fmt: skip


def alexnet(input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
    """The small AlexNet of the published Fashion-MNIST experiments: three unpadded convolutions, no biases.

    ReLU comes after dropout and max-pool, where it gives the same numbers for a quarter of the work.
    """
    import torch
    from torch import nn

    from unsc_core.layers import Dropout

    def conv_block(channels: int, out: int, kernel: int, dropout: float) -> list[nn.Module]:
        return [nn.Conv2d(channels, out, kernel, bias=False), nn.BatchNorm2d(out), Dropout(dropout), nn.MaxPool2d(2), nn.ReLU()]

    features = [*conv_block(input_shape[0], 64, 4, 0.2), *conv_block(64, 128, 3, 0.2), *conv_block(128, 256, 2, 0.5), nn.Flatten()]
    with torch.no_grad():
        flat = nn.Sequential(*features).eval()(torch.zeros(1, *input_shape)).shape[1]
    dense = [nn.Linear(flat, 2048, bias=False), nn.BatchNorm1d(2048), nn.ReLU(), Dropout(0.5)]
    dense += [nn.Linear(2048, 2048, bias=False), nn.BatchNorm1d(2048), nn.ReLU(), Dropout(0.5)]
    return [*features, *dense, nn.Linear(2048, num_classes, bias=False)]


def _conv_block(channels: int, out: int, kernel: int = 3, stride: int = 1, padding: int = 1) -> list[nn.Module]:
    from torch import nn

    return [nn.Conv2d(channels, out, kernel, stride, padding, bias=False), nn.BatchNorm2d(out), nn.ReLU()]


MODELS: dict[str, ModelEntry] = {
    entry.name: entry
    for entry in (
        ModelEntry("small-cnn", "Small CNN", "Five convolutions, 70,000 weights; trains in seconds.", small_cnn),
        ModelEntry("mlp", "MLP", "One hidden layer of 128; also for points in the plane.", mlp, needs_images=False),
        ModelEntry("allcnn", "AllCNN ½ width", "Eight convolutions without pooling; the published CIFAR-10 network.", allcnn),
        ModelEntry("alexnet", "Small AlexNet", "Three convolutions and three wide layers; the published Fashion-MNIST network.", alexnet),
    )
}


def model_entry(name: str, input_shape: tuple[int, ...]) -> ModelEntry:
    """The registry entry of `name`, checked against the kind of input.

    Raises:
        ConfigError: unknown name, or a convolutional network on points.
    """
    if name not in MODELS:
        raise ConfigError(f"Unknown model '{name}'; choose one of {', '.join(MODELS)}.")
    entry = MODELS[name]
    if entry.needs_images and len(input_shape) != 3:
        raise ConfigError(f"Model {name} needs images, but samples here are {input_shape[0]} numbers; use mlp.")
    return entry


def build_model(name: str, input_shape: tuple[int, ...], num_classes: int, seed: int = 0) -> nn.Module:
    """A network with initial weights drawn from `seed`, in channels-last layout.

    Args:
        name: a name in MODELS.
        input_shape: (channels, height, width) or (features,).
        num_classes: number of logits.
        seed: of the initial weights; the global generator is left as it was.

    Raises:
        ConfigError: unknown name, or the input does not fit the network.
    """
    import torch
    from torch import nn

    entry = model_entry(name, input_shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            model = nn.Sequential(*entry.layers(input_shape, num_classes))
            with torch.no_grad():
                model.eval()(torch.zeros(1, *input_shape))
        except RuntimeError:
            shape = "×".join(map(str, input_shape))
            raise ConfigError(f"Model {name} cannot take samples of size {shape}: too small for it; use mlp or larger images.") from None
    return model.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]  # not in the stubs
