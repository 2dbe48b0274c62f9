"""One prepared server and one browser for all browser tests, which need Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/e2e/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if server.CHROMIUM is None and not os.environ.get("UNSC_NO_SKIP"):
                item.add_marker(
                    pytest.mark.skip(
                        reason="no Chromium on this machine (Debian: apt install chromium)"
                    )
                )


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[server.Server]:
    home = tmp_path_factory.mktemp("app") / "home"
    shutil.copytree(prepared, home)
    with server.serve(home) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with server.browser() as running:
        yield running


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A fresh browser profile at projector size.

    None of its tabs may ask other machines for anything, or leave a warning in the console.
    """
    from playwright.sync_api import expect

    expect.set_options(timeout=90_000)
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(90_000)
    outside: list[str] = []
    messages: list[str] = []
    context.on(
        "request", lambda request: outside.append(request.url) if not _local(request.url) else None
    )
    context.on("weberror", lambda error: messages.append(str(error.error)))
    context.on(
        "console",
        lambda message: (
            messages.append(message.text)
            if message.type in ("warning", "error") and not _probe(message)
            else None
        ),
    )
    yield context.new_page()
    context.close()
    assert messages == []
    assert outside == []


def _probe(message: Any) -> bool:
    """Streamlit asks for its own files below the page's path first, on a link to a page."""
    return "404" in message.text and "/_stcore/" in message.location.get("url", "")


def _local(url: str) -> bool:
    return url.startswith(("http://localhost:", "ws://localhost:", "data:", "blob:", "file:"))
