"""Errors whose message is one sentence: what is wrong, with which value, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class UnscError(Exception):
    """Base of every error whose message is meant for the user."""


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
