"""What is answered in the course: guesses, what is revealed, and who sees the presenter's notes.

All of it is kept in this browser tab. A step is named by its lesson and its number, from 1.
"""

from __future__ import annotations

import streamlit as st

from unsc_core.course.lesson_file import Question
from unsc_core.course.quantities import Asked

Guess = float | str
"""A number, or one of the choices."""
_GUESSES, _REVEALED = "course_guesses", "course_revealed"


def answered(lesson: str, step: int) -> Guess | None:
    """What was guessed here; None before."""
    return st.session_state.get(_GUESSES, {}).get((lesson, step))


def answer(lesson: str, step: int, guess: Guess) -> None:
    """Keep a guess; after the reveal, it stays as it is."""
    if not is_revealed(lesson, step):
        st.session_state.setdefault(_GUESSES, {})[lesson, step] = guess


def is_revealed(lesson: str, step: int) -> bool:
    """Whether the truth is shown."""
    return (lesson, step) in st.session_state.get(_REVEALED, ())


def reveal(lesson: str, step: int) -> None:
    """Show the truth."""
    st.session_state.setdefault(_REVEALED, set()).add((lesson, step))


def ask_again(lesson: str, step: int) -> None:
    """Hide the truth, and drop the guess."""
    st.session_state.get(_GUESSES, {}).pop((lesson, step), None)
    st.session_state.get(_REVEALED, set()).discard((lesson, step))


def draw_room_answers(lesson: str, step: int, question: Question, found: Asked) -> None:
    """Draw what the room has answered. Without a room, nothing is drawn.

    Args:
        lesson, step: name the step.
        question: of the lesson.
        found: its bars and the truth.
    """
