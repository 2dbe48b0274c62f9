"""A room as a teacher keeps it when it ends."""

from __future__ import annotations

import json
from typing import Any

from unsc_core.rooms.one_room import OneRoom


def everything(room: OneRoom) -> dict[str, Any]:
    """Everything about a room in JSON types, but for the key and the tokens."""

    def rows(query: str) -> list[tuple[Any, ...]]:
        return room.db.execute(query, (room.code,)).fetchall()

    names = dict(rows("SELECT id, name FROM people WHERE room = ? ORDER BY id"))
    answers = rows("SELECT lesson, step, person, value FROM answers WHERE room = ?")
    reveals = rows("SELECT lesson, step FROM reveals WHERE room = ?")
    entries = rows(
        "SELECT challenge, person, run, measured FROM entries WHERE room = ? ORDER BY id"
    )
    return {
        "room": room.code,
        "opened": room.created,
        "lesson": room.lesson,
        "step": room.step,
        "people": list(names.values()),
        "answers": [
            {"lesson": lesson, "step": step, "name": names[who], "answer": json.loads(text)}
            for lesson, step, who, text in answers
        ],
        "revealed": [{"lesson": lesson, "step": step} for lesson, step in reveals],
        "entries": [
            {"challenge": challenge, "name": names[who], "run": run, **json.loads(text)}
            for challenge, who, run, text in entries
        ],
    }
