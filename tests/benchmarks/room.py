"""A lesson with a full room on one server: `python -m tests.benchmarks.room`.

Options: `[--people 30] [--rounds 3] [--seconds 300] [--browsers 2]`. Everyone has a connection that
speaks Streamlit's protocol, and a request that waits for news of the room, as a browser has; a few
more sit at real browsers. All join within JOIN_S. For the first third of each round they look at
pages with stored results, move γ, and follow the presenter; then every second person also runs
experiments that nobody has run before, each of them wanted by several. A wait is the time from a
request to the end of the page's script. Waits are held against their bars; then follow what went
wrong, how often each experiment was computed, and the memory after each round.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlencode

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from tornado.httpclient import AsyncHTTPClient
from websockets.asyncio.client import ClientConnection, connect

from pages.shared.controls import GAMMA
from pages.shared.server import AFTER_S
from tests.benchmarks.room_feed import listen
from tests.e2e.server import ROOT, Server, browser, descendants, prepare, serve
from unsc_core.course.course import lessons
from unsc_core.rooms import Opened, Rooms
from unsc_core.rooms.database import kept_open

PAGES = {
    "story": "Story",
    "decision_space": "Decision space",
    "confusion": "Confusion",
    "null_space": "Null space",
    "pseudo_labels": "Pseudo-labels",
    "compare": "Compare",
    "audit": "Audit",
    "runs": "Runs",
}
"""Path of a page with stored results -> its name in the menu."""
LESSON = "1-over-unlearning"
JOIN_S, EVERY_S, STEP_EVERY_S, DRAG_EVERY_S = 10.0, 8.0, 60.0, 0.7
"""All join within; a person looks at a page (on average), the presenter goes on, and γ is moved."""
SHARED_S, SHARED = 40.0, 2
"""So many experiments are new within so many seconds; who runs one chooses among these."""
RUN_TIMEOUT_S, TIMEOUT_S, SETTLING_S = 300.0, 60.0, 3.0
MAX_PEOPLE, MAX_S, MAX_ROUNDS, MAX_BROWSERS = 200, 600, 5, 4
QUIET, BUSY, DRAG = "a page, nobody computes", "a page, half compute", "γ moved"
STEP, RUN, OPENING = "the presenter's step, to the last", "a new experiment", "the first page"
BARS = {QUIET: 0.8, BUSY: 2.0, DRAG: 1.0}
CROWD, CROWD_BAR_S = 100, 5.0
"""From so many people on, the bar of all pages."""
DONE = re.compile(r" (experiment-\w+): done")
FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass
class Lesson:
    """What happens in the room, and what people have experienced.

    Attributes:
        step: where the presenter is.
        moved: set when the presenter goes on, and replaced by another.
        busy: whether half of the people begin to compute.
        running: how many experiments people wait for now.
        wanted: the seeds of the experiments that are run now.
        asked: every such seed that somebody has run.
        waits: what was waited for -> seconds of each time.
        errors: message -> how often it occurred.
    """

    step: int = 1
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    busy: bool = False
    running: int = 0
    wanted: tuple[int, ...] = ()
    asked: set[int] = field(default_factory=set)
    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)

    @asynccontextmanager
    async def timed(self, what: str) -> Any:
        started = time.monotonic()
        async with asyncio.timeout(TIMEOUT_S):
            yield
        self.waits[what].append(time.monotonic() - started)


class Person:
    """One connection to the app.

    Attributes:
        pages: path of a page -> its id in Streamlit's protocol; known once one has been drawn.
        page: path and link of the page that is shown.
        follows: fragment that is drawn again by itself -> how often, in seconds.
        slider: id, fragment and values of the γ slider on the page.
        wrong: the errors that were shown.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.pages: dict[str, str] = {}
        self.page = ("", "")
        self.follows: dict[str, float] = {}
        self.slider: tuple[str, str, list[str]] | None = None
        self.wrong: list[str] = []

    async def open(self, page: str, **link: str) -> None:
        """Request a page and read it to the end of its script."""
        back = page == self.page[0]  # the same page takes what it shows from a link on Back alone
        self.page, self.slider = (page, urlencode(link)), None
        self.follows.clear()
        await self._rerun(is_history_navigation=back)

    async def move_gamma(self, choice: random.Random) -> None:
        """Move the γ slider of the page to one of its values."""
        assert self.slider is not None
        widget, fragment, values = self.slider
        await self._rerun({widget: choice.choice(values)}, fragment_id=fragment)

    async def follow_work(self) -> None:
        """Draw again what the page draws again by itself, until nothing is left to wait for."""
        while self.follows:
            fragment, every = next(iter(self.follows.items()))
            await asyncio.sleep(every)
            await self._rerun(fragment_id=fragment, is_auto_rerun=True)

    async def _rerun(self, sliders: dict[str, str] | None = None, **what: Any) -> None:
        message, (page, link) = BackMsg(), self.page
        request = message.rerun_script
        request.page_script_hash = self.pages.get(page, "")
        request.page_name = "" if page in self.pages else page
        request.query_string = link
        for widget, value in (sliders or {}).items():
            request.widget_states.widgets.add(id=widget).string_array_value.data.append(value)
        for name, value in what.items():
            setattr(request, name, value)
        await self.socket.send(message.SerializeToString())
        async for content in self.socket:
            answer = ForwardMsg.FromString(content)
            if answer.WhichOneof("type") == "script_finished":
                if answer.script_finished in FINISHED:
                    return
            else:
                self._read(answer)
        raise ConnectionError("the server closed the connection")

    def _read(self, answer: ForwardMsg) -> None:
        kind = answer.WhichOneof("type")
        if kind == "navigation":
            self.pages = {
                one.url_pathname: one.page_script_hash for one in answer.navigation.app_pages
            }
        elif kind == "new_session":
            if not answer.metadata.run.fragment_ids:  # the whole page is drawn
                self.follows.clear()
        elif kind == "auto_rerun":
            self.follows[answer.auto_rerun.fragment_id] = answer.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for fragment in answer.stop_auto_rerun.fragment_ids:
                self.follows.pop(fragment, None)
        elif kind == "delta":
            self._see(answer.delta)

    def _see(self, delta: Delta) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.wrong.append(element.exception.message)
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.wrong.append(element.alert.body)
        elif kind == "slider" and element.slider.label == GAMMA:
            self.slider = element.slider.id, delta.fragment_id, [*element.slider.options]


