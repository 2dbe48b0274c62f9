"""UNSC: pseudo-labels learnt inside the null space of the retained classes.

Source: Huiqiang Chen, Tianqing Zhu, Xin Yu, Wanlei Zhou: Machine Unlearning via Null Space
Calibration, IJCAI 2024, arXiv 2404.13588. Differences here: representations follow each layer's
true geometry, one joint subspace is cut from the summed second moments, the gradient norm is
clipped, and unlearning stops early once the forget set is no longer recognised.
"""

from __future__ import annotations

from torch import nn

from unsc_core.learning.batches import predict
from unsc_core.learning.training import SgdConfig, relabel
from unsc_core.methods.context import Context, Unlearned, projections
from unsc_core.methods.entry import Method

METHOD = Method(
    name="unsc",
    title="UNSC",
    summary="Moves each forget sample to the class it resembles, in the null space of the rest.",
    source="Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024",
    order=10,
    learning_rate=0.4,
    epochs=25,
    energy_threshold=0.96,
    uses_moments=True,
    uses_pseudo_labels=True,
    colour="#00786a",
    colour_on_dark="#2bb8a3",
    mark="diamond",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forget sample on its pseudo-label, every weight gradient G replaced by G P."""
    data, rows = context.data, context.forget_rows()
    project, ranks = projections(model, context)
    with context.stages.stage("pseudo_labels", "finding pseudo-labels"):
        logits = predict(model, data, data.x_train[rows])
        labels = context.pseudo_labels(logits)
    config = SgdConfig(context.learning_rate, context.epochs)
    with context.stages.stage("unlearn", "unlearning"):
        history = relabel(
            model,
            data,
            rows,
            labels,
            config,
            context.seed,
            before=logits,
            project=project,
            on_epoch=context.on_epoch,
        )
    return Unlearned(model, history, labels, ranks)
