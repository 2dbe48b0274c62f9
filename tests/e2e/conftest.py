"""One prepared server and one browser for all browser tests; skipped with a reason where there is no Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/e2e/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if server.CHROMIUM is None and not os.environ.get("UNSC_NO_SKIP"):
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine (Debian: apt install chromium)"))


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    home = tmp_path_factory.mktemp("app") / "home"
    server.prepare(home)
    with server.serve(home) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with server.browser() as running:
        yield running


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A fresh browser profile at projector size; anything asked from outside this machine is recorded."""
    from playwright.sync_api import expect

    expect.set_options(timeout=60_000)
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.outside = []
    page.on("request", lambda request: page.outside.append(request.url) if not _local(request.url) else None)
    yield page
    context.close()


def _local(url: str) -> bool:
    return url.startswith(("http://localhost:", "ws://localhost:", "data:", "blob:"))
