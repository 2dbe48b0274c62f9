"""UNSC's parts in every other combination: what each of them adds.

Two targets (one pseudo-label per sample, or the original's probabilities without those of the
forgotten classes), three sets of weights (all, those of the null space cut at γ, or all of them
under a soft projector) and two things to read (the forget set only, or retained samples, too, which
each step holds to the mask's predictions) make twelve ways to forget. Four of them are methods of
their own: `unsc`, `pseudo-labels`, `delete` and `soft-null-space`. These are the other eight.

Source: this project, from Chen et al.: Machine Unlearning via Null Space Calibration, IJCAI 2024,
arXiv 2404.13588, and Zhou et al.: Decoupled Distillation to Erase, CVPR 2025, arXiv 2503.23751. All
twelve share one loop, plain SGD with a clipped gradient norm, and stop early once the forget set is
no longer recognised.
"""

from __future__ import annotations

from torch import nn

from unsc_core.learning.training import Held
from unsc_core.methods.context import Context, Unlearned, projections, soft_projections, train_on
from unsc_core.methods.entry import Method

METHODS = (
    Method(
        name="pseudo-labels+retained",
        title="Pseudo-labels with retained samples",
        short_title="Pseudo-labels + retained",
        summary="Pseudo-labels, all weights; holds retained samples to the mask's predictions.",
        source="This project, from UNSC (IJCAI 2024)",
        order=900,
        learning_rate=0.01,
        epochs=25,
        uses_pseudo_labels=True,
        held=128,
        parts=("pseudo-label", "all", "retained"),
        listed=False,
        colour="#a87400",
        mark="triangle-up-dot",
    ),
    Method(
        name="unsc+retained",
        title="UNSC with retained samples",
        short_title="UNSC + retained",
        summary="UNSC; each step also holds retained samples to the mask's predictions.",
        source="This project, from UNSC (IJCAI 2024)",
        order=901,
        learning_rate=0.4,
        epochs=25,
        energy_threshold=0.96,
        uses_moments=True,
        uses_pseudo_labels=True,
        held=128,
        parts=("pseudo-label", "cut", "retained"),
        listed=False,
        colour="#3f9c8f",
        mark="diamond-dot",
    ),
    Method(
        name="pseudo-labels+soft",
        title="Pseudo-labels with a soft projector",
        short_title="Pseudo-labels + soft",
        summary="Pseudo-labels; weights move less the more the rest uses a direction.",
        source="This project, from UNSC (IJCAI 2024)",
        order=902,
        learning_rate=0.4,
        epochs=25,
        uses_moments=True,
        uses_pseudo_labels=True,
        parts=("pseudo-label", "soft", "forget set"),
        listed=False,
        colour="#5b6fd6",
        mark="triangle-right",
    ),
    Method(
        name="pseudo-labels+soft+retained",
        title="Pseudo-labels with a soft projector and retained samples",
        short_title="Pseudo-labels + soft + retained",
        summary="Pseudo-labels, soft projector; holds retained samples to the mask's predictions.",
        source="This project, from UNSC (IJCAI 2024)",
        order=903,
        learning_rate=0.4,
        epochs=25,
        uses_moments=True,
        uses_pseudo_labels=True,
        held=128,
        parts=("pseudo-label", "soft", "retained"),
        listed=False,
        colour="#4553b5",
        mark="triangle-right-dot",
    ),
    Method(
        name="delete+retained",
        title="DELETE with retained samples",
        short_title="DELETE + retained",
        summary="Masked probabilities, all weights; holds retained samples to the mask's.",
        source="This project, from DELETE (CVPR 2025)",
        order=904,
        learning_rate=0.01,
        epochs=25,
        held=128,
        parts=("masked", "all", "retained"),
        listed=False,
        colour="#a83fb0",
        mark="diamond-tall-dot",
    ),
    Method(
        name="delete+null-space",
        title="DELETE in the null space",
        short_title="DELETE + null space",
        summary="Masked probabilities, learnt in the null space of the rest.",
        source="This project, from UNSC (IJCAI 2024) and DELETE (CVPR 2025)",
        order=905,
        learning_rate=0.4,
        epochs=25,
        energy_threshold=0.96,
        uses_moments=True,
        parts=("masked", "cut", "forget set"),
        listed=False,
        colour="#2f6f68",
        mark="triangle-ne",
    ),
    Method(
        name="delete+null-space+retained",
        title="DELETE in the null space with retained samples",
        short_title="DELETE + null space + retained",
        summary="Masked probabilities in the null space; holds retained samples to the mask's.",
        source="This project, from UNSC (IJCAI 2024) and DELETE (CVPR 2025)",
        order=906,
        learning_rate=0.4,
        epochs=25,
        energy_threshold=0.96,
        uses_moments=True,
        held=128,
        parts=("masked", "cut", "retained"),
        listed=False,
        colour="#1f8fa0",
        mark="triangle-ne-dot",
    ),
    Method(
        name="soft-null-space+retained",
        title="Soft null space with retained samples",
        short_title="Soft null space + retained",
        summary="Masked probabilities, soft projector; holds retained samples to the mask's.",
        source="This project, from UNSC (IJCAI 2024) and DELETE (CVPR 2025)",
        order=907,
        learning_rate=0.4,
        epochs=25,
        uses_moments=True,
        held=128,
        parts=("masked", "soft", "retained"),
        listed=False,
        colour="#9a6fd0",
        mark="diamond-open-dot",
    ),
)


def unlearn(model: nn.Module, context: Context, parts: tuple[str, ...]) -> Unlearned:
    """Train D_f on the target, moving these weights, and perhaps hold retained samples in place.

    Args:
        parts: the target, "pseudo-label" or "masked"; the weights, "all", "cut" or "soft"; and what
            is read, "forget set" or "retained", which reads both.
    """
    target, weights, reads = parts
    project, ranks = None, None
    if weights == "cut":
        project, ranks = projections(model, context)
    elif weights == "soft":
        project = soft_projections(model, context)
    held = None
    if reads == "retained":
        held = Held(*context.retained_predictions(model, len(context.data.y_train)))
    if target == "masked":
        labels = context.masked_predictions(model, context.forget_rows(), context.banned())
        return train_on(labels, model, context, project=project, null_space=ranks, held=held)
    labels, logits = context.pseudo_labels(model)
    return train_on(
        labels, model, context, before=logits, project=project, null_space=ranks, held=held
    )
