"""How little an image has to change for a network to answer otherwise.

Source: Moosavi-Dezfooli, Fawzi, Frossard: DeepFool, CVPR 2016, arXiv 1511.04599. Its result is an
upper bound: a smaller change may exist. Differences here: pixels stay between black and white, and
what is found is rounded to the 256 grey levels of an image and given to the network once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unsc_core.learning.batches import DeviceData, evaluating

STEPS = 40
"""Most steps of the search."""
OVERSHOOT = 0.02
"""A step goes so far beyond the border that the linear approximation predicts."""
CANDIDATES = 6
"""The classes most probable at first, to which the search may lead."""
SHARES = torch.linspace(0.6, 1.4, 17)
"""The found change is tried at these lengths once it is rounded; the shortest that works counts."""
PEAKS = 0.51 * 1.35 ** torch.arange(12)
"""Grey levels: it is tried at longer lengths, too, at which its largest part is one of these, since
less than half a grey level is rounded away."""
Logits = Callable[[Tensor], Tensor]
"""(n, …) pixels from 0 to 255 -> (n, classes); −∞ where a class may not be answered."""


@dataclass(frozen=True, eq=False)
class Change:
    """A change of an image that a network was seen to answer otherwise.

    Attributes:
        image: (channels, height, width) uint8, the changed image.
        before, after: the class answered without and with the change.
        norm: of the change, over all pixels, in grey levels.
        share: `norm` as a share of the norm of the image; None for an image that is all black.
    """

    image: NDArray[np.uint8]
    before: int
    after: int
    norm: float
    share: float | None


def smallest_change(
    network: nn.Module, data: DeviceData, sample: NDArray[np.uint8], hidden: tuple[int, ...] = ()
) -> Change | None:
    """The smallest change found that the network answers otherwise; None if none was found.

    Args:
        network: on the CPU; left as it is.
        data: how samples become inputs.
        sample: (channels, height, width) uint8.
        hidden: classes that are never answered: those that the mask hides.
    """

    def logits(pixels: Tensor) -> Tensor:
        found = network(data.inputs(pixels))
        banned = torch.zeros(found.shape[1], dtype=torch.bool)
        banned[list(hidden)] = True
        return found.masked_fill(banned, -torch.inf)

    image = torch.from_numpy(sample)[None].float()
    with evaluating(network):
        found = deep_fool(logits, image)
        return None if found is None else _verified(logits, sample, image, found)


def deep_fool(logits: Logits, image: Tensor) -> Tensor | None:
    """An image (1, …) as near as possible to `image` that is answered otherwise; None without one.

    Args:
        logits: differentiable.
        image: (1, …) pixels from 0 to 255.
    """
    with torch.no_grad():
        start = logits(image)[0]
    allowed = torch.isfinite(start)
    order = start.argsort(descending=True)[: min(CANDIDATES, int(allowed.sum()))]
    label, others = order[0], order[1:]
    if not len(others):
        return None
    change, changed = torch.zeros_like(image), image
    for _ in range(STEPS):
        step = _step(logits, changed, label, others)
        if step is None:
            return None
        change = change + step
        changed = (image + (1 + OVERSHOOT) * change).clamp(0, 255)
        with torch.no_grad():
            if logits(changed)[0].argmax() != label:
                return changed
    return None


def _step(logits: Logits, image: Tensor, label: Tensor, others: Tensor) -> Tensor | None:
    """The shortest step (1, …) to the border with another class, were all of them flat."""
    copies = image.repeat(len(others), *[1] * (image.ndim - 1)).requires_grad_(True)
    with torch.enable_grad():
        of = logits(copies)
        lead = of[:, label] - of[torch.arange(len(others)), others]
        (slopes,) = torch.autograd.grad(lead.sum(), copies)
    steepness = slopes.flatten(1).norm(dim=1)
    distance = lead.detach().abs() / steepness
    distance[~torch.isfinite(distance)] = torch.inf
    nearest = distance.argmin()
    if not torch.isfinite(distance[nearest]):
        return None
    towards = -slopes[nearest : nearest + 1] / steepness[nearest]
    return (distance[nearest] + 1e-4) * towards


def _verified(
    logits: Logits, sample: NDArray[np.uint8], image: Tensor, found: Tensor
) -> Change | None:
    """The shortest part of a change that still works in whole grey levels; None without one."""
    longer = PEAKS / (found - image).abs().max()
    shares = torch.cat([SHARES, longer[longer > SHARES.max()]]).view(-1, *[1] * (image.ndim - 1))
    tried = (image + shares * (found - image)).clamp(0, 255).round().to(torch.uint8)
    with torch.no_grad():
        before = int(logits(image)[0].argmax())
        works = torch.nonzero(logits(tried).argmax(1) != before).flatten().tolist()
        for i in works:
            after = int(logits(tried[i : i + 1])[0].argmax())
            if after != before:  # alone, too, and not only among the others
                return _change(sample, tried[i].numpy(), before, after)
    return None


def _change(
    sample: NDArray[np.uint8], changed: NDArray[np.uint8], before: int, after: int
) -> Change:
    norm = float(np.linalg.norm(changed.astype(np.float64) - sample))
    whole = float(np.linalg.norm(sample.astype(np.float64)))
    return Change(changed, before, after, norm, norm / whole if whole else None)
