"""Random labels: train each forgotten sample on a class drawn at random.

Source: the random-labels baseline of Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless
Net: Selective Forgetting in Deep Networks, CVPR 2020, arXiv 1911.04933. Each sample keeps its label
here, so that one can see where it goes; it is not drawn anew at each step.
"""

from __future__ import annotations

from torch import nn

from unsc_core.learning.labels import random_labels
from unsc_core.methods.context import Context, Unlearned, train_on
from unsc_core.methods.entry import Method

METHOD = Method(
    name="random-labels",
    title="Random labels",
    summary="Trains forgotten samples on classes drawn at random; nothing protects the rest.",
    source="Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net, CVPR 2020 (baseline)",
    order=20,
    learning_rate=0.01,
    epochs=10,
    colour="#0072B2",
    mark="square",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forgotten sample on one random retained class, all epochs and parameters."""
    labels = random_labels(context.banned(), context.seed)
    return train_on(labels, model, context, floor=-1.0)
