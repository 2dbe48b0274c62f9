"""Links that people typed, cut short or made up: every one shows its page and says what it could not do."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.server import Server

FALLS_BACK = "The link says {name} ="
BROKEN = {
    "gamma=7": FALLS_BACK,
    "gamma=x": FALLS_BACK,
    "gamma=": None,
    "gamma=-0.5": FALLS_BACK,
    "gamma=nan": FALLS_BACK,
    "gamma=0": FALLS_BACK,
    "gammas=0.9,2": FALLS_BACK,
    "gammas=0.9": "1 values of γ were named",
    "forget=a": FALLS_BACK,
    "forget=": None,
    "forget=-1": FALLS_BACK,
    "forget=99": "Class 99 is not in",
    "forget=0,1,2,3,4,5,6,7,8,9": "All 10 classes of digits would be forgotten",
    "forget=1,,2": FALLS_BACK,
    "ids=x": FALLS_BACK,
    "ids=-4": FALLS_BACK,
    "ids=999999": "Sample 999999 is not in",
    "model=vgg99": FALLS_BACK,
    "model=net.py:make": FALLS_BACK,
    "model=mlp-": FALLS_BACK,
    "method=%3Cscript%3Ealert(1)%3C/script%3E": FALLS_BACK,
    "method=": None,
    "method=UNSC": FALLS_BACK,
    "seed=-1": FALLS_BACK,
    "seed=1.5": FALLS_BACK,
    "seed=99999999999": FALLS_BACK,
    "lr=nan": FALLS_BACK,
    "lr=0": FALLS_BACK,
    "lr=-1": FALLS_BACK,
    "epochs=0": FALLS_BACK,
    "epochs=many": FALLS_BACK,
    "subspace=none": FALLS_BACK,
    "device=tpu": FALLS_BACK,
    "seeds=2": FALLS_BACK,
    "equal=200": FALLS_BACK,
    "training=-3": FALLS_BACK,
    "edits=4": FALLS_BACK,
    "edits=4>4>4": FALLS_BACK,
    "edits=0>99": "names class 99",
    "checkpoint=nowhere.safetensors": "nowhere.safetensors",
    "checkpoint=../../etc/passwd": "outside the data folder",
    "hide=everything": "The link says hide =",
    "lock=world": "The link says lock =",
    "cells=furlongs": FALLS_BACK,
    "samples=Neither": FALLS_BACK,
    "true=Hat": FALLS_BACK,
    "answer=1e9": FALLS_BACK,
    "of=Nobody": FALLS_BACK,
    "dataset=missing.npz": "does not exist",
    "dataset=../../../etc/passwd": "outside the data folder",
    "dataset=%00": "is not a valid path",
    "dataset=a/b/c": "does not exist",
}
"""Query -> what is said about it; None: the sentence about its own name or an empty value's default."""


def test_fifty_broken_links_show_a_page_and_a_note(app: Server, page: Any) -> None:
    assert len(BROKEN) >= 50
    tabs = [page, *(page.context.new_page() for _ in range(3))]
    links, silent = list(BROKEN.items()), []
    for start in range(0, len(links), len(tabs)):
        opened = list(zip(tabs, links[start : start + len(tabs)], strict=False))
        for tab, (query, _) in opened:
            tab.goto(
                f"{app.url}/confusion?{'' if query.startswith('dataset') else 'dataset=digits&'}{query}",
                wait_until="commit",
            )
        for tab, (query, words) in opened:
            said = (words or FALLS_BACK).format(name=query.split("=")[0])
            try:
                expect(tab.get_by_test_id("stAlert").filter(has_text=said).first).to_be_visible()
            except AssertionError:
                silent.append(query)
            expect(tab.get_by_role("heading", name="Confusion")).to_be_visible()
            assert tab.get_by_text(re.compile("Traceback|Error:")).count() == 0
    assert silent == []


def test_the_experiment_goes_along_from_page_to_page(app: Server, page: Any) -> None:
    page.goto(
        f"{app.url}/confusion?method=random-labels"
    )  # prepared: every page is drawn once only
    line = page.get_by_text(re.compile("Random labels · forgetting Shirt · fashion-mnist-mini"))
    expect(line).to_be_visible()
    for name in ("Decision space", "Null space", "Pseudo-labels", "Runs", "Confusion", "Story"):
        page.get_by_test_id("stSidebarNavItems").get_by_role("link", name=name, exact=True).click()
        if name != "Runs":
            page.wait_for_url(re.compile(r"\?method=random-labels$"))
            expect(line).to_be_visible()
            expect(page.get_by_role("slider", name="Energy threshold γ")).to_have_count(
                1 if name == "Null space" else 0
            )
