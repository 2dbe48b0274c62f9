"""UNSC's pseudo-labels without its projection: the ablation that shows what the null space adds.

Source: Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024, arXiv
    2404.13588.
"""

from __future__ import annotations

from torch import nn

from unsc_core.methods.context import Context, Unlearned, train_on
from unsc_core.methods.entry import Method

METHOD = Method(
    name="pseudo-labels",
    title="Pseudo-labels only",
    summary="Uses UNSC's labels without its projection; nothing protects the rest.",
    source="Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024",
    order=30,
    learning_rate=0.01,
    epochs=15,
    uses_pseudo_labels=True,
    colour="#E69F00",
    parts=("pseudo-label", "all", "forget set"),
    mark="triangle-up",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forgotten sample on its pseudo-label, all parameters free."""
    labels, logits = context.pseudo_labels(model)
    return train_on(labels, model, context, before=logits)
