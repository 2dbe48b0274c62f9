"""DELETE: train D_f on the original's own probabilities, without those of the forgotten classes.

Source: Zhou, Zheng, Mo, Lu, Lin, Zheng: Decoupled Distillation to Erase: A General Unlearning
Method for Any Class-centric Tasks, CVPR 2025, arXiv 2503.23751. Differences here: plain SGD without
momentum or weight decay, the gradient norm is clipped, and unlearning stops early once the forget
set is no longer recognised.
"""

from __future__ import annotations

from torch import nn

from unsc_core.methods.context import Context, Unlearned, train_on
from unsc_core.methods.entry import Method

METHOD = Method(
    name="delete",
    title="DELETE",
    summary="Trains forgotten samples on the original's probabilities for the other classes.",
    source="Zhou et al.: Decoupled Distillation to Erase, CVPR 2025",
    order=120,
    learning_rate=0.01,
    epochs=15,
    further=True,
    parts=("masked", "all", "forget set"),
    mark="diamond-tall",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forgotten sample on its masked probabilities, all parameters free."""
    targets = context.masked_predictions(model, context.forget_rows(), context.banned())
    return train_on(targets, model, context)
