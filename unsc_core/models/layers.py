"""Layers of the networks here that torch lacks, or has in a form that costs more on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Dropout(nn.Dropout):
    """nn.Dropout (Srivastava et al., 2014) whose mask on a CPU costs one random byte per number.

    torch draws a CPU mask number by number, which takes nearly half of the small AlexNet's training time. Eight
    numbers share one 64-bit draw here, so p is rounded to a multiple of 1/256, for the mask and the scale alike.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """`inputs` of any shape with a share p of its numbers set to 0 and the rest scaled up; unchanged in eval mode."""
        dropped = round(256 * self.p)
        if not self.training or inputs.device.type != "cpu" or dropped in (0, 256):
            return super().forward(inputs)
        n = inputs.numel()
        draws = (
            torch.empty(-(-n // 8), dtype=torch.int64, device=inputs.device)
            .random_(-(2**63), None)
            .view(torch.uint8)[:n]
        )
        dense = (
            inputs
            if inputs.is_contiguous() or inputs.is_contiguous(memory_format=torch.channels_last)
            else inputs.contiguous()
        )
        kept = (draws >= dropped).to(inputs.dtype).mul_(256 / (256 - dropped))
        return dense * kept.as_strided(dense.shape, dense.stride())


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with BatchNorm beside a shortcut (He et al., 2016): identity, or 1×1 convolution where sizes change."""

    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
            nn.Conv2d(out, out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(out),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )
        self.relu = nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        """(n, channels, height, width) -> (n, out, ⌈height / stride⌉, ⌈width / stride⌉)."""
        return self.relu(self.body(inputs) + self.shortcut(inputs))
