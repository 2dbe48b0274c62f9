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
LEAST = 36
"""How high a control on a phone is at least, in pixels: 40, less what a help mark beside takes."""
LOW = """(part, least) => {
    const all = root => [...root.querySelectorAll("*")].flatMap(
        e => e.shadowRoot ? [e, ...all(e.shadowRoot)] : [e]);
    const hit = (x, y) => {
        let found = document.elementFromPoint(x, y), inner;
        while ((inner = found?.shadowRoot?.elementFromPoint(x, y)) && inner !== found)
            found = inner;
        return found;
    };
    const height = e => {
        e.style.scrollMargin = "60px"; // from the end, and from what covers the top
        e.scrollIntoView({ block: "end", inline: "center" });
        const box = e.getBoundingClientRect(), x = box.left + box.width / 2;
        const middle = box.top + box.height / 2;
        let y = middle, lower = middle;
        while (y > middle - 60 && e.contains(hit(x, y - 1))) y -= 1;
        while (lower < middle + 60 && e.contains(hit(x, lower + 1))) lower += 1;
        return lower - y + 1;
    };
    const controls = "button, summary, select, input[type=range], a[href],"
        + " [data-testid=stSlider] [role=group] > div, [data-testid=stCheckbox] label";
    const unseen = "[data-testid=stSlider] input, [data-testid=stElementToolbar] *,"
        + " .modebar *";
    const text = e => e.textContent.trim();
    return all(part)
        .filter(e => e.matches(controls) && !e.matches(unseen) && !e.disabled && e.checkVisibility({
            visibilityProperty: true }) && e.getBoundingClientRect().width > 2)
        .filter(e => !e.matches("a") || text(e) === text(e.closest("p, li") ?? e))
        .filter(e => height(e) < least)
        .map(e => `${height(e)}: ${e.getAttribute("aria-label") ?? text(e).slice(0, 40)}`);
}"""
"""The controls that are lower, as a finger finds them: without links within a text, and without
what no phone shows, as it appears below a mouse only."""
WIDER = """e => e.scrollWidth - e.clientWidth"""


@pytest.mark.parametrize("size", SIZES)
def test_the_figure_of_every_page_begins_high(app: Server, page: Any, size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    low, wide, small = {}, {}, []
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
        if size == "phone":
            small += low_controls(page, "stMain", name)
        if (size, name) == ("phone", "audit"):
            page.get_by_test_id("stExpandSidebarButton").click()
            small += low_controls(page, "stSidebar", "menu")
            page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    assert low == {}
    assert wide == {}  # nothing makes the page itself scroll sideways
    assert small == []


def test_on_a_phone_the_menu_closes_when_it_has_done_its_work(app: Server, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{app.url}/runs")
    wait_until_complete(page)
    menu = page.get_by_test_id("stSidebar")

    def open_menu() -> None:
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(menu).to_be_in_viewport()

    open_menu()
    menu.get_by_role("link", name="2-D lab").click()
    expect(page.get_by_role("heading", name="2-D lab")).to_be_visible()
    expect(menu).not_to_be_in_viewport()
    wait_until_complete(page)
    open_menu()
    page.mouse.click(380, 60)  # the page beside it
    expect(menu).not_to_be_in_viewport()


def low_controls(page: Any, part: str, name: str) -> list[str]:
    """The controls in a part of a page that are too low, once it has come to rest."""
    for _ in range(6):
        if not (found := page.get_by_test_id(part).evaluate(LOW, LEAST)):
            break
        page.wait_for_timeout(500)
    return [f"{name} {one}" for one in found]


def test_on_a_phone_the_images_of_a_cell_are_in_reach(app: Server, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{app.url}/confusion?picked=test.true-6.original-0")
    image = page.locator(".drawer .gallery button").first
    expect(image).to_be_in_viewport(ratio=0.9)  # without scrolling, over the matrices