@asynccontextmanager
async def person_at(server: Server) -> Any:
    """A new connection."""
    address = f"{server.url.replace('http', 'ws')}/_stcore/stream"
    async with connect(address, subprotocols=["streamlit"], max_size=None) as socket:
        yield Person(socket)


async def attend(server: Server, lesson: Lesson, place: int, people: int, end: float) -> None:
    """One person, from the first page until `end`."""
    choice = random.Random(place)
    await asyncio.sleep(JOIN_S * place / people)
    try:
        async with person_at(server) as person:
            async with lesson.timed(OPENING):
                await person.open("")
            shown, next_run = 0, 0.0
            while (asked := time.monotonic()) < end:
                if shown != lesson.step:
                    shown = lesson.step
                    async with lesson.timed(STEP):
                        await person.open("course", lesson=LESSON, step=str(shown))
                elif lesson.busy and place % 2 and asked >= next_run:
                    next_run = asked + SHARED_S / 2
                    await run_one(server, lesson, choice.choice(lesson.wanted))
                elif choice.random() < 0.2:
                    await person.open("null_space")
                    for _ in range(3):
                        await asyncio.sleep(DRAG_EVERY_S)
                        async with lesson.timed(DRAG):
                            await person.move_gamma(choice)
                else:
                    async with lesson.timed(BUSY if lesson.running else QUIET):
                        await person.open(choice.choice([*PAGES]))
                lesson.errors.update(person.wrong)
                person.wrong.clear()
                with suppress(TimeoutError):
                    pause = asked + EVERY_S * choice.uniform(0.5, 1.5) - time.monotonic()
                    await asyncio.wait_for(lesson.moved.wait(), max(0.0, pause))
    except Exception as error:  # any failure ends this visit
        lesson.errors[f"{type(error).__name__}: {error}"] += 1


async def run_one(server: Server, lesson: Lesson, seed: int) -> None:
    """Open the link of an experiment in another tab, and wait until all of it is there."""
    lesson.asked.add(seed)
    started = time.monotonic()
    lesson.running += 1
    try:
        async with asyncio.timeout(RUN_TIMEOUT_S), person_at(server) as tab:
            await tab.open("confusion", dataset="digits", seed=str(seed))
            await tab.follow_work()
            lesson.errors.update(tab.wrong)
    finally:
        lesson.running -= 1
    lesson.waits[RUN].append(time.monotonic() - started)


async def teach(lesson: Lesson, rooms: Rooms, teacher: Opened, steps: int, seconds: float) -> None:
    """The presenter, and who computes when, for one round."""
    started = time.monotonic()
    lesson.busy = False
    moved_at = started
    while (now := time.monotonic()) < started + seconds:
        lesson.busy = now > started + seconds / 3
        first = 1000 + SHARED * int(now / SHARED_S)
        lesson.wanted = tuple(range(first, first + SHARED))
        if now > moved_at + STEP_EVERY_S:
            moved_at = now
            lesson.step = lesson.step % steps + 1
            rooms.move(teacher.code, teacher.token, LESSON, lesson.step)
            lesson.moved.set()
            lesson.moved = asyncio.Event()
        await asyncio.sleep(0.1)
    lesson.busy = False


