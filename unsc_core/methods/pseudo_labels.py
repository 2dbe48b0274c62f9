"""UNSC's pseudo-labels without its projection: the ablation that shows what the null space adds.

Source: Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024, arXiv
    2404.13588.
"""

from __future__ import annotations

from torch import nn

from unsc_core.learning.batches import predict
from unsc_core.learning.training import SgdConfig, relabel
from unsc_core.methods.context import Context, Unlearned
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
    mark="triangle-up",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forget sample on its pseudo-label, all parameters free."""
    data, rows = context.data, context.forget_rows()
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
            on_epoch=context.on_epoch,
        )
    return Unlearned(model, history, labels)
