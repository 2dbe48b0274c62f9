"""METHODS: every unlearning method by name, collected from the files of this folder.

A method is one file that defines `METHOD`, its registry entry, and `unlearn`. The entry is read
without importing the file, so torch is loaded when a method runs, not when methods are listed. A
file with several methods defines a tuple of entries, `METHODS`.
"""

from __future__ import annotations

from unsc_core.errors import ConfigError
from unsc_core.methods.entry import Method
from unsc_core.registry import read_entries

METHODS = read_entries(__name__, "METHOD", Method)
LISTED = {name: entry for name, entry in METHODS.items() if entry.listed}
"""Those to choose from; the others are only compared part by part."""


def method_entry(name: str) -> Method:
    """The registry entry of `name`.

    Raises:
        ConfigError: unknown name.
    """
    if name not in METHODS:
        raise ConfigError(f"Unknown method '{name}'; choose one of {', '.join(LISTED)}.")
    return METHODS[name]
