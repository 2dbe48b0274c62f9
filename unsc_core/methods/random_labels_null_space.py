"""Random labels under UNSC's projection: the ablation that shows what the pseudo-labels add.

Source: Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024, arXiv
2404.13588 (RL + null space). Differences here: those of UNSC, except that all epochs are run, as
with random labels alone.
"""

from __future__ import annotations

from torch import nn

from unsc_core.learning.labels import random_labels
from unsc_core.methods.context import Context, Unlearned, projections, train_on
from unsc_core.methods.entry import Method

METHOD = Method(
    name="random-labels+null-space",
    title="Random labels in the null space",
    short_title="RL + null space",
    summary="Random labels under UNSC's projection.",
    source="Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024",
    order=40,
    learning_rate=0.1,
    epochs=10,
    energy_threshold=0.96,
    uses_moments=True,
    colour="#009E73",
    mark="pentagon",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train each forgotten sample on one random class, every weight gradient G replaced by G P."""
    project, ranks = projections(model, context)
    labels = random_labels(context.banned(), context.seed)
    return train_on(labels, model, context, floor=-1.0, project=project, null_space=ranks)
