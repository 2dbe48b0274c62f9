"""Samples on a device as inputs of a network, and its predictions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unsc_core.data.dataset import Dataset
from unsc_core.learning.device import full_precision

CLASS_BATCH = 256


@dataclass(frozen=True, eq=False)
class DeviceData:
    """A dataset on a device. Images stay uint8 and become network inputs batch by batch.

    Attributes:
        x_train, x_test: (n, …) uint8 images or float32 points.
        y_train, y_test: (n,) int64.
        shift, scale: network input = sample · scale + shift, per channel.
        augment: whether training images are augmented.
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
        """Samples (n, …) as normalised float32 network inputs; images are channels-last."""
        x = samples.to(torch.float32) * self.scale + self.shift
        return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x

    def augmented(self, samples: Tensor, generator: torch.Generator) -> Tensor:
        """Images shifted by up to 4 pixels and mirrored at random; unchanged without `augment`.

        Args:
            samples: (n, channels, height, width) uint8.
            generator: CPU generator of the draw.

        Returns:
            uint8 images of the same shape.
        """
        if not self.augment:
            return samples
        n, _, height, width = samples.shape
        padded = torch.nn.functional.pad(samples, (4, 4, 4, 4))
        top, left = sent(
            torch.randint(0, 9, (2, n, 1, 1), generator=generator, device="cpu"), self.device
        )
        mirror = sent(
            torch.rand(n, 1, 1, generator=generator, dtype=torch.float32, device="cpu") < 0.5,
            self.device,
        )
        rows = top + torch.arange(height, device=self.device)[:, None]
        across = torch.arange(width, device=self.device)
        cols = left + torch.where(mirror, width - 1 - across, across)
        image = torch.arange(n, device=self.device)[:, None, None]
        return padded.permute(0, 2, 3, 1)[image, rows, cols].permute(0, 3, 1, 2)


def to_device(dataset: Dataset, device: str) -> DeviceData:
    """The dataset's arrays as tensors on `device`, copied only where needed."""
    unit = 255.0 if dataset.is_images else 1.0
    mean, std = (
        torch.tensor(values, dtype=torch.float32, device=device)
        for values in (dataset.mean, dataset.std)
    )
    shape = (1, -1, 1, 1) if dataset.is_images else (1, -1)
    arrays = (dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test)
    x_train, y_train, x_test, y_test = (
        torch.from_numpy(np.require(a, requirements=["W"])).to(device) for a in arrays
    )
    return DeviceData(
        x_train,
        y_train,
        x_test,
        y_test,
        (-mean / std).view(shape),
        (1.0 / (unit * std)).view(shape),
        dataset.augment,
    )


def sent(drawn: Tensor, device: torch.device) -> Tensor:
    """A CPU tensor on `device`; for a GPU it is pinned, so that the CPU does not wait."""
    if device.type == "cuda":
        return drawn.pin_memory().to(device, non_blocking=True)
    return drawn.to(device)


@contextmanager
def evaluating(model: torch.nn.Module) -> Iterator[None]:
    """Eval mode and full precision within this context; then every module's mode is restored."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with full_precision():
            yield
    finally:
        for module, training in modes:
            module.training = training


def predict(
    model: torch.nn.Module, data: DeviceData, samples: Tensor, batch_size: int = 500
) -> Tensor:
    """Logits (n, classes) float32 in eval mode; the model is left as it was found."""
    with evaluating(model), torch.inference_mode():
        logits = [model(data.inputs(batch)) for batch in samples.split(batch_size)]
    return torch.cat(logits).float()


def class_batches(
    data: DeviceData, images: int, rows: Tensor | None = None, batch_size: int = CLASS_BATCH
) -> Iterator[tuple[int, Tensor]]:
    """Batches (class, normalised inputs) of the first `images` training samples of each class.

    Args:
        images: 0 = all.
        rows: (n,) indices of the training samples to choose from; all if None.
    """
    among = torch.arange(len(data.y_train), device=data.device) if rows is None else rows
    for label in range(int(data.y_train.max()) + 1):
        of_class = among[data.y_train[among] == label]
        for batch in (of_class[:images] if images else of_class).split(batch_size):
            if len(batch):
                yield label, data.inputs(data.x_train[batch])
