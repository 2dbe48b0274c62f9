"""MODELS: every network by name, and own networks by file. Torch is loaded when one is built, not before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from unsc_core.errors import ConfigError
from unsc_core.own_model import build_own_model, is_own_model, own_model

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

    return [nn.Flatten(), nn.Linear(prod(input_shape), width), nn.ReLU(), nn.Linear(width, num_classes)]


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

    from unsc_core.layers import ResidualBlock

    blocks: list[nn.Module] = []
    channels = 64
    for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        blocks += [ResidualBlock(channels, width, stride), ResidualBlock(width, width)]
        channels = width
    return [*_conv_block(input_shape[0], 64), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, num_classes)]


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
        ModelEntry("vgg11", "VGG-11", "Eight convolutions with BatchNorm, 9.2 million weights; the published SVHN network; 32×32 or larger.", vgg11),
        ModelEntry("resnet18", "ResNet-18", "Convolutions around shortcuts, 11.2 million weights; the published CIFAR-100 network.", resnet18),
    )
}


def model_entry(name: str, input_shape: tuple[int, ...]) -> ModelEntry:
    """The registry entry of `name`, checked against the kind of input; "mlp-32" is the mlp with 32 hidden units (2 to 9999).

    Raises:
        ConfigError: unknown name, or a convolutional network on points.
    """
    if match := re.fullmatch(r"mlp-([2-9]|[1-9]\d{1,3})", name):
        return replace(MODELS["mlp"], name=name, layers=partial(mlp, width=int(match[1])))
    if name not in MODELS:
        raise ConfigError(f"Unknown model '{name}'; choose one of {', '.join(MODELS)}, or a function in your own file, as in net.py:make.")
    entry = MODELS[name]
    if entry.needs_images and len(input_shape) != 3:
        raise ConfigError(f"Model {name} needs images, but samples here are {input_shape[0]} numbers; use mlp.")
    return entry


def check_model(name: str, input_shape: tuple[int, ...]) -> None:
    """Find out whether there is a model of this name, without running anything.

    Raises:
        ConfigError: unknown name, a convolutional network on points, or an own file that cannot be read.
    """
    if is_own_model(name):
        own_model(name)
    else:
        model_entry(name, input_shape)


def model_digest(name: str) -> str:
    """What stands for a model in keys: its name, or for an own file a digest of its content and function."""
    return own_model(name).digest if is_own_model(name) else name


def build_model(name: str, input_shape: tuple[int, ...], num_classes: int, seed: int = 0) -> nn.Module:
    """A network on the CPU with initial weights drawn from `seed`, in training mode; those of MODELS in channels-last layout.

    Args:
        name: a name in MODELS, or "path/to/net.py:make" (see `unsc_core.own_model`): that file is run.
        input_shape: (channels, height, width) or (features,).
        num_classes: number of logits.
        seed: of the initial weights; torch's global generator is left as it was.

    Raises:
        ConfigError: unknown name, or the input does not fit the network.
    """
    import torch

    with torch.random.fork_rng(devices=[]), _torch_as_it_comes():
        torch.default_generator.manual_seed(seed)
        if is_own_model(name):
            return build_own_model(own_model(name), input_shape, num_classes)
        return _build(model_entry(name, input_shape), input_shape, num_classes)


@contextmanager
def _torch_as_it_comes() -> Iterator[None]:
    """Layers on the CPU and in float32, whatever the caller has made torch's default."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(before)


def _build(entry: ModelEntry, input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
    import torch
    from torch import nn

    try:
        model = nn.Sequential(*entry.layers(input_shape, num_classes))
        with torch.no_grad():
            model.eval()(torch.zeros(1, *input_shape))
    except RuntimeError:
        shape = "×".join(map(str, input_shape))
        raise ConfigError(f"Model {entry.name} cannot take samples of size {shape}: too small for it; use mlp or larger images.") from None
    return model.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]  # not in the stubs
