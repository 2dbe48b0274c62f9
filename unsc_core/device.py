"""Where tensors live, and samples on their way to a network."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unsc_core.dataset import Dataset
from unsc_core.errors import ConfigError

THREADS = torch.get_num_threads()
CLASS_BATCH = 256
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
    if name == "cpu" or (available and (name == "cuda" or name in {f"cuda:{i}" for i in range(available)})):
        return name
    found = ", ".join(f"cuda:{i}" for i in range(available)) or "no GPU"
    raise ConfigError(f"Device '{name}' is not on this machine ({found} found); use auto or cpu.")


@dataclass(frozen=True, eq=False)
class DeviceData:
    """A dataset on a device: samples stay uint8 there and become network inputs batch by batch.

    Attributes:
        x_train, x_test: (n, …) uint8 images or float32 points.
        y_train, y_test: (n,) int64.
        shift, scale: network input = sample · scale + shift, per channel.
        augment: whether `augmented` does anything.
    """

    x_train: Tensor
    y_train: Tensor
    x_test: Tensor
    y_test: Tensor
    shift: Tensor
    scale: Tensor
    augment: bool

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return self.x_train.device

    def index(self, rows: NDArray[np.intp]) -> Tensor:
        """Row numbers as a tensor on this device."""
        return torch.from_numpy(rows).to(self.device)

    def inputs(self, samples: Tensor) -> Tensor:
        """Samples (n, …) -> normalised float32 network inputs, images channels-last."""
        x = samples.to(torch.float32) * self.scale + self.shift
        return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x

    def augmented(self, samples: Tensor, generator: torch.Generator) -> Tensor:
        """Images shifted by up to 4 pixels and mirrored at random, if this dataset is augmented; still uint8.

        Args:
            samples: (n, channels, height, width).
            generator: CPU generator of the draw.
        """
        if not self.augment:
            return samples
        n, _, height, width = samples.shape
        padded = torch.nn.functional.pad(samples, (4, 4, 4, 4))
        top, left = sent(torch.randint(0, 9, (2, n, 1, 1), generator=generator, device="cpu"), self.device)
        mirror = sent(torch.rand(n, 1, 1, generator=generator, dtype=torch.float32, device="cpu") < 0.5, self.device)
        rows = top + torch.arange(height, device=self.device)[:, None]
        across = torch.arange(width, device=self.device)
        cols = left + torch.where(mirror, width - 1 - across, across)
        image = torch.arange(n, device=self.device)[:, None, None]
        return padded.permute(0, 2, 3, 1)[image, rows, cols].permute(0, 3, 1, 2)


def to_device(dataset: Dataset, device: str) -> DeviceData:
    """The dataset's arrays as tensors on `device`, without a copy where none is needed."""
    unit = 255.0 if dataset.is_images else 1.0
    mean, std = (torch.tensor(values, dtype=torch.float32, device=device) for values in (dataset.mean, dataset.std))
    shape = (1, -1, 1, 1) if dataset.is_images else (1, -1)
    arrays = (dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test)
    x_train, y_train, x_test, y_test = (torch.from_numpy(np.require(a, requirements=["W"])).to(device) for a in arrays)
    return DeviceData(x_train, y_train, x_test, y_test, (-mean / std).view(shape), (1.0 / (unit * std)).view(shape), dataset.augment)


def sent(drawn: Tensor, device: torch.device) -> Tensor:
    """A tensor on the CPU, sent to `device`; a GPU takes it from pinned memory when it gets there, and the CPU does not wait."""
    return drawn.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else drawn.to(device)


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
def evaluating(model: torch.nn.Module) -> Iterator[None]:
    """Eval mode and full precision, then every module back in the mode it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with full_precision():
            yield
    finally:
        for module, training in modes:
            module.training = training


def predict(model: torch.nn.Module, data: DeviceData, samples: Tensor, batch_size: int = 500) -> Tensor:
    """Logits (n, classes) float32 of the model in eval mode; the model is left as it was found."""
    with evaluating(model), torch.inference_mode():
        logits = [model(data.inputs(batch)) for batch in samples.split(batch_size)]
    return torch.cat(logits).float()


def class_batches(data: DeviceData, images: int, rows: Tensor | None = None, batch_size: int = CLASS_BATCH) -> Iterator[tuple[int, Tensor]]:
    """(class, normalised inputs) over the first `images` training samples of every class (0 = all), of `rows` only if given."""
    among = torch.arange(len(data.y_train), device=data.device) if rows is None else rows
    for label in range(int(data.y_train.max()) + 1):
        of_class = among[data.y_train[among] == label]
        for batch in (of_class[:images] if images else of_class).split(batch_size):
            if len(batch):
                yield label, data.inputs(data.x_train[batch])


@contextmanager
def one_thread() -> Iterator[None]:
    """Each operation on one thread, so that several can run side by side."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
