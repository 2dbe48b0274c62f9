"""EU-k: retrain the last layers alone from scratch on the retain set.

Source: Goel, Prabhu, Sanyal, Lim, Torr, Kumaraguru: Towards Adversarial Evaluations for Inexact
Machine Unlearning, 2022, arXiv 2201.06640. Differences here: plain SGD without momentum or weight
decay, and the gradient norm is clipped.
"""

from __future__ import annotations

import copy

import torch
from torch import nn

from unsc_core.methods.context import Context, Unlearned, fine_tune
from unsc_core.methods.entry import Method
from unsc_core.subspace.representations import represented_layers

METHOD = Method(
    name="eu-k",
    title="EU-2: last layers retrained",
    short_title="EU-2",
    summary="Trains the last two layers from scratch on the retain set.",
    source="Goel et al.: Towards Adversarial Evaluations for Inexact Machine Unlearning, 2022",
    order=150,
    learning_rate=0.1,
    epochs=5,
    reads_retain=True,
    further=True,
    mark="star-open",
)
LAYERS = 2


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Draw new weights for the last LAYERS layers, then train them on D_r."""
    layers = dict(list(represented_layers(model).items())[-LAYERS:])
    fresh = {name: copy.deepcopy(layer).to("cpu") for name, layer in layers.items()}
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(context.seed)
        for layer in fresh.values():
            layer.reset_parameters()  # on the CPU, so that every device gets the same
    drawn = {name: layer.to(context.data.device) for name, layer in fresh.items()}

    def begin() -> None:
        with torch.no_grad():
            for name, layer in layers.items():
                for parameter, value in zip(
                    layer.parameters(), drawn[name].parameters(), strict=True
                ):
                    parameter.copy_(value)

    return fine_tune(model, context, layers, begin=begin)
