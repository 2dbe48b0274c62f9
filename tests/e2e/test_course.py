"""The course in a real browser: a guess is dragged, the truth appears beside it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import ROOT, Server, charts, serve, wait_until_complete
from unsc_core.course.course import lessons, own_folder

pytest.importorskip("playwright")

REVEAL = re.compile("^Reveal Shortcut")
"""The button once there is a guess, with its key."""


@pytest.fixture(scope="module")
def course_app(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[Server]:
    """An app on which the command of the README has prepared every lesson; the network is off."""
    folder = tmp_path_factory.mktemp("course")
    home, reached_out = Path(shutil.copytree(prepared, folder / "home")), folder / "reached-out"
    with pytest.MonkeyPatch.context() as here:
        here.setenv("PYTHONPATH", str(ROOT / "tests" / "e2e" / "offline"))
        here.setenv("UNSC_REACHED_OUT", str(reached_out))
        tries = [sys.executable, "-c", "import urllib.request as r; r.urlopen('http://10.0.0.1')"]
        refused = subprocess.run(tries, cwd=ROOT, capture_output=True, text=True)
        assert "the network is off" in refused.stderr
        assert reached_out.read_text() == "socket.getaddrinfo 10.0.0.1\n"
        reached_out.unlink()
        done = subprocess.run(
            [sys.executable, "-m", "unsc_core", "prepare", "--lesson", "all"],
            cwd=ROOT,
            env={**os.environ, "UNSC_HOME": str(home)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        with serve(home) as running:
            yield running
    assert not reached_out.exists(), reached_out.read_text()


def drag_to(page: Any, share: float) -> None:
    """Drag the bar to a share of its scale."""
    box = page.get_by_role("slider").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + share * box["width"], y, steps=4)
    page.mouse.up()


def test_a_guess_is_dragged_and_the_truth_is_shown_beside_it(app: Server, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(f"{app.url}/course?lesson=1-over-unlearning&step=3")
    slider = page.get_by_role("slider", name="classes that stay")
    expect(slider).to_have_attribute("aria-valuetext", "no guess yet")
    assert charts(page).count() == 0
    drag_to(page, 0.8)
    expect(slider).to_have_attribute("aria-valuenow", "80")
    slider.press("ArrowLeft")
    slider.press("PageDown")
    expect(slider).to_have_attribute("aria-valuenow", "69")
    page.get_by_role("button", name=REVEAL).click()
    expect(page.get_by_text("Your guess is")).to_be_visible()
    expect(charts(page)).to_have_count(1)
    assert "step=3" in page.url  # an arrow on the bar turns no page
    wait_until_complete(page)
    page.locator("body").press("ArrowRight")
    expect(page.get_by_role("heading", name="Who pays?")).to_be_visible()


def answer(page: Any) -> None:
    """Guess whatever the step asks."""
    choices = page.locator("[class*=st-key-choices] button")
    slider = page.get_by_role("slider", name=":")  # others are of interactive figures
    wait_until_complete(page)
    if choices.count():
        choices.first.click()
    else:
        slider.focus()
        slider.press("End")


def test_the_seven_lessons_are_walked_end_to_end(course_app: Server, page: Any) -> None:
    """By keyboard and without a network: `page` fails on any request to another machine."""
    from playwright.sync_api import expect

    every, errors = lessons(course_app.home)
    assert (len(every), errors) == (7, [])
    page.goto(f"{course_app.url}/course")
    page.get_by_role("button", name="Open").first.click()
    for lesson in every:
        for step in lesson.steps:
            expect(page.get_by_role("heading", name=step.heading, exact=True)).to_be_visible()
            wait_until_complete(page)
            if step.question is not None:
                expect(page.get_by_text("The answer:")).to_have_count(0)
                note = page.locator(".predict .note", has_text="not at 0.")
                cut = step.question.kind == "number" and step.question.low > 0
                expect(note).to_have_count(int(cut))
                answer(page)
                page.get_by_role("button", name=REVEAL).click()
                expect(page.get_by_text("The answer:")).to_be_visible()
            expect(page.get_by_test_id("stException")).to_have_count(0)
            expect(page.get_by_test_id("stAlert")).to_have_count(0)
            wait_until_complete(page)
            page.get_by_role("heading", name=step.heading, exact=True).click()
            page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="Course", exact=True)).to_be_visible()


def test_an_eighth_lesson_is_dropped_in_and_a_broken_one_shows_its_line(
    course_app: Server, page: Any
) -> None:
    from playwright.sync_api import expect

    folder = own_folder(course_app.home)
    folder.mkdir(exist_ok=True)
    page.goto(f"{course_app.url}/course")
    expect(page.get_by_role("button", name="Open")).to_have_count(7)
    (folder / "8-mine.md").write_text("---\ntitle: Mine\nminutes: 5\n---\n\n## One\nA text.\n")
    (folder / "9-broken.md").write_text("---\ntitle: Broken\nminutes: x\n---\n\n## One\nA text.\n")
    page.reload()
    expect(page.get_by_role("button", name="Open")).to_have_count(8)
    expect(page.get_by_text("8 · Mine")).to_be_visible()
    expect(page.get_by_text("9-broken.md:3: minutes is 'x'")).to_be_visible()
