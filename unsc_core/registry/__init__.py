"""Collects METHODS, MODELS, DATASETS and AUDITS from the files of their folders, an entry each."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar


class Entry(Protocol):
    """What every entry has: a unique name, and its place in lists."""

    @property
    def name(self) -> str:
        """As typed on the command line and in links."""
        ...

    @property
    def order(self) -> int:
        """Lists are sorted by this number, then by name."""
        ...


E = TypeVar("E", bound=Entry)


def import_entries(package: str, variable: str, kind: type[E]) -> dict[str, E]:
    """Name -> the entry that each module of `package` defines as `variable`; imports the modules.

    Raises:
        TypeError: an entry is not of this kind. ValueError: two entries share a name.
    """
    modules = [importlib.import_module(f"{package}.{path.stem}") for path in _files(package)]
    entries = [getattr(module, variable) for module in modules if hasattr(module, variable)]
    if wrong := [entry for entry in entries if not isinstance(entry, kind)]:
        raise TypeError(f"{variable} must be a {kind.__name__}, not {wrong[0]!r}.")
    return _by_name(entries)


def read_entries(package: str, variable: str, kind: Callable[..., E]) -> dict[str, E]:
    """Name -> the entry that each module of `package` defines as `variable`; imports no module.

    Methods and models import torch, which takes seconds, and listing their names must not. So the
    entry is read from the source: `METHOD = Method(name="scrub", epochs=4, ...)` with literal
    keyword arguments. `kind` is called with these and with the module's name, as `module`. A module
    with several entries defines a tuple of them, with an s: `METHODS = (Method(...), ...)`.

    Raises:
        TypeError: an argument is positional or not a literal. ValueError: two entries share a name.
    """
    return _by_name(
        kind(**arguments, module=f"{package}.{path.stem}")
        for path in _files(package)
        for arguments in _arguments(path, variable)
    )


def _files(package: str) -> list[Path]:
    folder = Path(sys.modules[package].__path__[0])
    return [path for path in sorted(folder.glob("*.py")) if path.stem != "__init__"]


def _arguments(path: Path, variable: str) -> list[dict[str, Any]]:
    """The keyword arguments of each call that a file assigns to `variable`; none if it does not."""
    for statement in ast.parse(path.read_text(encoding="utf-8"), path).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                if name == variable:
                    return [_literals(call, f"{variable} in {path}")]
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Tuple(elts=calls)):
                if name == f"{variable}S":
                    return [_literals(call, f"{name} in {path}") for call in calls]
    return []


def _literals(call: ast.expr, where: str) -> dict[str, Any]:
    if not isinstance(call, ast.Call):
        raise TypeError(f"{where} must have calls only, not {ast.unparse(call)}.")
    try:
        values = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    except ValueError as error:
        raise TypeError(f"{where} must have literal arguments only: {error}.") from None
    if call.args:
        raise TypeError(f"{where} must name every argument.")
    return values


def _by_name(entries: Iterable[E]) -> dict[str, E]:
    found: dict[str, E] = {}
    for entry in sorted(entries, key=lambda entry: (entry.order, entry.name)):
        if entry.name in found:
            raise ValueError(f"Two files define an entry named '{entry.name}'.")
        found[entry.name] = entry
    return found
