"""MODELS: every network by name, collected from the files of this folder.

A network is one file that defines `MODEL`, its registry entry, and `layers`. The entry is read
without importing the file, so torch is loaded when a network is built, not when they are listed. A
user's own network needs no entry; see `unsc_core.models.own`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from unsc_core.errors import ConfigError
from unsc_core.models.entry import ModelEntry
from unsc_core.models.own import build_user_model, is_user_model, read_user_model
from unsc_core.registry import read_entries

if TYPE_CHECKING:
    from torch import nn

MODELS = read_entries(__name__, "MODEL", ModelEntry)


def model_entry(name: str, input_shape: tuple[int, ...]) -> ModelEntry:
    """The registry entry of `name`, if the network takes samples of this kind.

    "mlp-32" is the mlp with 32 hidden units (2 to 9999).

    Raises:
        ConfigError: unknown name, or a convolutional network on points.
    """
    if match := re.fullmatch(r"mlp-([2-9]|[1-9]\d{1,3})", name):
        return replace(MODELS["mlp"], name=name, options={"width": int(match[1])})
    if name not in MODELS:
        raise ConfigError(
            f"Unknown model '{name}'; choose one of {', '.join(MODELS)}, or a function in a Python "
            "file of yours, as in net.py:make."
        )
    entry = MODELS[name]
    if entry.needs_images and len(input_shape) != 3:
        raise ConfigError(
            f"Model {name} needs images, but these samples are vectors of {input_shape[0]} "
            "numbers; use mlp."
        )
    return entry


def check_model_name(name: str, input_shape: tuple[int, ...]) -> None:
    """Check that `name` names a network for samples of this kind, without building it.

    Raises:
        ConfigError: unknown name, a convolutional network on points, or a file that cannot be read.
    """
    if is_user_model(name):
        read_user_model(name)
    else:
        model_entry(name, input_shape)


def model_digest(name: str) -> str:
    """What identifies a model in keys: its name, or the digest of a user-supplied network."""
    return read_user_model(name).digest if is_user_model(name) else name


def build_model(
    name: str, input_shape: tuple[int, ...], num_classes: int, seed: int = 0
) -> nn.Module:
    """A network on the CPU in training mode; those of MODELS are in channels-last layout.

    Args:
        name: a name in MODELS, or "path/to/net.py:make" (see `unsc_core.models.own`), which runs
            that file.
        input_shape: (channels, height, width) or (features,).
        num_classes: number of logits.
        seed: of the initial weights; torch's global generator is restored.

    Raises:
        ConfigError: unknown name, or the input does not fit the network.
    """
    import torch

    with torch.random.fork_rng(devices=[]), _torch_defaults():
        torch.default_generator.manual_seed(seed)
        if is_user_model(name):
            return build_user_model(read_user_model(name), input_shape, num_classes)
        return _build(model_entry(name, input_shape), input_shape, num_classes)


@contextmanager
def _torch_defaults() -> Iterator[None]:
    """Create layers on the CPU in float32, whatever defaults the caller has given torch."""
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
            f"Model {entry.name} cannot take samples of size {shape}: they are too small for it; "
            "use mlp or larger images."
        ) from None
    return model.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]  # not in the stubs
