"""One pass over training data -> the second moment of every layer's representations, per class.

The representation of a Linear layer is its input vector; of a Conv1d or Conv2d layer, the im2col patches with
the layer's own kernel, stride, padding and dilation, so that a weight row and a representation have the same
length d and their inner product is the layer's output. A grouped convolution has one second moment per group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.device import evaluating
from unsc_core.errors import ConfigError

Layer = nn.Linear | nn.Conv1d | nn.Conv2d
"""The layers whose weight a null space covers."""


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


def represented_layers(model: nn.Module) -> dict[str, Layer]:
    """Name -> layer, in forward-definition order, for every layer whose weight can be projected; see `check_covered`."""
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, Layer) and _is_plain(layer)}


def _is_plain(layer: Layer) -> bool:
    """Whether it answers patches times its own parameter `weight`: no forward of a subclass, no weight made from other parameters."""
    kind = next(kind for kind in get_args(Layer) if isinstance(layer, kind))
    same = all(getattr(getattr(layer, name, None), "__func__", None) is getattr(kind, name, None) for name in ("forward", "_conv_forward"))
    return same and "weight" in layer._parameters


def check_covered(model: nn.Module, inputs: Tensor) -> None:
    """Whether null spaces reach every weight matrix that can learn, and see everything it multiplies.

    Vectors (biases, norms, scales) stay frozen while unlearning and need no null space; so would matrices in
    other kinds of layers, but silently: a network could seem unable to forget. A weight used outside its own
    layer's call moves answers that no representation stands for. A layer that is never called cannot move.

    Args:
        model: left as it was found.
        inputs: a few normalised samples; one forward pass shows where each weight is used.

    Raises:
        ConfigError: the first weight that is not covered, its kind of layer, and what to do.
    """
    advice = "or choose a method without a null space, such as pseudo-labels"
    layers = represented_layers(model)
    covered = {id(layer.weight) for layer in layers.values()}
    for name, module in model.named_modules():
        for key, weight in module.named_parameters(prefix=name, recurse=False):
            frozen = not weight.requires_grad or isinstance(module, nn.LayerNorm | nn.RMSNorm) or sum(size > 1 for size in weight.shape) <= 1
            if not frozen and id(weight) not in covered:
                size = "×".join(map(str, weight.shape))
                raise ConfigError(
                    f"The null space does not cover '{key}' ({size}, in {type(module).__name__}); "
                    f"use plain Linear, Conv1d and Conv2d layers, freeze it, {advice}."
                )
    calls, uses = _calls_and_uses(model, layers, inputs)
    for name, layer in layers.items():
        if uses[layer.weight] > calls[name]:
            raise ConfigError(
                f"The weight of '{name}' ({type(layer).__name__}) is also used outside this layer's own call (tied to another layer, or by "
                f"torch.nn.functional), where the null space cannot see its inputs; call the layer itself, {advice}."
            )


def _calls_and_uses(model: nn.Module, layers: dict[str, Layer], inputs: Tensor) -> tuple[Counter[str], Counter[Tensor]]:
    """In one forward pass: how often each layer is called, and how often the answers' graph uses each parameter."""
    calls: Counter[str] = Counter()
    hooks = [layer.register_forward_pre_hook(lambda module, args, name=name: calls.update((name,))) for name, layer in layers.items()]
    try:
        with evaluating(model), torch.enable_grad():
            todo = [model(inputs).grad_fn]
    finally:
        for hook in hooks:
            hook.remove()
    uses: Counter[Tensor] = Counter()
    seen = set(todo)
    while todo:
        node = todo.pop()
        for before, _ in node.next_functions if node is not None else ():
            if hasattr(before, "variable"):  # where the graph ends in a parameter
                uses[before.variable] += 1
            elif before not in seen:
                seen.add(before)
                todo.append(before)
    return calls, uses


def patches(layer: nn.Conv1d | nn.Conv2d, inputs: Tensor) -> Tensor:
    """Every patch the convolution looks at, as a view without copies.

    Args:
        layer: the convolution, whose kernel, stride, padding (and its mode) and dilation are used.
        inputs: (n, channels, length) or (n, channels, height, width).

    Returns:
        (n, *out_size, channels, *kernel_size).
    """
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    x = F.pad(inputs, layer._reversed_padding_repeated_twice, mode=mode)
    (n, channels, *sizes), (step_n, step_c, *steps) = x.shape, x.stride()
    geometry = list(zip(sizes, steps, layer.kernel_size, layer.stride, layer.dilation, strict=True))  # one entry per axis
    out_size = [(size - dilation * (kernel - 1) - 1) // stride + 1 for size, _, kernel, stride, dilation in geometry]
    out_steps = [step * stride for _, step, _, stride, _ in geometry]
    kernel_steps = [step * dilation for _, step, _, _, dilation in geometry]
    return x.as_strided((n, *out_size, channels, *layer.kernel_size), (step_n, *out_steps, step_c, *kernel_steps))


def representations(layer: Layer, inputs: Tensor, positions: int = 0, generator: torch.Generator | None = None) -> tuple[Tensor, float]:
    """The representation vectors of one layer for a batch.

    Args:
        layer: Linear (any leading dimensions), Conv1d or Conv2d.
        inputs: what the layer received.
        positions: patches to draw per image, without replacement; 0 = all.
        generator: CPU generator of the draw.

    Returns:
        X (groups, rows, d), and the number of patches each row stands for (1.0 without sampling).
    """
    if isinstance(layer, nn.Linear):
        return inputs.reshape(1, -1, layer.in_features), 1.0
    axes = len(layer.kernel_size)
    windows = patches(layer, inputs if inputs.ndim == axes + 2 else inputs[None])  # torch takes one sample without its batch, too
    n, *out_size = windows.shape[: axes + 1]
    count, weight = prod(out_size), 1.0
    if 0 < positions < count:
        drawn = torch.rand(n, count, generator=generator).topk(positions).indices.to(inputs.device)
        image = torch.arange(n, device=inputs.device)[:, None]
        windows = windows[(image, *torch.unravel_index(drawn, out_size))]
        weight = count / positions
    d = layer.in_channels // layer.groups * prod(layer.kernel_size)
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

    def accumulate(name: str, layer: Layer, inputs: Tensor) -> None:
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
