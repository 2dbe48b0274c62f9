"""A real server on a free port, and a real browser to look at it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Server:
    """A running app."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    home: Path


@contextmanager
def serve(home: Path, port: int = 0) -> Iterator[Server]:
    """The app on a port, or a free one, with its data in `home`; stopped at the end."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("localhost", port))
        port = probe.getsockname()[1]
    log = home.parent / f"server-{port}.log"
    environment = {**os.environ, "UNSC_HOME": str(home)}
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    url = f"http://localhost:{port}"
    try:
        end = time.monotonic() + 60
        while not _answers(f"{url}/_stcore/health"):
            if time.monotonic() > end or process.poll() is not None:
                raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
            time.sleep(0.02)
        yield Server(url, process, log, home)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:  # uvicorn waits without limit for connections to close
            process.kill()
            process.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def prepare(home: Path) -> None:
    """The README's `prepare` with its results in `home`."""
    subprocess.run(
        [sys.executable, "-m", "unsc_core", "prepare"],
        cwd=ROOT,
        env={**os.environ, "UNSC_HOME": str(home)},
        check=True,
        capture_output=True,
    )


def charts(page: Any) -> Any:
    """The figures drawn on the page."""
    return page.locator("[data-testid=stPlotlyChart] .main-svg:first-of-type")


def wait_until_complete(page: Any) -> None:
    """Wait until Streamlit has drawn the page: a rerun may take away what is being typed."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def choose(page: Any, box: str, option: str | re.Pattern[str]) -> None:
    """Pick an option of a select box; a page that is drawn again closes the list, so try again."""
    from playwright.sync_api import TimeoutError as NothingHappens

    for _ in range(5):
        wait_until_complete(page)
        # a click may scroll, which closes the list
        page.get_by_role("combobox", name=re.compile(f"{re.escape(box)}$")).press("ArrowDown")
        with suppress(NothingHappens):
            page.get_by_role("option", name=option).first.click(timeout=5_000)
            return
        page.keyboard.press("Escape")
    raise AssertionError(f"'{box}' offers no {option}")


def go_to(page: Any, name: str) -> None:
    """Click a page in the sidebar, once the one before is complete; again if nothing happens.

    A click can be overtaken by a rerun of the page that is left, as when its job is done.
    """
    from playwright.sync_api import TimeoutError as NothingHappens

    wait_until_complete(page)
    link = page.get_by_test_id("stSidebarNavItems").get_by_role("link", name=name, exact=True)
    path = urlsplit(link.get_attribute("href")).path
    for _ in range(3):
        link.click()
        with suppress(NothingHappens):
            page.wait_for_url(lambda url: urlsplit(url).path == path, timeout=10_000)
            return
    raise AssertionError(f"{name} is not opened by a click.")


def descendants(pid: int) -> list[int]:
    """Process ids below `pid`."""
    children = [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += [int(p) for p in (task / "children").read_text().split()]
    found = sorted(set(children))
    return found + [below for child in found for below in descendants(child)]
