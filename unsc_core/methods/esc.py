"""ESC: take the leading directions of the forget set out of the features.

Source: Lee, Park, Jeon, Hwang, Park: ESC: Erasing Space Concept for Knowledge Deletion, CVPR
2025, arXiv 2504.02199. Differences here: the projection is folded into the last layer, so that no
layer is added and the features themselves stay as they are.
"""

from __future__ import annotations

import torch
from torch import nn

from unsc_core.methods.context import Context, Unlearned
from unsc_core.methods.entry import Method
from unsc_core.subspace.features import features, last_linear

METHOD = Method(
    name="esc",
    title="ESC in the last layer",
    short_title="ESC",
    summary="Removes the forget set's leading feature directions; their share = learning rate.",
    source="Lee et al.: ESC: Erasing Space Concept for Knowledge Deletion, CVPR 2025",
    order=200,
    learning_rate=0.02,
    further=True,
    mark="square-open-dot",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """W ← W (I − U Uᵀ) for the leading left singular vectors U of D_f's features.

    The learning rate is the share of directions that is removed, at least one.
    """
    name, layer = last_linear(model)
    with context.stages.stage("unlearn", "unlearning"), torch.no_grad():
        x = features(model, name, context.data, context.forget_rows()).to(torch.float64)
        count = min(max(1, round(context.learning_rate * x.shape[1])), x.shape[1])
        leading = torch.linalg.eigh(x.T @ x).eigenvectors[:, -count:]
        weight = layer.weight.to(torch.float64)
        layer.weight.copy_((weight - weight @ leading @ leading.T).to(layer.weight))
    return Unlearned(model.eval())
