"""Readers for the parts of a link: each raises ValueError where the text is not possible."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import Any

from pages.shared import id_code
from pages.shared.addresses import MAX_IDS
from unsc_core.config import DEVICES
from unsc_core.learning.edits import EDIT

Reader = Callable[[str], Any]


def read_fields(
    query: Mapping[str, str], readers: Mapping[str, Reader]
) -> tuple[dict[str, Any], list[str]]:
    """The values in a link, and one sentence for each part that is not possible."""
    values: dict[str, Any] = {}
    notes = []
    for name, read in readers.items():
        if name in query:
            try:
                values[name] = read(query[name])
            except ValueError:
                notes.append(impossible(name, query[name]))
    return values, notes


def impossible(name: str, text: str, reason: str = "which is not possible") -> str:
    """The sentence about a part of a link that cannot be used."""
    return f"The link says {name} = '{text[:40]}', {reason}; the default is shown instead."


def write(value: Any) -> str:
    """A value as a link has it."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def checked(read: Reader, is_possible: Callable[[Any], object]) -> Reader:
    """What `read` makes of a text, if that is possible."""

    def read_checked(text: str) -> Any:
        value = read(text)
        if not is_possible(value):
            raise ValueError
        return value

    return read_checked


def between(kind: type, low: float, high: float) -> Reader:
    """A number from `low` to `high`, both included."""
    return checked(kind, lambda value: low <= value <= high)


def among(kind: type, options: Container[Any]) -> Reader:
    """One of some numbers."""
    return checked(kind, lambda value: value in options)


def one_of(options: Container[str]) -> Reader:
    """One of some names; a plus typed into a link arrives as a space."""
    return checked(lambda text: text.replace(" ", "+"), lambda name: name in options)


def positive(kind: type) -> Reader:
    """A number above 0 and below a million."""
    return checked(kind, lambda value: 0 < value < 1e6)


gamma = checked(float, lambda value: 0 < value <= 1)
"""An energy threshold: above 0, at most 1."""
classes = checked(lambda text: tuple(sorted(set(map(int, text.split(","))))), lambda c: min(c) >= 0)
"""Class indices."""
ids = checked(id_code.unpack, lambda found: len(found) <= MAX_IDS)
"""Sample indices, as many as a link may have."""
edits = checked(lambda text: tuple(text.split(",")), lambda found: all(map(EDIT.fullmatch, found)))
"""Changes of the pseudo-labels, as in ExperimentConfig."""
device = checked(str, re.compile(DEVICES).fullmatch)
"""Where to compute."""


def gammas(text: str) -> tuple[float, ...]:
    """An energy threshold for each layer."""
    return tuple(map(gamma, text.split(",")))
