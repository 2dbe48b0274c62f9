"""What the tests of pages share: a prepared data folder, and an engine that ends with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pages.shared import cache
from tests.pages.headless import ROOT


@pytest.fixture(scope="module")
def own_engine() -> Iterator[None]:
    """End the engine after a file's tests."""
    yield
    cache.engine().close()
    cache.engine.clear()


@pytest.fixture
def opened(opening: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data folder `opening` of a file's tests is the app's."""
    monkeypatch.setenv("UNSC_HOME", str(opening))
    monkeypatch.chdir(ROOT)


@pytest.fixture
def ends_idle(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The app has a data folder of its own, and no job goes on after the test."""
    monkeypatch.chdir(ROOT)
    yield
    for job in cache.engine().active():
        for watcher in list(job.watchers):
            cache.engine().cancel(job, watcher)
