"""Which device, how many threads, how precise."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from math import prod

import torch

from unsc_core.data.dataset import Dataset
from unsc_core.errors import ConfigError

THREADS = torch.get_num_threads()
SMALL = 400
"""Samples of fewer numbers than this are computed on one thread."""


def set_up_process(dataset: Dataset) -> None:
    """Use one thread for tiny samples, where waiting for the other threads costs more than they give, and keep freed memory.

    Waiting is also why workers and the command line run with OMP_WAIT_POLICY=passive: threads that spin
    slow each other down many times over as soon as another program needs a core. On a GPU, convolutions are computed by
    those of cuDNN's algorithms that give the same numbers each time.
    """
    torch.backends.cudnn.deterministic = True
    torch.set_num_threads(1 if prod(dataset.input_shape) < SMALL else THREADS)
    keep_freed_memory()


@cache
def keep_freed_memory() -> None:
    """Let glibc reuse blocks of up to 32 MiB, and not hand back what is free at the end of the heap; elsewhere, do nothing.

    By default it returns every large block to the system, which then clears its pages anew for the next layer's answers.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3  # their names in malloc.h, without the M_
        mallopt(mmap_threshold, 2**25)
        mallopt(trim_threshold, 2**30)


def resolve_device(name: str) -> str:
    """ "auto" -> "cuda" if there is one, else "cpu"; anything else is checked.

    Raises:
        ConfigError: no such device on this machine.
    """
    available = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return "cuda" if available else "cpu"
    if name == "cpu" or (
        available and (name == "cuda" or name in {f"cuda:{i}" for i in range(available)})
    ):
        return name
    found = ", ".join(f"cuda:{i}" for i in range(available)) or "no GPU"
    raise ConfigError(f"Device '{name}' is not on this machine ({found} found); use auto or cpu.")


@contextmanager
def full_precision() -> Iterator[None]:
    """float32 convolutions and matrix products of a GPU in float32, not in TF32, whose 10 bits of mantissa torch allows convolutions.

    For what is measured, and for projections: a gradient rounded to 10 bits leaves its null space by a thousandth. The
    forward and backward passes of training and unlearning stay as torch has them: their gradients are noisier than TF32.
    """
    kinds = torch.backends.cudnn.conv, torch.backends.cuda.matmul  # type: ignore[attr-defined]  # not in the stubs
    before = [kind.fp32_precision for kind in kinds]
    for kind in kinds:
        kind.fp32_precision = "ieee"
    try:
        yield
    finally:
        for kind, precision in zip(kinds, before, strict=True):
            kind.fp32_precision = precision


@contextmanager
def one_thread() -> Iterator[None]:
    """Each operation on one thread, so that several can run side by side."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
