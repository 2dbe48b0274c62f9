"""Links in a real browser: broken ones get a note, and the experiment goes along."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.server import Server, go_to

BROKEN = {
    "gamma=7": "gamma = '7'",
    "method=%3Cscript%3Ealert(1)%3C/script%3E": "method = '<script>",
    "forget=0,1,2,3,4,5,6,7,8,9": "10 classes of digits",
    "gammas=0.9": "γ",
    "lock=world": "lock = 'world'",
    "true=Hat": "true = 'Hat'",
    "cells=furlongs": "cells = 'furlongs'",
    "of=Nobody": "of = 'Nobody'",
    "dataset=%00": "path",
}
"""Query -> part of the note about it. tests/pages/test_state.py has many more."""


@pytest.mark.parametrize("queries", [list(BROKEN)[i::3] for i in range(3)], ids="abc")
def test_a_broken_link_shows_its_page_and_a_note(
    app: Server, page: Any, queries: list[str]
) -> None:
    """A few at once: a note stays for some seconds only."""
    tabs = {query: page.context.new_page() for query in queries}
    for query, tab in tabs.items():
        dataset = "" if query.startswith("dataset") else "dataset=digits&"
        tab.goto(f"{app.url}/confusion?{dataset}{query}", wait_until="commit")
    for query, tab in tabs.items():
        note = tab.get_by_test_id("stAlert").filter(has_text=BROKEN[query])
        expect(note.first).to_be_visible()
        expect(tab.get_by_role("heading", name="Confusion")).to_be_visible()
        assert tab.get_by_text(re.compile("Traceback|Error:")).count() == 0


def test_a_note_on_a_control_far_down_is_seen_at_once(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/explainer?layer=99")
    note = page.get_by_test_id("stAlert").filter(has_text="layer = '99'")
    expect(note).to_be_in_viewport()
    expect(page.get_by_role("radiogroup", name="Layer")).to_be_visible()


def test_the_experiment_goes_along_from_page_to_page(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/confusion?method=random-labels")  # prepared: every page is drawn once
    line = page.get_by_text(re.compile("Random labels · forgetting Shirt · Fashion-MNIST mini"))
    expect(line).to_be_visible()
    for name in ("Decision space", "Null space", "Pseudo-labels", "Runs", "Confusion", "Story"):
        go_to(page, name)
        if name != "Runs":
            page.wait_for_url(re.compile(r"\?method=random-labels$"))
            expect(line).to_be_visible()
            expect(page.get_by_role("slider", name="Energy threshold γ")).to_have_count(
                1 if name == "Null space" else 0
            )


def test_a_choice_survives_a_message_that_has_not_heard_of_it(app: Server, page: Any) -> None:
    """What the browser sends before the server's answer still has the link from before."""
    holding, held = False, []

    def relay(socket: Any) -> None:
        server = socket.connect_to_server()
        socket.on_message(server.send)
        server.on_message(
            lambda message: held.append((socket, message)) if holding else socket.send(message)
        )

    page.route_web_socket(re.compile("/_stcore/stream"), relay)
    page.goto(f"{app.url}/explainer?question=layer")
    layers = page.get_by_role("radiogroup", name="Layer")
    expect(page.get_by_role("radiogroup", name="Directions")).to_be_visible()
    holding = True
    layers.get_by_text("5", exact=True).click()
    page.wait_for_timeout(2000)
    page.get_by_role("radiogroup", name="Directions").get_by_role("radio").last.click()
    page.wait_for_timeout(2000)
    holding = False
    for socket, message in held:
        socket.send(message)
    expect(page).to_have_url(re.compile("directions="))
    expect(page).to_have_url(re.compile("layer=5"))
    expect(layers.get_by_role("radio", name="5")).to_be_checked()
    layers.get_by_text("4", exact=True).click()
    expect(page).to_have_url(re.compile("layer=4"))
    page.go_back()
    expect(layers.get_by_role("radio", name="5")).to_be_checked()
