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
      maps.move(0.004 * Math.cos(now / 400), 0.004 * Math.sin(now / 400));
      if (now < end) return requestAnimationFrame(tick);
      spent.sort((a, b) => a - b);
      done([(maps.painted - first) / seconds, spent[spent.length >> 1], maps.samples.n]);
    };
    requestAnimationFrame(tick);
  });
}"""
PLACE = """(over, i) => {
  const { maps } = over.getRootNode().querySelector('.explorer').explorer;
  return maps.at(0, i);
}"""
SEEN = """over => new Promise(done => {
  const root = over.getRootNode();
  const look = () => {
    const head = root.querySelector('.drawer h2');
    if (head && root.querySelector('.bands'))
      return done();
    requestAnimationFrame(look);
  };
  look();
})"""


def pan(page: Any, slow: int) -> None:
    """Print how often all maps are drawn while they move with every frame."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": slow})
    page.locator(READY).evaluate(FRAMES, SECONDS)
    frames, spent, n = page.evaluate("() => window.counted")
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    page.get_by_role("button", name="Show the whole map").click()
    at = f"processor slowed {slow} ×" if slow > 1 else "desktop"
    print(f"panning 3 × {n:,} points, {at:22} {frames:5.1f} frames a second, {spent:.1f} ms each")


def select(page: Any) -> None:
    """Print how long it takes from the end of a lasso to the drawer, and to the address."""
    page.get_by_role("button", name="Lasso", exact=True).click()
    seen, linked = [], []
    for k in range(5):
        page.wait_for_timeout(1500)
        box = page.locator(READY).bounding_box()
        left, top = page.locator(READY).evaluate(PLACE, 997 * (k + 1))
        x, y = box["x"] + left - 12, box["y"] + top - 12
        page.mouse.move(x, y)
        page.mouse.down()
        for dx, dy in ((24, 0), (24, 24), (0, 24)):
            page.mouse.move(x + dx, y + dy, steps=3)
        address = page.url
        start = time.monotonic()
        page.mouse.up()
        page.locator(READY).evaluate(SEEN)
        seen.append(1000 * (time.monotonic() - start))
        page.wait_for_function("was => location.href !== was", arg=address, polling=10)
        linked.append(1000 * (time.monotonic() - start))
        page.get_by_role("button", name="Clear", exact=True).click()
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
