"""What goes wrong around a browser: the server is killed, the network is cut, a presenter goes."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.server import Server, serve, wait_until_complete
from tests.e2e.test_main_job import metric
from tests.e2e.test_room import Class, bar, heading, join, open_tab, press, start
from tests.e2e.test_room import room as room  # a fixture
from unsc_core.rooms import Rooms

LONG = "confusion?dataset=digits&training=1000"
"""About a minute of training."""
TRAINING = re.compile(r"Training the original model: epoch \d+")


def wait_for_training(page: Any) -> Any:
    """The line that tells how far training is; on a busy machine it has to be asked for."""
    training, asks = page.get_by_text(TRAINING), page.get_by_role("button", name="Run it")
    training.or_(asks).first.wait_for()
    if asks.is_visible():
        asks.click()
    training.wait_for()
    return training


def test_a_killed_server_comes_back_with_results_people_and_answers(
    prepared: Path, tmp_path: Path, chromium: Any
) -> None:
    home, messages = shutil.copytree(prepared, tmp_path / "home"), []
    rooms = Rooms(home / "rooms.sqlite")
    reader, pupil = (open_tab(chromium, messages) for _ in range(2))
    with serve(home) as first:
        opened = rooms.open("Okabe")
        rooms.move(opened.code, opened.token, "1-over-unlearning", 1)
        join(pupil, f"{first.url}/room?room={opened.code}", "Ann", heading(pupil, 0))
        (ann,) = (person for person in rooms.state(opened.code).people if person.name == "Ann")
        with sqlite3.connect(rooms.path) as db:
            values = (opened.code, "1-over-unlearning", 1, ann.id, '"Coat"')
            db.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?)", values)
        reader.goto(f"{first.url}/confusion")
        before = metric(reader, "Acc_r · retained")
        reader.goto(f"{first.url}/{LONG}")
        training = wait_for_training(reader)
        kept = rooms.export(opened.code, opened.key)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        reader.get_by_text("Connection error").wait_for()
        stale = training.inner_text()
    assert rooms.export(opened.code, opened.key) == kept
    with serve(home, int(first.url.rpartition(":")[2])) as second:
        reader.get_by_text(stale).wait_for(state="hidden")
        wait_for_training(reader)  # it has started again
        bar(pupil).get_by_text("1 answered").wait_for()
        names = [person.name for person in rooms.state(opened.code).people]
        assert names == ["Okabe", "Ann"]
        assert rooms.answers(opened.code, "1-over-unlearning", 1) == (["Coat"], False)
        press(pupil, "Wander off")  # the new server knows nobody yet, and is told
        bar(pupil).get_by_text("1 answered").wait_for()
        press(pupil, "Room")
        press(pupil, "Leave")
        reader.get_by_role("button", name="Cancel").click()
        reader.get_by_text("Cancelled. Nothing was changed.").wait_for()
        reader.goto(f"{second.url}/confusion")
        assert metric(reader, "Acc_r · retained") == before
        assert "Traceback" not in second.log.read_text()
        reader.context.close()
        pupil.context.close()
    assert messages == []


def cuttable(page: Any) -> Callable[[bool], None]:
    """Have the page's connection to its server cut, and later restored, by calling this."""
    cut, open_ones = [False], []

    def relay(socket: Any) -> None:
        if cut[0]:
            socket.close()
            return
        socket.connect_to_server()
        open_ones.append(socket)

    page.route_web_socket(re.compile("/_stcore/stream"), relay)

    def set_cut(now: bool) -> None:
        cut[0] = now
        page.context.set_offline(now)
        while now and open_ones:
            open_ones.pop().close()

    return set_cut


def test_a_network_that_is_cut_costs_neither_the_job_nor_the_seat(
    app: Server, chromium: Any
) -> None:
    messages: list[str] = []
    tab = open_tab(chromium, messages)
    cut = cuttable(tab)
    rooms = Rooms(app.home / "rooms.sqlite")
    opened = rooms.open("Okabe")
    join(tab, f"{app.url}/room?room={opened.code}", "Ann")
    tab.locator(".door .names", has_text="Ann").wait_for()
    tab.goto(f"{app.url}/{LONG}&seed=77&room={opened.code}")
    training = wait_for_training(tab)
    bar(tab).get_by_text("1 here").wait_for()

    known = len(app.log.read_text())
    cut(True)
    tab.get_by_text("Connection error").wait_for()
    tab.wait_for_timeout(4000)
    cut(False)
    before = epoch(training)
    for _ in range(300):
        if epoch(training) > before:
            break
        tab.wait_for_timeout(200)
    assert epoch(training) > before > 0
    bar(tab).get_by_text("1 here").wait_for()
    assert [person.name for person in rooms.state(opened.code).people] == ["Okabe", "Ann"]
    assert "cancelled" not in app.log.read_text()[known:]
    tab.get_by_role("button", name="Cancel").click()
    tab.get_by_text("Cancelled. Nothing was changed.").wait_for()
    tab.context.close()
    rooms.delete(opened.code, opened.key)
    assert messages == []


def epoch(training: Any) -> int:
    return int(re.search(r"epoch (\d+)", training.inner_text())[1])


def test_a_presenter_who_is_gone_is_said_to_be_away_and_the_key_goes_on(
    room: Class, app: Server, chromium: Any
) -> None:
    press(room.teacher, "Your link")
    link = room.teacher.locator("[data-testid=stCode]", has_text="key=").inner_text()
    start(room)
    messages: list[str] = []
    second = open_tab(chromium, messages)
    join(second, link, "Second", heading(second, 0))
    bar(second).get_by_text("Following Teacher").wait_for()
    assert bar(second).get_by_role("button", name="Present").count() == 0

    room.teacher.goto("about:blank")
    gone = "Teacher, who presents, is away"
    for page in (room.ann, room.bob, second):
        bar(page).get_by_text(gone).wait_for()
    assert bar(room.bob).get_by_role("button", name="Present").count() == 0
    bar(second).get_by_role("button", name="Present").click()
    bar(second).get_by_text("You present").wait_for()
    heading(second, 0).wait_for()  # where the room is
    wait_until_complete(second)
    second.keyboard.press("ArrowRight")
    for page in (room.ann, room.bob):
        heading(page, 1).wait_for()
    assert [
        p.name for p in Rooms(app.home / "rooms.sqlite").state(room.code).people if p.presents
    ] == ["Second"]
    second.context.close()
    assert messages == []
