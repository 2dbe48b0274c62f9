"""The audit in a real browser: from the question to the verdict, and a threshold to drag."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.server import Server, charts

LINK = "audit?dataset=blobs&forget=0&training=3&epochs=3&audited=1+seed"


def test_from_the_question_to_the_verdict(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/{LINK}")
    expect(page.get_by_text("Can anyone still find it?")).to_be_visible()
    button = page.get_by_role("button", name="Run the audits")
    button.click()
    expect(page.get_by_text("can't tell").first).to_be_visible(timeout=120_000)
    expect(button).to_have_count(0)
    expect(charts(page).nth(8)).to_be_visible()
    page.get_by_role("slider", name="Called a member").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text(re.compile("From 10.% on, shares of"))).to_be_visible()
    expect(page).to_have_url(re.compile("threshold=10"))
    page.reload()
    expect(page.get_by_text(re.compile("From 10.% on, shares of"))).to_be_visible()
