"""Layers of every geometry, and their retain subspaces computed with numpy and plain loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import Tensor, nn

from unsc_core.subspace.moments import second_moments
from unsc_core.subspace.null_space import null_space, spectrum
from unsc_core.subspace.representations import Layer

Matrix = NDArray[np.float64]
PAD_MODES = {"zeros": "constant", "reflect": "reflect", "circular": "wrap", "replicate": "edge"}
CUTS = 3
CLEAR_GAP = 1e-4
"""Smallest gap between the eigenvalues at a cut, as a share of the largest.

In a narrower gap, rounding decides the subspace.
"""


@dataclass(frozen=True)
class LayerCase:
    """One layer and the shape of one of its inputs."""

    name: str
    make: Callable[[], Layer]
    shape: tuple[int, ...]

    def layer(self) -> Layer:
        torch.manual_seed(0)
        return self.make().double()

    def inputs(self) -> Tensor:
        """Real digits, cut into samples of this shape."""
        images = load_digits().data / 16.0
        n = 24
        return torch.from_numpy(
            images.reshape(-1)[: n * int(np.prod(self.shape))].reshape(n, *self.shape)
        )


CASES = [
    LayerCase("linear", lambda: nn.Linear(64, 5), (64,)),
    LayerCase("linear-more-samples-than-inputs", lambda: nn.Linear(10, 5), (10,)),
    LayerCase("linear-no-bias", lambda: nn.Linear(64, 5, bias=False), (64,)),
    LayerCase("linear-3d", lambda: nn.Linear(16, 4), (6, 16)),
    LayerCase("conv", lambda: nn.Conv2d(3, 4, 3), (3, 8, 8)),
    LayerCase("conv-no-bias", lambda: nn.Conv2d(3, 4, 3, bias=False), (3, 8, 8)),
    LayerCase("conv-padding", lambda: nn.Conv2d(3, 4, 3, padding=1), (3, 8, 8)),
    LayerCase("conv-padding-uneven", lambda: nn.Conv2d(3, 4, 3, padding=(2, 1)), (3, 8, 8)),
    LayerCase("conv-stride", lambda: nn.Conv2d(3, 4, 3, stride=2), (3, 9, 9)),
    LayerCase(
        "conv-stride-that-leaves-a-rest",
        lambda: nn.Conv2d(2, 4, 3, stride=(3, 2), padding=1),
        (2, 8, 8),
    ),
    LayerCase("conv-same", lambda: nn.Conv2d(3, 4, 3, padding="same"), (3, 8, 8)),
    LayerCase("conv-same-even-kernel", lambda: nn.Conv2d(2, 4, 4, padding="same"), (2, 8, 8)),
    LayerCase(
        "conv-same-dilated",
        lambda: nn.Conv2d(2, 4, (2, 3), padding="same", dilation=(1, 2)),
        (2, 8, 8),
    ),
    LayerCase("conv-valid", lambda: nn.Conv2d(2, 4, 2, padding="valid"), (2, 8, 8)),
    LayerCase(
        "conv-reflect", lambda: nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"), (2, 8, 8)
    ),
    LayerCase(
        "conv-circular",
        lambda: nn.Conv2d(2, 4, 3, padding=(1, 2), padding_mode="circular"),
        (2, 8, 8),
    ),
    LayerCase(
        "conv-replicate", lambda: nn.Conv2d(2, 4, 3, padding=1, padding_mode="replicate"), (2, 8, 8)
    ),
    LayerCase(
        "conv-reflect-same-even-kernel",
        lambda: nn.Conv2d(2, 4, 2, padding="same", padding_mode="reflect"),
        (2, 8, 8),
    ),
    LayerCase("conv-dilation", lambda: nn.Conv2d(2, 4, 3, dilation=2), (2, 8, 8)),
    LayerCase(
        "conv-dilation-stride-padding",
        lambda: nn.Conv2d(2, 4, 3, dilation=(2, 1), stride=(1, 2), padding=2),
        (2, 8, 8),
    ),
    LayerCase("conv-groups", lambda: nn.Conv2d(4, 6, 3, groups=2, padding=1), (4, 8, 8)),
    LayerCase("conv-depthwise", lambda: nn.Conv2d(3, 3, 3, groups=3, padding=1), (3, 8, 8)),
    LayerCase(
        "conv-groups-stride-reflect",
        lambda: nn.Conv2d(4, 4, 3, groups=4, stride=2, padding=1, padding_mode="reflect"),
        (4, 8, 8),
    ),
    LayerCase("conv-1x1", lambda: nn.Conv2d(8, 4, 1), (8, 4, 4)),
    LayerCase("conv-1x1-stride", lambda: nn.Conv2d(8, 4, 1, stride=2), (8, 4, 4)),
    LayerCase("conv-1x3", lambda: nn.Conv2d(3, 4, (1, 3), padding=(0, 1)), (3, 8, 8)),
    LayerCase("conv-4x2", lambda: nn.Conv2d(2, 4, (4, 2), padding=(1, 0)), (2, 9, 7)),
    LayerCase("conv1d", lambda: nn.Conv1d(3, 4, 3), (3, 12)),
    LayerCase("conv1d-no-bias", lambda: nn.Conv1d(3, 4, 5, bias=False), (3, 12)),
    LayerCase("conv1d-padding", lambda: nn.Conv1d(3, 4, 3, padding=2), (3, 12)),
    LayerCase(
        "conv1d-stride-that-leaves-a-rest", lambda: nn.Conv1d(2, 4, 3, stride=2, padding=1), (2, 12)
    ),
    LayerCase("conv1d-same", lambda: nn.Conv1d(3, 4, 3, padding="same"), (3, 12)),
    LayerCase(
        "conv1d-same-even-kernel-dilated",
        lambda: nn.Conv1d(2, 4, 4, padding="same", dilation=2),
        (2, 16),
    ),
    LayerCase("conv1d-valid", lambda: nn.Conv1d(2, 4, 2, padding="valid"), (2, 12)),
    LayerCase(
        "conv1d-reflect", lambda: nn.Conv1d(2, 4, 3, padding=2, padding_mode="reflect"), (2, 12)
    ),
    LayerCase(
        "conv1d-circular", lambda: nn.Conv1d(2, 4, 3, padding=1, padding_mode="circular"), (2, 12)
    ),
    LayerCase(
        "conv1d-replicate-same-even-kernel",
        lambda: nn.Conv1d(2, 4, 2, padding="same", padding_mode="replicate"),
        (2, 12),
    ),
    LayerCase(
        "conv1d-dilation-stride-padding",
        lambda: nn.Conv1d(2, 4, 3, dilation=2, stride=3, padding=2),
        (2, 16),
    ),
    LayerCase("conv1d-groups", lambda: nn.Conv1d(4, 6, 3, groups=2, padding=1), (4, 12)),
    LayerCase(
        "conv1d-depthwise-stride-reflect",
        lambda: nn.Conv1d(3, 6, 3, groups=3, stride=2, padding=1, padding_mode="reflect"),
        (3, 12),
    ),
    LayerCase("conv1d-1", lambda: nn.Conv1d(8, 4, 1), (8, 6)),
]


def reference_representations(layer: Layer, inputs: Tensor) -> list[Matrix]:
    """One (rows, d) matrix per group, in the order image, row, column."""
    x = inputs.numpy()
    if isinstance(layer, nn.Linear):
        return [x.reshape(-1, x.shape[-1])]
    x = np.pad(x, ((0, 0), (0, 0), *_padding(layer)), mode=PAD_MODES[layer.padding_mode])
    axes = list(zip(x.shape[2:], layer.kernel_size, layer.stride, layer.dilation, strict=True))
    per_group = x.shape[1] // layer.groups
    matrices = []
    for group in range(layer.groups):
        rows = []
        for image in x:
            for corner in product(
                *(
                    range(0, size - dilation * (kernel - 1), stride)
                    for size, kernel, stride, dilation in axes
                )
            ):
                patch = []
                for channel in range(group * per_group, (group + 1) * per_group):
                    for offset in product(*(range(kernel) for kernel in layer.kernel_size)):
                        place = (
                            start + dilation * step
                            for start, dilation, step in zip(
                                corner, layer.dilation, offset, strict=True
                            )
                        )
                        patch.append(image[(channel, *place)])
                rows.append(patch)
        matrices.append(np.array(rows))
    return matrices


def _padding(layer: nn.Conv1d | nn.Conv2d) -> list[tuple[int, int]]:
    """Before and after, for each axis."""
    if layer.padding == "valid":
        return [(0, 0)] * len(layer.kernel_size)
    if layer.padding == "same":
        totals = [
            dilation * (kernel - 1)
            for dilation, kernel in zip(layer.dilation, layer.kernel_size, strict=True)
        ]
        return [(total // 2, total - total // 2) for total in totals]
    return [(side, side) for side in layer.padding]


def reference_output(layer: Layer, inputs: Tensor) -> Tensor:
    """The layer's output: patches times weights, plus bias."""
    weights = layer.weight.detach().flatten(1).numpy()
    blocks = np.split(weights, getattr(layer, "groups", 1))
    out = np.concatenate(
        [x @ w.T for x, w in zip(reference_representations(layer, inputs), blocks, strict=True)],
        axis=1,
    )
    if layer.bias is not None:
        out = out + layer.bias.detach().numpy()
    with torch.no_grad():
        shape = layer(inputs).shape
    if isinstance(layer, nn.Linear):
        return torch.from_numpy(out.reshape(shape))
    n, channels, *sizes = shape
    return torch.from_numpy(np.moveaxis(out.reshape(n, *sizes, channels), -1, 1))


