"""Which device, how many threads, how precise."""

from __future__ import annotations

import ctypes
import sys
import threading
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
    """Choose threads, memory allocation and cuDNN's algorithms for computing with this dataset.

    Tiny samples get one thread: waiting for other threads costs more than they save. That is also
    why workers and the command line run with OMP_WAIT_POLICY=passive: threads that spin slow one
    another down many times over once another program needs a core. On a GPU, cuDNN is restricted
    to algorithms that give the same numbers each time.
    """
    torch.backends.cudnn.deterministic = True
    with _number_of_threads:
        torch.set_num_threads(1 if prod(dataset.input_shape) < SMALL else THREADS)
    _keep_freed_memory()


@cache
def _keep_freed_memory() -> None:
    """Let glibc reuse blocks of up to 32 MiB, and keep free memory at the end of the heap.

    By default it returns large blocks to the system, which clears their pages before the next
    layer's outputs can use them. On other systems this does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3  # their names in malloc.h, without the M_
        mallopt(mmap_threshold, 2**25)
        mallopt(trim_threshold, 2**30)


def resolve_device(name: str) -> str:
    """The device called `name`; "auto" is "cuda" if there is a GPU, else "cpu".

    Raises:
        ConfigError: no such device on this machine.
    """
    available = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return "cuda" if available else "cpu"
    gpus = {"cuda", *(f"cuda:{i}" for i in range(available))} if available else set()
    if name == "cpu" or name in gpus:
        return name
    found = ", ".join(f"cuda:{i}" for i in range(available)) or "no GPU"
    raise ConfigError(f"Device '{name}' is not on this machine ({found} found); use auto or cpu.")


class _FullPrecision:
    """Switches TF32 off while at least one thread needs that; these settings are the process's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before: list[str] = []

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = [kind.fp32_precision for kind in self._kinds()]
                for kind in self._kinds():
                    kind.fp32_precision = "ieee"
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                for kind, precision in zip(self._kinds(), self._before, strict=True):
                    kind.fp32_precision = precision

    def _kinds(self) -> tuple:
        return torch.backends.cudnn.conv, torch.backends.cuda.matmul  # type: ignore[attr-defined]


_full_precision = _FullPrecision()
_number_of_threads = threading.RLock()
"""Held by whoever has changed how many threads torch uses, until that is undone."""


@contextmanager
def full_precision() -> Iterator[None]:
    """A GPU's float32 convolutions and matrix products in float32, not in TF32.

    torch allows convolutions TF32, whose mantissa has 10 bits. This is for what is measured, and
    for projections: a gradient rounded to 10 bits leaves its null space by a thousandth. The passes
    of training and unlearning stay as torch has them: their gradients are noisier than TF32.
    """
    _full_precision.enter()
    try:
        yield
    finally:
        _full_precision.leave()


@contextmanager
def one_thread() -> Iterator[None]:
    """Each operation on one thread, so that several can run side by side."""
    with _number_of_threads:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
