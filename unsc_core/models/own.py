"""User-supplied networks: a function in a Python file, named as `path/to/net.py:make`.

    def make(input_shape: tuple[int, ...], num_classes: int) -> torch.nn.Module: ...

The file is a program and is executed, so the command line and Python accept such names, and the app
does not. Keys of stored results depend on the file's content, but not on other files it imports.
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
class UserModel:
    """A model file that has been read but not run.

    Attributes:
        name: as typed. path, function: its two parts. source: the file's content.
    """

    name: str
    path: Path
    function: str
    source: bytes

    @property
    def digest(self) -> str:
        """Identifies the network in keys by its function and content, wherever the file is."""
        content = self.function.encode() + b":" + self.source
        return f"own-{hashlib.sha256(content).hexdigest()[:20]}"


def is_user_model(name: str) -> bool:
    """Whether `name` refers to a function in a Python file."""
    return name.endswith(".py") or ".py:" in name


def read_user_model(name: str) -> UserModel:
    """Read the file that `name` refers to, without running it.

    Raises:
        ConfigError: the name has no function, or the file cannot be read.
    """
    stem, _, function = name.rpartition(".py:")
    if not (stem and function.isidentifier()):
        raise ConfigError(
            f"'{name}' does not say which function of the file makes the network; add its name, "
            "as in net.py:make."
        )
    try:
        path = Path(f"{stem}.py").expanduser()
        return UserModel(name, path, function, path.read_bytes())
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"The model file {stem}.py cannot be read ({reason}); check the path."
        ) from None


def build_user_model(user: UserModel, input_shape: tuple[int, ...], num_classes: int) -> nn.Module:
    """Run the file, call its function, and try the network on two random samples.

    The initial weights come from torch's global generator, which the caller seeds.

    Raises:
        ConfigError: the file, its function or its network cannot be used; one sentence says why.
    """
    import torch
    from torch import nn

    with _explained(user, f"{user.path} cannot be run"):
        make = getattr(_run(user), user.function, None)
    if not callable(make):
        raise ConfigError(
            f"{user.path} has no function '{user.function}'; define "
            f"def {user.function}(input_shape, num_classes) there."
        )
    request = f"input_shape={tuple(input_shape)}, num_classes={num_classes}"
    with _explained(user, f"{user.name} failed on {request}"):
        network = make(tuple(input_shape), num_classes)
    if not isinstance(network, nn.Module):
        raise ConfigError(
            f"{user.name} returned {_described(network)}; it must return a torch.nn.Module."
        )
    if isinstance(network, nn.Linear | nn.Conv1d | nn.Conv2d):
        network = nn.Sequential(network)  # unlearning needs every layer to have a name
    network.cpu().register_forward_pre_hook(_contiguous)
    samples = torch.randn(2, *input_shape)
    failure = f"The network of {user.name} fails on samples of size {_size(input_shape)} in"
    with _explained(user, f"{failure} eval mode"):
        logits = network.eval()(samples)  # also gives lazy layers their size
    _check_logits(user, logits, num_classes)
    with _explained(user, f"{failure} training mode"):
        # on a copy, since BatchNorm updates its statistics
        logits = copy.deepcopy(network).train()(samples)
    _check_logits(user, logits, num_classes)
    _check_weights(user, network, logits)
    return network.train()


def _run(user: UserModel) -> ModuleType:
    """The file as a module, run from the bytes that its digest covers.

    Python's import could use older bytes from its cache.
    """
    module = ModuleType(user.digest.replace("-", "_"))
    module.__file__ = str(user.path)
    sys.modules[module.__name__] = module  # where dataclasses and pickle look up classes
    exec(compile(user.source, str(user.path), "exec", dont_inherit=True), module.__dict__)
    return module


@contextmanager
def _explained(user: UserModel, what: str) -> Iterator[None]:
    """Turn whatever the user's code raises into one sentence with the line of the file."""
    try:
        yield
    except (Exception, SystemExit) as error:
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(user.path)
        ]
        if isinstance(error, SyntaxError) and error.filename == str(user.path):
            lines.append(error.lineno)
        where = f" in line {lines[-1]}" if lines else ""
        reason = (getattr(error, "msg", None) or str(error)).strip().partition("\n")[0].rstrip(". ")
        raise ConfigError(
            f"{what}: {type(error).__name__}{where}{': ' if reason else ''}{reason}."
        ) from error


def _contiguous(_: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Samples in torch's contiguous layout, which x.view(…) needs."""
    return (args[0].contiguous(), *args[1:])


def _check_logits(user: UserModel, logits: Any, num_classes: int) -> None:
    import torch

    if not isinstance(logits, torch.Tensor) or logits.shape != (2, num_classes):
        raise ConfigError(
            f"The network of {user.name} must return 2×{num_classes} logits for 2 samples, not "
            f"{_described(logits)}."
        )
    if not bool(torch.isfinite(logits).all()):
        raise ConfigError(
            f"The network of {user.name} returns logits that are not finite before any training; "
            "check its initial weights."
        )


def _check_weights(user: UserModel, network: nn.Module, logits: Tensor) -> None:
    import torch

    lazy = [
        name
        for name, weight in network.named_parameters()
        if isinstance(weight, torch.nn.UninitializedParameter)
    ]
    if lazy:
        raise ConfigError(
            f"'{lazy[0]}' of {user.name} has no size after a forward pass: its layer is never "
            "called; remove it."
        )
    if not logits.requires_grad:
        raise ConfigError(
            f"The network of {user.name} has no trainable parameters that its logits depend on."
        )
    state = network.state_dict()
    if odd := [
        name
        for name, value in state.items()
        if name == "labels" or not isinstance(value, torch.Tensor)
    ]:
        raise ConfigError(
            f"'{odd[0]}' in the state_dict of {user.name} cannot be stored; it must be a tensor "
            "with another name than 'labels'."
        )


def _described(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + ("" if shape is None else f" of size {_size(shape)}")


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "1"
