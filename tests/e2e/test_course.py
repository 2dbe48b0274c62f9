"""The course in a real browser: a guess is dragged, the truth appears beside it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.server import Server, charts, wait_until_complete

pytest.importorskip("playwright")


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
    page.get_by_role("button", name="Reveal", exact=True).click()
    expect(page.get_by_text("Your guess is")).to_be_visible()
    expect(charts(page)).to_have_count(1)
    assert "step=3" in page.url  # an arrow on the bar turns no page
    wait_until_complete(page)
    page.locator("body").press("ArrowRight")
    expect(page.get_by_role("heading", name="Who pays?")).to_be_visible()
