"""`lessons`: lists the lessons of the course, checks them and writes the handout; and preparing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from unsc_core.commands.prepare import run
from unsc_core.commands.terminal import clear_progress, show_line
from unsc_core.course import preparation
from unsc_core.course.course import lessons
from unsc_core.course.evidence import StoreReader
from unsc_core.course.handout import handout
from unsc_core.course.lesson_file import Lesson, LessonError
from unsc_core.course.pictures import FIGURES
from unsc_core.course.quantities import QUANTITIES
from unsc_core.errors import ConfigError, StoreError, os_errors_as
from unsc_core.experiment.store import Store
from unsc_core.figures.phrases import counted
from unsc_core.paths import home, write_whole


def list_lessons(options: argparse.Namespace) -> int:
    """List, check or print the lessons.

    Returns:
        The exit code: 2 if a file cannot be read, or with --check if a step cannot be asked.
    """
    found, errors = lessons(home())
    if options.names:
        _print_names()
        return 0
    if options.handout:
        content = handout(found, StoreReader(Store()), notes=options.notes).encode()
        with os_errors_as(StoreError, f"{options.handout} cannot be written", "check the path"):
            write_whole(options.handout, content)
        print(f"Wrote {options.handout}: {counted(len(found), 'lesson')}.")
    else:
        for lesson in found:
            minutes, steps = f"{lesson.minutes:3} minutes", counted(len(lesson.steps), "step")
            print(f"{lesson.name:24} {minutes} · {steps} · {lesson.title}")
    faults = [str(error) for error in errors]
    if options.check:
        faults += preparation.check(found, Store())
        for lesson in found:
            if preparation.missing([lesson], Store()):
                print(f"{lesson.name} is not prepared: prepare --lesson {lesson.name}")
        if not faults:
            print("Every lesson can be read, and every stored answer is among its choices.")
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 2 if faults else 0


def _print_names() -> None:
    """What lesson files can name."""
    for title, entries in (("Figures", FIGURES), ("Quantities", QUANTITIES)):
        print(f"{title}:")
        for name, entry in entries.items():
            print(f"  {name:24} {entry.meaning}")


def prepare_lessons(name: str) -> int:
    """Compute what lessons need, after saying how long that takes and how big it is.

    Args:
        name: of a lesson, or "all".

    Raises:
        ConfigError: there is no such lesson.
    """
    found, errors = lessons(home())
    chosen, store = _chosen(found, errors, name), Store(pins=True)
    run(preparation.missing(chosen, store), show_line, store)
    clear_progress()
    faults = preparation.check(chosen, store)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if not faults:
        print(f"Ready: {', '.join(lesson.name for lesson in chosen)}.")
    return 2 if faults else 0


def _chosen(found: Sequence[Lesson], errors: Sequence[LessonError], name: str) -> list[Lesson]:
    """The lessons of a name; a file that cannot be read is said so, and left out."""
    if name == "all":
        for error in errors:
            print(f"error: {error}", file=sys.stderr)
        return list(found)
    for error in errors:
        if error.file == f"{name}.md":
            raise error
    chosen = [lesson for lesson in found if lesson.name == name]
    if not chosen:
        known = ", ".join(lesson.name for lesson in found)
        raise ConfigError(f"There is no lesson '{name}'; choose all, or one of {known}.")
    return chosen
