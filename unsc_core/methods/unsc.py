"""UNSC: pseudo-labels learnt inside the null space of the retained classes.

Source: Huiqiang Chen, Tianqing Zhu, Xin Yu, Wanlei Zhou: Machine Unlearning via Null Space
Calibration, IJCAI 2024, arXiv 2404.13588. Differences here: representations follow each layer's
true geometry, one joint subspace is cut from the summed second moments, the gradient norm is
clipped, and unlearning stops early once the forget set is no longer recognised.
"""

from __future__ import annotations

from torch import nn

from unsc_core.methods.context import Context, Unlearned, projections, train_on
from unsc_core.methods.entry import Method

METHOD = Method(
    name="unsc",
    title="UNSC",
    summary="Moves each forgotten sample to the class it resembles, in the null space of the rest.",
    source="Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024",
    order=10,
    learning_rate=0.4,
    epochs=25,
    energy_threshold=0.96,
    uses_moments=True,
    uses_pseudo_labels=True,
    colour="#00786a",
    colour_on_dark="#2bb8a3",
    parts=("pseudo-label", "cut", "forget set"),
    mark="diamond",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forgotten sample on its pseudo-label, every weight gradient G replaced by G P."""
    project, ranks = projections(model, context)
    labels, logits = context.pseudo_labels(model)
    return train_on(labels, model, context, before=logits, project=project, null_space=ranks)
