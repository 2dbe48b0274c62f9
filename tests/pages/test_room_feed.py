"""The feed of a room: what a browser gets without a page being run, and what it does not."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.requests import Request

from pages.shared import room_feed
from pages.shared.room_feed import LOOK_S, Feed
from unsc_core.rooms import Rooms, challenges


def ask(feed: Feed, code: str, token: str, since: object = "") -> Any:
    """A coroutine: status and body of the answer."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": room_feed.PATH,
        "query_string": f"code={code}&since={since}".encode(),
        "headers": [(b"x-room-token", token.encode("latin-1", "replace"))],
    }

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(3600)
        return {}

    async def answer() -> tuple[int, dict[str, Any]]:
        found = await feed.answer(Request(scope, receive))
        return found.status_code, json.loads(bytes(found.body))

    return answer()


def run(coroutine: Any) -> Any:
    """Its result, from a thread of its own: where a browser is driven, this one has a loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def test_a_request_waits_until_something_is_new(home: object) -> None:
    rooms = Rooms()
    opened = rooms.open("Okabe")
    rooms.move(opened.code, opened.token, "one", 1)

    async def talk() -> None:
        feed = Feed()
        status, news = await ask(feed, opened.code, opened.token)
        assert status == 200
        assert (news["lesson"], news["step"], news["revealed"]) == ("one", 1, False)
        waiting = asyncio.ensure_future(ask(feed, opened.code, opened.token, news["version"]))
        await asyncio.sleep(2 * LOOK_S)
        assert not waiting.done()
        rooms.move(opened.code, opened.token, "one", 2)
        _, newer = await asyncio.wait_for(waiting, 60)
        assert newer["step"] == 2
        assert newer["version"] > news["version"]

    run(talk())


def test_without_news_an_answer_comes_nevertheless(
    home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_feed, "HOLD_S", 0.3)
    opened = Rooms().open()

    async def talk() -> None:
        feed, started = Feed(), time.monotonic()
        _, news = await ask(feed, opened.code, opened.token)
        _, again = await ask(feed, opened.code, opened.token, news["version"])
        assert time.monotonic() - started >= 0.3
        assert again["version"] == news["version"]

    run(talk())


def test_one_look_at_the_file_serves_all_who_wait(
    home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_feed, "HOLD_S", 1.0)
    rooms = Rooms()
    opened = rooms.open()
    joined = [rooms.join(opened.code, "a") for _ in range(30)]
    looks: list[float] = []
    look = room_feed.news_of
    monkeypatch.setattr(
        room_feed, "news_of", lambda *asked: looks.append(time.monotonic()) or look(*asked)
    )

    async def talk() -> None:
        feed = Feed()
        version = rooms.version(opened.code)
        await asyncio.gather(*(ask(feed, opened.code, one.token, version) for one in joined))

    run(talk())
    assert len(looks) >= 2
    assert all(later - one >= 0.9 * LOOK_S for one, later in zip(looks, looks[1:], strict=False))


def test_answers_are_shown_to_teachers_to_who_has_answered_and_when_revealed(home: object) -> None:
    rooms = Rooms()
    opened = rooms.open()
    a, b = (rooms.join(opened.code, name) for name in "ab")
    rooms.move(opened.code, opened.token, "one", 1)
    rooms.answer(opened.code, a.token, "one", 1, 30.5)

    def shown(token: str) -> list[float] | None:
        return run(ask(Feed(), opened.code, token))[1]["answers"]

    assert (shown(opened.token), shown(a.token), shown(b.token)) == ([30.5], [30.5], None)
    rooms.reveal(opened.code, opened.token)
    assert shown(b.token) == [30.5]


@pytest.mark.parametrize("token", ["", "x" * 100, "é"])
def test_strangers_learn_nothing(home: object, token: str) -> None:
    opened = Rooms().open("Okabe")
    for code in (opened.code, "BBBBBB", "", "'; DROP TABLE rooms"):
        status, body = run(ask(Feed(), code.replace(" ", "+"), token))
        assert (status, set(body)) == (403, {"error"})
        assert "Okabe" not in body["error"]


def test_neither_keys_nor_tokens_are_sent_and_no_path_is(home: object) -> None:
    rooms = Rooms()
    opened = rooms.open()
    joined = rooms.join(opened.code, "a")
    text = json.dumps(run(ask(Feed(), opened.code, joined.token)))
    assert not any(secret in text for secret in (opened.key, opened.token, joined.token))
    room_feed._kept.cache_clear()
    rooms.path.write_bytes(b"no database" * 1000)
    status, body = run(ask(Feed(), opened.code, joined.token))
    assert status == 503
    assert str(rooms.path) not in body["error"]


def test_the_leaderboard_is_the_servers(home: object) -> None:
    rooms = Rooms()
    opened = rooms.open()
    a, b = (rooms.join(opened.code, name) for name in "ab")
    for joined, value in ((a, 0.1), (b, 0.4)):
        rooms.enter(opened.code, joined.token, "keep", "0" * 20, {"value": value})
    _, news = run(ask(Feed(), opened.code, a.token))
    assert [(line["rank"], line["name"]) for line in news["boards"]["keep"]] == [(1, "b"), (2, "a")]
    assert set(news["boards"]) == set(challenges.CHALLENGES)
    (route,) = room_feed.ROUTES
    assert route.methods == {"GET", "HEAD"}
