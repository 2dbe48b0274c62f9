"""Watching the steps of a method."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from unsc_core.learning import training
from unsc_core.methods import LISTED, METHODS

LOOPS = [name for name, method in LISTED.items() if method.epochs]
"""Methods with a training loop."""


@contextmanager
def around_steps(entered: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Enter `entered()` for the steps of each epoch and their losses, not for its accuracy."""
    descend = training.descend

    def watched(
        model: Any,
        data: Any,
        rows: Any,
        losses: Callable[..., Iterator[Tensor]],
        *args: Any,
        **settings: Any,
    ) -> Any:
        def inside(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
            with entered():
                yield from losses(epoch, order)

        return descend(model, data, rows, inside, *args, **settings)

    modules = [importlib.import_module(METHODS[name].unlearn.__module__) for name in LOOPS]
    with ExitStack() as patches:
        for module in {training, *(module for module in modules if hasattr(module, "descend"))}:
            patches.enter_context(mock.patch.object(module, "descend", watched))
        yield
