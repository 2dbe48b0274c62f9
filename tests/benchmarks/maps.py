"""The maps to explore in headless Chromium: frames per second, and how fast a selection is seen.

`python -m tests.benchmarks.maps [data folder]`, with a folder that `prepare` has filled; without
one, it is prepared first. All 10,000 training samples of Fashion-MNIST mini are on each map.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from tests.e2e.server import browser, prepare, serve

SECONDS = 5.0
READY = ".explorer[data-ready] .over"
FRAMES = """(over, seconds) => {
  const { maps } = over.getRootNode().querySelector('.explorer').explorer;
  const end = performance.now() + 1000 * seconds, first = maps.painted, spent = [];
  window.counted = new Promise(done => {
    const tick = now => {
      spent.push(maps.paintMilliseconds);
      if (now < end) return requestAnimationFrame(tick);
      spent.sort((a, b) => a - b);
      done([(maps.painted - first) / seconds, spent[spent.length >> 1], maps.samples.n]);
    };
    requestAnimationFrame(tick);
  });
}"""
SEEN = """over => new Promise(done => {
  const root = over.getRootNode(), start = performance.now();
  const look = () => {
    const head = root.querySelector('.drawer h2');
    if (head && head.textContent !== window.before && root.querySelector('.bands'))
      return done(performance.now() - start);
    requestAnimationFrame(look);
  };
  look();
})"""


def pan(page: Any, slow: int) -> None:
    """Print how often all maps are drawn while they are dragged."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": slow})
    page.get_by_role("button", name="Move", exact=True).click()
    box = page.locator(READY).bounding_box()
    x, y = box["x"] + 0.15 * box["width"], box["y"] + 0.5 * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.locator(READY).evaluate(FRAMES, SECONDS)
    start = time.monotonic()
    while (passed := (time.monotonic() - start) / SECONDS) < 1:
        page.mouse.move(x + 60 * abs(2 * passed - 1), y + 40 * passed)
        time.sleep(1 / 60)
    frames, spent, n = page.evaluate("() => window.counted")
    page.mouse.up()
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    page.get_by_role("button", name="All", exact=True).click()
    at = f"processor slowed {slow} ×" if slow > 1 else "desktop"
    print(f"panning 3 × {n:,} points, {at:22} {frames:5.1f} frames a second, {spent:.1f} ms each")


def select(page: Any) -> None:
    """Print how long it takes from the end of a lasso to the drawer, and to the address."""
    page.get_by_role("button", name="Lasso", exact=True).click()
    box = page.locator(READY).bounding_box()
    seen, linked = [], []
    for k in range(5):
        x, y = box["x"] + (0.05 + 0.04 * k) * box["width"], box["y"] + 0.45 * box["height"]
        page.evaluate("() => (window.before = null)")
        page.mouse.move(x, y)
        page.mouse.down()
        for dx, dy in ((30, 0), (30, 30), (0, 30)):
            page.mouse.move(x + dx, y + dy, steps=3)
        address = page.url
        start = time.monotonic()
        page.mouse.up()
        seen.append(page.locator(READY).evaluate(SEEN))
        while page.url == address and time.monotonic() - start < 10:
            time.sleep(0.01)
        linked.append(1000 * (time.monotonic() - start))
        page.get_by_role("button", name="Clear").click()
        page.wait_for_timeout(1500)
    print(
        f"selection in the drawer: {median(seen):.0f} ms; in the address: {median(linked):.0f} ms"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        home = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "home"
        if len(sys.argv) < 2:
            prepare(home)
        with serve(home) as server:
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{server.url}/decision_space?samples=Training")
            page.locator(READY).wait_for(timeout=120_000)
            page.wait_for_timeout(4000)
            for slow in (1, 4):
                pan(page, slow)
            select(page)


if __name__ == "__main__":
    main()
