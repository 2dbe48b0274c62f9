"""Contrastive forgetting in the null space: features go to the class the sample resembles.

The features of forgotten samples are pulled to the centre of the class that the original finds
likeliest of those that remain, and pushed off all other centres, that of their own class among
them. The last layer learns the original's masked predictions. Every update
stays in the null space of the retained classes.

Source: Wang, Niu, Ji, He, Zhang, Gao: Null-Space Constrained Contrastive Visual Forgetting for MLLM
Unlearning, 2026, arXiv 2605.05909, from its abstract: it tunes the visual module of a language
model. Adapted here to classifiers, with the loss of van den Oord, Li, Vinyals: Representation
Learning with Contrastive Predictive Coding, 2018, arXiv 1807.03748, on class centres.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.learning.training import SgdConfig, descend, shuffled
from unsc_core.methods.context import Context, Unlearned, projections
from unsc_core.methods.entry import Method
from unsc_core.subspace.features import caught, features, last_linear

METHOD = Method(
    name="null-space-contrastive",
    title="Null-space contrastive",
    short_title="Contrastive",
    summary="Pulls features to the class each sample resembles, in the null space of the rest.",
    source="After Wang et al.: Null-Space Constrained Contrastive Visual Forgetting, 2026",
    order=135,
    learning_rate=0.4,
    epochs=10,
    energy_threshold=0.96,
    uses_moments=True,
    further=True,
    mark="diamond-x",
)
TEMPERATURE = 0.1
"""Of the softmax over cosines with the centres."""
PER_CLASS = 200
"""Most samples of a retained class that its centre is taken from."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Pull, push and relabel inside the null space.

    Raises:
        ConfigError: the network has no features: its last layer is not Linear.
    """
    project, ranks = projections(model, context)
    data, forget = context.data, context.forget_rows()
    last, _ = last_linear(model)
    targets = context.masked_predictions(model, forget, context.banned())
    centres, goals = class_centres(model, last, context), targets.argmax(1)
    sgd = SgdConfig(context.learning_rate, context.epochs, floor=-1.0, falling=True)

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        for batch in shuffled(len(forget), sgd.batch_size, order, data.device):
            with caught(model, last) as found:
                logits = model(data.inputs(data.x_train[forget[batch]]))
            likeness = F.normalize(found[0], dim=1) @ centres.T / TEMPERATURE
            yield F.cross_entropy(logits, targets[batch]) + F.cross_entropy(likeness, goals[batch])

    with context.stages.stage("unlearn", "unlearning"):
        history = descend(
            model,
            data,
            forget,
            losses,
            sgd,
            context.seed,
            project=project,
            on_epoch=context.on_epoch,
        )
    return Unlearned(model, history, None, ranks)


def class_centres(model: nn.Module, last: str, context: Context) -> Tensor:
    """(classes, d): the mean feature of every class in the original, of length 1.

    A forgotten class has it from D_f, the others from D_r.

    Args:
        model: the original. last: its last layer.
    """
    request = context.split
    few = request.dataset.first_of_each_class("train", PER_CLASS)
    rows = context.data.index(few[~request.is_forgotten("train")[few]])
    if request.forget_classes:
        rows = torch.cat([rows, context.forget_rows()])
    found = F.normalize(features(model, last, context.data, rows), dim=1)
    labels = context.data.y_train[rows]
    sums = found.new_zeros(request.dataset.num_classes, found.shape[1])
    return F.normalize(sums.index_add(0, labels, found), dim=1)
