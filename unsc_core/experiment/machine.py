"""Which machine this is, since times of two machines are not comparable."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ELSEWHERE = "another machine"
"""The machine of shipped and imported networks that do not record where they were computed."""


@dataclass(frozen=True)
class Took:
    """How long something took, and where.

    Attributes:
        seconds: wall-clock time.
        machine: as returned by `this_machine`; "" where it was not recorded.
    """

    seconds: float
    machine: str = ""

    def apart(self, other: Took) -> str:
        """Why the two times are not comparable, in a few words; "" if they are."""
        if self.machine and other.machine:
            return "" if self.machine == other.machine else ELSEWHERE
        return "machine not recorded"


@cache
def this_machine(device: str = "cpu") -> str:
    """The processor, and for "cuda" the GPU: "Intel(R) Xeon(R) CPU, 2 cores".

    Args:
        device: resolved, as in `Result.device`: "cpu", "cuda" or "cuda:N".
    """
    name = f"{processor()}, {cores()} core{'s' if cores() > 1 else ''}"
    if not device.startswith("cuda"):
        return name
    import torch

    return f"{torch.cuda.get_device_name(device)}, {name}"


def cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The processor's name."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    name = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), ""
    )
    return name or platform.processor() or platform.machine()
