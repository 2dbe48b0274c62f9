"""What axe-core finds on every page, in both modes, and what the keyboard reaches."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.server import Server, charts, wait_until_complete
from unsc_core.figures.theme import look, rgb

VIEWS = {
    "": 0,
    "course": 0,
    "course?lesson=1-over-unlearning&step=3": 0,
    "lab": 0,
    "decision_space": 0,
    "decision_space?picked=3,17&samples=Training": 1,
    "confusion?picked=test.true-6.original-0": 4,
    "null_space": 7,
    "null_space?view=Frozen+and+reachable": 6,
    "gamma": 0,
    "pseudo_labels": 1,
    "compare": 4,
    "audit": 1,
    "try_image?from=Draw": 2,
    "runs": 0,
}
"""Link -> figures that are there when it is complete."""
RULES = ["color-contrast", "link-in-text-block"]
"""Rules of axe-core that look at colours."""
DRAWINGS = [".main-svg"]
"""What axe-core leaves out: each has a description, and it cannot judge colours inside."""
NAME = (
    "e => e.getAttribute('aria-label') || e.labels?.[0]?.innerText"
    " || e.closest('label')?.innerText || e.innerText || ''"
)
"""The accessible name of an element, as JavaScript."""


def test_axe_finds_nothing_serious_on_any_page_in_either_mode(app: Server, page: Any) -> None:
    tabs = [page, page.context.new_page()]  # one loads while the other is checked
    links, found = list(VIEWS), {}
    open_dark(tabs[0], f"{app.url}/{links[0]}")
    for i, link in enumerate(links):
        tab = tabs[i % 2]
        wait_until_drawn(tab, VIEWS[link])
        if i + 1 < len(links):
            open_dark(tabs[(i + 1) % 2], f"{app.url}/{links[i + 1]}")
        for mode in ("dark", "light"):
            tab.emulate_media(color_scheme=mode)
            expect(tab.get_by_test_id("stApp")).to_have_css("color-scheme", mode)
            # Figures are drawn again.
            expect(tab.locator(f"html[data-unsc-mode={mode}]")).to_be_attached()
            wait_until_complete(tab)
            if VIEWS[link]:
                ink = f"rgb{rgb(look(mode).ink)}"
                expect(tab.locator("[class$=tick] text").first).to_have_css("fill", ink)
            # The second mode changes colours only.
            for violation in serious_violations(tab, RULES if mode == "light" else None):
                nodes = [node["html"][:200] for node in violation["nodes"]]
                found[link, mode, violation["id"]] = nodes
    assert found == {}


def open_dark(page: Any, address: str) -> None:
    """Begin to load a page, in the mode that is checked first."""
    page.emulate_media(color_scheme="dark")
    page.goto(address, wait_until="commit")


def wait_until_drawn(page: Any, figures: int) -> None:
    expect(page.locator("h1")).to_be_visible()
    if re.search("//[^/]+/$", page.url):
        expect(page.locator(".stage .mark").first).to_be_visible()
    if re.search("/lab$", page.url):
        expect(page.locator(".lab svg")).to_have_count(3)
    if re.search("decision_space|confusion|pseudo_labels", page.url):
        expect(page.locator(".explorer[data-ready]")).to_be_visible()
    if re.search("/gamma$", page.url):
        expect(page.locator(".cockpit svg")).to_have_count(6)
    if figures:
        expect(charts(page).nth(figures - 1)).to_be_visible()


def serious_violations(page: Any, rules: list[str] | None) -> list[dict[str, Any]]:
    """What axe-core finds by these rules, or by all of them."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    options |= {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    found = Axe().run(page, {"exclude": [DRAWINGS]}, options).response["violations"]
    return [one for one in found if one["impact"] in ("serious", "critical")]


def test_every_control_is_reached_by_the_keyboard(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/null_space")
    expect(charts(page).nth(5)).to_be_visible()
    wanted = {
        "Dataset",
        "Model",
        "Classes to forget",
        "Method",
        "Energy threshold γ",
        "Share",
        "Spectra",
        "A γ for each layer",
        "Confusion",
    }
    reached: set[str] = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        name = page.evaluate(f"({NAME})(document.activeElement)")
        reached |= {one for one in wanted if re.search(rf"(^|\W){re.escape(one)}(\W|$)", name)}
        if reached == wanted:
            break
    assert reached == wanted
