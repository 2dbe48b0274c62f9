"""Pictures, drawn once for everyone on this server who looks at the same."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from unsc_core.figures.theme import Picture


def picture(make: Callable[..., Picture], *arguments: Any) -> Picture:
    """What `make` draws of these arguments. Nobody may change the picture, or its arguments."""
    return _picture(_Call(make, arguments))


class _Call:
    """Equal to a call of the same function with the same numbers and the very same objects."""

    def __init__(self, make: Callable[..., Picture], arguments: tuple[Any, ...]) -> None:
        self._make, self._arguments = make, arguments
        self._key = make, _key(arguments)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Call) and self._key == other._key

    def __call__(self) -> Picture:
        drawn = self._make(*self._arguments)
        self._arguments = ()  # the cache keeps the key, and no result alive
        return drawn


def _key(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, list | tuple):
        return tuple(map(_key, value))
    if isinstance(value, dict):
        return tuple((name, _key(one)) for name, one in value.items())
    try:
        return weakref.ref(value)
    except TypeError:  # text, a number, or None
        return value


@lru_cache(maxsize=256)
def _picture(call: _Call) -> Picture:
    return call()
