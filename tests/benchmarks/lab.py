"""The 2-D lab: seconds for a run on a warm worker, bytes of its frames, and frames drawn per second in headless Chromium."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from tests.e2e.server import browser, serve
from unsc_core.figures.lab import frames
from unsc_core.figures.theme import LIGHT
from unsc_core.lab import lab_config, read_lab
from unsc_core.lab_run import run
from unsc_core.store import Store

WIDTHS = (32, 128)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        home = Path(folder) / "home"
        store = Store(home / "store")
        run(lab_config(0, 0.99, 8, 0, 0.1, 2), store)  # warms the worker up
        seconds, sent = {}, {}
        for width in WIDTHS:
            config = lab_config(2, 0.99, width, 0, 0.1, 100)
            started = time.perf_counter()
            run(config, store)
            seconds[width] = round(time.perf_counter() - started, 2)
            found = read_lab(config, store)
            assert found is not None
            sent[width] = len(json.dumps(frames(found, LIGHT)))
        with serve(home) as server:
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{server.url}/lab?forget=2")
            lab = page.locator(".lab[data-state=playing]")
            lab.wait_for(timeout=120_000)
            rates = []
            while (state := page.locator(".lab").get_attribute("data-state")) == "playing":
                rates.append(float(page.locator(".lab").get_attribute("data-fps")))
                time.sleep(0.5)
            assert state == "paused"
        rates = [rate for rate in rates if rate > 0]
        print(
            json.dumps(
                {"seconds for a run, by width": seconds, "bytes sent": sent, "frames per second": sorted(rates)[len(rates) // 2], "worst": min(rates)}
            )
        )


if __name__ == "__main__":
    main()
