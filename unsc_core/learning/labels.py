"""The training label of each forgotten sample."""

from __future__ import annotations

import torch
from torch import Tensor


def pseudo_labels(logits: Tensor, banned: Tensor) -> Tensor:
    """The allowed class with the largest logit of the original model (Chen et al., IJCAI 2024).

    Args:
        logits: (n, classes) of the original model on forgotten samples.
        banned: (n, classes) bool: the forget classes, or each sample's own class when single
            samples are forgotten; see `Split.banned`.

    Returns:
        (n,) int64 class indices.
    """
    return logits.masked_fill(banned, -torch.inf).argmax(1)


def random_labels(banned: Tensor, seed: int) -> Tensor:
    """(n,) int64 labels drawn uniformly from the classes that are not `banned` (n, classes)."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(banned.shape, generator=generator, dtype=torch.float32, device="cpu")
    return draws.to(banned.device).masked_fill(banned, -1.0).argmax(1)
