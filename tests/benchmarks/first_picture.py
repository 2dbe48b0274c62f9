"""Seconds from the server's first response to the first picture, in a fresh browser.

`python -m tests.benchmarks.first_picture [--cold]`: the data folder is prepared; with --cold it is
empty and everything is computed while the page waits.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.server import browser, prepare, serve


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        home = Path(folder) / "home"
        if "--cold" not in sys.argv:
            prepare(home)
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        seconds = []
        for _ in range(1 if "--cold" in sys.argv else 3):
            with serve(home) as server:
                started = time.perf_counter()
                page.goto(server.url)
                page.locator(".stage .mark").first.wait_for(timeout=120_000)
                seconds.append(round(time.perf_counter() - started, 2))
        print(json.dumps({"seconds to the first picture": seconds}))


if __name__ == "__main__":
    main()
