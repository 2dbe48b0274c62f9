"""How long a room full of people waits for a page: `python -m tests.benchmarks.room`.

Options: `[--people 30] [--seconds 60] [--without-freeze]`. Each person has a connection that speaks
Streamlit's protocol and opens a page with stored results every 8 s, all of them at different times.
A wait is the time from the request to the end of the page's script. With `--without-freeze` a
second server, which leaves its libraries to the garbage collector, is measured in turn with the
first, and the ratio is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from unittest import mock

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from pages.shared.server import AFTER_S, NO_FREEZE
from tests.e2e.server import Server, descendants, prepare, serve

PAGES = (
    *("story", "decision_space", "confusion", "null_space", "pseudo_labels", "compare", "audit"),
    "runs",
)
EVERY_S = 8.0
TIMEOUT_S = 60.0
SETTLING_S = 3.0
BAR_S = 1.2
MAX_PEOPLE, MAX_S = 200, 600


@dataclass
class Room:
    """What the people on one server have experienced so far.

    Attributes:
        opened: seconds until each one's first page was complete.
        waited: the same for every later page.
        errors: message -> how often it occurred.
        seconds: how long people were connected.
    """

    opened: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Person:
    """One connection to the app.

    Attributes:
        pages: path of a page -> its id in Streamlit's protocol; known once one has been drawn.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.pages: dict[str, str] = {}

    async def open(self, page: str) -> list[str]:
        """Request a page and read it to the end of its script; returns the errors on it."""
        message = BackMsg()
        message.rerun_script.page_script_hash = self.pages.get(page, "")
        message.rerun_script.page_name = "" if page in self.pages else page
        await self.socket.send(message.SerializeToString())
        wrong = []
        async for content in self.socket:
            answer = ForwardMsg.FromString(content)
            kind = answer.WhichOneof("type")
            if kind == "navigation":
                self.pages = {
                    one.url_pathname: one.page_script_hash for one in answer.navigation.app_pages
                }
            elif kind == "delta" and (element := answer.delta.new_element).WhichOneof("type") in (
                "exception",
                "alert",
            ):
                if element.HasField("exception") or element.alert.format == element.alert.ERROR:
                    wrong.append(element.exception.message or element.alert.body)
            elif (
                kind == "script_finished"
                and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            ):
                return wrong
        raise ConnectionError("the server closed the connection")


async def visit(server: Server, room: Room, place: int, people: int, end: float) -> None:
    """One person, from the first page until `end`."""
    choice = random.Random(place)
    await asyncio.sleep(EVERY_S * place / people)
    try:
        async with connect(
            f"{server.url.replace('http', 'ws')}/_stcore/stream",
            subprotocols=["streamlit"],
            max_size=None,
        ) as socket:
            person, page, waits = Person(socket), "", room.opened
            while (asked := time.monotonic()) < end:
                wrong = await asyncio.wait_for(person.open(page), TIMEOUT_S)
                waits.append(time.monotonic() - asked)
                room.errors.update(wrong)
                await asyncio.sleep(max(0.0, asked + EVERY_S - time.monotonic()))
                page, waits = choice.choice(PAGES), room.waited
    except Exception as error:  # any failure ends this visit
        room.errors[f"{type(error).__name__}: {error}"] += 1


async def fill(server: Server, room: Room, people: int, seconds: float) -> None:
    """Let everyone visit for `seconds`, and measure."""
    started = time.monotonic()
    await asyncio.gather(
        *(visit(server, room, place, people, started + seconds) for place in range(people))
    )
    room.seconds += time.monotonic() - started


async def warm(server: Server) -> None:
    """Draw every page once, then let the server finish its background work."""
    async with connect(
        f"{server.url.replace('http', 'ws')}/_stcore/stream",
        subprotocols=["streamlit"],
        max_size=None,
    ) as socket:
        person = Person(socket)
        for page in ("", *PAGES):
            await asyncio.wait_for(person.open(page), TIMEOUT_S)
    await asyncio.sleep(AFTER_S + SETTLING_S)


def percentile(seconds: list[float], percent: int) -> float:
    """A percentile of the waits."""
    return quantiles(seconds, n=100, method="inclusive")[percent - 1]


def waits(seconds: list[float]) -> str:
    """The waits in three numbers."""
    p50, p95 = (percentile(seconds, percent) for percent in (50, 95))
    return f"p50 {p50:6.2f} s   p95 {p95:6.2f} s   worst {max(seconds):6.2f} s"


def report(what: str, server: Server, room: Room) -> str:
    """The measurements of one server."""
    mib = [
        psutil.Process(pid).memory_info().rss / 2**20
        for pid in (server.process.pid, *descendants(server.process.pid))
    ]
    verdict = "met" if percentile(room.waited, 95) <= BAR_S else "NOT met"
    pages = len(room.opened) + len(room.waited)
    lines = [
        f"{what}: {pages} pages, {pages / room.seconds:.1f} a second, errors {room.errors.total()}",
        f"  opening   {waits(room.opened)}",
        f"  a page    {waits(room.waited)}   p95 ≤ {BAR_S:g} {verdict}",
        f"  memory    server {mib[0]:.0f} MiB, with its workers {sum(mib):.0f} MiB",
        *(f"  {count} × {error[:200]}" for error, count in room.errors.most_common(5)),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--people", type=int, default=30, choices=range(2, MAX_PEOPLE + 1), metavar="2…200"
    )
    parser.add_argument(
        "--seconds", type=int, default=60, choices=range(20, MAX_S + 1), metavar="20…600"
    )
    parser.add_argument(
        "--without-freeze", action="store_true", help="also measure a server without gc.freeze"
    )
    given = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "home"
        prepare(home)
        servers = {"with freeze": stack.enter_context(serve(home))}
        if given.without_freeze:
            with mock.patch.dict(os.environ, {NO_FREEZE: "1"}):
                servers["without freeze"] = stack.enter_context(serve(home))
        rooms = {name: Room() for name in servers}
        for server in servers.values():
            asyncio.run(warm(server))
        rounds = 2 if given.without_freeze else 1
        for _ in range(rounds):
            for name, server in servers.items():
                asyncio.run(fill(server, rooms[name], given.people, given.seconds / rounds))
        for name, server in servers.items():
            print(report(f"{given.people} people, {name}", server, rooms[name]), flush=True)
        if given.without_freeze:
            p95 = [percentile(room.waited, 95) for room in rooms.values()]
            print(f"p95 with freeze ÷ without: {p95[0] / p95[1]:.2f}")


if __name__ == "__main__":
    main()
