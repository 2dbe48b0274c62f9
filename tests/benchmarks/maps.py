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
AROUND = """(over, [i, count]) => {
  const { maps } = over.getRootNode().querySelector('.explorer').explorer;
  const [x, y] = maps.at(0, i);
  const far = [...Array(maps.samples.n).keys()].map(j => {
    const [u, v] = maps.at(0, j);
    return Math.max(Math.abs(u - x), Math.abs(v - y));
  }).sort((a, b) => a - b);
  return [x, y, (far[count - 1] + far[count]) / 2];
}"""
"""Pixels of sample i on the first map, and half the side of the square that holds so many."""
SEEN = """over => new Promise(done => {
  const root = over.getRootNode();
  const look = () => {
    const drawn = ['.gallery .one', '.bands path', '.matrices rect[fill-opacity]'];
    if (drawn.every(one => root.querySelector(`.drawer ${one}`)))
      return done(parseInt(root.querySelector('.drawer h2').textContent));
    requestAnimationFrame(look);
  };
  look();
})"""
"""Wait for the selected samples' gallery, flow and cells of the matrices; their number."""
COUNT, BAR_MS = 20, 300
"""So many samples are selected, and shown within this time."""


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
    seen, linked, counts = [], [], []
    for k in range(5):
        page.wait_for_timeout(1500)
        box = page.locator(READY).bounding_box()
        left, top, half = page.locator(READY).evaluate(AROUND, [997 * (k + 1), COUNT])
        x, y = box["x"] + left - half, box["y"] + top - half
        page.mouse.move(x, y)
        page.mouse.down()
        for dx, dy in ((2, 0), (2, 2), (0, 2)):
            page.mouse.move(x + dx * half, y + dy * half, steps=3)
        address = page.url
        start = time.monotonic()
        page.mouse.up()
        counts.append(page.locator(READY).evaluate(SEEN))
        seen.append(1000 * (time.monotonic() - start))
        page.wait_for_function("was => location.href !== was", arg=address, polling=10)
        linked.append(1000 * (time.monotonic() - start))
        page.get_by_role("button", name="Clear", exact=True).click()
    verdict = "met" if median(seen) <= BAR_MS else "NOT met"
    print(
        f"{min(counts)} to {max(counts)} samples in the drawer's gallery, flow and matrices: "
        f"{median(seen):.0f} ms   ≤ {BAR_MS}   {verdict}; in the address: {median(linked):.0f} ms"
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
