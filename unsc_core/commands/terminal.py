"""Progress on stderr: one line that is rewritten in a terminal, one line per stage elsewhere."""

from __future__ import annotations

import sys

from unsc_core.progress import Progress

WIDTH = 110


def show_progress(progress: Progress, seed: int | None = None) -> None:
    """Print one progress report."""
    prefix = "" if seed is None else f"seed {seed}: "
    share = f" {progress.done / progress.total:4.0%}" if progress.total else ""
    left = f", {progress.seconds_left:.0f} s left" if progress.seconds_left else ""
    line = f"{prefix}{progress.stage}{share} {progress.detail}{left}".rstrip()
    show_line(line, progress.done == 0)


def show_line(line: str, begins: bool) -> None:
    """Rewrite the line in a terminal; elsewhere print it, if it begins a stage."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line[:WIDTH]}", end="", file=sys.stderr, flush=True)
    elif begins:
        print(line, file=sys.stderr, flush=True)


def clear_progress() -> None:
    """Remove the progress line from a terminal."""
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
