"""What a room costs the server while it waits, and while all answer: `python -m
tests.benchmarks.room_feed`.

Options: `[--people 30] [--seconds 20]`. Each person has one request that waits for news, as in a
browser. First nothing happens; then everyone answers once, spread over the time. The share of one
core that the server used is printed, and how long after an answer the others knew of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

import psutil
from tornado.httpclient import AsyncHTTPClient

from pages.shared.room_feed import HOLD_S, PATH, TOKEN
from tests.e2e.server import Server, serve
from unsc_core.rooms import Opened, Rooms
from unsc_core.rooms.database import kept_open

PAUSE_S = 0.15
"""As room.js waits between requests."""


async def listen(server: Server, person: Opened, known: dict[int, list[float]]) -> None:
    """Ask for news for ever, and note when each version became known."""
    client, version = AsyncHTTPClient(), ""
    while True:
        query = urlencode({"code": person.code, "since": version})
        address = f"{server.url}{PATH}?{query}"
        answer = await client.fetch(
            address, headers={TOKEN: person.token}, request_timeout=HOLD_S + 30
        )
        version = json.loads(answer.body)["version"]
        known.setdefault(version, []).append(time.monotonic())
        await asyncio.sleep(PAUSE_S)


async def measure(server: Server, rooms: Rooms, people: int, seconds: float) -> None:
    """Print what waiting costs, then what answering costs."""
    opened = rooms.open()
    joined = [rooms.join(opened.code, f"Person {i}") for i in range(people)]
    rooms.move(opened.code, opened.token, "lesson", 1)
    known: dict[int, list[float]] = {}
    tasks = [asyncio.ensure_future(listen(server, one, known)) for one in joined]
    await asyncio.sleep(HOLD_S)
    process = psutil.Process(server.process.pid)

    def used() -> float:
        times = process.cpu_times()
        return times.user + times.system

    before, started = used(), time.monotonic()
    await asyncio.sleep(seconds)
    share = (used() - before) / (time.monotonic() - started)
    print(f"{people} people wait: {100 * share:.1f} % of one core")
    before, started = used(), time.monotonic()
    told: dict[int, float] = {}
    for i, one in enumerate(joined):
        rooms.answer(one.code, one.token, "lesson", 1, i)
        told[rooms.version(one.code)] = time.monotonic()
        await asyncio.sleep(seconds / people)
    await asyncio.sleep(1)
    share = (used() - before) / (time.monotonic() - started)
    print(f"{people} people answer within {seconds:g} s: {100 * share:.1f} % of one core")
    versions = sorted(known)
    waits = [
        moment - told[version]
        for version in told
        for moment in known.get(next((v for v in versions if v >= version), -1), [])
        if moment >= told[version]
    ]
    print(
        f"an answer is known to the others after {median(waits):.2f} s (median), "
        f"{quantiles(waits, n=20)[-1]:.2f} s (95 %)"
    )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    """Measure a server with an empty data folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=30, choices=range(1, 201), metavar="1…200")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    AsyncHTTPClient.configure(None, max_clients=options.people)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with serve(home) as server:
            rooms = Rooms(home / "rooms.sqlite")
            kept = kept_open(rooms.path)
            asyncio.run(measure(server, rooms, options.people, min(options.seconds, 300.0)))
            kept.close()


if __name__ == "__main__":
    main()
