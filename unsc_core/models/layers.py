"""Building blocks of the networks: what torch lacks, or offers in a form that is slow on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv_block(
    channels: int, out: int, kernel: int = 3, stride: int = 1, padding: int = 1
) -> list[nn.Module]:
    """A convolution without bias, BatchNorm and ReLU."""
    return [
        nn.Conv2d(channels, out, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    ]


class Dropout(nn.Dropout):
    """nn.Dropout (Srivastava et al., 2014) whose mask on a CPU costs one random byte per value.

    torch draws a CPU mask value by value, which takes nearly half of the small AlexNet's training
    time. Here eight values share one 64-bit draw, so p is rounded to a multiple of 1/256, for the
    mask and for the scale alike.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """`inputs`, of any shape, with a share p of its values set to 0 and the rest scaled up.

        Returns `inputs` itself in eval mode.
        """
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
    """Two 3×3 convolutions with BatchNorm and a shortcut around them (He et al., 2016).

    The shortcut is the identity, or a 1×1 convolution where the size changes.
    """

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
