"""One pass over training data -> the second moment of every layer's representations, per class.

The representation of a Linear layer is its input vector; of a Conv2d layer, the im2col patches with the
layer's own kernel, stride, padding and dilation, so that a weight row and a representation have the same
length d and their inner product is the layer's output. A grouped convolution has one second moment per group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.device import evaluating


@dataclass(frozen=True)
class Moments:
    """Second moments C_l = X_l X_lᵀ of every layer, one per class.

    Attributes:
        per_class: layer name -> (classes, groups, d, d) float64; sums over classes are sums over samples.
        images: images used per class, at most.
        positions: patches sampled per image and convolution, 0 = all of them. Sampled moments are scaled
            up to the full number of patches, so they estimate the same sum.
    """

    per_class: dict[str, Tensor]
    images: int
    positions: int

    def retain(self, forget_classes: tuple[int, ...]) -> dict[str, Tensor]:
        """Layer name -> (groups, d, d): the sum over all classes that are not forgotten."""
        keep = [c for c in range(next(iter(self.per_class.values())).shape[0]) if c not in forget_classes]
        return {layer: moments[keep].sum(0) for layer, moments in self.per_class.items()}


def represented_layers(model: nn.Module) -> dict[str, nn.Linear | nn.Conv2d]:
    """Name -> layer, in forward-definition order, for every layer whose weight can be projected."""
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)}


def patches(layer: nn.Conv2d, inputs: Tensor) -> Tensor:
    """Every patch the convolution looks at, as a view without copies.

    Args:
        layer: the convolution, whose kernel, stride, padding (and its mode) and dilation are used.
        inputs: (n, channels, height, width).

    Returns:
        (n, out_height, out_width, channels, kernel_height, kernel_width).
    """
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    x = F.pad(inputs, layer._reversed_padding_repeated_twice, mode=mode)
    (kh, kw), (sh, sw), (dh, dw) = layer.kernel_size, layer.stride, layer.dilation
    n, channels, height, width = x.shape
    out_h = (height - dh * (kh - 1) - 1) // sh + 1
    out_w = (width - dw * (kw - 1) - 1) // sw + 1
    step_n, step_c, step_h, step_w = x.stride()
    return x.as_strided(
        (n, out_h, out_w, channels, kh, kw),
        (step_n, step_h * sh, step_w * sw, step_c, step_h * dh, step_w * dw),
    )


def representations(
    layer: nn.Linear | nn.Conv2d, inputs: Tensor, positions: int = 0, generator: torch.Generator | None = None
) -> tuple[Tensor, float]:
    """The representation vectors of one layer for a batch.

    Args:
        layer: Linear (any leading dimensions) or Conv2d.
        inputs: what the layer received.
        positions: patches to draw per image, without replacement; 0 = all.
        generator: CPU generator of the draw.

    Returns:
        X (groups, rows, d), and the number of patches each row stands for (1.0 without sampling).
    """
    if isinstance(layer, nn.Linear):
        return inputs.reshape(1, -1, layer.in_features), 1.0
    windows = patches(layer, inputs)
    n, out_h, out_w = windows.shape[:3]
    weight = 1.0
    if 0 < positions < out_h * out_w:
        drawn = torch.rand(n, out_h * out_w, generator=generator).topk(positions).indices.to(inputs.device)
        image = torch.arange(n, device=inputs.device)[:, None]
        windows = windows[image, drawn // out_w, drawn % out_w]
        weight = out_h * out_w / positions
    d = layer.in_channels // layer.groups * layer.kernel_size[0] * layer.kernel_size[1]
    return windows.reshape(-1, layer.groups, d).transpose(0, 1), weight


def second_moments(
    model: nn.Module,
    class_batches: Iterator[tuple[int, Tensor]],
    num_classes: int,
    *,
    images: int = 0,
    positions: int = 0,
    seed: int = 0,
    on_batch: Callable[[], None] = lambda: None,
) -> Moments:
    """Accumulate every layer's second moments in one pass, in eval mode and float64.

    Args:
        model: left as it was found.
        class_batches: (class index, normalised inputs all of that class), in any order.
        num_classes: number of classes.
        images: recorded in the result: the most images per class that `class_batches` yields.
        positions: patches per image and convolution, 0 = all.
        seed: of the draw of positions.
        on_batch: called after each batch.
    """
    totals: dict[str, Tensor] = {}
    current = 0
    generator = torch.Generator().manual_seed(seed)

    def accumulate(name: str, layer: nn.Linear | nn.Conv2d, inputs: Tensor) -> None:
        x, weight = representations(layer, inputs.detach(), positions, generator)
        x = x.to(torch.float64)
        if name not in totals:
            totals[name] = x.new_zeros(num_classes, x.shape[0], x.shape[2], x.shape[2])
        totals[name][current] += weight * (x.transpose(1, 2) @ x)

    hooks = [
        layer.register_forward_pre_hook(lambda module, args, name=name: accumulate(name, module, args[0]))
        for name, layer in represented_layers(model).items()
    ]
    try:
        with evaluating(model), torch.no_grad():
            for label, inputs in class_batches:
                current = label
                model(inputs)
                on_batch()
    finally:
        for hook in hooks:
            hook.remove()
    return Moments(totals, images, positions)
