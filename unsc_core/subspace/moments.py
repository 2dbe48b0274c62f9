"""One pass over training data -> each layer's second moments C_l = X_l X_lᵀ, per class.

X_l holds the layer's representations in its columns. Source: the subspaces of Chen, Zhu, Yu, Zhou:
Machine Unlearning via Null Space Calibration, IJCAI 2024 (after gradient projection memory: Saha,
Garg, Roy, ICLR 2021), who take the SVD of X_l itself. C_l has the same subspaces, its size does not
depend on the number of samples, and it adds up over classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from unsc_core.config import MomentsConfig
from unsc_core.learning.batches import evaluating
from unsc_core.subspace.representations import (
    inputs_of,
    representations,
    represented_layers,
    rows_per_sample,
)

CHUNK_BYTES = 1 << 27
"""Patches of one layer held at a time; a batch with more is split."""
BLOCK = 256
"""Rows of a second moment computed at a time; what is below the diagonal is mirrored instead."""


@dataclass(frozen=True)
class Moments:
    """Second moments of every layer's representations, per class.

    Attributes:
        per_class: layer name -> (classes, groups, d, d) float64 second moments. Where every class
            has fewer than d vectors: (classes, groups, n, d) float32, the vectors themselves,
            padded with zeros, which have the same second moment and take less memory.
        images: most images used per class; 0 = all.
        positions: patches sampled per image and convolution, 0 = all. Sampled patches are scaled
            up to the full number, so that they estimate the same sum.
        by_request: whether the "classes" are D_r and, where collected, D_f of one request.
    """

    per_class: dict[str, Tensor]
    images: int = 0
    positions: int = 0
    by_request: bool = False

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return next(iter(self.per_class.values())).shape[0]

    def to(self, device: str) -> Moments:
        """The same moments on a device."""
        moved = {layer: known.to(device) for layer, known in self.per_class.items()}
        return replace(self, per_class=moved)

    def retain(self, forget_classes: Iterable[int]) -> dict[str, Tensor]:
        """Layer name -> (groups, d, d) float64: the second moment of what is retained."""
        forgotten = {1} if self.by_request else set(forget_classes)
        return self.of(sorted(set(range(self.num_classes)) - forgotten))

    def forget(self, forget_classes: Iterable[int]) -> dict[str, Tensor]:
        """Layer name -> (groups, d, d) float64: the second moment of what is forgotten."""
        return self.of([1] if self.by_request else forget_classes)

    def of(self, classes: Iterable[int]) -> dict[str, Tensor]:
        """Layer name -> (groups, d, d) float64: the second moment of these classes together."""
        chosen = list(classes)
        return {layer: _total(known, chosen) for layer, known in self.per_class.items()}


def second_moments(
    model: nn.Module,
    class_batches: Iterable[tuple[int, Tensor] | tuple[int, Tensor, float]],
    num_classes: int,
    *,
    images: int = 0,
    positions: int = 0,
    seed: int = 0,
) -> Moments:
    """Collect every layer's second moments in one pass, in eval mode, summed in float64.

    Products are taken in float64 too, except those of sampled patches, in float32: rounding
    changes them by less than a hundredth of what the draw of the patches does.

    Args:
        model: left as it was found.
        class_batches: (class index, normalised inputs of that class), in any order, and optionally
            how many samples each input stands for.
        num_classes: number of classes.
        images: recorded in the result: the most images per class that `class_batches` yields.
        positions: patches per image and convolution, 0 = all.
        seed: of the draw of patches.
    """
    layers = represented_layers(model)
    sums = {name: [_Sum() for _ in range(num_classes)] for name in layers}
    current, stands_for = 0, 1.0
    generator = torch.Generator().manual_seed(seed)

    def accumulate(name: str, inputs: Tensor) -> None:
        layer = layers[name]
        per_sample = rows_per_sample(layer, inputs, positions)
        d = layer.weight[0].numel()
        at_once = max(1, CHUNK_BYTES // (8 * per_sample * d * getattr(layer, "groups", 1)))
        for chunk in inputs.detach().split(at_once):
            x, weight = representations(layer, chunk, positions, generator)
            sums[name][current].add(x, weight * stands_for, exact=weight == 1.0)

    with inputs_of(layers, accumulate), evaluating(model), torch.no_grad():
        for label, inputs, *weights in class_batches:
            current, stands_for = label, weights[0] if weights else 1.0
            model(inputs)
    called = [name for name, classes in sums.items() if any(one.seen for one in classes)]
    # Each layer's sums are freed when they are stacked, not all of them at the end.
    stacked = {name: _stacked(sums.pop(name)) for name in called}
    return Moments(stacked, images, positions)


def moments_bytes(model: nn.Module, inputs: Tensor, num_classes: int, config: MomentsConfig) -> int:
    """Memory that the second moments of every class would take.

    Args:
        model: left as it was found.
        inputs: one normalised sample.
        num_classes: number of classes.
        config: images per class and patches per image.
    """
    layers, total = represented_layers(model), 0

    def add(name: str, received: Tensor) -> None:
        nonlocal total
        layer = layers[name]
        d, groups = layer.weight[0].numel(), getattr(layer, "groups", 1)
        rows = d
        if config.images:
            rows = config.images * rows_per_sample(layer, received, config.positions)
        total += num_classes * groups * (8 * d * d if rows >= d else 4 * rows * d)

    with inputs_of(layers, add), evaluating(model), torch.no_grad():
        model(inputs)
    return total


class _Sum:
    """The representation vectors of one layer and class while they are few, else their product."""

    def __init__(self) -> None:
        self.rows: list[Tensor] = []
        self.product: Tensor | None = None

    @property
    def seen(self) -> bool:
        """Whether there were any vectors."""
        return bool(self.rows) or self.product is not None

    def add(self, rows: Tensor, weight: float, exact: bool) -> None:
        """Add (groups, n, d) vectors that stand for `weight` each; in float64 if `exact`."""
        d, known = rows.shape[2], sum(part.shape[1] for part in self.rows)
        if self.product is None and known + rows.shape[1] < d:
            self.rows.append(rows * weight**0.5)
        else:
            _add_product(self.multiply(rows), rows.to(torch.float64) if exact else rows, weight)

    def multiply(self, like: Tensor | None = None) -> Tensor:
        """The second moment so far (groups, d, d), upper half; zeros shaped by `like` if empty."""
        if self.product is None:
            groups, _, d = (rows := self.rows[0] if like is None else like).shape
            self.product = rows.new_zeros(groups, d, d, dtype=torch.float64)
            for part in self.rows:
                _add_product(self.product, part.to(torch.float64))
            self.rows = []
        return self.product


def _stacked(of_class: list[_Sum]) -> Tensor:
    """One layer's classes in one tensor: see `Moments.per_class`; zeros for an empty class."""
    some = next(one for one in of_class if one.seen)
    if any(one.product is not None for one in of_class):
        product = some.multiply()
        stacked = product.new_zeros(len(of_class), *product.shape)
        for i, one in enumerate(of_class):
            if one.seen:
                stacked[i] = _mirrored(one.multiply())
                one.product = None  # freed now, since the largest layers decide the peak
        return stacked
    empty = some.rows[0][:, :0]
    rows = [torch.cat(one.rows, 1) if one.rows else empty for one in of_class]
    longest = max(part.shape[1] for part in rows)
    return torch.stack(
        [torch.nn.functional.pad(part, (0, 0, 0, longest - part.shape[1])) for part in rows]
    )


def _total(known: Tensor, classes: list[int]) -> Tensor:
    """The second moment (groups, d, d) float64 of some classes of a layer."""
    groups, n, d = known.shape[1:]
    if n == d:  # second moments: vectors are only kept while there are fewer than d
        return sum((known[c] for c in classes), torch.zeros_like(known[0]))
    rows = known[classes].transpose(0, 1).reshape(groups, -1, d)
    total = known.new_zeros(groups, d, d, dtype=torch.float64)
    _add_product(total, rows.to(torch.float64))
    return _mirrored(total)


def _add_product(total: Tensor, rows: Tensor, weight: float = 1.0) -> None:
    """Add weight · Xᵀ X of rows X (groups, n, d) to `total` (groups, d, d).

    The product is taken in the rows' dtype, and only on and above the diagonal's blocks.
    """
    for start in range(0, rows.shape[2], BLOCK):
        total[:, start : start + BLOCK, start:].add_(
            rows[..., start : start + BLOCK].transpose(1, 2) @ rows[..., start:], alpha=weight
        )


def _mirrored(upper: Tensor) -> Tensor:
    """The symmetric matrices whose upper halves these are."""
    return upper.triu() + upper.triu(1).transpose(-1, -2)
