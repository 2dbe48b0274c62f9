"""Long and short work of several browsers at once: who waits, and what ends with whom."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from pages.shared.job_texts import goes_on_for
from tests.e2e.server import Server, descendants
from unsc_core.jobs.engine import ABSENCE_LIMIT_S

TRAINING = re.compile("Training the original model: epoch")


def seconds_to_a_short_run(app: Server, page: Any, seed: int) -> float:
    """From asking for a short experiment that nobody has made to its picture."""
    start = time.monotonic()
    page.goto(f"{app.url}/confusion?dataset=blobs&forget=0&training=3&epochs=3&seed={seed}")
    # not `expect`, which looks once a second
    page.wait_for_selector("[data-testid=stPlotlyChart] .main-svg")
    return time.monotonic() - start


def busy(app: Server) -> list[int]:
    """Worker processes that used more than a third of a core in the last half second."""
    workers = [Path(f"/proc/{pid}") for pid in descendants(app.process.pid)]
    workers = [path for path in workers if b"spawn_main" in (path / "cmdline").read_bytes()]
    before = [_ticks(path) for path in workers]
    time.sleep(0.5)
    return [
        int(path.name)
        for path, then in zip(workers, before, strict=True)
        if path.exists() and _ticks(path) - then > 17
    ]


def _ticks(process: Path) -> int:
    used = (process / "stat").read_text().rpartition(")")[2].split()
    return int(used[11]) + int(used[12])


def test_long_work_holds_nobody_up_and_ends_with_its_last_reader(
    app: Server, chromium: Any, page: Any
) -> None:
    others = chromium.new_context(viewport={"width": 1440, "height": 900})
    asking, short = others.new_page(), others.new_page()
    seconds_to_a_short_run(app, short, 100)  # measures the network
    alone = seconds_to_a_short_run(app, short, 101)

    asking.goto(f"{app.url}/confusion?model=resnet18")
    expect(
        asking.get_by_text(
            re.compile(r"about \d+ (minutes|hours) on this machine.*ResNet-18 on 10,000 images")
        )
    ).to_be_visible()
    asking.get_by_role("button", name="Run it").click()
    expect(
        asking.get_by_text(re.compile(r"about \d+ (minutes|hours) on this machine"))
    ).to_be_visible()
    expect(asking.get_by_text(TRAINING)).to_be_visible()

    assert seconds_to_a_short_run(app, short, 102) < 3 * alone
    expect(asking.get_by_text(TRAINING)).to_be_visible()

    page.goto(f"{app.url}/confusion?model=resnet18")
    expect(page.get_by_text(TRAINING)).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(goes_on_for(1))).to_be_visible()
    expect(page.get_by_role("button", name="Wait for it again")).to_be_visible()
    expect(asking.get_by_text(TRAINING)).to_be_visible()

    others.close()
    closed = time.monotonic()
    run_again = page.get_by_role("button", name="Run", exact=True)
    expect(run_again).to_be_visible(timeout=1000 * (ABSENCE_LIMIT_S + 10))
    while busy(app):
        assert time.monotonic() - closed < ABSENCE_LIMIT_S + 10
