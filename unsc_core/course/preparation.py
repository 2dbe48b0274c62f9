"""What the lessons need that is not stored yet, and whether all can be asked."""

from __future__ import annotations

from collections.abc import Iterable

from unsc_core.course import course
from unsc_core.course.evidence import Piece, StoreReader
from unsc_core.course.lesson_file import Lesson
from unsc_core.errors import UnscError
from unsc_core.experiment.store import Store


def missing(lessons: Iterable[Lesson], store: Store) -> list[Piece]:
    """The jobs behind some lessons whose results are not stored, in the order to run them."""
    return [piece for piece in course.lesson_pieces(lessons) if not piece.is_stored(store)]


def check(lessons: Iterable[Lesson], store: Store) -> list[str]:
    """What of the stored results cannot be asked: one sentence for each such step.

    Reading everything also marks it as used, and a store that pins pins it.
    """
    faults: list[str] = []
    for lesson in lessons:
        for number, step in enumerate(lesson.steps, 1):
            if not course.uses_results(step):
                continue
            where = f"{lesson.name}.md:{step.lines['heading']}: step {number}"
            try:
                found = course.evidence(step, StoreReader(store))
                if found is not None and step.question is not None:
                    truth = course.asked(step, found).truth
                    if isinstance(truth, str) and truth not in step.question.choices:
                        faults.append(f"{where} does not offer the answer '{truth}'; add it.")
            except UnscError as error:
                faults.append(f"{where}: {error}")
    return faults
