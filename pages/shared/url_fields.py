"""Readers for the parts of a link: each raises ValueError where the text is not possible."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import Any

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


def between(kind: type, low: float, high: float) -> Reader:
    """A number from `low` to `high`, both included."""

    def read(text: str) -> Any:
        value = kind(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return read


def among(kind: type, options: Container[Any]) -> Reader:
    """One of some numbers."""

    def read(text: str) -> Any:
        value = kind(text)
        if value not in options:
            raise ValueError
        return value

    return read


def one_of(options: Container[str]) -> Reader:
    """One of some names."""

    def read(text: str) -> str:
        text = text.replace(" ", "+")  # a plus typed into a link arrives as a space
        if text not in options:
            raise ValueError
        return text

    return read


def positive(kind: type) -> Reader:
    """A number above 0 and below a million."""

    def read(text: str) -> Any:
        value = kind(text)
        if not 0 < value < 1e6:
            raise ValueError
        return value

    return read


def gamma(text: str) -> float:
    """An energy threshold: above 0, at most 1."""
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError
    return value


def gammas(text: str) -> tuple[float, ...]:
    """An energy threshold for each layer."""
    return tuple(gamma(part) for part in text.split(","))


def classes(text: str) -> tuple[int, ...]:
    """Class indices."""
    found = tuple(sorted({int(part) for part in text.split(",")}))
    if min(found) < 0:
        raise ValueError
    return found


def ids(text: str) -> tuple[int, ...]:
    """Sample indices, as many as a link may have."""
    found = classes(text)
    if len(found) > MAX_IDS:
        raise ValueError
    return found


def edits(text: str) -> tuple[str, ...]:
    """Changes of the pseudo-labels, as in ExperimentConfig."""
    found = tuple(text.split(","))
    if not all(EDIT.fullmatch(edit) for edit in found):
        raise ValueError
    return found


def device(text: str) -> str:
    """Where to compute."""
    if not re.fullmatch(DEVICES, text):
        raise ValueError
    return text
