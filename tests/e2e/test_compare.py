"""The comparison in a real browser: one button, every method, and a slider."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.server import Server, charts, go_to
from unsc_core.analysis.comparison import COMPARED


def test_all_methods_by_one_button_and_compared_at_equal_forgetting(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/compare?dataset=blobs&forget=0")
    button = page.get_by_role("button", name="Run all methods")
    button.click()
    line = page.get_by_text(re.compile(rf"\d+ of {len(COMPARED) + 1} jobs done"))
    expect(line).to_be_visible()
    page.reload()
    expect(line.or_(charts(page).nth(2)).first).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(button).to_have_count(0)
    for text in ("SVD forgetting", "Fisher forgetting", "retrained", "UNSC"):
        expect(page.locator(".annotation-text", has_text=text).first).to_be_visible()
    point_at_a_method_dims_the_others(page)
    expect(page.get_by_text("one seed: no interval")).to_be_visible()

    expect(compared_at(page, 5)).to_be_visible()
    page.get_by_role("slider", name="Acc_f to compare at").focus()
    page.keyboard.press("ArrowRight")
    expect(compared_at(page, 6)).to_be_visible()
    expect(page).to_have_url(re.compile("equal=6"))
    go_to(page, "Confusion")
    expect(page.get_by_role("heading", name="Confusion")).to_be_visible()
    go_to(page, "Compare")
    expect(compared_at(page, 6)).to_be_visible()


def point_at_a_method_dims_the_others(page: Any) -> None:
    """In the ladder and, as both are linked, in the plane."""
    ladder, plane = charts(page).nth(0), charts(page).nth(1)
    ladder.locator(".scatterlayer > .trace .points path").nth(1).hover(force=True)
    dimmed = ".scatterlayer > .trace[style*='opacity: 0.12']"
    for figure, marks in ((ladder, 2), (plane, 1)):
        expect(figure.locator(dimmed)).to_have_count(marks * (len(COMPARED) - 1))
    page.mouse.move(5, 5)
    expect(plane.locator(dimmed)).to_have_count(0)


def compared_at(page: Any, acc_forget: int) -> Any:
    """The sentence about equal forgetting at this Acc_f, in percent."""
    return page.locator("p", has_text=re.compile(rf"Acc_f .*(?<![.\d]){acc_forget}\s%")).first
