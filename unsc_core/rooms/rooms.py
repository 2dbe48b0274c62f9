"""Rooms: a teacher opens one, others join by its code, one person presents, all answer.

People prove who they are by a token, and the teacher by a key as well. Only hashes of both are
stored. A room ends `DAY_S` after it was opened.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unsc_core.errors import RoomError
from unsc_core.paths import rooms_file
from unsc_core.rooms import texts
from unsc_core.rooms.database import reading, writing
from unsc_core.rooms.export import everything
from unsc_core.rooms.one_room import DAY_S, OneRoom, find, hashed
from unsc_core.rooms.state import Opened, Person, State
from unsc_core.rooms.texts import Value

KEPT_S = 2 * DAY_S
"""After this many seconds a room is deleted: a clock that is a day wrong for a while loses
nothing."""
MOST_ROOMS = 100
MOST_ANSWERS = 500
"""In one room, of one person."""
LONGEST_LESSON = 100
LAST_STEP = 999


@dataclass(frozen=True)
class Rooms:
    """The rooms in one file; any number of threads and processes may share it.

    Attributes:
        path: of the file, made when the first room is opened.
        now: seconds since 1970. A clock that is set back ends no room; one that is set forward and
            back again loses nothing.
    """

    path: Path = field(default_factory=rooms_file)
    now: Callable[[], float] = time.time

    def open(self, name: str = "Teacher") -> Opened:
        """Open a room, with its teacher in it, who presents.

        Raises:
            RoomError: the name is none, or too many rooms are open.
            StoreError: the file cannot be written.
        """
        name, key = texts.name(name), secrets.token_urlsafe(24)
        with writing(self.path) as db:
            now = self.now()
            _end_old(db, now)
            since = now - DAY_S
            count = db.execute("SELECT count(*) FROM rooms WHERE created >= ?", (since,))
            if count.fetchone()[0] >= MOST_ROOMS:
                raise RoomError(
                    f"{MOST_ROOMS} rooms are open, which is the limit; delete one that is over."
                )
            taken = {row[0] for row in db.execute("SELECT code FROM rooms")}
            code = next(c for c in iter(texts.new_code, "") if c not in taken)
            db.execute(
                "INSERT INTO rooms (code, key_hash, created, version) VALUES (?, ?, ?, 0)",
                (code, hashed(key), now),
            )
            room = find(db, code, now)
            person, token = room.add(name, teacher=True)
            room.set_presenter(person)
        return Opened(code, token, key)

    def join(self, code: str, name: str, key: str = "") -> Opened:
        """Join a room under a name; with the key, as a teacher. A taken name gets a number.

        Raises:
            RoomError: there is no such room, it is full, or the name or the key is none.
            StoreError: the file cannot be written.
        """
        code, name = texts.code(code), texts.name(name)
        with self._writing(code) as room:
            _end_old(room.db, room.now)
            if key:
                room.check_key(key)
            _, token = room.add(name, teacher=bool(key))
            room.mark_changed()
        return Opened(code, token, key)

    def me(self, code: str, token: str) -> Person:
        """The person with this token, who is heard from by it.

        Raises:
            RoomError: the room has ended, or the person is not in it.
        """
        with self._writing(code) as room:
            person = room.person(token)
            room.db.execute("UPDATE people SET seen = ? WHERE id = ?", (room.now, person))
            return next(p for p in room.state().people if p.id == person)

    def view(self, code: str, token: str) -> tuple[Person, State]:
        """The person with this token, and the room as everyone in it may see it.

        Raises:
            RoomError: the room has ended, or the person is not in it.
        """
        with self._reading(code) as room:
            person, state = room.person(token), room.state()
            return next(p for p in state.people if p.id == person), state

    def check_key(self, code: str, key: str) -> None:
        """Check a teacher's key.

        Raises:
            RoomError: the room has ended, or this is not its key.
        """
        with self._reading(code) as room:
            room.check_key(key)

    def version(self, code: str) -> int:
        """The version of a room's `state`, to see cheaply whether it has changed.

        Raises:
            RoomError: the room has ended.
        """
        with self._reading(code) as room:
            return room.version

    def state(self, code: str) -> State:
        """The room as everyone in it may see it.

        Raises:
            RoomError: the room has ended.
        """
        with self._reading(code) as room:
            return room.state()

    def take_over(self, code: str, token: str, key: str) -> None:
        """Present, if nobody does who is here: the key alone does not take anybody's place.

        Raises:
            RoomError: somebody else presents, or this is not the key.
        """
        with self._writing(code) as room:
            person = room.person(token)
            room.check_key(key)
            presenter = room.state().presenter
            if presenter is not None and presenter.here and presenter.id != person:
                raise RoomError(
                    f"{presenter.name} presents in room {code}, and only one person can; hand on "
                    "the presentation first."
                )
            room.set_presenter(person)

    def hand_on(self, code: str, key: str, to: int | None) -> None:
        """Have another person present, or nobody: whoever did so no longer does.

        Args:
            code: of the room. key: the teacher's. to: the id of a person; None for nobody.

        Raises:
            RoomError: this is not the key, or the person is not in the room.
        """
        with self._writing(code) as room:
            room.check_key(key)
            there = room.db.execute("SELECT 1 FROM people WHERE room = ? AND id = ?", (code, to))
            if to is not None and there.fetchone() is None:
                raise RoomError(f"This person is not in room {code} any more.")
            room.set_presenter(to)

    def move(self, code: str, token: str, lesson: str, step: int) -> None:
        """Show a step of a lesson to the room; only the presenter can.

        Raises:
            RoomError: somebody else presents, or this cannot be a step.
        """
        _check_step(lesson, step)
        with self._writing(code) as room:
            room.check_presents(token)
            if (room.lesson, room.step) != (lesson, step):
                room.db.execute(
                    "UPDATE rooms SET lesson = ?, step = ? WHERE code = ?", (lesson, step, code)
                )
                room.mark_changed()

    def reveal(self, code: str, token: str) -> None:
        """Reveal the presented step's answer; from then on nobody can change theirs.

        Raises:
            RoomError: somebody else presents, or no step is shown.
        """
        with self._writing(code) as room:
            room.check_presents(token)
            if not room.lesson:
                raise RoomError("No lesson is shown to the room yet; open one first.")
            room.db.execute(
                "INSERT OR IGNORE INTO reveals VALUES (?, ?, ?)", (code, room.lesson, room.step)
            )
            room.mark_changed()

    def answer(self, code: str, token: str, lesson: str, step: int, value: Value) -> None:
        """Answer a step, or change the answer until it is revealed.

        Raises:
            RoomError: it has been revealed, or the answer is none.
        """
        _check_step(lesson, step)
        text = json.dumps(texts.value(value))
        with self._writing(code) as room:
            person = room.person(token)
            if room.is_revealed(lesson, step):
                raise RoomError("This step has been revealed, so its answers stay as they are.")
            count = "SELECT count(*) FROM answers WHERE room = ? AND person = ?"
            if room.db.execute(count, (code, person)).fetchone()[0] >= MOST_ANSWERS:
                raise RoomError(f"One person gives {MOST_ANSWERS} answers at most.")
            room.db.execute(
                "INSERT OR REPLACE INTO answers (room, lesson, step, person, value)"
                " VALUES (?, ?, ?, ?, ?)",
                (code, lesson, step, person, text),
            )
            room.mark_changed()

    def answered(self, code: str, token: str, lesson: str, step: int) -> Value | None:
        """What this person has answered to a step; None if nothing.

        Raises:
            RoomError: the room has ended, or the person is not in it.
        """
        _check_step(lesson, step)
        with self._reading(code) as room:
            return room.given(lesson, step).get(room.person(token))

    def answers(self, code: str, lesson: str, step: int) -> tuple[list[Value], bool]:
        """All answers to a step but teachers', and whether it has been revealed.

        Raises:
            RoomError: the room has ended.
        """
        _check_step(lesson, step)
        with self._reading(code) as room:
            given = room.given(lesson, step)
            teachers = room.db.execute("SELECT id FROM people WHERE room = ? AND teacher", (code,))
            for (teacher,) in teachers:
                given.pop(teacher, None)
            return list(given.values()), room.is_revealed(lesson, step)

    def enter(
        self, code: str, token: str, challenge: str, run: str, measured: dict[str, Any]
    ) -> None:
        """Enter a run into a challenge; see `challenges.submit`, which measures it.

        Raises:
            RoomError: the room has ended, or the person is not in it or has entered too often.
        """
        with self._writing(code) as room:
            person = room.person(token)
            count = "SELECT count(*) FROM entries WHERE room = ? AND person = ?"
            if room.db.execute(count, (code, person)).fetchone()[0] >= MOST_ANSWERS:
                raise RoomError(f"One person enters {MOST_ANSWERS} runs at most.")
            room.db.execute(
                "INSERT OR IGNORE INTO entries (room, challenge, person, run, measured)"
                " VALUES (?, ?, ?, ?, ?)",
                (code, challenge, person, run, json.dumps(measured)),
            )
            room.mark_changed()

    def entries(self, code: str, challenge: str) -> list[tuple[int, str, str, dict[str, Any]]]:
        """(person's id, name, run, what was measured) of a challenge, in the order entered.

        Raises:
            RoomError: the room has ended.
        """
        with self._reading(code) as room:
            found = room.db.execute(
                "SELECT people.id, people.name, entries.run, entries.measured FROM entries"
                " JOIN people ON people.id = entries.person"
                " WHERE entries.room = ? AND challenge = ? ORDER BY entries.id",
                (code, challenge),
            ).fetchall()
        return [(id, name, run, json.loads(text)) for id, name, run, text in found]

    def export(self, code: str, key: str) -> dict[str, Any]:
        """Everything about a room in JSON types, but for the key and the tokens.

        Raises:
            RoomError: the room has ended, or this is not its key.
        """
        with self._reading(code) as room:
            room.check_key(key)
            return everything(room)

    def delete(self, code: str, key: str) -> None:
        """Delete a room and everything in it.

        Raises:
            RoomError: the room has ended, or this is not its key.
        """
        with self._writing(code) as room:
            room.check_key(key)
            room.db.execute("DELETE FROM rooms WHERE code = ?", (code,))

    @contextmanager
    def _reading(self, code: str) -> Iterator[OneRoom]:
        with reading(self.path) as db:
            yield find(db, code, self.now())

    @contextmanager
    def _writing(self, code: str) -> Iterator[OneRoom]:
        with writing(self.path) as db:
            yield find(db, code, self.now())


def _end_old(db: sqlite3.Connection, now: float) -> None:
    """Delete the rooms that are long over. One opened far in the future gets a day from now."""
    db.execute("UPDATE rooms SET created = ? WHERE created > ?", (now, now + KEPT_S))
    db.execute("DELETE FROM rooms WHERE created < ?", (now - KEPT_S,))


def _check_step(lesson: str, step: int) -> None:
    known = texts.plain(lesson, LONGEST_LESSON) == lesson and lesson
    if not known or not 0 <= step <= LAST_STEP:
        raise RoomError(f"There is no step {str(step)[:20]} of '{texts.plain(lesson, 20)}'.")
