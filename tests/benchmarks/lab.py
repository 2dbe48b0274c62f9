"""The 2-D lab in headless Chromium: frames per second, first motion, and what the server does.

`python -m tests.benchmarks.lab`. Frames are those that the page draws; pictures are frames in which
the planes show something newly computed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from tests.e2e.server import browser, descendants, serve
from unsc_core.figures.lab import static_page

SECONDS = 5.0
BROWSERS = 10
COUNT = """(root, seconds) => {
  const lab = root.lab, end = performance.now() + 1000 * seconds;
  let frames = 0, pictures = 0;
  lab.draw = function () { pictures++; return Lab2D.prototype.draw.call(this); };
  window.counted = new Promise(done => {
    const tick = now => {
      frames++;
      if (now < end) return requestAnimationFrame(tick);
      delete lab.draw;
      done([frames / seconds, pictures / seconds]);
    };
    requestAnimationFrame(tick);
  });
}""".replace("Lab2D.prototype", "Object.getPrototypeOf(lab)")


def rates(page: Any, act: Callable[[float], None]) -> tuple[float, float]:
    """Frames and pictures per second while `act` is called with the share of the time passed."""
    page.locator(".lab").evaluate(COUNT, SECONDS)
    start = time.monotonic()
    while (passed := (time.monotonic() - start) / SECONDS) < 1:
        act(passed)
        time.sleep(1 / 60)  # a mouse reports about so often
    frames, pictures = page.evaluate("() => window.counted")
    return frames, pictures


def gamma(page: Any) -> Callable[[float], None]:
    """Drag γ from one end to the other and back."""
    box = page.get_by_role("slider", name="Energy threshold γ", exact=True).bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], y)
    page.mouse.down()
    return lambda passed: page.mouse.move(box["x"] + abs(2 * passed - 1) * box["width"], y)


def point(page: Any) -> Callable[[float], None]:
    """Drag the point nearest to the middle of the first plane's upper right quarter."""
    page.get_by_role("button", name="Move points").click()
    box = page.locator(".lab .plane").first.bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.66 * side, y + 0.3 * side)
    page.mouse.down()
    return lambda passed: page.mouse.move(x + (0.66 - 0.3 * passed) * side, y + 0.3 * side)


def measure(chromium: Any, url: str, slow: int) -> None:
    """Print the rates while the lab plays, and while γ and a point are dragged."""
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{url}/lab?epochs=300")
    page.wait_for_selector(".lab[data-state=playing]")
    page.wait_for_timeout(1000)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": slow})
    for what, begin in (("playing", None), ("dragging γ", gamma), ("dragging a point", point)):
        act = begin(page) if begin else lambda _: page.wait_for_timeout(50)
        frames, pictures = rates(page, act)
        page.mouse.up()
        at = f"processor slowed {slow} ×" if slow > 1 else "desktop"
        print(f"{what:18} {at:22} {frames:5.1f} frames, {pictures:5.1f} pictures a second")
        if begin is None:
            page.get_by_role("button", name="Pause").click()
    page.close()


def first_motion(chromium: Any, folder: Path) -> float:
    """Seconds from opening the exported page, offline, to its first epoch; median of three."""
    file = folder / "lab.html"
    file.write_text(static_page(), encoding="utf-8")
    print(f"exported page      {file.stat().st_size / 1e6:.2f} MB")
    seconds = []
    for _ in range(3):
        context = chromium.new_context(offline=True)
        page, start = context.new_page(), time.monotonic()
        page.goto(file.as_uri())
        page.wait_for_selector(".lab:not([data-epoch='0'])")
        seconds.append(time.monotonic() - start)
        context.close()
    return median(seconds)


def server_load(chromium: Any, url: str, processes: list[int]) -> float:
    """Cores that the server uses while ten browsers play."""
    contexts = [chromium.new_context() for _ in range(BROWSERS)]
    for context in contexts:
        page = context.new_page()
        page.goto(f"{url}/lab?epochs=300")
        page.wait_for_selector(".lab[data-state=playing]", timeout=120_000)
    time.sleep(2)
    before, start = sum(map(processor_seconds, processes)), time.monotonic()
    time.sleep(SECONDS)
    used = sum(map(processor_seconds, processes)) - before
    for context in contexts:
        context.close()
    return used / (time.monotonic() - start)


def processor_seconds(process: int) -> float:
    """What a process has computed."""
    used = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / 100


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        with serve(Path(folder) / "home") as server:
            for slow in (1, 4):
                measure(chromium, server.url, slow)
            processes = [server.process.pid, *descendants(server.process.pid)]
            load = server_load(chromium, server.url, processes)
            print(f"server             {load:.3f} of a core while {BROWSERS} browsers play")
        print(f"first motion       {first_motion(chromium, Path(folder)):.2f} s")


if __name__ == "__main__":
    main()
