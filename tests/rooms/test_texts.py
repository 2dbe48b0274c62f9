"""Hostile names, codes and answers: stored as text or refused in one sentence, never more."""

from __future__ import annotations

import json
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsc_core.errors import RoomError
from unsc_core.rooms import Rooms, texts
from unsc_core.rooms.database import kept_open

CASES = settings(max_examples=200, deadline=None, database=None)
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'; DROP TABLE rooms; --",
    "../../etc/passwd",
    "${7*7} {{7*7}} %s %n",
    "[x](javascript:alert(1))",
    "\u202egnp.exe",
    "\x00\x1b[31m",
    "\ud800",
    "a" * 100_000,
    "é" * 41,
    "\u200d" * 5,
    "名前",
    "",
    " \n\t ",
    ":material/close: $x$ **b**",
)
STRINGS = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(codec=None), max_size=300), st.text("<>&'\";-/")
)
ANYTHING = st.one_of(
    STRINGS, st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers())
)


@pytest.fixture(scope="module")
def rooms() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rooms.sqlite"
        kept = kept_open(path)
        yield Rooms(path)
        kept.close()


def check_sentence(error: RoomError) -> None:
    text = str(error)
    assert len(text) < 300
    assert text.encode()
    assert not any(ord(c) < 32 for c in text)


@CASES
@given(STRINGS)
def test_a_name_is_stored_as_plain_text_or_refused(rooms: Rooms, text: str) -> None:
    opened = rooms.open()
    try:
        joined = rooms.join(opened.code, text)
        (_, person) = rooms.state(opened.code).people
        assert person.name == texts.name(text)
        assert 1 <= len(person.name) <= texts.LONGEST_NAME
        assert person.name == " ".join(person.name.split())
        assert not any(
            unicodedata.category(c).startswith("C") and c not in texts.JOINERS for c in person.name
        )
        assert texts.name(person.name) == person.name
        assert rooms.me(opened.code, joined.token) == person
    except RoomError as error:
        check_sentence(error)
    finally:
        rooms.delete(opened.code, opened.key)


@CASES
@given(STRINGS, STRINGS, STRINGS)
def test_codes_keys_and_tokens_open_nothing(rooms: Rooms, code: str, token: str, key: str) -> None:
    opened = rooms.open()
    try:
        for act in (
            lambda: rooms.join(code, "a"),
            lambda: rooms.join(opened.code, "a", key or "x"),
            lambda: rooms.state(code),
            lambda: rooms.version(code),
            lambda: rooms.me(opened.code, token),
            lambda: rooms.me(code, opened.token),
            lambda: rooms.delete(opened.code, key),
            lambda: rooms.export(code, opened.key),
            lambda: rooms.take_over(opened.code, token, key),
        ):
            with pytest.raises(RoomError) as caught:
                act()
            check_sentence(caught.value)
        assert len(rooms.state(opened.code).people) == 1
    finally:
        rooms.delete(opened.code, opened.key)


@CASES
@given(ANYTHING, STRINGS, st.integers())
def test_an_answer_comes_back_as_given_or_is_refused(
    rooms: Rooms, value: Any, lesson: str, step: int
) -> None:
    opened = rooms.open()
    try:
        rooms.answer(opened.code, opened.token, "one", 0, value)
        found = rooms.answered(opened.code, opened.token, "one", 0)
        assert found == (texts.plain(value, 300) if isinstance(value, str) else value)
        assert rooms.answers(opened.code, "one", 0) == ([], False)  # a teacher's is not counted
        pupil = rooms.join(opened.code, "a")
        rooms.answer(opened.code, pupil.token, "one", 0, value)
        assert rooms.answers(opened.code, "one", 0) == ([found], False)
        assert json.dumps(found, allow_nan=False)
    except RoomError as error:
        check_sentence(error)
        assert rooms.answered(opened.code, opened.token, "one", 0) is None
    try:
        rooms.answer(opened.code, opened.token, lesson, step, 1)
        assert rooms.answered(opened.code, opened.token, lesson, step) == 1
        rooms.move(opened.code, opened.token, lesson, step)
        assert (rooms.state(opened.code).place.lesson, rooms.state(opened.code).place.step) == (
            lesson,
            step,
        )
    except RoomError as error:
        check_sentence(error)
    finally:
        rooms.delete(opened.code, opened.key)


@CASES
@given(st.data())
def test_a_code_is_understood_in_any_spelling(data: st.DataObject) -> None:
    code = texts.new_code()
    assert texts.code(code) == code
    spelled = "".join(
        data.draw(st.sampled_from(["", " ", "-", "\n"]))
        + data.draw(st.sampled_from([c, c.lower()]))
        for c in code
    )
    assert texts.code(spelled) == code
