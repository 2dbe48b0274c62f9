"""A question of a lesson: the bar to drag, or the choices; then the truth beside the guess."""

from __future__ import annotations

import re
from functools import partial

import streamlit as st

from pages.shared import answers
from pages.shared.components.mount import mount
from unsc_core.course.lesson_file import Question
from unsc_core.course.quantities import Asked, written
from unsc_core.figures import predicted

FILES = ("predict.html", "predict.css", "make.js", "predict.js")


def draw(lesson: str, number: int, question: Question, found: Asked) -> None:
    """Draw what is asked of a step, and the button that reveals the truth.

    Args:
        lesson, number: name the step.
        question: of the lesson.
        found: its bars and the truth.
    """
    if question.kind == "number":
        _bars(lesson, number, question, found)
    else:
        _choices(lesson, number, question, found)
    if answers.is_revealed(lesson, number):
        with st.container(horizontal=True, vertical_alignment="center"):
            _say(lesson, number, found)
            if not answers.stays(lesson, number):
                st.button(
                    "Ask again",
                    icon=":material/replay:",
                    type="tertiary",
                    on_click=answers.ask_again,
                    args=(lesson, number),
                    key=f"again-{lesson}-{number}",
                )
        return
    if answers.waits(lesson, number):
        st.caption("The presenter reveals the answer; until then you can change yours.")
        return
    guessed = answers.answered(lesson, number) is not None or not answers.is_asked()
    st.button(
        "Reveal" if guessed else "Reveal without a guess",
        type="primary" if guessed else "secondary",
        icon=":material/visibility:",
        on_click=answers.reveal,
        args=(lesson, number),
        key=f"reveal-{lesson}-{number}",
        shortcut="Down",
    )


def _bars(lesson: str, number: int, question: Question, found: Asked) -> None:
    guess, shown = answers.answered(lesson, number), answers.is_revealed(lesson, number)
    data = predicted.data(
        f"{lesson}-{number}",
        found.title,
        question.unit or found.unit,
        [vars(bar) for bar in found.bars],
        found.asked,
        (question.low, question.high),
        guess if isinstance(guess, float) else None,
        float(found.truth) if shown else None,
    )
    taken = partial(_take, lesson, number, question)
    mount("predict", FILES, data, f"-{lesson}-{number}", on={"guess": taken})


def _outcome(lesson: str, number: int, found: Asked) -> None:
    """The bars behind the answer to a choice."""
    values = [bar.value for bar in found.bars]
    low, high = min(0.0, *values), max(0.0, *values)
    ends = (low, 100.0 if found.unit == "%" else high if high > low else low + 1.0)
    bars = [vars(bar) for bar in found.bars]
    data = predicted.data(f"{lesson}-{number}", found.title, found.unit, bars, "", ends, None, None)
    mount("predict", FILES, data | {"right": found.answer}, f"-{lesson}-{number}-outcome")


def _take(lesson: str, number: int, question: Question, value: object) -> None:
    """Keep a guess from the browser, if it is a number on the scale."""
    if isinstance(value, int | float) and question.low <= value <= question.high:
        answers.answer(lesson, number, float(value))


def _choices(lesson: str, number: int, question: Question, found: Asked) -> None:
    guess, shown = answers.answered(lesson, number), answers.is_revealed(lesson, number)
    if shown:
        st.markdown(" ".join(_badge(one, guess, found.truth) for one in question.choices))
        _outcome(lesson, number, found)
        return
    with st.container(horizontal=True, key=f"choices-{lesson}-{number}"):
        for i, choice in enumerate(question.choices):
            st.button(
                choice,
                type="primary" if choice == guess else "secondary",
                on_click=answers.answer,
                args=(lesson, number, choice),
                key=f"choice-{lesson}-{number}-{i}",
            )


def _badge(choice: str, guess: answers.Guess | None, truth: float | str) -> str:
    """One of the choices, marked as right or as wrongly guessed."""
    words = re.sub(r"([\[\]\\])", r"\\\1", choice)
    if choice == truth:
        return f":green-badge[:material/check: {words}]"
    if choice == guess:
        return f":red-badge[:material/close: {words}]"
    return f":gray-badge[{words}]"


def _say(lesson: str, number: int, found: Asked) -> None:
    """The truth in words; of a choice, whether the guess was right."""
    guess, truth = answers.answered(lesson, number), written(found.truth, found.unit)
    right = ""
    if isinstance(guess, str):
        right = "Right. " if guess == found.truth else "Not quite. "
    st.markdown(f"{right}**The answer: {truth}**", width="content")
