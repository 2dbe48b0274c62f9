"""The representations of a layer: the vectors that its weight rows are multiplied with.

Those of a Linear layer are its inputs; those of a Conv1d or Conv2d layer are the im2col patches for
its kernel, stride, padding and dilation. A weight row and a representation have the same length d,
and their inner product is the layer's output. Each group of a grouped convolution has its own.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.errors import ConfigError
from unsc_core.learning.batches import evaluating

Layer = nn.Linear | nn.Conv1d | nn.Conv2d
"""The layers whose weight a null space covers."""


def represented_layers(model: nn.Module) -> dict[str, Layer]:
    """Name -> layer, in order of definition, of every layer whose weight can be projected."""
    return {
        name: layer
        for name, layer in model.named_modules()
        if isinstance(layer, Layer) and _is_plain(layer)
    }


@contextmanager
def inputs_of(layers: dict[str, Layer], look: Callable[[str, Tensor], None]) -> Iterator[None]:
    """Within this context, `look` is called with the name and the inputs of each layer called.

    Calls of other threads, which may run the same network, are none of it.
    """
    own = threading.get_ident()

    def look_at_own(name: str, inputs: Tensor) -> None:
        if threading.get_ident() == own:
            look(name, inputs)

    hooks = [
        layer.register_forward_pre_hook(lambda module, args, name=name: look_at_own(name, args[0]))
        for name, layer in layers.items()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _is_plain(layer: Layer) -> bool:
    """Whether its output is patches times its parameter `weight`.

    Not so if a subclass has its own forward, or if the weight is made from other parameters.
    """
    kind = next(kind for kind in get_args(Layer) if isinstance(layer, kind))
    same = all(
        getattr(getattr(layer, name, None), "__func__", None) is getattr(kind, name, None)
        for name in ("forward", "_conv_forward")
    )
    return same and "weight" in layer._parameters


def check_covered(model: nn.Module, inputs: Tensor) -> None:
    """Refuse a network with a trainable weight matrix that null spaces do not cover.

    Vectors (biases, norms, scales) are frozen while unlearning and need no null space. Matrices in
    other kinds of layers would be frozen too, but silently: the network could seem unable to
    forget. A weight used outside its own layer's call changes outputs that no representation stands
    for. A layer that is never called cannot move.

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
            frozen = (
                not weight.requires_grad
                or isinstance(module, nn.LayerNorm | nn.RMSNorm)
                or sum(size > 1 for size in weight.shape) <= 1
            )
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
                f"The weight of '{name}' ({type(layer).__name__}) is also used outside this "
                "layer's own call (tied to another layer, or by torch.nn.functional), where the "
                f"null space cannot see its inputs; call the layer itself, {advice}."
            )


def _calls_and_uses(
    model: nn.Module, layers: dict[str, Layer], inputs: Tensor
) -> tuple[Counter[str], Counter[Tensor]]:
    """How often one forward pass calls each layer, and uses each parameter in its graph."""
    calls: Counter[str] = Counter()
    count = inputs_of(layers, lambda name, _: calls.update((name,)))
    with count, evaluating(model), torch.enable_grad():
        todo = [model(inputs).grad_fn]
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
    """Every patch that the convolution multiplies, as a view.

    Args:
        layer: its kernel, stride, padding (and padding mode) and dilation are used.
        inputs: (n, channels, length) or (n, channels, height, width).

    Returns:
        (n, *out_size, channels, *kernel_size).
    """
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    x = F.pad(inputs, layer._reversed_padding_repeated_twice, mode=mode)
    (n, channels, *sizes), (step_n, step_c, *steps) = x.shape, x.stride()
    axes = zip(sizes, steps, layer.kernel_size, layer.stride, layer.dilation, strict=True)
    geometry = list(axes)
    out_size = [
        (size - dilation * (kernel - 1) - 1) // stride + 1
        for size, _, kernel, stride, dilation in geometry
    ]
    out_steps = [step * stride for _, step, _, stride, _ in geometry]
    kernel_steps = [step * dilation for _, step, _, _, dilation in geometry]
    return x.as_strided(
        (n, *out_size, channels, *layer.kernel_size), (step_n, *out_steps, step_c, *kernel_steps)
    )


def rows_per_sample(layer: Layer, inputs: Tensor, positions: int = 0) -> int:
    """How many vectors `representations` returns for each sample."""
    if isinstance(layer, nn.Linear):
        return max(1, inputs[:1].numel() // layer.in_features)
    axes = len(layer.kernel_size)
    one = inputs[:1] if inputs.ndim == axes + 2 else inputs[None]
    count = prod(patches(layer, one).shape[1 : axes + 1])
    return min(positions, count) if positions else count


def representations(
    layer: Layer, inputs: Tensor, positions: int = 0, generator: torch.Generator | None = None
) -> tuple[Tensor, float]:
    """The representation vectors of one layer for a batch.

    Args:
        layer: Linear (any leading dimensions), Conv1d or Conv2d.
        inputs: the layer's inputs.
        positions: patches to draw per image, without replacement; 0 = all.
        generator: CPU generator of the draw.

    Returns:
        X (groups, rows, d), and the number of patches each row stands for (1.0 without sampling).
    """
    if isinstance(layer, nn.Linear):
        return inputs.reshape(1, -1, layer.in_features), 1.0
    axes = len(layer.kernel_size)
    batch = inputs if inputs.ndim == axes + 2 else inputs[None]  # torch also takes one sample
    windows = patches(layer, batch)
    n, *out_size = windows.shape[: axes + 1]
    count, weight = prod(out_size), 1.0
    if 0 < positions < count:
        scores = torch.rand(n, count, generator=generator, dtype=torch.float32, device="cpu")
        drawn = scores.topk(positions).indices.to(inputs.device)
        image = torch.arange(n, device=inputs.device)[:, None]
        windows = windows[(image, *torch.unravel_index(drawn, out_size))]
        weight = count / positions
    d = layer.in_channels // layer.groups * prod(layer.kernel_size)
    return windows.reshape(-1, layer.groups, d).transpose(0, 1), weight
