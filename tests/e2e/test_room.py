"""Three browsers in one room: what one does, the others see, and nobody can cheat."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError as NothingHappens

from tests.e2e.server import Server, choose, wait_until_complete
from unsc_core.rooms import Rooms

SLACK_S = 30.0
"""How long a busy machine may take for what takes a moment; what it took is printed."""
LESSON = "1-over-unlearning"
STEPS = ("One network, ten kinds of clothes", "Make it forget, the obvious way")
HOSTILE = "<img src=x onerror=alert(1)>![i](//a.b)"


@dataclass
class Class:
    """A room with its teacher, two pupils, and everything that their consoles said."""

    code: str
    teacher: Any
    ann: Any
    bob: Any

    @property
    def all(self) -> tuple[Any, Any, Any]:
        return self.teacher, self.ann, self.bob


def open_tab(chromium: Any, messages: list[str], **options: Any) -> Any:
    """A tab of another person."""
    context = chromium.new_context(**options)
    context.set_default_timeout(90_000)
    context.on("weberror", lambda error: messages.append(str(error.error)))
    context.on(
        "request",
        lambda request: (
            None
            if re.match(r"(http|ws)://localhost:|data:|blob:", request.url)
            else messages.append(request.url)
        ),
    )
    context.on("dialog", lambda dialog: messages.append(dialog.message))
    return context.new_page()


def press(page: Any, name: str) -> None:
    """Press a button once the page is complete: a rerun may take a click away."""
    wait_until_complete(page)
    page.get_by_role("button", name=name, exact=True).last.click()


def join(page: Any, address: str, name: str, there: Any = None) -> None:
    """Open a link to a room and join; again if a rerun took the name or the click away.

    `there`: what is seen then; the room's code, if no lesson runs.
    """
    there = there or page.locator(".door .big:not(:empty)")
    page.goto(address)
    for _ in range(3):
        page.get_by_label("Your name").first.wait_for()
        wait_until_complete(page)
        page.get_by_label("Your name").first.fill(name)
        press(page, "Join")
        with suppress(NothingHappens):
            there.wait_for(timeout=15_000)
            return
    raise AssertionError(f"{name} cannot join: {page.locator('main').inner_text()[-900:]}")


@pytest.fixture
def room(app: Server, chromium: Any) -> Iterator[Class]:
    messages: list[str] = []
    teacher = open_tab(chromium, messages, viewport={"width": 1440, "height": 900})
    teacher.goto(f"{app.url}/room")
    teacher.get_by_role("button", name="Open a room").wait_for()
    press(teacher, "Open a room")
    code = teacher.locator(".door .big:not(:empty)").inner_text().replace(" ", "")
    ann = open_tab(chromium, messages, viewport={"width": 390, "height": 844})
    bob = open_tab(chromium, messages, viewport={"width": 1440, "height": 900})
    join(ann, f"{app.url}/room?room={code}", HOSTILE)
    join(bob, f"{app.url}/room?room={code}", "Bob")
    yield Class(code, teacher, ann, bob)
    for page in (teacher, ann, bob):
        page.context.close()
    assert messages == []


def start(room: Class) -> None:
    """The teacher opens the first lesson, and both pupils, who wait for it, are taken along."""
    press(room.teacher, "Start the course")
    room.teacher.get_by_role("heading", name="Course").wait_for()
    wait_until_complete(room.teacher)
    room.teacher.get_by_role("button", name="Open", exact=True).first.click()
    heading(room.teacher, 0).wait_for()
    for page in (room.ann, room.bob):
        heading(page, 0).wait_for()
        bar(page).get_by_text("Following Teacher").wait_for()


def bar(page: Any) -> Any:
    return page.locator(".room")


def heading(page: Any, step: int) -> Any:
    return page.get_by_role("heading", name=STEPS[step])


def rows(page: Any) -> dict[str, str]:
    """Choice -> count, in the histogram of a page."""
    names = page.locator(".tally .name").all_inner_texts()
    return dict(zip(names, page.locator(".tally .count").all_inner_texts(), strict=True))


def took(what: str, since: float) -> None:
    seconds = time.monotonic() - since
    print(f"{what}: {seconds:.2f} s")
    assert seconds < SLACK_S


def test_an_answer_a_step_and_a_reveal_reach_the_others(room: Class) -> None:
    teacher, ann, bob = room.all
    for page in room.all:
        page.locator(".door .count", has_text=re.compile("^2 here$")).wait_for()
        bar(page).get_by_text("2 here").wait_for()
        assert bar(page).get_by_role("button", name="Room").count() == 0  # this is the room
    teacher.get_by_text("of Fashion-MNIST mini, with seed").wait_for()
    start(room)
    teacher.get_by_role("button", name=re.compile("^Reveal Shortcut")).wait_for()
    assert "/course?" in ann.url
    bob.get_by_role("button", name="Coat").click()
    bob.locator(".tally .head", has_text="1 answer").wait_for()
    ann.get_by_text("Answer first").wait_for()  # nobody copies
    assert ann.locator(".tally .track").count() == 0

    ann.get_by_role("button", name="Shirt").click()
    clicked = time.monotonic()
    for page in (teacher, bob):
        page.locator(".tally .head", has_text="2 answers").wait_for()
    took("an answer in the others' histogram after", clicked)
    assert rows(teacher) == {"Trouser": "0", "Coat": "1", "Shirt": "1", "Sandal": "0"}
    bar(teacher).get_by_text("2 answered").wait_for()

    for page in (ann, bob):
        assert page.get_by_role("button", name=re.compile("^Reveal")).count() == 0
    teacher.keyboard.press("ArrowDown")
    teacher.locator(".tally .name.right", has_text="Shirt").wait_for()
    revealed = time.monotonic()
    for page in (ann, bob):
        page.locator(".tally .name.right", has_text="Shirt").wait_for()
    took("a reveal at the followers after", revealed)

    teacher.keyboard.press("ArrowRight")
    heading(teacher, 1).wait_for()
    moved = time.monotonic()
    for page in (ann, bob):
        heading(page, 1).wait_for()
    took("a step at the followers after", moved)


def test_a_follower_wanders_off_and_comes_back_in_one_click(room: Class) -> None:
    start(room)
    teacher, ann, bob = room.all
    wait_until_complete(bob)
    bob.get_by_role("button", name="Next").click()
    heading(bob, 1).wait_for()
    bar(bob).get_by_role("button", name="Follow").wait_for()
    wait_until_complete(teacher)
    teacher.keyboard.press("ArrowRight")
    heading(ann, 1).wait_for()
    heading(teacher, 1).wait_for()
    wait_until_complete(teacher)
    teacher.keyboard.press("ArrowLeft")
    heading(ann, 0).wait_for()
    assert heading(bob, 1).count() == 1
    bob.goto(bob.url.replace("/course", "/runs"))
    bar(bob).get_by_role("button", name="Follow").wait_for()
    press(bob, "Follow")
    heading(bob, 0).wait_for()
    bob.reload()
    heading(bob, 0).wait_for()
    bar(bob).get_by_text("Following Teacher").wait_for()


def test_who_joins_late_is_taken_along_and_nobody_reads_the_teachers_notes(
    room: Class, app: Server, chromium: Any
) -> None:
    start(room)
    messages: list[str] = []
    late = open_tab(chromium, messages, viewport={"width": 390, "height": 844})
    join(late, f"{app.url}/room?room={room.code}", "Late", heading(late, 0))
    bar(late).get_by_text("Following Teacher").wait_for()
    wait_until_complete(room.teacher)
    notes = 'input[aria-label="Presenter\'s notes"]'
    assert room.teacher.locator(notes).count() == 1
    assert room.bob.locator(notes).count() == late.locator(notes).count() == 0
    late.context.close()
    assert messages == []


def test_a_second_presenter_is_refused_until_the_first_hands_on(
    room: Class, app: Server, chromium: Any
) -> None:
    teacher, _, bob = room.all
    press(teacher, "Your link")
    link = teacher.locator("[data-testid=stCode]", has_text="key=").inner_text()
    assert link not in teacher.url
    messages: list[str] = []
    second = open_tab(chromium, messages)
    join(second, link, "Second")
    bar(second).get_by_text("Teacher presents").wait_for()
    assert "key=" not in second.url
    assert second.get_by_role("button", name="Present", exact=True).count() == 0
    assert bob.get_by_role("button", name="Hand on").count() == 0

    press(second, "Hand on")
    choose(second, "Who presents next", "Bob")
    press(second, "Hand on")
    bar(bob).get_by_text("You present").wait_for()
    bar(teacher).get_by_text("Bob presents").wait_for()
    second.context.close()
    assert messages == []


def enter(page: Any, gamma: str) -> None:
    choose(page, "Run to enter", f"γ {gamma} ")
    press(page, "Enter this run")
    page.get_by_text("your score is").wait_for()


def board(page: Any) -> list[str]:
    return page.locator(".board li .name").all_inner_texts()


def test_the_leaderboard_orders_right_and_is_not_forged(room: Class, app: Server) -> None:
    _, ann, bob = room.all
    enter(ann, "0.98")
    enter(bob, "0.96")
    bob.locator(".board li").nth(1).wait_for()
    before = board(bob)
    assert set(before) == {HOSTILE, "Bob"}
    known = {
        name: measured["value"]
        for _, name, _, measured in Rooms(app.home / "rooms.sqlite").entries(room.code, "keep")
    }
    assert before == sorted(known, key=lambda name: -known[name])
    assert len(set(known.values())) == 2

    # a request of another kind, with a score in it
    status = ann.evaluate(
        """async (code) => (await fetch("api/room?code=" + code, {
            method: "POST", body: JSON.stringify({ challenge: "keep", score: 99, value: 99 }),
        })).status""",
        room.code,
    )
    assert status == 405
    # what the browser sends of its choice, changed on the way
    sent: list[bytes] = []

    def tamper(socket: Any) -> None:
        server = socket.connect_to_server()

        def pass_on(message: Any) -> None:
            found = bytes(message) if isinstance(message, bytes | bytearray) else message.encode()
            changed = re.sub(rb"UNSC", b"Fake", found)
            if changed != found:
                sent.append(changed)
            server.send(changed)

        socket.on_message(pass_on)

    ann.route_web_socket(re.compile("_stcore/stream"), tamper)
    ann.reload()
    ann.locator(".board li").nth(1).wait_for()
    choose(ann, "Run to enter", "γ 0.96 ")
    press(ann, "Enter this run")
    wait_until_complete(ann)
    assert sent
    ann.locator(".board li").nth(1).wait_for()
    assert board(ann) == before
    assert app.process.poll() is None


def test_the_teacher_exports_deletes_and_all_are_told(room: Class, tmp_path: Path) -> None:
    teacher, _, bob = room.all
    with teacher.expect_download() as download:
        press(teacher, "Export")
    file = tmp_path / "room.json"
    download.value.save_as(file)
    exported = json.loads(file.read_text(encoding="utf-8"))
    assert exported["room"] == room.code
    assert exported["people"] == ["Teacher", HOSTILE, "Bob"]
    press(teacher, "Delete")
    press(teacher, "Delete room")
    teacher.get_by_role("button", name="Open a room").wait_for()
    bar(bob).get_by_text("There is no room").wait_for()
    bar(bob).get_by_role("button", name="Leave").click()
    bob.get_by_role("button", name="Join", exact=True).wait_for()
