"""A network of one's own: a function in a Python file, named as `path/to/net.py:make`.

    def make(input_shape: tuple[int, ...], num_classes: int) -> torch.nn.Module: ...

The file is a program and is run, so such names come from the command line and from Python, never from the app.
Keys of stored results contain the file's content, but not that of other files it imports.
"""

from __future__ import annotations

import copy
import hashlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from unsc_core.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class OwnModel:
    """A file that has been read and not yet run.

    Attributes:
        name: as typed; path, function: its two parts; source: the file's content.
    """

    name: str
    path: Path
    function: str
    source: bytes

    @property
    def digest(self) -> str:
        """What stands for this network in keys: another content or function, another digest, wherever the file lies."""
        return f"own-{hashlib.sha256(self.function.encode() + b':' + self.source).hexdigest()[:20]}"


def is_own_model(name: str) -> bool:
    """Whether `name` is meant as a function in a file."""
    return name.endswith(".py") or ".py:" in name


def own_model(name: str) -> OwnModel:
    """Read the file of `name` without running it.

    Raises:
        ConfigError: the name lacks the function, or the file cannot be read.
    """
    stem, _, function = name.rpartition(".py:")
    if not (stem and function.isidentifier()):
        raise ConfigError(
            f"'{name}' does not say which function of the file makes the network; add its name, as in net.py:make."
        )
    try:
        path = Path(f"{stem}.py").expanduser()
        return OwnModel(name, path, function, path.read_bytes())
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"The model file {stem}.py cannot be read ({reason}); check the path."
        ) from None


def build_own_model(own: OwnModel, input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
    """Run the file, call its function, and try the network on two random samples; torch's generator is the caller's to seed.

    Raises:
        ConfigError: one sentence about the first thing that is wrong with the file, its function or its network.
    """
    import torch
    from torch import nn

    with _explained(own, f"{own.path} cannot be run"):
        make = getattr(_run(own), own.function, None)
    if not callable(make):
        raise ConfigError(
            f"{own.path} has no function '{own.function}'; write def {own.function}(input_shape, num_classes) there."
        )
    with _explained(
        own, f"{own.name} failed on input_shape={tuple(input_shape)}, num_classes={num_classes}"
    ):
        network = make(tuple(input_shape), num_classes)
    if not isinstance(network, nn.Module):
        raise ConfigError(
            f"{own.name} returned {_words(network)}; it must return a torch.nn.Module."
        )
    if isinstance(network, nn.Linear | nn.Conv1d | nn.Conv2d):
        network = nn.Sequential(network)  # unlearning needs a name for every layer
    network.cpu().register_forward_pre_hook(_contiguous)
    samples = torch.randn(2, *input_shape)
    for training in (False, True):
        with _explained(
            own,
            f"The network of {own.name} fails on samples of size {_size(input_shape)} in {'training' if training else 'eval'} mode",
        ):
            answers = network.eval()(samples)  # gives lazy layers their size
            if training:
                answers = copy.deepcopy(network).train()(
                    samples
                )  # a copy: BatchNorm remembers what it sees
        _check_answers(own, answers, num_classes)
    _check_weights(own, network, answers)
    return network.train()


def _run(own: OwnModel) -> ModuleType:
    """The file as a module, from the very bytes its digest is of: Python's own import could find older ones in its cache."""
    module = ModuleType(own.digest.replace("-", "_"))
    module.__file__ = str(own.path)
    sys.modules[module.__name__] = module  # where dataclasses and pickle look classes up
    exec(compile(own.source, str(own.path), "exec", dont_inherit=True), module.__dict__)
    return module


@contextmanager
def _explained(own: OwnModel, what: str) -> Iterator[None]:
    """Turn whatever foreign code raises into one sentence with the line of the file."""
    try:
        yield
    except (Exception, SystemExit) as error:
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(own.path)
        ]
        if isinstance(error, SyntaxError) and error.filename == str(own.path):
            lines.append(error.lineno)
        where = f" in line {lines[-1]}" if lines else ""
        reason = (getattr(error, "msg", None) or str(error)).strip().partition("\n")[0].rstrip(". ")
        raise ConfigError(
            f"{what}: {type(error).__name__}{where}{': ' if reason else ''}{reason}."
        ) from error


def _contiguous(_: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Samples in torch's plain layout, in which x.view(…) works as people write it."""
    return (args[0].contiguous(), *args[1:])


def _check_answers(own: OwnModel, answers: Any, num_classes: int) -> None:
    import torch

    if not isinstance(answers, torch.Tensor) or answers.shape != (2, num_classes):
        raise ConfigError(
            f"The network of {own.name} must answer 2 samples with 2×{num_classes} logits, not with {_words(answers)}."
        )
    if not bool(torch.isfinite(answers).all()):
        raise ConfigError(
            f"The network of {own.name} answers with numbers that are not finite before any training; check its initial weights."
        )


def _check_weights(own: OwnModel, network: nn.Module, answers: Tensor) -> None:
    import torch

    lazy = [
        name
        for name, weight in network.named_parameters()
        if isinstance(weight, torch.nn.UninitializedParameter)
    ]
    if lazy:
        raise ConfigError(
            f"'{lazy[0]}' of {own.name} has no size after a forward pass: its layer is never called; remove it."
        )
    if not answers.requires_grad:
        raise ConfigError(
            f"The network of {own.name} has no trainable parameters that its answers depend on."
        )
    state = network.state_dict()
    if odd := [
        name
        for name, value in state.items()
        if name == "labels" or not isinstance(value, torch.Tensor)
    ]:
        raise ConfigError(
            f"'{odd[0]}' in the state_dict of {own.name} cannot be stored; it must be a tensor with another name than 'labels'."
        )


def _words(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return (
        f"a {type(value).__name__}"
        if shape is None
        else f"a {type(value).__name__} of size {_size(shape)}"
    )


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "1"
