"""UNSC: pseudo-labels, learnt inside the null space of the retain classes.

Source: Huiqiang Chen, Tianqing Zhu, Xin Yu, Wanlei Zhou: Machine Unlearning via Null Space Calibration,
IJCAI 2024, arXiv 2404.13588. Differences here: representations follow each layer's true geometry, one joint
subspace is cut from the summed second moments, the gradient norm is clipped and unlearning stops by itself.
"""

from __future__ import annotations

from torch import nn

from unsc_core.learning.batches import predict
from unsc_core.learning.training import SgdConfig, relabel
from unsc_core.methods.context import Context, Unlearned, projections


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Teach each forget sample its pseudo-label with every weight gradient G replaced by G P."""
    data, rows = context.data, context.forget_rows()
    project, ranks = projections(model, context)
    with context.stages.stage("pseudo_labels", "finding pseudo-labels"):
        logits = predict(model, data, data.x_train[rows])
        labels = context.pseudo_labels(logits)
    with context.stages.stage("unlearn", "unlearning"):
        config = SgdConfig(context.learning_rate, context.epochs)
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
