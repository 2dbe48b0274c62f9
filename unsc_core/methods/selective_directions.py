"""Masked probabilities, learnt along the directions that forgotten samples use far more.

Source: this project, from Chen et al.: Machine Unlearning via Null Space Calibration, IJCAI 2024,
arXiv 2404.13588, and Zhou et al.: Decoupled Distillation to Erase, CVPR 2025, arXiv 2503.23751. The
null space asks what the retained samples hardly use; here, directions are chosen by what both use:
see `subspace.both_moments`. A layer in which no direction is worth its price does not change.
"""

from __future__ import annotations

from torch import nn

from unsc_core.methods.context import Context, Unlearned, selective_projections, train_on
from unsc_core.methods.entry import Method

METHOD = Method(
    name="selective-directions",
    title="Selective directions",
    summary="Masked probabilities; weights change only along directions that the forgotten samples "
    "use far more than the rest.",
    source="This project, from UNSC (IJCAI 2024) and DELETE (CVPR 2025)",
    order=125,
    learning_rate=0.1,
    epochs=25,
    uses_moments=True,
    further=True,
    mark="diamond-x-open",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forgotten sample on its masked probabilities, every gradient G becoming G U Uᵀ."""
    project = selective_projections(model, context)
    targets = context.masked_predictions(model, context.forget_rows(), context.banned())
    return train_on(targets, model, context, project=project)
