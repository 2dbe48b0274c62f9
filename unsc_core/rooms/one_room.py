"""One room within one transaction: who is in it, what they may do, what they answered."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
from dataclasses import dataclass

from unsc_core.errors import RoomError
from unsc_core.rooms import texts
from unsc_core.rooms.state import HERE_S, Person, Place, State
from unsc_core.rooms.texts import Value

DAY_S = 24 * 3600.0
"""After this many seconds a room ends."""
MOST_PEOPLE = 200
NO_ROOM = "There is no room {}; rooms end after a day. Check the code, or ask the teacher."
STRANGER = "You are not in room {} any more; join it again."


@dataclass(frozen=True)
class OneRoom:
    """One room, as the transaction found it.

    Attributes:
        db: the connection. code: of the room. now: seconds since 1970.
        created, version, presenter, lesson, step: as in its row; see `database.TABLES`.
    """

    db: sqlite3.Connection
    code: str
    now: float
    created: float
    version: int
    presenter: int | None
    lesson: str
    step: int

    def state(self) -> State:
        """The room as everyone in it may see it."""
        given = self.given(self.lesson, self.step)
        people = tuple(
            Person(
                id,
                name,
                bool(teacher),
                presents=id == self.presenter,
                here=abs(self.now - seen) < HERE_S,
                answered=id in given,
            )
            for id, name, teacher, seen in self.db.execute(
                "SELECT id, name, teacher, seen FROM people WHERE room = ? ORDER BY id",
                (self.code,),
            )
        )
        place = Place(self.lesson, self.step, self.is_revealed(self.lesson, self.step))
        teachers = {person.id for person in people if person.teacher}
        answers = tuple(given[id] for id in given if id not in teachers)
        return State(self.code, self.version, place, people, answers)

    def person(self, token: str) -> int:
        """The id of who has this token.

        What is looked up is a hash, so that timing tells nothing of a token.

        Raises:
            RoomError: nobody in this room has it.
        """
        found = self.db.execute(
            "SELECT id FROM people WHERE room = ? AND token_hash = ?", (self.code, hashed(token))
        ).fetchone()
        if found is None:
            raise RoomError(STRANGER.format(self.code))
        return found[0]

    def add(self, name: str, *, teacher: bool) -> tuple[int, str]:
        """Add a person; returns their id and token. A taken name gets a number.

        Raises:
            RoomError: the room is full.
        """
        taken = {
            row[0]
            for row in self.db.execute("SELECT name FROM people WHERE room = ?", (self.code,))
        }
        if len(taken) >= MOST_PEOPLE:
            raise RoomError(f"Room {self.code} is full: it has {MOST_PEOPLE} people.")
        numbered = (f"{name} {i}" for i in range(2, MOST_PEOPLE + 2))
        name = name if name not in taken else next(n for n in numbered if n not in taken)
        token = secrets.token_urlsafe(24)
        added = self.db.execute(
            "INSERT INTO people (room, token_hash, name, teacher, seen) VALUES (?, ?, ?, ?, ?)",
            (self.code, hashed(token), name, teacher, self.now),
        )
        assert added.lastrowid is not None
        return added.lastrowid, token

    def check_key(self, key: str) -> None:
        """Check the teacher's key.

        Raises:
            RoomError: this is another one.
        """
        row = self.db.execute("SELECT key_hash FROM rooms WHERE code = ?", (self.code,)).fetchone()
        if not hmac.compare_digest(row[0], hashed(key)):
            raise RoomError(f"This is not the teacher's key of room {self.code}.")

    def check_presents(self, token: str) -> None:
        """Check that who has this token presents.

        Raises:
            RoomError: they do not.
        """
        person, presenter = self.person(token), self.state().presenter
        if presenter is None:
            raise RoomError(f"Nobody presents in room {self.code}; the teacher can hand it to you.")
        if presenter.id != person:
            raise RoomError(
                f"{presenter.name} presents in room {self.code}, and only one person can."
            )

    def set_presenter(self, person: int | None) -> None:
        """Have a person present, or nobody."""
        self.db.execute("UPDATE rooms SET presenter = ? WHERE code = ?", (person, self.code))
        self.mark_changed()

    def mark_changed(self) -> None:
        """Give the room another version: something that others should see has changed."""
        self.db.execute("UPDATE rooms SET version = version + 1 WHERE code = ?", (self.code,))

    def given(self, lesson: str, step: int) -> dict[int, Value]:
        """Person's id -> answer to a step, in an order that tells nothing of people: by text."""
        found = self.db.execute(
            "SELECT person, value FROM answers WHERE room = ? AND lesson = ? AND step = ?"
            " ORDER BY value",
            (self.code, lesson, step),
        )
        return {person: json.loads(text) for person, text in found}

    def is_revealed(self, lesson: str, step: int) -> bool:
        """Whether the answer of a step has been revealed."""
        found = self.db.execute(
            "SELECT 1 FROM reveals WHERE room = ? AND lesson = ? AND step = ?",
            (self.code, lesson, step),
        )
        return found.fetchone() is not None


def find(db: sqlite3.Connection, code: str, now: float) -> OneRoom:
    """The room with this code.

    Raises:
        RoomError: there is none, or it has ended.
    """
    found = None
    if texts.is_code(code):
        found = db.execute(
            "SELECT created, version, presenter, lesson, step FROM rooms WHERE code = ?", (code,)
        ).fetchone()
    if found is None or now - found[0] > DAY_S:
        raise RoomError(NO_ROOM.format(texts.plain(code, 20)))
    return OneRoom(db, code, now, *found)


def hashed(secret: str) -> bytes:
    """Of 24 random bytes: long enough that a fast hash is as good as a slow one."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
