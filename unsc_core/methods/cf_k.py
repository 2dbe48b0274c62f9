"""CF-k: fine-tune the last layers alone on the retain set.

Source: Goel, Prabhu, Sanyal, Lim, Torr, Kumaraguru: Towards Adversarial Evaluations for Inexact
Machine Unlearning, 2022, arXiv 2201.06640. Differences here: plain SGD without momentum or weight
decay, and the gradient norm is clipped.
"""

from __future__ import annotations

from torch import nn

from unsc_core.methods.context import Context, Unlearned, fine_tune
from unsc_core.methods.entry import Method
from unsc_core.subspace.representations import represented_layers

METHOD = Method(
    name="cf-k",
    title="CF-2: last layers fine-tuned",
    short_title="CF-2",
    summary="Continues training of the last two layers on the retain set.",
    source="Goel et al.: Towards Adversarial Evaluations for Inexact Machine Unlearning, 2022",
    order=140,
    learning_rate=0.1,
    epochs=5,
    reads_retain=True,
    further=True,
    mark="square-x",
)
LAYERS = 2


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train the last LAYERS layers on D_r."""
    return fine_tune(model, context, list(represented_layers(model))[-LAYERS:])
