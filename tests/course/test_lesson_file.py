"""Lesson files: what is read, and which line is named when something is wrong."""

from __future__ import annotations

import random
import string

import pytest

from unsc_core.course.lesson_file import FIELDS, Lesson, LessonError, Question, parse

GOOD = """---
title: A lesson
minutes: 5
---

## First
A text with a word: and a colon.

## Second
state: forget=6&method=unsc
figure: accuracy
question: How many?
quantity: acc_f
unit: %
range: -10 to 90.5

Before.

### Reveal
After.

### Look for
The bars.

### Notes
Take your time.

## Third
question: Which one?
quantity: top_pseudo_label
choices: Coat | Bag
"""


def test_a_lesson_is_read() -> None:
    lesson = parse(GOOD, "9-mine.md")
    assert (lesson.name, lesson.title, lesson.minutes) == ("9-mine", "A lesson", 5)
    first, second, third = lesson.steps
    assert first.text == "A text with a word: and a colon."
    assert first.question is None
    assert second.question == Question("number", "How many?", "acc_f", "%", -10, 90.5)
    assert (second.state, second.figure) == ("forget=6&method=unsc", "accuracy")
    assert (second.text, second.reveal) == ("Before.", "After.")
    assert (second.look_for, second.notes) == ("The bars.", "Take your time.")
    assert third.question == Question(
        "choice", "Which one?", "top_pseudo_label", choices=("Coat", "Bag")
    )
    assert second.lines["quantity"] == GOOD.split("\n").index("quantity: acc_f") + 1


def test_line_ends_of_windows_and_a_mark_at_the_start_are_read() -> None:
    assert parse("\ufeff" + GOOD.replace("\n", "\r\n"), "9-mine.md") == parse(GOOD, "9-mine.md")


def test_a_heading_within_code_is_text() -> None:
    step = parse(GOOD.replace("Before.", "```\n## not a step\n```"), "a.md").steps[1]
    assert "## not a step" in step.text


BAD = {
    "no front matter": (GOOD.replace("---\ntitle", "title", 1), 1, '"---"'),
    "front matter without an end": ("---\ntitle: A\nminutes: 5\n", 4, "close it"),
    "no title": (GOOD.replace("title: A lesson\n", ""), 3, "title is missing"),
    "no minutes": (GOOD.replace("minutes: 5\n", ""), 3, "minutes is missing"),
    "minutes that are no number": (GOOD.replace("minutes: 5", "minutes: five"), 3, "'five'"),
    "very many minutes": (GOOD.replace("minutes: 5", "minutes: " + "9" * 5000), 3, "1 to 600"),
    "an unknown part of front matter": (GOOD.replace("minutes:", "author:"), 3, "'author'"),
    "text before the first step": (GOOD.replace("## First", "# First"), 6, "## Heading"),
    "no step": ("---\ntitle: A\nminutes: 5\n---\n", 5, "no step"),
    "a step without a heading": (GOOD.replace("## First", "##"), 6, "no heading"),
    "an empty step": (GOOD.replace("A text with a word: and a colon.", ""), 6, "empty"),
    "an unknown field": (GOOD.replace("figure:", "figur:"), 11, "'figur'"),
    "a field twice": (GOOD.replace("unit: %", "figure: map"), 14, "twice"),
    "a field without a value": (GOOD.replace("unit: %", "unit:"), 14, "empty"),
    "an unknown part": (GOOD.replace("### Look for", "### Look at"), 22, "'### Look at'"),
    "a part twice": (GOOD.replace("### Notes", "### Reveal"), 25, "twice"),
    "a question without an answer": (GOOD.replace("quantity: acc_f\n", ""), 12, "quantity"),
    "a question without a scale": (GOOD.replace("range: -10 to 90.5\n", ""), 12, "scale"),
    "a range that is none": (GOOD.replace("-10 to 90.5", "small"), 15, "'small'"),
    "a range of infinities": (GOOD.replace("-10 to 90.5", "0 to inf"), 15, "lower to a higher"),
    "a range upside down": (GOOD.replace("-10 to 90.5", "9 to 1"), 15, "lower to a higher"),
    "one choice": (GOOD.replace("Coat | Bag", "Coat"), 31, "2 to 8"),
    "the same choice twice": (GOOD.replace("Coat | Bag", "Coat | Coat"), 31, "the same"),
    "a unit with choices": (GOOD.replace("choices:", "unit: %\nchoices:"), 31, "unit"),
    "a quantity without a question": (GOOD.replace("question: How many?\n", ""), 12, "question"),
    "a reveal without a question": (GOOD.replace("colon.", "colon.\n### Reveal\nx"), 8, "reveal"),
    "a long heading": (GOOD.replace("First", "F" * 300), 6, "200 characters"),
    "a long file": (GOOD + "x" * 300_000, 1, "bytes"),
    "a control character": (GOOD.replace("Before.", "Be\x00fore."), 17, "no text"),
    "nothing": ("", 1, '"---"'),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_named_with_its_line(name: str) -> None:
    content, line, words = BAD[name]
    with pytest.raises(LessonError) as error:
        parse(content, "bad.md")
    assert error.value.line == line
    assert str(error.value).startswith(f"bad.md:{line}: ")
    assert words in str(error.value)
    assert ";" in str(error.value)  # what to do


def read_or_refused(content: str) -> Lesson | LessonError:
    try:
        return parse(content, "any.md")
    except LessonError as error:
        return error


def test_whatever_is_in_a_file_it_is_read_or_refused_with_a_line() -> None:
    """Lines cut, doubled, moved and garbled at random: no other error, and each names a line."""
    draw = random.Random(0)
    lines = GOOD.split("\n")
    pieces = [
        *lines,
        "---",
        "##",
        "### ",
        "range: 1 to",
        "choices: |",
        "```",
        "\x1b",
        "::",
        "é" * 9,
    ]
    pieces += [f"{field}: {field}" for field in FIELDS]
    refused = 0
    for _ in range(3000):
        changed = list(lines)
        for _ in range(draw.randint(1, 6)):
            at = draw.randrange(len(changed) + 1)
            if draw.random() < 0.4 and changed:
                del changed[at : at + draw.randint(1, 3)]
            else:
                noise = "".join(draw.choices(string.printable, k=draw.randint(0, 30)))
                changed.insert(at, draw.choice([*pieces, noise]))
        content = "\n".join(changed)
        found = read_or_refused(content)
        if isinstance(found, LessonError):
            refused += 1
            assert 1 <= found.line <= content.count("\n") + 1
        else:
            assert found.steps
            assert all(step.heading for step in found.steps)
    assert 500 < refused < 3000
