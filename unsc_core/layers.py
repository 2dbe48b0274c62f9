"""Layers that torch has, in a form that costs less on a CPU."""

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
        draws = torch.empty(-(-n // 8), dtype=torch.int64).random_(-(2**63), None).view(torch.uint8)[:n]
        dense = inputs if inputs.is_contiguous() or inputs.is_contiguous(memory_format=torch.channels_last) else inputs.contiguous()
        kept = (draws >= dropped).to(inputs.dtype).mul_(256 / (256 - dropped))
        return dense * kept.as_strided(dense.shape, dense.stride())
