"""The 2-D lab in a real browser: played, stepped, scrubbed and recorded again."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.server import Server


def opened(app: Server, page: Any, query: str = "") -> Any:
    """The lab's player, with its four planes."""
    page.goto(f"{app.url}/lab{query}")
    expect(page.locator(".lab figure")).to_have_count(4)
    return page.locator(".lab")


def drawn(page: Any) -> str:
    """What the planes show now, as image data."""
    return page.locator(".lab canvas.regions").evaluate_all(
        "planes => planes.map(plane => plane.toDataURL()).join()"
    )


def readouts(page: Any) -> list[str]:
    return page.locator(".lab dd").all_inner_texts()


def test_play_step_and_scrub(app: Server, page: Any) -> None:
    lab = opened(app, page, "?epochs=40&width=16")
    expect(lab).to_have_attribute("data-state", "playing")  # by itself, for those who allow motion
    expect(lab).to_have_attribute("data-fps", re.compile(r"[1-9]"))
    page.get_by_role("button", name="Pause").click()
    expect(lab).to_have_attribute("data-state", "paused")
    assert float(lab.get_attribute("data-fps")) > 0

    scrub = page.get_by_role("slider", name="Epoch", exact=True)
    scrub.focus()
    page.keyboard.press("Home")
    expect(lab).to_have_attribute("data-epoch", "0")
    beginning, before = drawn(page), readouts(page)
    assert before[0] == before[5] == before[10]  # three methods, one original
    page.get_by_role("button", name="Forward one epoch").press("Enter")
    expect(lab).to_have_attribute("data-epoch", "1")
    assert drawn(page) != beginning
    page.get_by_role("button", name="Back one epoch").click()
    assert drawn(page) == beginning
    scrub.focus()
    page.keyboard.press("End")
    expect(lab).to_have_attribute("data-epoch", "40")
    expect(page.get_by_text("40 of 40", exact=True)).to_be_visible()
    assert readouts(page) != before
    assert readouts(page)[15:] == before[15:]  # the target stands still


def test_a_reload_reopens_the_picture_and_gamma_changes_it(app: Server, page: Any) -> None:
    lab = opened(app, page, "?epochs=40&width=16&epoch=9")
    expect(lab).to_have_attribute("data-epoch", "9")
    expect(lab).to_have_attribute("data-state", "paused")
    page.get_by_role("button", name="Forward one epoch").click()
    page.wait_for_url(re.compile("epoch=10$"))
    before, picture = readouts(page), drawn(page)
    page.reload()
    expect(page.locator(".lab")).to_have_attribute("data-epoch", "10")
    assert (readouts(page), drawn(page)) == (before, picture)

    thumb = page.get_by_role("slider", name="Energy threshold γ")
    thumb.focus()
    page.keyboard.press("Home")
    expect(page.get_by_text(re.compile(r"^Layer 1.*γ = 0\.5\b"))).to_be_visible()
    page.wait_for_url(re.compile(r"gamma=0\.5"))
    page.goto(f"{app.url}/lab?gamma=0.5&epochs=40&width=16&epoch=10")
    expect(page.locator(".lab")).to_have_attribute("data-epoch", "10")
    after = readouts(page)
    assert after[:5] != before[:5]  # UNSC has another γ
    assert after[5:] == before[5:]  # nobody else has one


def test_nothing_moves_by_itself_with_reduced_motion(app: Server, page: Any) -> None:
    page.emulate_media(reduced_motion="reduce")
    lab = opened(app, page, "?epochs=40&width=16")
    expect(lab).to_have_attribute("data-state", "paused")
    expect(lab).to_have_attribute("data-epoch", "40")
    page.get_by_role("button", name="Play").click()
    expect(lab).to_have_attribute("data-epoch", "2")  # in steps