def clear_cuts(singular_values: Matrix) -> Iterator[tuple[float, int]]:
    """(γ, k): thresholds that cut this spectrum in its widest gaps, and γ = 1 with the rank."""
    squares = singular_values**2
    shares = np.cumsum(squares) / squares.sum()
    gaps = (squares[:-1] - squares[1:]) / squares[0]
    widest = np.argsort(gaps)[::-1] + 1
    of_use = [k for k in widest if shares[k - 1] > 0.9]  # where unlearning cuts
    for k in sorted({*widest[:CUTS], *of_use[:CUTS]}):
        if gaps[k - 1] > CLEAR_GAP:
            before = shares[k - 2] if k > 1 else 0.0
            yield float((before + shares[k - 1]) / 2), int(k)
    yield 1.0, int((singular_values > singular_values[0] * 1e-7).sum())


def projector_differences(
    case: LayerCase, channels_last: bool = False
) -> Iterator[tuple[float, float]]:
    """(γ, max |P − P_reference|) over the groups, at every clear cut of this case."""
    layer, inputs = case.layer(), case.inputs()
    model = nn.Sequential(layer)
    fed = inputs.movedim(1, -1).contiguous().movedim(-1, 1) if channels_last else inputs
    if channels_last and inputs.ndim == 4:
        model = model.to(memory_format=torch.channels_last)
    half = len(fed) // 2
    moments = second_moments(model, iter([(0, fed[:half]), (1, fed[half:])]), 2).retain(())["0"]
    for group, x in enumerate(reference_representations(layer, inputs)):
        _, singular_values, directions = np.linalg.svd(x, full_matrices=False)
        for energy_threshold, k in clear_cuts(singular_values):
            reference = np.eye(x.shape[1]) - directions[:k].T @ directions[:k]
            found = null_space(spectrum(moments[group]), energy_threshold)
            yield energy_threshold, float(np.abs(found.projector.numpy() - reference).max())
