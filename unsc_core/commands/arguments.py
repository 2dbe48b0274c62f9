"""Lists of numbers, methods and samples, which argparse leaves as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from unsc_core.errors import ConfigError
from unsc_core.methods import method_entry

Number = TypeVar("Number", int, float)


def integers(text: str, option: str) -> tuple[int, ...]:
    """Whole numbers separated by commas.

    Raises:
        ConfigError: something else, with the name of the option it was given to.
    """
    return _separated(text, option, int, "whole numbers")


def numbers(text: str, option: str) -> tuple[float, ...]:
    """Numbers separated by commas.

    Raises:
        ConfigError: something else, with the name of the option it was given to.
    """
    return _separated(text, option, float, "numbers")


def _separated(
    text: str, option: str, kind: Callable[[str], Number], words: str
) -> tuple[Number, ...]:
    try:
        return tuple(kind(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ConfigError(f"{option} takes {words} separated by commas, not '{text}'.") from None


def methods(text: str) -> list[str]:
    """Names of methods separated by commas.

    Raises:
        ConfigError: an unknown method.
    """
    return [method_entry(name.strip()).name for name in text.split(",") if name.strip()]


def sample_ids(path: Path) -> tuple[int, ...]:
    """The sample indices in a text file, separated by commas, spaces or lines.

    Raises:
        ConfigError: the file cannot be read, names no sample, or contains something else.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(
            f"The list of samples {path} cannot be read ({reason}); check the path."
        ) from None
    ids = integers(",".join(text.replace(",", " ").split()), str(path))
    if not ids:
        raise ConfigError(
            f"{path} names no sample; list the indices of training samples, separated by commas, "
            "spaces or lines."
        )
    return ids
