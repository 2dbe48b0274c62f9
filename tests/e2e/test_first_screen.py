"""What is seen of a page before anybody scrolls, on a projector and on a phone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.server import Server, wait_until_complete

PLOT = "[data-testid=stPlotlyChart]"
FIGURES = {
    "": ".stage .top",
    "explainer": ".explain .cloud svg",
    "lab": ".lab .plane",
    "decision_space": ".explorer .map",
    "confusion": PLOT,
    "null_space": PLOT,
    "gamma": ".cockpit .plot",
    "pseudo_labels": ".flow svg",
    "compare": PLOT,
    "audit": PLOT,
    "try_image": "[data-testid=stMain] canvas, [data-testid=stMain] img",
    "runs": "[data-testid=stDataFrame]",
}
"""Page -> its first figure."""
LOWEST = 400
"""Where a figure begins at the lowest, in pixels from the top of the window."""
LOWER = {("phone", "audit"): 450}
"""Where it cannot: on a phone, what running the audits takes is said in up to five lines above."""
SIZES = {"projector": (1440, 900), "phone": (390, 844)}
WIDER = """e => e.scrollWidth - e.clientWidth"""


@pytest.mark.parametrize("size", SIZES)
def test_the_figure_of_every_page_begins_high(app: Server, page: Any, size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    low, wide = {}, {}
    for name, figure in FIGURES.items():
        page.goto(f"{app.url}/{name}", wait_until="commit")
        first = page.locator(figure).first
        expect(first).to_be_visible()
        if name == "audit":  # until then it measures what the audits will take
            expect(page.get_by_role("button", name="Run the audits")).to_be_visible()
        wait_until_complete(page)
        top = first.bounding_box()["y"]
        if top > LOWER.get((size, name), LOWEST):
            low[name] = round(top)
        if page.get_by_test_id("stMain").evaluate(WIDER):
            wide[name] = size
    assert low == {}
    assert wide == {}  # nothing makes the page itself scroll sideways


def test_on_a_phone_the_images_of_a_cell_are_in_reach(app: Server, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{app.url}/confusion?picked=test.true-6.original-0")
    image = page.locator(".drawer .gallery button").first
    expect(image).to_be_in_viewport(ratio=0.9)  # without scrolling, over the matrices
