"""The registry entry of a network."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ModelEntry:
    """One network, described without loading it.

    Attributes:
        name: as typed on the command line. title: as shown. summary: one sentence.
        order: place in lists; networks without one come after the published ones.
        needs_images: whether samples must be (channels, height, width).
        options: further arguments of the module's `layers`.
        module: the module that defines `layers`; filled in by the registry.
    """

    name: str
    title: str
    summary: str
    order: int = 500
    needs_images: bool = True
    options: dict[str, int] = field(default_factory=dict)
    module: str = field(default="", compare=False)

    def layers(self, input_shape: tuple[int, ...], num_classes: int) -> list[nn.Module]:
        """The network's layers, in order; loads its module, and torch with it."""
        make = importlib.import_module(self.module).layers
        return make(input_shape, num_classes, **self.options)
