"""One pass over training data -> the second moment C_l = X_l X_lᵀ of every layer's representations, per class.

Source: the subspaces of Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024 (after
gradient projection memory, Saha, Garg, Roy, ICLR 2021), which takes an SVD of X_l itself. C_l has the same
subspaces, is small whatever the number of samples, and adds up over classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from unsc_core.config import ExperimentConfig, MomentsConfig
from unsc_core.data.request import Split
from unsc_core.errors import ConfigError
from unsc_core.learning.batches import CLASS_BATCH, DeviceData, evaluating
from unsc_core.subspace.null_space import Spectra, energy_along, merged, spectra
from unsc_core.subspace.representations import (
    Layer,
    representations,
    represented_layers,
    rows_per_sample,
)

VECTORS_PER_INPUT = 4
"""Input vectors, over all classes, that a Linear layer should get for each of its inputs; see `enough_images`."""
CHUNK_BYTES = 1 << 27
"""Patches of one layer held at a time: a batch whose patches are larger is taken in parts."""
BLOCK = 256
"""Rows of a second moment computed at a time; what lies below the diagonal is mirrored, not computed."""
UNSEEN_IMAGES = 160
"""Images that the moments did not draw, evenly of all classes and at least one of each, which, with all their patches, a cut is checked on."""

Parts = Sequence[tuple[int | None, Tensor]]
"""(what moments are counted under, None for each sample's own class; indices of training samples)."""
Batches = Iterator[tuple[int, Tensor, float]]
"""What `second_moments` takes: (what a batch is counted under, normalised inputs, how many samples each of them stands for)."""


@dataclass(frozen=True)
class Moments:
    """What is known of every layer's representations, class by class.

    Attributes:
        per_class: layer name -> (classes, groups, d, d) float64 second moments; or, where a class has fewer
            representation vectors than numbers in one, (classes, groups, n, d) float32: the vectors themselves,
            zeros where a class has fewer than n, whose second moment is the same and which take less room.
        images: images used per class, at most; 0 = all.
        positions: patches sampled per image and convolution, 0 = all of them. What is sampled is scaled up to
            the full number of patches, so it estimates the same sum.
        by_request: whether the "classes" are only D_r and, if it was collected, D_f of one request: for single samples, and
            for networks whose moments of every class would not fit into memory.
    """

    per_class: dict[str, Tensor]
    images: int = 0
    positions: int = 0
    by_request: bool = False

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return next(iter(self.per_class.values())).shape[0]

    def retain(self, forget_classes: Iterable[int]) -> dict[str, Tensor]:
        """Layer name -> (groups, d, d) float64: the second moment of all that is not forgotten."""
        forgotten = {1} if self.by_request else set(forget_classes)
        return self.of(sorted(set(range(self.num_classes)) - forgotten))

    def forget(self, forget_classes: Iterable[int]) -> dict[str, Tensor]:
        """Layer name -> (groups, d, d) float64: the second moment of all that is forgotten."""
        return self.of([1] if self.by_request else forget_classes)

    def of(self, classes: Iterable[int]) -> dict[str, Tensor]:
        """Layer name -> (groups, d, d) float64: the second moment of these classes together."""
        chosen = list(classes)
        return {layer: _total(known, chosen) for layer, known in self.per_class.items()}


def enough_images(model: nn.Module, num_classes: int, config: MomentsConfig) -> MomentsConfig:
    """The config with so many images that the widest Linear layer gets several vectors for each of its inputs.

    A convolution sees many patches of an image, a Linear layer one vector, usually: too few of them span a subspace
    of their own, not that of their classes. With more images, fewer patches are drawn of each.
    """
    widest = max(
        (
            layer.in_features
            for layer in represented_layers(model).values()
            if isinstance(layer, nn.Linear)
        ),
        default=0,
    )
    images = (
        max(config.images, -(-VECTORS_PER_INPUT * widest // num_classes)) if config.images else 0
    )
    return replace(
        config,
        images=images,
        positions=-(-config.positions * config.images // images) if images else config.positions,
    )


def moments_bytes(model: nn.Module, inputs: Tensor, num_classes: int, config: MomentsConfig) -> int:
    """Room that the moments of every class would take.

    Args:
        model: left as it was found.
        inputs: one normalised sample.
        num_classes: number of classes.
        config: images per class and positions per image.
    """
    total = 0

    def add(layer: Layer, received: Tensor) -> None:
        nonlocal total
        d, groups = layer.weight[0].numel(), getattr(layer, "groups", 1)
        rows = (
            config.images * rows_per_sample(layer, received, config.positions)
            if config.images
            else d
        )
        total += num_classes * groups * (8 * d * d if rows >= d else 4 * rows * d)

    hooks = [
        layer.register_forward_pre_hook(lambda module, args: add(module, args[0]))
        for layer in represented_layers(model).values()
    ]
    try:
        with evaluating(model), torch.no_grad():
            model(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return total


def _total(known: Tensor, classes: list[int]) -> Tensor:
    groups, n, d = known.shape[1:]
    if n == d:  # vectors are kept only while they are fewer
        return sum((known[c] for c in classes), torch.zeros_like(known[0]))
    rows = known[classes].transpose(0, 1).reshape(groups, -1, d)
    total = known.new_zeros(groups, d, d, dtype=torch.float64)
    _add_product(total, rows.to(torch.float64))
    return _mirrored(total)


def draw(
    labels: Tensor, rows: Tensor, images: int, config: ExperimentConfig
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Class by class, which samples to collect moments from, and which are left out.

    Args:
        labels: (n,) the classes of all samples.
        rows: (m,) indices of those to choose from.
        images: how many of each class, 0 = all.
        config: resolved; by `moments_sample` and `seed` they are drawn without replacement, or the first ones taken.

    Yields:
        The class, (≤ images,) indices of those drawn, and the indices of the others.
    """
    generator = torch.Generator().manual_seed(config.seed)
    for label in labels[rows].unique().cpu().tolist():
        of_class = rows[labels[rows] == label]
        if config.moments_sample == "random":
            of_class = of_class[
                torch.randperm(len(of_class), generator=generator, device="cpu").to(of_class.device)
            ]
        count = min(images, len(of_class)) if images else len(of_class)
        yield label, of_class[:count], of_class[count:]


def drawn_batches(data: DeviceData, parts: Parts, images: int, config: ExperimentConfig) -> Batches:
    """What second moments are collected from: see `draw`; weighted by `class_weights`."""
    for part, rows in parts:
        for label, drawn, left in draw(data.y_train, rows, images, config):
            stands_for = _stands_for(drawn, left, config)
            for batch in drawn.split(CLASS_BATCH):
                yield label if part is None else part, data.inputs(data.x_train[batch]), stands_for


def unseen_batches(
    data: DeviceData, parts: Parts, images: int, config: ExperimentConfig
) -> Batches:
    """A few samples of each class that `drawn_batches` leaves out, weighted so that they stand for what it yields.

    A class that is drawn whole, or nearly, is represented by test samples instead.
    """
    each = max(1, UNSEEN_IMAGES // (int(data.y_train.max()) + 1))
    for part, rows in parts:
        for label, drawn, left in draw(data.y_train, rows, images, config):
            samples = data.x_train[left[:each]]
            if len(samples) < each:
                samples = torch.cat(
                    [samples, data.x_test[data.y_test == label][: each - len(samples)]]
                )
            if len(samples):
                weight = _stands_for(drawn, left, config) * len(drawn) / len(samples)
                yield label if part is None else part, data.inputs(samples), weight


def _stands_for(drawn: Tensor, left: Tensor, config: ExperimentConfig) -> float:
    return (len(drawn) + len(left)) / len(drawn) if config.class_weights == "size" else 1.0


def second_moments(
    model: nn.Module,
    class_batches: Iterable[tuple[int, Tensor] | tuple[int, Tensor, float]],
    num_classes: int,
    *,
    images: int = 0,
    positions: int = 0,
    seed: int = 0,
    on_batch: Callable[[], None] = lambda: None,
) -> Moments:
    """Accumulate every layer's second moments in one pass, in eval mode; sums in float64.

    Products are taken in float64 too, but of sampled patches in float32: what that rounds is less than a hundredth of what the draw changes.

    Args:
        model: left as it was found.
        class_batches: (class index, normalised inputs all of that class), in any order; a third entry, if there is one, is how
            many samples each of them stands for.
        num_classes: number of classes.
        images: recorded in the result: the most images per class that `class_batches` yields.
        positions: patches per image and convolution, 0 = all.
        seed: of the draw of positions.
        on_batch: called after each batch.
    """
    sums = {name: [_Sum() for _ in range(num_classes)] for name in represented_layers(model)}
    current, stands_for = 0, 1.0
    generator = torch.Generator().manual_seed(seed)

    def accumulate(name: str, layer: Layer, inputs: Tensor) -> None:
        per_sample = rows_per_sample(layer, inputs, positions)
        d = layer.weight[0].numel()
        at_once = max(1, CHUNK_BYTES // (8 * per_sample * d * getattr(layer, "groups", 1)))
        for chunk in inputs.detach().split(at_once):
            x, weight = representations(layer, chunk, positions, generator)
            sums[name][current].add(x, weight * stands_for, exact=weight == 1.0)

    hooks = [
        layer.register_forward_pre_hook(
            lambda module, args, name=name: accumulate(name, module, args[0])
        )
        for name, layer in represented_layers(model).items()
    ]
    try:
        with evaluating(model), torch.no_grad():
            for label, inputs, *weights in class_batches:
                current, stands_for = label, weights[0] if weights else 1.0
                model(inputs)
                on_batch()
    finally:
        for hook in hooks:
            hook.remove()
    called = {
        name: of_class
        for name, of_class in sums.items()
        if any(one.rows or one.product is not None for one in of_class)
    }
    return Moments(
        {name: _stacked(of_class) for name, of_class in called.items()}, images, positions
    )


class _Sum:
    """Representation vectors of one layer and class, as they are while they are few, then their second moment."""

    def __init__(self) -> None:
        self.rows: list[Tensor] = []
        self.product: Tensor | None = None

    def add(self, rows: Tensor, weight: float, exact: bool) -> None:
        """Take (groups, n, d) more, each standing for `weight` vectors; `exact` multiplies them in float64."""
        if (
            self.product is None
            and sum(part.shape[1] for part in (*self.rows, rows)) < rows.shape[2]
        ):
            self.rows.append(rows * weight**0.5)
        else:
            _add_product(self.multiply(rows), rows.to(torch.float64) if exact else rows, weight)

    def multiply(self, like: Tensor | None = None) -> Tensor:
        """Turn what has been kept into its second moment (groups, d, d), upper half; zeros as `like` where nothing was."""
        if self.product is None:
            groups, _, d = (rows := self.rows[0] if like is None else like).shape
            self.product = rows.new_zeros(groups, d, d, dtype=torch.float64)
            for part in self.rows:
                _add_product(self.product, part.to(torch.float64))
            self.rows = []
        return self.product


def _stacked(of_class: list[_Sum]) -> Tensor:
    """One layer's classes in one tensor, in the form that takes less room; zeros for a class without samples."""
    there = [one for one in of_class if one.rows or one.product is not None]
    if any(one.product is not None for one in there):
        example = _mirrored(there[0].multiply())
        return torch.stack(
            [
                _mirrored(one.multiply()) if one in there else torch.zeros_like(example)
                for one in of_class
            ]
        )
    example = there[0].rows[0]
    rows = [torch.cat(one.rows, 1) if one.rows else example[:, :0] for one in of_class]
    longest = max(part.shape[1] for part in rows)
    return torch.stack(
        [torch.nn.functional.pad(part, (0, 0, 0, longest - part.shape[1])) for part in rows]
    )


def _add_product(total: Tensor, rows: Tensor, weight: float = 1.0) -> None:
    """Add weight · Xᵀ X of rows X (groups, n, d), in their dtype, to `total` (groups, d, d), on and above the diagonal's blocks."""
    for start in range(0, rows.shape[2], BLOCK):
        total[:, start : start + BLOCK, start:].add_(
            rows[..., start : start + BLOCK].transpose(1, 2) @ rows[..., start:], alpha=weight
        )


def _mirrored(upper: Tensor) -> Tensor:
    """The symmetric matrices whose upper halves these are."""
    return upper.triu() + upper.triu(1).transpose(-1, -2)


def retain_spectra(
    moments: Moments, request: Split, subspace: str | None, energy_threshold: float
) -> Spectra:
    """What the null space is cut from.

    Args:
        moments: of every class, or of this request.
        request: what is forgotten.
        subspace: "merge", the published one (see `merged`); else joint, of the summed second moments.
        energy_threshold: γ each class is cut at before merging.

    Returns:
        Layer -> one spectrum per group, to be cut at γ, or at MERGE_THRESHOLD if merged.

    Raises:
        ConfigError: moments of one request cannot be merged.
    """
    if subspace != "merge":
        return spectra(moments.retain(request.forget_classes))
    if moments.by_request:
        raise ConfigError(
            "The merged subspace needs the second moments of every class, which this request or network does not have; use joint."
        )
    return merged([spectra(moments.of([c])) for c in request.retain_classes], energy_threshold)


def energy_along_spectra(found: Spectra, moments: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Layer -> (groups, d) float64: the energy that moments (groups, d, d) have along each eigenvector of `found`, in its order."""
    return {
        layer: torch.stack(
            [
                energy_along(s, c.to(s.eigenvectors))
                for s, c in zip(groups, moments[layer], strict=True)
            ]
        ).cpu()
        for layer, groups in found.items()
    }
