"""How the room has answered a step, beside the truth once it is revealed."""

from __future__ import annotations

from pages.shared import room
from pages.shared.components.mount import mount
from pages.shared.room_feed import rooms
from unsc_core.errors import UnscError
from unsc_core.rooms.texts import Value

FILES = ("tally.html", "tally.css", "make.js", "tally.js")


def draw(
    lesson: str,
    step: int,
    *,
    choices: tuple[str, ...],
    ends: tuple[float, float],
    unit: str,
    truth: Value | None,
) -> None:
    """Draw the histogram of a step's answers; without a room, nothing.

    Nobody but teachers sees the others' answers before giving one, so that none is copied.

    Args:
        lesson, step: name the step.
        choices: what could be chosen; empty if a number is asked for.
        ends: of the scale of numbers. unit: of numbers.
        truth: None before it is revealed.
    """
    now = room.here()
    if now is None:
        return
    code, token = now.seat.code, now.seat.token
    try:
        given, _ = rooms().answers(code, lesson, step)
        own = rooms().answered(code, token, lesson, step)
    except UnscError as error:
        room.say(error)
        return
    may = now.me.teacher or now.me.presents or own is not None or truth is not None
    data = {
        "lesson": lesson,
        "step": step,
        "choices": choices,
        "low": ends[0],
        "high": ends[1],
        "unit": unit,
        "truth": truth,
        "answers": given if may else None,
        "version": now.state.version,
    }
    mount("tally", FILES, data, f"-{lesson}-{step}")
