"""Retrain: the same recipe and seed on D_r alone; what every other method is compared with.

Source: Bourtoule et al.: Machine Unlearning, IEEE S&P 2021, arXiv 1912.03817 (retraining as the definition).
"""

from __future__ import annotations

from torch import nn

from unsc_core.methods.context import Context, Unlearned


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Set the model to the weights trained without the forget classes."""
    model.load_state_dict(context.retrained().state_dict())
    return Unlearned(model.eval())
