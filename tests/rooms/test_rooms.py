"""Rooms: who may do what in them, and what the others then see."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from unsc_core.errors import RoomError
from unsc_core.rooms import Place, Rooms, one_room
from unsc_core.rooms import rooms as module
from unsc_core.rooms.one_room import DAY_S
from unsc_core.rooms.state import HERE_S


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rooms(home: Path, clock: Clock) -> Rooms:
    return Rooms(now=clock)


def names(rooms: Rooms, code: str, *, here: bool = False) -> list[str]:
    return [person.name for person in rooms.state(code).people if person.here or not here]


def test_people_join_by_the_code_however_it_is_typed(rooms: Rooms) -> None:
    opened = rooms.open("Ms Okabe")
    typed = f" {opened.code[:3].lower()}-{opened.code[3:]} "
    assert rooms.join(typed, "Ito").code == opened.code
    rooms.join(opened.code, "Ito")
    assert names(rooms, opened.code) == ["Ms Okabe", "Ito", "Ito 2"]
    teacher, ito, _ = rooms.state(opened.code).people
    assert (teacher.teacher, teacher.presents, ito.teacher, ito.presents) == (1, 1, 0, 0)


def test_neither_key_nor_token_is_in_the_file_or_the_export(rooms: Rooms) -> None:
    opened = rooms.open()
    joined = rooms.join(opened.code, "Ito")
    rooms.answer(opened.code, joined.token, "one", 0, 3)
    known = rooms.path.read_bytes() + json.dumps(rooms.export(opened.code, opened.key)).encode()
    for file in rooms.path.parent.glob("rooms.sqlite-*"):
        known += file.read_bytes()
    assert b"Ito" in known
    for secret in (opened.key, opened.token, joined.token):
        assert secret.encode() not in known


@pytest.mark.parametrize("key", ["", "guess", "\ud800", "é" * 1000])
def test_only_the_key_exports_deletes_and_hands_on(rooms: Rooms, key: str) -> None:
    opened = rooms.open()
    other = rooms.open()
    for wrong in (key, other.key, opened.key[:-1], opened.token):
        for act in (
            lambda wrong=wrong: rooms.export(opened.code, wrong),
            lambda wrong=wrong: rooms.delete(opened.code, wrong),
            lambda wrong=wrong: rooms.hand_on(opened.code, wrong, None),
            lambda wrong=wrong: rooms.check_key(opened.code, wrong),
            lambda wrong=wrong: rooms.take_over(opened.code, opened.token, wrong),
        ):
            with pytest.raises(RoomError, match="not the teacher's key"):
                act()
    assert names(rooms, opened.code) == ["Teacher"]


def test_keys_are_compared_in_constant_time(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, compared = rooms.open(), []
    monkeypatch.setattr(
        one_room.hmac, "compare_digest", lambda a, b: compared.append(len(a)) or a == b
    )
    rooms.check_key(opened.code, opened.key)
    assert compared == [32]


def test_one_person_presents_and_a_second_is_refused(rooms: Rooms) -> None:
    opened = rooms.open("Okabe")
    second = rooms.join(opened.code, "Second", opened.key)
    pupil = rooms.join(opened.code, "Pupil")
    rooms.move(opened.code, opened.token, "one", 2)
    for token in (second.token, pupil.token):
        with pytest.raises(RoomError, match="Okabe presents"):
            rooms.move(opened.code, token, "one", 3)
        with pytest.raises(RoomError, match="Okabe presents"):
            rooms.reveal(opened.code, token)
    with pytest.raises(RoomError, match="Okabe presents"):
        rooms.take_over(opened.code, second.token, opened.key)
    assert rooms.state(opened.code).place == Place("one", 2)
    rooms.take_over(opened.code, opened.token, opened.key)  # who presents may ask again

    to = next(p.id for p in rooms.state(opened.code).people if p.name == "Pupil")
    rooms.hand_on(opened.code, opened.key, to)
    rooms.move(opened.code, pupil.token, "one", 3)
    with pytest.raises(RoomError, match="Pupil presents"):
        rooms.move(opened.code, opened.token, "one", 4)
    rooms.hand_on(opened.code, opened.key, None)
    with pytest.raises(RoomError, match="Nobody presents"):
        rooms.move(opened.code, pupil.token, "one", 4)
    rooms.take_over(opened.code, second.token, opened.key)
    assert [p.name for p in rooms.state(opened.code).people if p.presents] == ["Second"]
    stranger = rooms.open()
    with pytest.raises(RoomError, match="not in room"):
        rooms.hand_on(opened.code, opened.key, rooms.me(stranger.code, stranger.token).id)


def test_an_answer_can_be_changed_until_it_is_revealed(rooms: Rooms) -> None:
    opened = rooms.open()
    a, b = (rooms.join(opened.code, name) for name in "ab")
    rooms.move(opened.code, opened.token, "one", 1)
    for token, value in ((a.token, "cat"), (b.token, 2.5), (a.token, "dog")):
        rooms.answer(opened.code, token, "one", 1, value)
    assert rooms.answered(opened.code, a.token, "one", 1) == "dog"
    assert rooms.answered(opened.code, opened.token, "one", 1) is None
    assert [p.answered for p in rooms.state(opened.code).people] == [False, True, True]
    rooms.answer(opened.code, opened.token, "one", 1, "the teacher's")
    assert rooms.state(opened.code).answers == ("dog", 2.5)
    assert [p.answered for p in rooms.state(opened.code).people] == [True, True, True]
    rooms.reveal(opened.code, opened.token)
    assert rooms.state(opened.code).place == Place("one", 1, revealed=True)
    with pytest.raises(RoomError, match="has been revealed"):
        rooms.answer(opened.code, a.token, "one", 1, "cow")
    rooms.move(opened.code, opened.token, "one", 2)
    rooms.move(opened.code, opened.token, "one", 1)  # coming back does not open it again
    with pytest.raises(RoomError, match="has been revealed"):
        rooms.answer(opened.code, a.token, "one", 1, "cow")
    assert rooms.answers(opened.code, "one", 1) == (["dog", 2.5], True)
    assert rooms.answers(opened.code, "one", 2) == ([], False)


def test_nothing_is_revealed_before_a_lesson_is_shown(rooms: Rooms) -> None:
    opened = rooms.open()
    with pytest.raises(RoomError, match="No lesson"):
        rooms.reveal(opened.code, opened.token)


def test_the_version_grows_with_what_others_should_see_and_with_nothing_else(rooms: Rooms) -> None:
    opened = rooms.open()
    versions = [rooms.version(opened.code)]

    def changed() -> bool:
        versions.append(rooms.version(opened.code))
        return versions[-1] > versions[-2]

    joined = rooms.join(opened.code, "a")
    assert changed()
    rooms.move(opened.code, opened.token, "one", 0)
    assert changed()
    rooms.move(opened.code, opened.token, "one", 0)
    assert not changed()
    rooms.answer(opened.code, joined.token, "one", 0, 1)
    assert changed()
    rooms.reveal(opened.code, opened.token)
    assert changed()
    rooms.me(opened.code, joined.token)
    assert not changed()
    rooms.hand_on(opened.code, opened.key, None)
    assert changed()


def test_who_is_not_heard_from_is_not_here(rooms: Rooms, clock: Clock) -> None:
    opened = rooms.open()
    joined = rooms.join(opened.code, "a")
    clock.time += HERE_S + 1
    assert names(rooms, opened.code, here=True) == []
    assert rooms.me(opened.code, joined.token).here
    assert names(rooms, opened.code, here=True) == ["a"]


def test_a_room_ends_after_a_day_and_is_swept_later_when_another_opens(
    rooms: Rooms, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ROOMS", 1)
    old = rooms.open()
    rooms.join(old.code, "a")
    clock.time += DAY_S + 1
    for act in (rooms.state, rooms.version, lambda code: rooms.join(code, "b")):
        with pytest.raises(RoomError, match="no room"):
            act(old.code)
    rooms.open()  # one that has ended takes nobody's place
    clock.time += DAY_S + 1
    rooms.open()
    with sqlite3.connect(rooms.path) as db:
        codes = {code for (code,) in db.execute("SELECT code FROM rooms")}
        assert (len(codes), old.code in codes) == (2, False)
        assert db.execute("SELECT name FROM people").fetchall() == [("Teacher",)] * 2


def test_a_clock_set_back_ends_no_room_and_keeps_none_for_ever(rooms: Rooms, clock: Clock) -> None:
    opened = rooms.open()
    joined = rooms.join(opened.code, "a")
    clock.time -= 30 * DAY_S
    assert names(rooms, opened.code, here=True) == []
    rooms.answer(opened.code, joined.token, "one", 0, 1)
    assert rooms.me(opened.code, joined.token).here
    rooms.open()
    assert rooms.answers(opened.code, "one", 0) == ([1], False)
    clock.time += DAY_S + 1
    with pytest.raises(RoomError, match="no room"):
        rooms.state(opened.code)


@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_is_a_day_wrong_for_a_while_loses_nothing(
    rooms: Rooms, clock: Clock, days: int
) -> None:
    opened = rooms.open()
    joined = rooms.join(opened.code, "a")
    clock.time += 1000
    rooms.answer(opened.code, joined.token, "one", 0, 1)
    rooms.enter(opened.code, joined.token, "keep", "0" * 20, {"value": 0.5})
    before = rooms.export(opened.code, opened.key)
    clock.time += days * DAY_S
    rooms.open()  # and what has ended is swept
    if days > 0:
        with pytest.raises(RoomError, match="rooms end after a day"):
            rooms.me(opened.code, joined.token)
    else:
        assert rooms.me(opened.code, joined.token).here
    clock.time -= days * DAY_S
    assert rooms.export(opened.code, opened.key) == before
    assert rooms.me(opened.code, joined.token).here


def test_the_key_takes_over_from_who_presents_and_is_away(rooms: Rooms, clock: Clock) -> None:
    opened = rooms.open("Okabe")
    second = rooms.join(opened.code, "Second", opened.key)
    pupil = rooms.join(opened.code, "Pupil")
    rooms.move(opened.code, opened.token, "one", 2)
    rooms.answer(opened.code, pupil.token, "one", 2, 7)
    clock.time += HERE_S + 1
    rooms.me(opened.code, second.token)
    with pytest.raises(RoomError, match="not the teacher's key"):
        rooms.take_over(opened.code, pupil.token, "guess")
    rooms.take_over(opened.code, second.token, opened.key)
    rooms.move(opened.code, second.token, "one", 3)
    rooms.me(opened.code, opened.token)  # is back
    with pytest.raises(RoomError, match="Second presents"):
        rooms.take_over(opened.code, opened.token, opened.key)
    assert rooms.answers(opened.code, "one", 2) == ([7], False)


def test_the_teacher_exports_and_deletes(rooms: Rooms) -> None:
    opened, other = rooms.open("Okabe"), rooms.open()
    joined = rooms.join(opened.code, "Ito")
    rooms.move(opened.code, opened.token, "one", 1)
    rooms.answer(opened.code, joined.token, "one", 1, "<b>cat</b>")
    rooms.enter(opened.code, joined.token, "keep", "0" * 20, {"value": 0.5})
    rooms.reveal(opened.code, opened.token)
    found = rooms.export(opened.code, opened.key)
    assert json.loads(json.dumps(found)) == found
    assert found["people"] == ["Okabe", "Ito"]
    assert found["answers"] == [{"lesson": "one", "step": 1, "name": "Ito", "answer": "<b>cat</b>"}]
    assert found["revealed"] == [{"lesson": "one", "step": 1}]
    assert found["entries"] == [{"challenge": "keep", "name": "Ito", "run": "0" * 20, "value": 0.5}]
    rooms.delete(opened.code, opened.key)
    with pytest.raises(RoomError, match="no room"):
        rooms.me(opened.code, joined.token)
    assert names(rooms, other.code) == ["Teacher"]
    with sqlite3.connect(rooms.path) as db:
        for table in ("answers", "reveals", "entries"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_rooms_people_and_answers_are_bounded(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where, name in (
        (module, "MOST_ROOMS"),
        (one_room, "MOST_PEOPLE"),
        (module, "MOST_ANSWERS"),
    ):
        monkeypatch.setattr(where, name, 3)
    opened, _, _ = (rooms.open() for _ in range(3))
    with pytest.raises(RoomError, match="3 rooms are open"):
        rooms.open()
    joined, _ = (rooms.join(opened.code, "a") for _ in range(2))
    with pytest.raises(RoomError, match="full"):
        rooms.join(opened.code, "a")
    for step in range(3):
        rooms.answer(opened.code, joined.token, "one", step, 1)
        rooms.enter(opened.code, joined.token, "keep", str(step), {})
    with pytest.raises(RoomError, match="3 answers"):
        rooms.answer(opened.code, joined.token, "one", 3, 1)
    with pytest.raises(RoomError, match="3 runs"):
        rooms.enter(opened.code, joined.token, "keep", "3", {})


def test_the_token_of_one_room_is_nothing_in_another(rooms: Rooms) -> None:
    one, other = rooms.open(), rooms.open()
    for act in (
        lambda: rooms.me(one.code, other.token),
        lambda: rooms.move(one.code, other.token, "one", 0),
        lambda: rooms.answer(one.code, other.token, "one", 0, 1),
        lambda: rooms.answered(one.code, other.token, "one", 0),
        lambda: rooms.enter(one.code, other.token, "keep", "0" * 20, {}),
    ):
        with pytest.raises(RoomError, match="join it again"):
            act()
