"""Random labels: teach each forget sample a class drawn at random, so that nothing of its own is left.

Source: the random-labels baseline of Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net:
Selective Forgetting in Deep Networks, CVPR 2020, arXiv 1911.04933.
"""

from __future__ import annotations

from torch import nn

from unsc_core.learning.labels import random_labels
from unsc_core.learning.training import SgdConfig, relabel
from unsc_core.methods.context import Context, Unlearned


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Teach each forget sample one random retain class for all epochs, as published; all parameters free."""
    data, rows = context.data, context.forget_rows()
    labels = random_labels(context.banned(), context.seed)
    with context.stages.stage("unlearn", "unlearning"):
        config = SgdConfig(context.learning_rate, context.epochs, floor=-1.0)
        history = relabel(
            model, data, rows, labels, config, context.seed, on_epoch=context.on_epoch
        )
    return Unlearned(model, history, labels)
