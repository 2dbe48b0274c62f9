"""Pictures of every page, desktop and phone, light and dark: `python -m tests.benchmarks.screenshots [FOLDER]`.

Without FOLDER only the README's six are written, to assets/screenshots/.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.e2e.server import ROOT, browser, charts, prepare, serve

PAGES = ("", "lab", "decision_space", "confusion", "null_space", "pseudo_labels", "compare", "runs")
README = ("", "lab", "decision_space", "confusion", "null_space", "compare")
README_SIZE = (1440, 1080)
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}


def shoot(
    chromium: Any, url: str, path: Path, size: tuple[int, int], mode: str, whole: bool
) -> None:
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=mode
    )
    page = context.new_page()
    page.goto(url)
    charts(page).nth(1).wait_for(timeout=120_000)
    page.wait_for_timeout(2_500)
    if whole:
        height = page.evaluate(
            "document.querySelector('[data-testid=stMainBlockContainer]').getBoundingClientRect().height"
        )
        page.set_viewport_size({"width": size[0], "height": int(min(height + 80, 6000))})
        page.wait_for_timeout(1_200)
    page.screenshot(path=path)
    context.close()


def run_all_methods(chromium: Any, url: str) -> None:
    """Have something to compare."""
    page = chromium.new_page()
    page.goto(f"{url}/compare")
    page.get_by_role("button", name="Run all methods").click()
    page.get_by_text("runs done").wait_for()
    page.get_by_text("runs done").wait_for(state="detached", timeout=1_200_000)
    page.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        home = Path(folder) / "home"
        prepare(home)
        with serve(home) as server:
            run_all_methods(chromium, server.url)
            if len(sys.argv) < 2:
                target = ROOT / "assets" / "screenshots"
                target.mkdir(parents=True, exist_ok=True)
                for name in README:
                    shoot(
                        chromium,
                        f"{server.url}/{name}",
                        target / f"{name or 'story'}.png",
                        README_SIZE,
                        "light",
                        whole=False,
                    )
                return
            out = Path(sys.argv[1])
            out.mkdir(parents=True, exist_ok=True)
            for name in PAGES:
                for device, size in SIZES.items():
                    for mode in ("light", "dark"):
                        shoot(
                            chromium,
                            f"{server.url}/{name}",
                            out / f"{name or 'story'}-{device}-{mode}.png",
                            size,
                            mode,
                            whole=True,
                        )


if __name__ == "__main__":
    main()
