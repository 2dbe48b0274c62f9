"""UNSC with settings that are chosen for each request, without labels or test data.

Source: Huiqiang Chen, Tianqing Zhu, Xin Yu, Wanlei Zhou: Machine Unlearning via Null Space
Calibration, IJCAI 2024, arXiv 2404.13588; the second kind of target is that of Zhou et al.:
Decoupled Distillation to Erase, CVPR 2025, arXiv 2503.23751. The choice is this project's: of the
candidates that forget, the one whose predictions on retained training samples diverge least from
the mask's.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from unsc_core.errors import DivergedError
from unsc_core.learning.batches import predict
from unsc_core.learning.training import divergence
from unsc_core.methods.context import (
    Context,
    Unlearned,
    projections,
    selective_projections,
    soft_projections,
    train_on,
)
from unsc_core.methods.entry import Method

METHOD = Method(
    name="unsc-auto",
    title="UNSC, automatic",
    short_title="UNSC auto",
    summary="Of six settings of UNSC, keeps the one that forgets and changes the rest least; if "
    "none forgets, the one that leaves least.",
    source="Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024",
    order=15,
    learning_rate=0.4,
    epochs=25,
    uses_moments=True,
    passes=7,
    colour="#004d8c",
    colour_on_dark="#7fb2e5",
    mark="diamond-wide",
)
LABELS, MASKED = "pseudo-labels", "masked predictions"
"""Targets: the nearest other class, or the original's probabilities without what is barred."""
SOFT, SELECTIVE = "soft projector", "selective directions"
"""What replaces a cut at γ."""
CANDIDATES: tuple[tuple[float | str, str], ...] = (
    *((0.96, LABELS), (0.96, MASKED), (0.98, LABELS), (0.98, MASKED)),
    *((SOFT, MASKED), (SELECTIVE, MASKED)),
)
"""Energy thresholds, or what replaces them, and targets."""
SLOWER = 0.25
"""Factor of the learning rate with selective directions, in which little holds a step back."""
CHECKED = 2000
"""Most retained training samples that the divergence is measured on."""
FORGOTTEN = 0.005
"""Highest accuracy on D_f, as a share, of a candidate that forgets: half of what UNSC stops at.

On test samples of the class more is recognised than on training samples, above all where those are
few and the network has learnt them by heart.
"""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Try every candidate on a copy, then repeat the best on `model`.

    Raises:
        DivergedError: with every candidate, the learning rate is too large.
    """
    labels, logits = context.pseudo_labels(model)
    forget = context.forget_rows()
    targets = {LABELS: labels, MASKED: context.masked_predictions(model, forget, context.banned())}
    rows, held = context.retained_predictions(model, CHECKED)

    def run(network: nn.Module, given: Context, where: float | str, target: str) -> Unlearned:
        if where == SOFT:
            project = soft_projections(network, given)
        elif where == SELECTIVE:
            project = selective_projections(network, given)
            given = replace(given, learning_rate=SLOWER * given.learning_rate)
        else:
            project, _ = projections(network, replace(given, energy_threshold=float(where)))
        return train_on(
            targets[target], network, given, floor=FORGOTTEN, before=logits, project=project
        )

    def attempt(number: int, network: nn.Module) -> Context:
        words = f"setting {number} of {len(CANDIDATES)}, "
        return replace(
            context, watch=lambda epoch, accuracy: context.look(epoch, network), attempt=words
        )

    tried = []
    for number, (where, target) in enumerate(CANDIDATES, 1):
        network = copy.deepcopy(model)
        try:
            found = run(network, attempt(number, network), where, target)
        except DivergedError:
            continue
        left = found.history[-1]["accuracy"]
        tried.append(
            {
                "energy_threshold": None if isinstance(where, str) else where,
                "projector": where if isinstance(where, str) else "",
                "target": target,
                "left": left,
                "forgets": left <= FORGOTTEN,
                "away": diverged(found.model, context, rows, held),
            }
        )
    if not tried:
        raise DivergedError("Unlearning diverged with every setting; use a smaller learning rate.")
    best = choose(tried)
    again = replace(context, attempt="the chosen setting again, ")
    where = best["projector"] or best["energy_threshold"]
    unlearned = run(model, again, where, best["target"])
    return replace(unlearned, chosen=best | {"tried": tried, "checked": len(rows)})


def diverged(model: nn.Module, context: Context, rows: Tensor, held: Tensor) -> float:
    """KL(held ‖ the model's predictions) on the training samples `rows`, in nats."""
    with torch.no_grad():
        logits = predict(model, context.data, context.data.x_train[rows])
        return float(divergence(held, logits))


def choose(tried: list[dict]) -> dict:
    """Of the candidates that forget, the least diverged; if none forgets, the one that is nearest.

    Args:
        tried: {"energy_threshold", "projector", "target", "left" (accuracy on D_f, a share),
            "forgets", "away" (divergence)} of each.
    """
    forgetting = [one for one in tried if one["forgets"]]
    if not forgetting:
        return min(tried, key=lambda one: one["left"])
    return min(forgetting, key=lambda one: one["away"])
