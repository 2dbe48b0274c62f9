"""The features of a network: the inputs of its last layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from unsc_core.errors import ConfigError
from unsc_core.learning.batches import DeviceData, evaluating
from unsc_core.subspace.representations import inputs_of, represented_layers


def last_linear(model: nn.Module) -> tuple[str, nn.Linear]:
    """The last layer, whose inputs are the features, and its name.

    Raises:
        ConfigError: it is not Linear.
    """
    layers = represented_layers(model)
    name, layer = list(layers.items())[-1] if layers else ("", None)
    if not isinstance(layer, nn.Linear):
        raise ConfigError(
            "This method works on features, the inputs of a last layer that is Linear, which the "
            "network does not have; use another network, or UNSC."
        )
    return name, layer


@contextmanager
def caught(model: nn.Module, layer: str) -> Iterator[list[Tensor]]:
    """Within this context, the inputs of a Linear layer are collected, (n, d) of each call.

    Those with more axes are averaged over all but the first and the last.
    """
    found: list[Tensor] = []

    def look(name: str, inputs: Tensor) -> None:
        found.append(inputs.flatten(1, -2).mean(1) if inputs.ndim > 2 else inputs)

    with inputs_of({layer: represented_layers(model)[layer]}, look):
        yield found


def features(
    model: nn.Module, layer: str, data: DeviceData, rows: Tensor, batch_size: int = 500
) -> Tensor:
    """(n, d) float32 inputs of a Linear layer for the training samples `rows` (n,)."""
    with evaluating(model), torch.no_grad(), caught(model, layer) as found:
        for batch in rows.split(batch_size):
            model(data.inputs(data.x_train[batch]))
    return torch.cat(found).float()
