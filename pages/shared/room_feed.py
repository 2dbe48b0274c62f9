"""What a browser in a room asks the server every few seconds, without running a page.

A request names the version it has seen and is answered when there is another one, or after HOLD_S.
While nothing happens, thirty people cost a look at the version a few times per second, together.
"""

from __future__ import annotations

import asyncio
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unsc_core.errors import RoomError, UnscError
from unsc_core.rooms import CHALLENGES, Person, Rooms
from unsc_core.rooms.challenges import leaderboard, written
from unsc_core.rooms.database import kept_open

PATH = "/api/room"
TOKEN = "X-Room-Token"
"""The header with a person's token: unlike an address, it is in no log."""
HOLD_S = 5.0
"""How long a request waits for news."""
LOOK_S = 0.2
"""How often the file is looked at, however many wait."""
BEAT_S = 4.0
"""How often a person is written down as being here."""
SHOWN = 10
"""Lines of a leaderboard."""
MOST_KNOWN = 1000
"""People and rooms remembered."""


def rooms() -> Rooms:
    """The rooms of this server.

    Raises:
        StoreError: their file cannot be opened.
    """
    found = Rooms()
    _kept(found.path)
    return found


@lru_cache(maxsize=4)
def _kept(path: Path) -> Any:
    return kept_open(path)


class Feed:
    """Answers of one server process."""

    def __init__(self) -> None:
        self._people: dict[tuple[str, str], tuple[float, Person]] = {}
        self._news: dict[str, tuple[float, dict[str, Any]]] = {}
        self._looking: dict[str, asyncio.Task[dict[str, Any]]] = {}

    async def answer(self, request: Request) -> Response:
        """Answer `?code=…&since=…`: the room as this person may see it, or why not."""
        code, token = request.query_params.get("code", "")[:20], request.headers.get(TOKEN, "")
        since = request.query_params.get("since", "")
        end = time.monotonic() + HOLD_S
        try:
            person = await self._person(code, token)
            news = await self._look(code)
            while str(news["version"]) == since and time.monotonic() < end:
                await asyncio.sleep(LOOK_S)
                if await request.is_disconnected():
                    break
                news = await self._look(code)
        except UnscError as error:
            gone = isinstance(error, RoomError)
            return JSONResponse(
                {"error": str(error) if gone else OUT_OF_ORDER}, 403 if gone else 503
            )
        return JSONResponse(seen_by(person.id, news), headers={"Cache-Control": "no-store"})

    async def _person(self, code: str, token: str) -> Person:
        """Who asks; written down as being here from time to time."""
        now = time.monotonic()
        known = self._people.get((code, token))
        if known is None or now - known[0] > BEAT_S:
            person = await asyncio.to_thread(lambda: rooms().me(code, token))
            if len(self._people) >= MOST_KNOWN:
                self._people.clear()
            known = self._people[code, token] = (now, person)
        return known[1]

    async def _look(self, code: str) -> dict[str, Any]:
        """The room, not older than LOOK_S; one look serves all who wait."""
        known = self._news.get(code)
        if known is not None and time.monotonic() - known[0] < LOOK_S:
            return known[1]
        if code not in self._looking:
            old = None if known is None else known[1]
            task = asyncio.ensure_future(asyncio.to_thread(news_of, code, old))
            task.add_done_callback(lambda _: self._looking.pop(code, None))
            self._looking[code] = task
        news = await asyncio.shield(self._looking[code])
        if len(self._news) >= MOST_KNOWN:
            self._news.clear()
        self._news[code] = (time.monotonic(), news)
        return news


OUT_OF_ORDER = "The server cannot read its rooms just now; nothing is lost, and it tries again."
"""In place of a sentence with a path: that is nobody's business in a room."""


def news_of(code: str, old: dict[str, Any] | None) -> dict[str, Any]:
    """What is new in a room, for everyone: `old` with who is here now, if nothing else is new."""
    store = rooms()
    state = store.state(code)
    people = [vars(person) for person in state.people]
    if old is not None and old["version"] == state.version:
        return old | {"people": people}
    return {
        "code": code,
        "version": state.version,
        **vars(state.place),
        "people": people,
        "answers": list(state.answers),
        "boards": {name: _board(store, code, name) for name in CHALLENGES},
    }


def _board(store: Rooms, code: str, challenge: str) -> list[dict[str, Any]]:
    entry = CHALLENGES[challenge]
    return [
        {
            "rank": line.rank,
            "person": line.person,
            "name": line.name,
            "score": written(entry, line.score),
        }
        for line in leaderboard(store, code, challenge)[:SHOWN]
    ]


def seen_by(person: int, news: dict[str, Any]) -> dict[str, Any]:
    """What one person may see: others' answers only after their own, so that none is copied."""
    me = next((one for one in news["people"] if one["id"] == person), None)
    may = me is not None and (me["presents"] or me["teacher"] or me["answered"])
    return news | {"me": me, "answers": news["answers"] if may or news["revealed"] else None}


ROUTES = [Route(PATH, Feed().answer, methods=["GET"])]
