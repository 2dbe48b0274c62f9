"""MODELS: every network by name, and user-supplied networks by file. Torch is loaded when one is built, not before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from unsc_core.errors import ConfigError
from unsc_core.models.own import build_own_model, is_own_model, own_model

if TYPE_CHECKING:
    from torch import nn
from unsc_core.models.architectures import (
    ModelEntry,
    alexnet,
    allcnn,
    mlp,
    resnet18,
    small_cnn,
    vgg11,
)

MODELS: dict[str, ModelEntry] = {
    entry.name: entry
    for entry in (
        ModelEntry(
            "small-cnn",
            "Small CNN",
            "Five convolutions, 70,000 weights; trains in seconds.",
            small_cnn,
        ),
        ModelEntry(
            "mlp",
            "MLP",
            "One hidden layer of 128; also for points in the plane.",
            mlp,
            needs_images=False,
        ),
        ModelEntry(
            "allcnn",
            "AllCNN ½ width",
            "Eight convolutions without pooling; the published CIFAR-10 network.",
            allcnn,
        ),
        ModelEntry(
            "alexnet",
            "Small AlexNet",
            "Three convolutions and three wide layers; the published Fashion-MNIST network.",
            alexnet,
        ),
        ModelEntry(
            "vgg11",
            "VGG-11",
            "Eight convolutions with BatchNorm, 9.2 million weights; the published SVHN network; 32×32 or larger.",
            vgg11,
        ),
        ModelEntry(
            "resnet18",
            "ResNet-18",
            "Convolutions around shortcuts, 11.2 million weights; the published CIFAR-100 network.",
            resnet18,
        ),
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
        raise ConfigError(
            f"Unknown model '{name}'; choose one of {', '.join(MODELS)}, or a function in your own file, as in net.py:make."
        )
    entry = MODELS[name]
    if entry.needs_images and len(input_shape) != 3:
        raise ConfigError(
            f"Model {name} needs images, but samples here are {input_shape[0]} numbers; use mlp."
        )
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


def build_model(
    name: str, input_shape: tuple[int, ...], num_classes: int, seed: int = 0
) -> nn.Module:
    """A network on the CPU with initial weights drawn from `seed`, in training mode; those of MODELS in channels-last layout.

    Args:
        name: a name in MODELS, or "path/to/net.py:make" (see `unsc_core.models.own`): that file is run.
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
        raise ConfigError(
            f"Model {entry.name} cannot take samples of size {shape}: too small for it; use mlp or larger images."
        ) from None
    return model.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]  # not in the stubs
