"""`unsc-lab`: starts the app, or runs a command of the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from unsc_core.commands import cli
from unsc_core.paths import APP


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; without one, start the app with these options for Streamlit."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help")):
        start_app(arguments)
    return cli.main(arguments, program="unsc-lab")


def start_app(options: Sequence[str]) -> None:
    """Replace this process by Streamlit's server."""
    # -P: a file in the working folder must not be imported in place of a library.
    streamlit = [sys.executable, "-P", "-m", "streamlit", "run", str(APP / "app.py")]
    os.execv(sys.executable, [*streamlit, *options])
