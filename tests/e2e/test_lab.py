"""The 2-D lab in a real browser: played, stepped, scrubbed, and its points moved."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.server import Server, descendants
from unsc_core.commands.cli import main
from unsc_core.figures.lab import DASHES

MODELS = ["original", *DASHES, "mask", "retrain"]


def opened(app: Server, page: Any, query: str = "") -> Any:
    """The lab, with its six planes."""
    page.goto(f"{app.url}/lab{query}")
    expect(page.locator(".lab figure")).to_have_count(len(MODELS))
    return page.locator(".lab")


def at_epoch(page: Any, epoch: int) -> Any:
    """The lab, once it shows an epoch."""
    lab = page.locator(".lab")
    expect(lab).to_have_attribute("data-state", "paused")
    expect(lab).to_have_attribute("data-epoch", str(epoch))
    return lab


def drawn(page: Any) -> dict[str, str]:
    """What each plane shows now, as image data."""
    found = page.locator(".lab canvas.regions").evaluate_all(
        "planes => planes.map(plane => plane.toDataURL())"
    )
    return dict(zip(MODELS, found, strict=True))


def readouts(page: Any) -> dict[str, list[str]]:
    """What is written below each plane."""
    return {
        model: page.locator(f".lab figure[data-model={model}] dd").all_inner_texts()
        for model in MODELS
    }


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [model for model in MODELS if before[model] != after[model]]


def slider(page: Any, name: str) -> Any:
    return page.get_by_role("slider", name=name, exact=True)


def drag(page: Any, model: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag across a plane; places are shares of its width and height from the top left."""
    plane = page.locator(f".lab figure[data-model={model}] .plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    for share, act in ((start, page.mouse.down), (end, page.mouse.up)):
        page.mouse.move(box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"])
        act()


def test_play_step_and_scrub(app: Server, page: Any) -> None:
    lab = opened(app, page, "?epochs=40&width=16")
    expect(lab).to_have_attribute("data-state", "playing")  # by itself, for those who allow motion
    expect(lab).to_have_attribute("data-fps", re.compile(r"[1-9]"))
    page.get_by_role("button", name="Pause").click()
    expect(lab).to_have_attribute("data-state", "paused")

    slider(page, "Epoch").focus()
    page.keyboard.press("Home")
    at_epoch(page, 0)
    beginning, before = drawn(page), readouts(page)
    assert all(before[model] == before["original"] for model in DASHES)
    page.get_by_role("button", name="Forward one epoch").press("Enter")
    at_epoch(page, 1)
    assert changed(beginning, drawn(page)) == list(DASHES)
    page.get_by_role("button", name="Back one epoch").click()
    at_epoch(page, 0)
    assert drawn(page) == beginning
    slider(page, "Epoch").focus()
    page.keyboard.press("End")
    at_epoch(page, 40)
    expect(page.get_by_text("40 of 40", exact=True)).to_be_visible()
    assert changed(before, readouts(page)) == list(DASHES)


def test_a_reload_reopens_the_picture_and_gamma_changes_unsc_alone(app: Server, page: Any) -> None:
    opened(app, page, "?epochs=40&width=16&epoch=9")
    at_epoch(page, 9)
    page.get_by_role("button", name="Forward one epoch").click()
    page.wait_for_url(re.compile("epoch=10$"))
    at_epoch(page, 10)
    before, picture = readouts(page), drawn(page)
    page.reload()
    at_epoch(page, 10)
    assert (readouts(page), drawn(page)) == (before, picture)

    slider(page, "Energy threshold γ").focus()
    page.keyboard.press("Home")
    expect(page.get_by_text(re.compile(r"^Layer 1.*γ = 0\.5 keeps 1 of 2"))).to_be_visible()
    page.wait_for_url(re.compile(r"gamma=0\.5"))
    assert changed(before, readouts(page)) == ["unsc"]
    after = drawn(page)
    page.reload()
    at_epoch(page, 10)
    assert drawn(page) == after


def test_a_point_that_is_moved_changes_every_model_and_the_link(app: Server, page: Any) -> None:
    lab = opened(app, page, "?data=row&epoch=12&forget=0")
    at_epoch(page, 12)
    before = drawn(page)
    page.get_by_role("button", name="Erase points").click()
    drag(page, "mask", (0.19, 0.5), (0.19, 0.5))  # in the middle of the class to forget
    page.wait_for_url(re.compile("points="))
    expect(lab.get_by_role("group", name=re.compile("Tools for the 3"))).to_be_visible()
    at_epoch(page, 12)
    assert {"unsc", "original"} < set(changed(before, drawn(page)))
    after = drawn(page)
    page.reload()
    at_epoch(page, 12)
    assert drawn(page) == after
    page.get_by_role("button", name="Original points").click()
    expect(page).not_to_have_url(re.compile("points="))
    assert drawn(page) == before

    page.get_by_role("button", name="Draw points").click()
    drag(page, "unsc", (0.5, 0.9), (0.5, 0.9))
    expect(lab.get_by_role("group", name=re.compile("Tools for the 40[24]"))).to_be_visible()
    page.wait_for_url(re.compile("points="))
    at_epoch(page, 12)
    drawn_on = readouts(page)
    page.reload()
    at_epoch(page, 12)
    assert readouts(page) == drawn_on


def test_another_class_to_forget_is_measured_anew(app: Server, page: Any) -> None:
    opened(app, page, "?width=16&epoch=30&forget=3")
    at_epoch(page, 30)
    page.get_by_label("Class to forget").select_option("south-west")
    page.wait_for_url(re.compile("forget=0"))
    expect(page.locator(".lab .verdict")).to_contain_text("forgetting south-west")
    there, picture = readouts(page), drawn(page)
    page.reload()
    at_epoch(page, 30)
    assert (readouts(page), drawn(page)) == (there, picture)
    assert there["mask"][0].startswith("0.0")


def test_points_are_compared_moved_and_erased_by_keyboard(app: Server, page: Any) -> None:
    lab = opened(app, page, "?data=row&epoch=3")
    at_epoch(page, 3)
    plane = page.get_by_role("application", name=re.compile("Cursor on the planes"))
    plane.focus()
    expect(lab.locator(".probe")).to_contain_text("UNSC: middle")
    for _ in range(14):
        page.keyboard.press("ArrowLeft")
    expect(lab.locator(".probe")).to_contain_text("UNSC: left")

    page.get_by_role("button", name="Move points").click()
    plane.focus()
    page.keyboard.press("Enter")  # takes hold of the nearest point
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("points="))
    moved = page.url
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Erase points").click()
    plane.focus()
    page.keyboard.press(" ")
    page.wait_for_url(lambda url: url != moved)
    expect(lab.get_by_role("group", name=re.compile("Tools for the 3"))).to_be_visible()


def test_without_points_to_forget_the_picture_stays_with_a_sentence(app: Server, page: Any) -> None:
    lab = opened(app, page, "?points=0.1.1.1.gICAgICA&epoch=0")
    expect(lab.locator(".message")).to_be_hidden()  # south-west is not the class to forget
    at_epoch(page, 0)
    before = drawn(page)
    page.get_by_label("Class to forget").select_option("south-west")
    expect(lab.locator(".message")).to_have_text(re.compile("No point of south-west is left"))
    assert drawn(page) == before


def test_impossible_parts_of_a_link_are_named(app: Server, page: Any) -> None:
    lab = opened(app, page, "?gamma=9&width=7&seed=3&points=1.2&epoch=2")
    note = lab.locator(".message")
    for part in ("gamma = '9'", "width = '7'", "points = '1.2'"):
        expect(note).to_contain_text(part)
    at_epoch(page, 2)
    slider(page, "Learning rate").focus()
    page.keyboard.press("ArrowRight")
    expect(note).to_be_hidden()
    page.wait_for_url(re.compile(r"seed=3.*lr=0\.2"))


def test_nothing_moves_by_itself_with_reduced_motion(app: Server, page: Any) -> None:
    page.emulate_media(reduced_motion="reduce")
    opened(app, page, "?epochs=40&width=16")
    at_epoch(page, 40)
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".lab")).to_have_attribute("data-epoch", "2")  # in steps


