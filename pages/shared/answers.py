"""What is answered in the course: guesses, what is revealed, and who sees the presenter's notes.

All of it is kept in this browser tab, and in a room by the server, too. A step is named by its
lesson and its number, from 1.
"""

from __future__ import annotations

import streamlit as st

from pages.shared import room, room_answers
from pages.shared.room_feed import rooms
from unsc_core.course.lesson_file import Question
from unsc_core.course.quantities import Asked
from unsc_core.errors import UnscError

Guess = float | str
"""A number, or one of the choices."""
_GUESSES, _REVEALED = "course_guesses", "course_revealed"


def answered(lesson: str, step: int) -> Guess | None:
    """What was guessed here; None before. A reloaded page asks the room."""
    guesses = st.session_state.setdefault(_GUESSES, {})
    now = room.here()
    if (lesson, step) not in guesses and now is not None:
        try:
            known = rooms().answered(now.seat.code, now.seat.token, lesson, step)
        except UnscError:
            return None  # the bar says what is wrong
        if known is not None:
            guesses[lesson, step] = known
    return guesses.get((lesson, step))


def answer(lesson: str, step: int, guess: Guess) -> None:
    """Keep a guess; after the reveal, it stays as it is."""
    if is_revealed(lesson, step):
        return
    now = room.here()
    if now is not None:
        try:
            rooms().answer(now.seat.code, now.seat.token, lesson, step, guess)
        except UnscError as error:
            room.keep_trouble(error)
            return
    st.session_state.setdefault(_GUESSES, {})[lesson, step] = guess


def is_revealed(lesson: str, step: int) -> bool:
    """Whether the truth is shown: it was revealed here, or to the room."""
    return (lesson, step) in st.session_state.get(_REVEALED, ()) or room.has_revealed(lesson, step)


def stays(lesson: str, step: int) -> bool:
    """Whether it was revealed to the room, which is not undone."""
    return room.has_revealed(lesson, step)


def waits(lesson: str, step: int) -> bool:
    """Whether the presenter of a room reveals this step, and not the one who looks at it."""
    return room.waits(lesson, step)


def is_asked() -> bool:
    """Whether a guess is expected here; a presenter asks the others."""
    return not room.presents()


def reveal(lesson: str, step: int) -> None:
    """Show the truth; the presenter shows it to the room."""
    st.session_state.setdefault(_REVEALED, set()).add((lesson, step))
    room.reveal(lesson, step)


def ask_again(lesson: str, step: int) -> None:
    """Hide the truth, and drop the guess; what was revealed to a room stays so."""
    st.session_state.get(_GUESSES, {}).pop((lesson, step), None)
    st.session_state.get(_REVEALED, set()).discard((lesson, step))


def draw_room_answers(lesson: str, step: int, question: Question, found: Asked) -> None:
    """Draw what the room has answered. Without a room, nothing is drawn.

    Args:
        lesson, step: name the step. question: of it. found: its bars and the truth.
    """
    room_answers.draw(
        lesson,
        step,
        choices=question.choices if question.kind == "choice" else (),
        ends=(question.low, question.high),
        unit=question.unit or found.unit,
        truth=found.truth if is_revealed(lesson, step) else None,
    )
