"""Errors whose message is one sentence: what is wrong, with which value, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_KEPT = "\u00a0\u200c\u200d"
"""Not printable to Python, but parts of numbers, of words in some scripts, and of emoji."""
_ENDLESS = re.compile(r"(\S{300})\S{100,}")


class UnscError(Exception):
    """Base of every error whose message is meant for the user."""

    def __str__(self) -> str:
        return one_line(super().__str__())


def one_line(text: str) -> str:
    """A text as any screen can show it: on one line, without endless words.

    Control characters become spaces, and U+FFFD stands for what is no character or turns the
    direction of writing.
    """
    shown = (
        c if c.isprintable() or c in _KEPT else " " if c < " " or c.isspace() else "\ufffd"
        for c in text
    )
    return _ENDLESS.sub(r"\1…", "".join(shown))


def only_text(text: str, longest: int) -> str:
    """A name from a foreign file: on one line, not too long, and no picture or link in Markdown."""
    plain = " ".join(one_line(text).split()).replace("](", "] (")
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


class ConfigError(UnscError):
    """A setting of the experiment is impossible: an unknown name or a value out of range."""


class DataError(UnscError):
    """A dataset is missing, damaged or in a form that cannot be used."""


class CheckpointError(UnscError):
    """Saved weights cannot be read, or do not fit the model."""


class StoreError(UnscError):
    """The store cannot be read or written."""


class ImportedFileError(UnscError):
    """An archive is not an exported run, or does not fit the data on this machine."""


class DivergedError(UnscError):
    """Training or unlearning produced a loss, logits or weights that are not finite."""


class AuditError(UnscError):
    """An audit cannot be made of this network, request or data."""


class EngineError(UnscError):
    """The job engine cannot be reached, or has lost its worker."""


class RoomError(UnscError):
    """A room has ended, or somebody may not do this in it."""


class Cancelled(Exception):
    """Raised within a job to stop it, when the user has cancelled it. Not an error."""


@contextmanager
def os_errors_as(kind: type[UnscError], what: str, advice: str) -> Iterator[None]:
    """Within this context, an OSError becomes `kind`: what failed, the system's reason, advice."""
    try:
        yield
    except OSError as error:
        raise kind(f"{what} ({error.strerror or error}); {advice}.") from None
