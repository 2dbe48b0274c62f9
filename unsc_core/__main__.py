"""`python -m unsc_core`: the command line."""

from __future__ import annotations

import sys

from unsc_core.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
