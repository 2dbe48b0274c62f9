"""Masked probabilities under a soft projector: no direction is frozen, used ones move less.

Source: this project, from Chen et al.: Machine Unlearning via Null Space Calibration, IJCAI 2024,
arXiv 2404.13588, and Zhou et al.: Decoupled Distillation to Erase, CVPR 2025, arXiv 2503.23751. In
place of the cut at γ, P = m (C + m I)⁻¹ for the retained second moment C: the step that lowers the
loss most for a given movement of retained outputs, after Tikhonov.
"""

from __future__ import annotations

from torch import nn

from unsc_core.methods.context import Context, Unlearned, soft_projections, train_on
from unsc_core.methods.entry import Method

METHOD = Method(
    name="soft-null-space",
    title="Soft null space",
    summary="Masked probabilities; weights move less the more the rest uses a direction.",
    source="This project, from UNSC (IJCAI 2024) and DELETE (CVPR 2025)",
    order=130,
    learning_rate=0.4,
    epochs=25,
    uses_moments=True,
    further=True,
    parts=("masked", "soft", "forget set"),
    mark="diamond-open",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forgotten sample on its masked probabilities, every gradient G replaced by G P."""
    project = soft_projections(model, context)
    targets = context.masked_predictions(model, context.forget_rows(), context.banned())
    return train_on(targets, model, context, project=project)