def test_another_theme_keeps_the_lab_going(app: Server, page: Any) -> None:
    opened(app, page, "?epochs=40&width=16&epoch=7")
    at_epoch(page, 7)
    light, before = drawn(page), readouts(page)
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    page.wait_for_timeout(2000)
    at_epoch(page, 7)
    assert changed(light, drawn(page)) == MODELS
    assert readouts(page) == before
    page.get_by_role("button", name="Forward one epoch").click()
    at_epoch(page, 8)


def test_the_server_rests_while_the_lab_plays(app: Server, page: Any) -> None:
    lab = opened(app, page, "?epochs=300")
    expect(lab).to_have_attribute("data-state", "playing")
    expect(lab).to_have_attribute("data-epoch", re.compile("[1-9]"))
    server = [app.process.pid, *descendants(app.process.pid)]
    before, start = sum(map(ticks, server)), time.monotonic()
    page.wait_for_timeout(3000)
    used = (sum(map(ticks, server)) - before) / 100 / (time.monotonic() - start)
    assert used < 0.3  # of one core; what plays would need a whole one
    expect(lab).to_have_attribute("data-state", "playing")


def ticks(process: int) -> int:
    """Hundredths of a second that a process has computed."""
    used = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(used[11]) + int(used[12])


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """The lab as a file, exported by its command."""
    file = tmp_path / "lab.html"
    assert main(["export-lab", "--out", str(file)]) == 0
    return file


def test_the_exported_page_needs_no_server(exported: Path, chromium: Any) -> None:
    assert exported.stat().st_size < 3_000_000
    context = chromium.new_context(offline=True)
    page = context.new_page()
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page.goto(f"{exported.as_uri()}#data=row&epoch=20")
    at_epoch(page, 20)
    first = drawn(page)
    slider(page, "Energy threshold γ").focus()
    page.keyboard.press("End")
    page.wait_for_url(re.compile("epoch=20.*gamma=1$"))
    page.reload()
    at_epoch(page, 20)
    assert changed(first, drawn(page)) == ["unsc"]
    assert errors == []
    context.close()
