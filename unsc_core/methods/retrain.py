"""Retrain: the recipe and seed of the original, on D_r alone. Every method is compared with it.

Source: Bourtoule et al.: Machine Unlearning, IEEE S&P 2021, arXiv 1912.03817 (retraining as the
definition of unlearning).
"""

from __future__ import annotations

from torch import nn

from unsc_core.methods.context import Context, Unlearned
from unsc_core.methods.entry import Method

METHOD = Method(
    name="retrain",
    title="Retrain",
    summary="Trains from scratch without the forget set: slow, and the gold standard.",
    source="Bourtoule et al.: Machine Unlearning, IEEE S&P 2021",
    order=1000,
    colour="#56615e",
    colour_on_dark="#a3b0ad",
    mark="star",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Give the model the weights of the network trained without the forget set."""
    model.load_state_dict(context.retrained().state_dict())
    return Unlearned(model.eval())
