"""Fine-tuning: continue training on the retain set and rely on the network forgetting the rest.

Source: the fine-tuning baseline of Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net:
Selective Forgetting in Deep Networks, CVPR 2020, arXiv 1911.04933; also Warnecke, Pirch,
Wressnegger, Rieck: Machine Unlearning of Features and Labels, NDSS 2023, arXiv 2108.11577.
Differences here: plain SGD without momentum or weight decay, the gradient norm is clipped, and
BatchNorm uses its running statistics.
"""

from __future__ import annotations

from torch import nn

from unsc_core.methods.context import Context, Unlearned, fine_tune
from unsc_core.methods.entry import Method

METHOD = Method(
    name="fine-tune",
    title="Fine-tune",
    summary="Continues training on the retain set; whatever is forgotten fades by itself.",
    source="Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net, CVPR 2020 (baseline)",
    order=50,
    learning_rate=0.08,
    epochs=5,
    reads_retain=True,
    colour="#56B4E9",
    mark="hexagon",
)


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """Train on D_r, all parameters free."""
    return fine_tune(model, context)