async def hold(server: Server, lesson: Lesson, people: int, rounds: int, seconds: float) -> None:
    """All rounds; prints the memory after each."""
    rooms = Rooms(server.home / "rooms.sqlite")
    kept = kept_open(rooms.path)
    teacher = rooms.open("Teacher")
    steps = len(next(one for one in lessons(server.home)[0] if one.name == LESSON).steps)
    rooms.move(teacher.code, teacher.token, LESSON, 1)
    joined = [rooms.join(teacher.code, f"Person {i}") for i in range(people)]
    waiting = [asyncio.ensure_future(listen(server, one, {})) for one in joined]
    end = time.monotonic() + rounds * seconds
    people_ = [asyncio.ensure_future(attend(server, lesson, i, people, end)) for i in range(people)]
    for number in range(1, rounds + 1):
        await teach(lesson, rooms, teacher, steps, seconds)
        print(f"round {number}: {memory(server)}", flush=True)
    await asyncio.gather(*people_)
    for one in waiting:
        one.cancel()
    for outcome in await asyncio.gather(*waiting, return_exceptions=True):
        if not isinstance(outcome, asyncio.CancelledError):
            lesson.errors[f"news: {outcome}"] += 1
    kept.close()


def browse(server: Server, lesson: Lesson, end: float) -> None:
    """A real browser, which goes from page to page by the menu; run in a thread of its own."""
    from tests.e2e.server import go_to, wait_until_complete

    try:
        with browser() as chromium:
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(1000 * TIMEOUT_S)
            page.on("pageerror", lambda error: lesson.errors.update([f"browser: {error}"]))
            page.goto(server.url)
            wait_until_complete(page)
            for name in _for_ever([*PAGES.values()]):
                started = time.monotonic()
                if started > end:
                    return
                go_to(page, name)
                wait_until_complete(page)
                lesson.waits["a page in a browser"].append(time.monotonic() - started)
                page.wait_for_timeout(1000 * EVERY_S)
    except Exception as error:
        lesson.errors[f"browser: {type(error).__name__}: {error}"] += 1


def _for_ever(names: list[str]) -> Iterator[str]:
    while True:
        yield from names


async def warm(server: Server) -> None:
    """Draw every page once, then let the server finish its background work."""
    async with person_at(server) as person:
        for page in ("", *PAGES):
            async with asyncio.timeout(TIMEOUT_S):
                await person.open(page)
    await asyncio.sleep(AFTER_S + SETTLING_S)


def memory(server: Server) -> str:
    """Memory of the server, and of it with its workers."""
    processes = (server.process.pid, *descendants(server.process.pid))
    mib = [psutil.Process(pid).memory_info().rss / 2**20 for pid in processes]
    return f"server {mib[0]:.0f} MiB, with its workers {sum(mib):.0f} MiB"


def report(server: Server, lesson: Lesson, people: int) -> str:
    """All measurements."""
    lines = []
    for what, seconds in lesson.waits.items():
        p50, p95 = (quantiles(seconds * 2, n=100, method="inclusive")[at - 1] for at in (50, 95))
        bar = CROWD_BAR_S if people >= CROWD and what in BARS else BARS.get(what)
        verdict = "" if bar is None else f"   p95 ≤ {bar:g} {'met' if p95 <= bar else 'NOT met'}"
        lines.append(
            f"{what:34} {len(seconds):5} ×   p50 {p50:6.2f} s   p95 {p95:6.2f} s   "
            f"worst {max(seconds):6.2f} s{verdict}"
        )
    computed = Counter(DONE.findall(server.log.read_text()))
    lines += [
        f"distinct experiments asked for {len(lesson.asked)}, by {len(lesson.waits[RUN])} people; "
        f"computed {len(computed)}, at most {max(computed.values(), default=0)} time each",
        f"errors {lesson.errors.total()}",
        *(f"  {count} × {error[:300]}" for error, count in lesson.errors.most_common(8)),
    ]
    return "\n".join(lines)


def main() -> None:
    """Prepare a server, fill it, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)

    def option(name: str, default: int, least: int, most: int) -> None:
        parser.add_argument(
            f"--{name}",
            type=int,
            default=default,
            choices=range(least, most + 1),
            metavar=f"{least}…{most}",
        )

    option("people", 30, 2, MAX_PEOPLE)
    option("rounds", 3, 1, MAX_ROUNDS)
    option("seconds", 300, 20, MAX_S)
    option("browsers", 2, 0, MAX_BROWSERS)
    given = parser.parse_args()
    AsyncHTTPClient.configure(None, max_clients=given.people)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        prepare(home)
        command = [sys.executable, "-m", "unsc_core", "prepare", "--lesson", LESSON]
        subprocess.run(command, cwd=ROOT, env={"UNSC_HOME": str(home)}, check=True)
        with serve(home) as server:
            asyncio.run(warm(server))
            lesson = Lesson()
            end = time.monotonic() + given.rounds * given.seconds
            seats = [
                threading.Thread(target=browse, args=(server, lesson, end))
                for _ in range(given.browsers)
            ]
            for seat in seats:
                seat.start()
            asyncio.run(hold(server, lesson, given.people, given.rounds, given.seconds))
            for seat in seats:
                seat.join()
            print(report(server, lesson, given.people), flush=True)


if __name__ == "__main__":
    main()
