"""Screenshots of every page: `python -m tests.benchmarks.screenshots [FOLDER]`.

Desktop and phone, light and dark, to FOLDER; without it, the README's six, and the 2-D lab as it
plays, to assets/screenshots/.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image

from tests.e2e.server import ROOT, browser, charts, prepare, serve

PAGES = (
    *("", "explainer", "lab", "decision_space", "confusion", "null_space", "gamma"),
    *("pseudo_labels", "compare", "audit", "try_image", "runs"),
)
README = ("", "lab", "decision_space", "confusion", "null_space", "compare")
README_SIZE = (1440, 1080)
HEIGHT = """document.querySelector('[data-testid=stMainBlockContainer]')
    .getBoundingClientRect().height"""
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}


def shoot(
    chromium: Any, url: str, path: Path, size: tuple[int, int], mode: str, whole: bool
) -> None:
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=mode
    )
    page = context.new_page()
    page.goto(url)
    own = (
        {"lab": ".lab svg", "gamma": ".cockpit svg", "": ".stage .mark"}
        | dict.fromkeys(("decision_space", "pseudo_labels"), ".explorer[data-ready] .search select")
    ).get(url.rpartition("/")[2])
    drawn = page.locator(own) if own else charts(page)
    drawn.nth(1).wait_for(timeout=120_000)
    page.wait_for_timeout(2_500)
    if whole:
        height = page.evaluate(HEIGHT)
        page.set_viewport_size({"width": size[0], "height": int(min(height + 80, 6000))})
        page.wait_for_timeout(1_200)
    page.screenshot(path=path)
    context.close()


def film(chromium: Any, url: str, path: Path, width: int = 880) -> None:
    """The planes of the 2-D lab from the first epoch to the last, as one animated picture."""
    page = chromium.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page.goto(url)
    lab = page.locator(".lab")
    lab.locator("svg").nth(2).wait_for(timeout=120_000)
    page.get_by_role("slider", name="Epoch", exact=True).press("Home")
    page.get_by_role("button", name="Play").click()
    planes = lab.locator(".panels")
    frames, times = [], [time.monotonic()]
    while lab.get_attribute("data-state") == "playing":
        frames.append(Image.open(io.BytesIO(planes.screenshot())).convert("RGB"))
        times.append(time.monotonic())
    page.close()
    height = round(frames[0].height * width / frames[0].width)
    small = [frame.resize((width, height)) for frame in frames]
    shown = [round(1000 * (end - start)) for start, end in zip(times, times[1:], strict=False)]
    shown[-1] += 2000  # rest on the end
    small[0].save(path, save_all=True, append_images=small[1:], duration=shown, loop=0, quality=70)


def run_all_methods(chromium: Any, url: str) -> None:
    """Give the Compare page its results."""
    page = chromium.new_page()
    page.goto(f"{url}/compare")
    page.get_by_role("button", name="Run all methods").click()
    page.get_by_text("jobs done").wait_for()
    page.get_by_text("jobs done").wait_for(state="detached", timeout=1_200_000)
    page.close()


def run_the_audits(chromium: Any, url: str) -> None:
    """Give the Audit page its results."""
    page = chromium.new_page()
    page.goto(f"{url}/audit")
    page.get_by_role("button", name="Run the audits").click(timeout=120_000)
    page.get_by_role("heading", name="Every audit").wait_for(timeout=1_200_000)
    page.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        home = Path(folder) / "home"
        prepare(home)
        with serve(home) as server:
            run_all_methods(chromium, server.url)
            if len(sys.argv) > 1:
                run_the_audits(chromium, server.url)
            if len(sys.argv) < 2:
                target = ROOT / "assets" / "screenshots"
                target.mkdir(parents=True, exist_ok=True)
                for name in README:
                    url, path = f"{server.url}/{name}", target / f"{name or 'story'}.png"
                    shoot(chromium, url, path, README_SIZE, "light", whole=False)
                film(chromium, f"{server.url}/lab", target / "forgetting.webp")
                return
            out = Path(sys.argv[1])
            out.mkdir(parents=True, exist_ok=True)
            for name in PAGES:
                for (device, size), mode in product(SIZES.items(), ("light", "dark")):
                    url, path = f"{server.url}/{name}", f"{name or 'story'}-{device}-{mode}.png"
                    shoot(chromium, url, out / path, size, mode, whole=True)


if __name__ == "__main__":
    main()
