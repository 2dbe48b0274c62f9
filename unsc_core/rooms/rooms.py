"""Rooms: a teacher opens one, others join by its code, one person presents, all answer.

People prove who they are by a token, and the teacher by a key as well. Only hashes of both are
stored. A room ends `DAY_S` after it was opened.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unsc_core.errors import RoomError
from unsc_core.paths import rooms_file
from unsc_core.rooms import texts
from unsc_core.rooms.database import reading, writing
from unsc_core.rooms.texts import Value

DAY_S = 24 * 3600.0
"""After this many seconds a room ends."""
KEPT_S = 2 * DAY_S
"""After this many it is deleted: a clock that is a day wrong for a while loses nothing."""
HERE_S = 15.0
"""Who was heard from within so many seconds is here."""
MOST_ROOMS = 100
MOST_PEOPLE = 200
MOST_ANSWERS = 500
"""In one room, of one person."""
LONGEST_LESSON = 100
LAST_STEP = 999
NO_ROOM = "There is no room {}; rooms end after a day. Check the code, or ask the teacher."
STRANGER = "You are not in room {} any more; join it again."


@dataclass(frozen=True)
class Opened:
    """What only the teacher who opened a room, or the person who joined it, is told.

    Attributes:
        code: of the room. token: proves who this person is.
        key: the teacher's key; "" for others.
    """

    code: str
    token: str
    key: str = ""


@dataclass(frozen=True)
class Place:
    """Where the presenter is.

    Attributes:
        lesson, step: lesson is "" before the first one is shown.
        revealed: whether the step's answer has been revealed to the room.
    """

    lesson: str = ""
    step: int = 0
    revealed: bool = False


@dataclass(frozen=True)
class Person:
    """Somebody in a room.

    Attributes:
        id: in this file. name: as typed; see `texts.plain`.
        teacher: whether they joined with the key. presents: whether they drive.
        here: whether they were heard from within HERE_S.
        answered: whether they answered the step that is presented.
    """

    id: int
    name: str
    teacher: bool
    presents: bool
    here: bool
    answered: bool


@dataclass(frozen=True)
class State:
    """A room as everyone in it may see it.

    Attributes:
        version: another number whenever anything but presence has changed.
        place: where the presenter is. people: in the order in which they joined.
        answers: the values given to the presented step, in nobody's name; not those of teachers.
    """

    code: str
    version: int
    place: Place
    people: tuple[Person, ...] = ()
    answers: tuple[Value, ...] = ()

    @property
    def presenter(self) -> Person | None:
        """Who drives."""
        return next((person for person in self.people if person.presents), None)


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
            self._end_old(db)
            since = self.now() - DAY_S
            count = db.execute("SELECT count(*) FROM rooms WHERE created >= ?", (since,))
            if count.fetchone()[0] >= MOST_ROOMS:
                raise RoomError(
                    f"{MOST_ROOMS} rooms are open, which is the limit; delete one that is over."
                )
            taken = {row[0] for row in db.execute("SELECT code FROM rooms")}
            code = next(c for c in iter(texts.new_code, "") if c not in taken)
            db.execute(
                "INSERT INTO rooms (code, key_hash, created, version) VALUES (?, ?, ?, 1)",
                (code, _hash(key), self.now()),
            )
            person, token = self._add(db, code, name, teacher=True)
            db.execute("UPDATE rooms SET presenter = ? WHERE code = ?", (person, code))
        return Opened(code, token, key)

    def join(self, code: str, name: str, key: str = "") -> Opened:
        """Join a room under a name; with the key, as a teacher. A taken name gets a number.

        Raises:
            RoomError: there is no such room, it is full, or the name or the key is none.
            StoreError: the file cannot be written.
        """
        code, name = texts.code(code), texts.name(name)
        with writing(self.path) as db:
            self._end_old(db)
            self._room(db, code)
            if key:
                self._check_key(db, code, key)
            _, token = self._add(db, code, name, teacher=bool(key))
            self._changed(db, code)
        return Opened(code, token, key)

    def _add(
        self, db: sqlite3.Connection, code: str, name: str, *, teacher: bool
    ) -> tuple[int, str]:
        taken = {row[0] for row in db.execute("SELECT name FROM people WHERE room = ?", (code,))}
        if len(taken) >= MOST_PEOPLE:
            raise RoomError(f"Room {code} is full: it has {MOST_PEOPLE} people.")
        numbered = (f"{name} {i}" for i in range(2, MOST_PEOPLE + 2))
        name = name if name not in taken else next(n for n in numbered if n not in taken)
        token = secrets.token_urlsafe(24)
        added = db.execute(
            "INSERT INTO people (room, token_hash, name, teacher, seen) VALUES (?, ?, ?, ?, ?)",
            (code, _hash(token), name, teacher, self.now()),
        )
        assert added.lastrowid is not None
        return added.lastrowid, token

    def me(self, code: str, token: str) -> Person:
        """The person with this token, who is heard from by it.

        Raises:
            RoomError: the room has ended, or the person is not in it.
        """
        with writing(self.path) as db:
            person = self._person(db, code, token)
            db.execute("UPDATE people SET seen = ? WHERE id = ?", (self.now(), person))
            return next(p for p in self._state(db, code).people if p.id == person)

    def view(self, code: str, token: str) -> tuple[Person, State]:
        """The person with this token, and the room as everyone in it may see it.

        Raises:
            RoomError: the room has ended, or the person is not in it.
        """
        with reading(self.path) as db:
            person, state = self._person(db, code, token), self._state(db, code)
            return next(p for p in state.people if p.id == person), state

    def check_key(self, code: str, key: str) -> None:
        """Check a teacher's key.

        Raises:
            RoomError: the room has ended, or this is not its key.
        """
        with reading(self.path) as db:
            self._room(db, code)
            self._check_key(db, code, key)

    def version(self, code: str) -> int:
        """The version of a room's `state`, to see cheaply whether it has changed.

        Raises:
            RoomError: the room has ended.
        """
        with reading(self.path) as db:
            return self._room(db, code)["version"]

    def state(self, code: str) -> State:
        """The room as everyone in it may see it.

        Raises:
            RoomError: the room has ended.
        """
        with reading(self.path) as db:
            return self._state(db, code)

    def _state(self, db: sqlite3.Connection, code: str) -> State:
        room, now = self._room(db, code), self.now()
        step = (code, room["lesson"], room["step"])
        given = _given(db, *step)
        people = tuple(
            Person(id, name, bool(teacher), id == room["presenter"], abs(now - seen) < HERE_S,
                   given.get(id) is not None)
            for id, name, teacher, seen in db.execute(
                "SELECT id, name, teacher, seen FROM people WHERE room = ? ORDER BY id", (code,)
            )
        )  # fmt: skip
        place = Place(room["lesson"], room["step"], _is_revealed(db, *step))
        teachers = {person.id for person in people if person.teacher}
        answers = tuple(given[id] for id in given if id not in teachers)
        return State(code, room["version"], place, people, answers)

    def take_over(self, code: str, token: str, key: str) -> None:
        """Present, if nobody does who is here: the key alone does not take anybody's place.

        Raises:
            RoomError: somebody else presents, or this is not the key.
        """
        with writing(self.path) as db:
            person = self._person(db, code, token)
            self._check_key(db, code, key)
            presenter = self._state(db, code).presenter
            if presenter is not None and presenter.here and presenter.id != person:
                raise RoomError(
                    f"{presenter.name} presents in room {code}, and only one person can; hand on "
                    "the presentation first."
                )
            self._set_presenter(db, code, person)

    def hand_on(self, code: str, key: str, to: int | None) -> None:
        """Have another person present, or nobody: whoever did so no longer does.

        Args:
            code: of the room. key: the teacher's. to: the id of a person; None for nobody.

        Raises:
            RoomError: this is not the key, or the person is not in the room.
        """
        with writing(self.path) as db:
            self._room(db, code)
            self._check_key(db, code, key)
            there = db.execute("SELECT 1 FROM people WHERE room = ? AND id = ?", (code, to))
            if to is not None and there.fetchone() is None:
                raise RoomError(f"This person is not in room {code} any more.")
            self._set_presenter(db, code, to)

    def _set_presenter(self, db: sqlite3.Connection, code: str, person: int | None) -> None:
        db.execute("UPDATE rooms SET presenter = ? WHERE code = ?", (person, code))
        self._changed(db, code)

    def move(self, code: str, token: str, lesson: str, step: int) -> None:
        """Show a step of a lesson to the room; only the presenter can.

        Raises:
            RoomError: somebody else presents, or this cannot be a step.
        """
        _check_step(lesson, step)
        with writing(self.path) as db:
            room = self._room(db, code)
            self._check_presents(db, code, token)
            if (room["lesson"], room["step"]) != (lesson, step):
                db.execute(
                    "UPDATE rooms SET lesson = ?, step = ? WHERE code = ?", (lesson, step, code)
                )
                self._changed(db, code)

    def reveal(self, code: str, token: str) -> None:
        """Reveal the presented step's answer; from then on nobody can change theirs.

        Raises:
            RoomError: somebody else presents, or no step is shown.
        """
        with writing(self.path) as db:
            room = self._room(db, code)
            self._check_presents(db, code, token)
            if not room["lesson"]:
                raise RoomError("No lesson is shown to the room yet; open one first.")
            db.execute(
                "INSERT OR IGNORE INTO reveals VALUES (?, ?, ?)",
                (code, room["lesson"], room["step"]),
            )
            self._changed(db, code)

    def answer(self, code: str, token: str, lesson: str, step: int, value: Value) -> None:
        """Answer a step, or change the answer until it is revealed.

        Raises:
            RoomError: it has been revealed, or the answer is none.
        """
        _check_step(lesson, step)
        text = json.dumps(texts.value(value))
        with writing(self.path) as db:
            person = self._person(db, code, token)
            if _is_revealed(db, code, lesson, step):
                raise RoomError("This step has been revealed, so its answers stay as they are.")
            count = "SELECT count(*) FROM answers WHERE room = ? AND person = ?"
            if db.execute(count, (code, person)).fetchone()[0] >= MOST_ANSWERS:
                raise RoomError(f"One person gives {MOST_ANSWERS} answers at most.")
            db.execute(
                "INSERT OR REPLACE INTO answers (room, lesson, step, person, value)"
                " VALUES (?, ?, ?, ?, ?)",
                (code, lesson, step, person, text),
            )
            self._changed(db, code)

    def answered(self, code: str, token: str, lesson: str, step: int) -> Value | None:
        """What this person has answered to a step; None if nothing.

        Raises:
            RoomError: the room has ended, or the person is not in it.
        """
        _check_step(lesson, step)
        with reading(self.path) as db:
            found = db.execute(
                "SELECT value FROM answers WHERE room = ? AND lesson = ? AND step = ?"
                " AND person = ?",
                (code, lesson, step, self._person(db, code, token)),
            ).fetchone()
        return None if found is None else json.loads(found[0])

    def answers(self, code: str, lesson: str, step: int) -> tuple[list[Value], bool]:
        """All answers to a step but teachers', and whether it has been revealed.

        Raises:
            RoomError: the room has ended.
        """
        _check_step(lesson, step)
        with reading(self.path) as db:
            self._room(db, code)
            given = _given(db, code, lesson, step)
            teachers = db.execute("SELECT id FROM people WHERE room = ? AND teacher", (code,))
            for (teacher,) in teachers:
                given.pop(teacher, None)
            return list(given.values()), _is_revealed(db, code, lesson, step)

    def enter(
        self, code: str, token: str, challenge: str, run: str, measured: dict[str, Any]
    ) -> None:
        """Enter a run into a challenge; see `challenges.submit`, which measures it.

        Raises:
            RoomError: the room has ended, or the person is not in it or has entered too often.
        """
        with writing(self.path) as db:
            person = self._person(db, code, token)
            count = "SELECT count(*) FROM entries WHERE room = ? AND person = ?"
            if db.execute(count, (code, person)).fetchone()[0] >= MOST_ANSWERS:
                raise RoomError(f"One person enters {MOST_ANSWERS} runs at most.")
            db.execute(
                "INSERT OR IGNORE INTO entries (room, challenge, person, run, measured)"
                " VALUES (?, ?, ?, ?, ?)",
                (code, challenge, person, run, json.dumps(measured)),
            )
            self._changed(db, code)

    def entries(self, code: str, challenge: str) -> list[tuple[int, str, str, dict[str, Any]]]:
        """(person's id, name, run, what was measured) of a challenge, in the order entered.

        Raises:
            RoomError: the room has ended.
        """
        with reading(self.path) as db:
            self._room(db, code)
            found = db.execute(
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
        with reading(self.path) as db:
            room = self._room(db, code)
            self._check_key(db, code, key)
            names = dict(
                db.execute("SELECT id, name FROM people WHERE room = ? ORDER BY id", (code,))
            )
            answers = db.execute(
                "SELECT lesson, step, person, value FROM answers WHERE room = ?", (code,)
            ).fetchall()
            reveals = db.execute(
                "SELECT lesson, step FROM reveals WHERE room = ?", (code,)
            ).fetchall()
            entries = db.execute(
                "SELECT challenge, person, run, measured FROM entries WHERE room = ? ORDER BY id",
                (code,),
            ).fetchall()
        return {
            "room": code,
            "opened": room["created"],
            "lesson": room["lesson"],
            "step": room["step"],
            "people": list(names.values()),
            "answers": [
                {"lesson": a, "step": b, "name": names[who], "answer": json.loads(text)}
                for a, b, who, text in answers
            ],
            "revealed": [{"lesson": a, "step": b} for a, b in reveals],
            "entries": [
                {"challenge": c, "name": names[who], "run": run, **json.loads(text)}
                for c, who, run, text in entries
            ],
        }

    def delete(self, code: str, key: str) -> None:
        """Delete a room and everything in it.

        Raises:
            RoomError: the room has ended, or this is not its key.
        """
        with writing(self.path) as db:
            self._room(db, code)
            self._check_key(db, code, key)
            db.execute("DELETE FROM rooms WHERE code = ?", (code,))

    def _end_old(self, db: sqlite3.Connection) -> None:
        """Delete the rooms that are long over. One opened far in the future gets a day from now."""
        now = self.now()
        db.execute("UPDATE rooms SET created = ? WHERE created > ?", (now, now + KEPT_S))
        db.execute("DELETE FROM rooms WHERE created < ?", (now - KEPT_S,))

    def _room(self, db: sqlite3.Connection, code: str) -> dict[str, Any]:
        found = None
        if texts.is_code(code):
            found = db.execute(
                "SELECT created, version, presenter, lesson, step FROM rooms WHERE code = ?",
                (code,),
            ).fetchone()
        if found is None or self.now() - found[0] > DAY_S:
            raise RoomError(NO_ROOM.format(texts.plain(code, 20)))
        names = ("created", "version", "presenter", "lesson", "step")
        return dict(zip(names, found, strict=True))

    def _person(self, db: sqlite3.Connection, code: str, token: str) -> int:
        """Their id. What is looked up is a hash, so that timing tells nothing of a token."""
        self._room(db, code)
        found = db.execute(
            "SELECT id FROM people WHERE room = ? AND token_hash = ?", (code, _hash(token))
        ).fetchone()
        if found is None:
            raise RoomError(STRANGER.format(code))
        return found[0]

    def _check_presents(self, db: sqlite3.Connection, code: str, token: str) -> None:
        person, presenter = self._person(db, code, token), self._state(db, code).presenter
        if presenter is None:
            raise RoomError(f"Nobody presents in room {code}; the teacher can hand it to you.")
        if presenter.id != person:
            raise RoomError(f"{presenter.name} presents in room {code}, and only one person can.")

    @staticmethod
    def _check_key(db: sqlite3.Connection, code: str, key: str) -> None:
        (known,) = db.execute("SELECT key_hash FROM rooms WHERE code = ?", (code,)).fetchone()
        if not hmac.compare_digest(known, _hash(key)):
            raise RoomError(f"This is not the teacher's key of room {code}.")

    @staticmethod
    def _changed(db: sqlite3.Connection, code: str) -> None:
        db.execute("UPDATE rooms SET version = version + 1 WHERE code = ?", (code,))


def _hash(secret: str) -> bytes:
    """Of 24 random bytes: long enough that a fast hash is as good as a slow one."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _given(db: sqlite3.Connection, code: str, lesson: str, step: int) -> dict[int, Value]:
    """Person's id -> answer, sorted by answers as texts: their order tells nothing of people."""
    found = db.execute(
        "SELECT person, value FROM answers WHERE room = ? AND lesson = ? AND step = ?"
        " ORDER BY value",
        (code, lesson, step),
    )
    return {person: json.loads(text) for person, text in found}


def _is_revealed(db: sqlite3.Connection, code: str, lesson: str, step: int) -> bool:
    found = db.execute(
        "SELECT 1 FROM reveals WHERE room = ? AND lesson = ? AND step = ?", (code, lesson, step)
    )
    return found.fetchone() is not None


def _check_step(lesson: str, step: int) -> None:
    known = texts.plain(lesson, LONGEST_LESSON) == lesson and lesson
    if not known or not 0 <= step <= LAST_STEP:
        raise RoomError(f"There is no step {str(step)[:20]} of '{texts.plain(lesson, 20)}'.")
