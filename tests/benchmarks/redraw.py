"""Seconds from a key press on the γ slider until every spectrum is drawn anew, seen in the browser."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from tests.e2e.server import browser, charts, prepare, serve

RANKS = """() => [...document.querySelectorAll('[data-testid=stPlotlyChart] .xtitle')]
    .map(t => t.textContent).filter(t => t.includes('rank')).join('|')"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        home = Path(folder) / "home"
        prepare(home)
        with serve(home) as server:
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{server.url}/null_space")
            charts(page).nth(6).wait_for(timeout=120_000)
            page.get_by_role("slider", name="Energy threshold γ").focus()
            seconds = []
            for key in ["ArrowRight"] * 3 + ["ArrowLeft"] * 6:
                before = page.evaluate(RANKS).split("|")
                started = time.perf_counter()
                page.keyboard.press(key)
                page.wait_for_function(
                    "before => { const now = (" + RANKS + ")().split('|'); return now.length === before.length && now.at(-2) !== before.at(-2) }",
                    arg=before,
                    polling=10,
                )
                seconds.append(round(time.perf_counter() - started, 2))
                time.sleep(0.5)
            print(json.dumps({"spectra": len(before), "seconds per change of γ": seconds, "worst": max(seconds)}, ensure_ascii=False))


if __name__ == "__main__":
    main()
