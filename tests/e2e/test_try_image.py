"""Drawing with the mouse: the answers change when a stroke ends."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.server import Server, charts


def test_answers_follow_a_drawing(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/try_image?from=Draw")
    expect(charts(page).nth(1)).to_be_visible()
    expect(page.get_by_text("Until you draw")).to_be_visible()
    answer = page.locator("p", has_text=re.compile(r"^(The original|All four) .*say")).first
    before = answer.inner_text()
    box = page.locator(".sketch canvas").bounding_box()

    def stroke(*points: tuple[float, float]) -> None:
        at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        page.mouse.move(*at[0])
        page.mouse.down()
        for x, y in at[1:]:
            page.mouse.move(x, y, steps=5)
        page.mouse.up()

    page.get_by_role("radio", name="Thick brush").click()
    stroke((0.3, 0.95), (0.35, 0.06), (0.65, 0.06), (0.7, 0.95))  # trousers
    expect(page.get_by_text("Your drawing")).to_be_visible()
    expect(answer).not_to_have_text(before)
    drawn = answer.inner_text()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(answer).to_have_text(before)
    assert drawn != before
