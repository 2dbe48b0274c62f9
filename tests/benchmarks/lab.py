"""The 2-D lab: seconds per run, bytes of its frames, and frames per second in headless Chromium."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.e2e.server import browser, serve
from unsc_core.analysis.lab import lab_config, read_lab
from unsc_core.analysis.lab_recorder import run
from unsc_core.experiment.store import Store
from unsc_core.figures.lab_frames import frames
from unsc_core.figures.theme import LIGHT

WIDTHS = (32, 128)


def measured(store: Store) -> dict[str, dict[int, float]]:
    """Seconds for a run and bytes sent, by width of the network.

    Seconds are medians of three runs, each with its own training; processor seconds are given too,
    for machines that are shared.
    """
    run(lab_config(0, 0.99, 8, 0, 0.1, 2), store)  # warm-up
    seconds, busy, sent = {}, {}, {}
    for width in WIDTHS:
        took = []
        for seed in range(3):
            config = lab_config(2, 0.99, width, seed, 0.1, 100)
            started, worked = time.perf_counter(), time.process_time()
            run(config, store)
            took.append((time.perf_counter() - started, time.process_time() - worked))
        found = read_lab(config, store)
        assert found is not None
        seconds[width], busy[width] = (
            round(sorted(column)[1], 2) for column in zip(*took, strict=True)
        )
        sent[width] = len(json.dumps(frames(found, LIGHT)))
    return {"seconds for a run, by width": seconds, "of processor time": busy, "bytes sent": sent}


def frame_rates(chromium: Any, home: Path) -> list[float]:
    """Frames per second while the lab plays, read every half second."""
    rates = []
    with serve(home) as server:
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{server.url}/lab")
        lab = page.locator(".lab")
        page.locator(".lab[data-state=playing]").wait_for(timeout=120_000)
        page.wait_for_timeout(3000)  # until the page below the planes is drawn
        lab.get_by_role("slider").press("Home")
        lab.get_by_role("button", name="Play").click()
        while lab.get_attribute("data-state") == "playing":
            time.sleep(0.5)
            rates.append(float(lab.get_attribute("data-fps") or 0))
    return rates


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        home = Path(folder) / "home"
        numbers = measured(Store(home / "store"))
        rates = sorted(frame_rates(chromium, home))
        drawn = {"frames per second": rates[len(rates) // 2], "worst half second": rates[0]}
        print(json.dumps(numbers | drawn))


if __name__ == "__main__":
    main()
