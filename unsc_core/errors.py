"""What can go wrong, said in one sentence: what, which value, what to do."""


class UnscError(Exception):
    """Base of every error whose message is written for the person at the screen."""


class ConfigError(UnscError):
    """A setting of the experiment is impossible (unknown name, value out of range)."""


class DataError(UnscError):
    """A dataset is missing, damaged or not in a form that can be used."""


class CheckpointError(UnscError):
    """Saved weights cannot be read or do not fit the model."""


class StoreError(UnscError):
    """The result store cannot be written (full disk, read-only folder)."""


class ImportedFileError(UnscError):
    """An archive is not a run that was exported, or does not fit what is on this machine."""


class DivergedError(UnscError):
    """Training or unlearning produced a loss or weights that are not finite."""


class EngineError(UnscError):
    """The job engine could not be reached, or a worker was lost for good."""


class Cancelled(Exception):
    """Raised inside a job when somebody asked for it to stop. Not an error."""
