"""Where each forgotten sample goes: the retain class it already resembles most."""

from __future__ import annotations

import torch
from torch import Tensor


def pseudo_labels(logits: Tensor, forget_classes: tuple[int, ...]) -> Tensor:
    """The retain class with the largest logit of the original model (Chen et al., IJCAI 2024).

    Args:
        logits: (n, classes) of the original model on forget samples.
        forget_classes: columns that may not win.

    Returns:
        (n,) int64 class indices, none of them in `forget_classes`.
    """
    allowed = logits.clone()
    allowed[:, list(forget_classes)] = -torch.inf
    return allowed.argmax(1)


def random_labels(n: int, num_classes: int, forget_classes: tuple[int, ...], seed: int) -> Tensor:
    """(n,) int64 labels drawn uniformly from the retain classes."""
    retain = torch.tensor([c for c in range(num_classes) if c not in forget_classes])
    return retain[torch.randint(len(retain), (n,), generator=torch.Generator().manual_seed(seed))]
