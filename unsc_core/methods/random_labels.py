"""Random labels: train each forget sample on a class drawn at random.

Source: the random-labels baseline of Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless
Net: Selective Forgetting in Deep Networks, CVPR 2020, arXiv 1911.04933.
"""

from __future__ import annotations

from torch import nn

from unsc_core.learning.labels import random_labels
from unsc_core.learning.training import SgdConfig, relabel
from unsc_core.methods.context import Context, Unlearned
from unsc_core.methods.entry import Method

METHOD = Method(
    name="random-labels",
    title="Random labels",
    summary="Trains forget samples on classes drawn at random; nothing protects the rest.",
    source="Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net, CVPR 2020 (baseline)",
    order=20,
    learning_rate=0.01,
    epochs=10,
    colour="#0072B2",
    mark="square",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forget sample on one random retained class for all epochs, all parameters free."""
    data, rows = context.data, context.forget_rows()
    labels = random_labels(context.banned(), context.seed)
    config = SgdConfig(context.learning_rate, context.epochs, floor=-1.0)
    with context.stages.stage("unlearn", "unlearning"):
        history = relabel(
            model, data, rows, labels, config, context.seed, on_epoch=context.on_epoch
        )
    return Unlearned(model, history, labels)
