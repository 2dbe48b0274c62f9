"""What axe-core finds on every page, in both modes, and what the keyboard reaches."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.server import Server, charts

VIEWS = {
    "": 6,
    "lab": 3,
    "decision_space": 3,
    "decision_space?picked=3,17&samples=Training": 4,
    "decision_space?space=Epoch+by+epoch": 1,
    "confusion?of=Original&true=Shirt&answer=T-shirt": 4,
    "null_space": 7,
    "null_space?view=Frozen+and+reachable": 6,
    "null_space?view=Class+angles": 1,
    "null_space?view=Drift": 1,
    "null_space?view=Sweep+over+%CE%B3": 1,
    "pseudo_labels": 2,
    "compare": 3,
    "runs": 0,
}
"""Link -> figures that are there when it is complete."""


def test_axe_finds_nothing_serious_on_any_page_in_either_mode(app: Server, page: Any) -> None:
    found = {}
    for link, figures in VIEWS.items():
        page.goto(f"{app.url}/{link}")
        expect(page.locator("h1")).to_be_visible()
        if figures:
            expect(charts(page).nth(figures - 1)).to_be_visible()
        for mode in ("dark", "light"):
            page.emulate_media(color_scheme=mode)
            expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", mode)
            for violation in Axe().run(page).response["violations"]:
                if violation["impact"] in ("serious", "critical"):
                    found[link, mode, violation["id"]] = [
                        node["html"][:200] for node in violation["nodes"]
                    ]
    assert found == {}


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
    name = "e => e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.closest('label')?.innerText || e.innerText || ''"
    reached: set[str] = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        said = page.evaluate(f"({name})(document.activeElement)")
        reached |= {one for one in wanted if re.search(rf"(^|\W){re.escape(one)}(\W|$)", said)}
        if reached == wanted:
            break
    assert reached == wanted
