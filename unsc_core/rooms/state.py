"""What a room is to the people in it."""

from __future__ import annotations

from dataclasses import dataclass

from unsc_core.rooms.texts import Value

HERE_S = 15.0
"""Who was heard from within so many seconds is here."""


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
