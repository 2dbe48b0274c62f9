"""Pages without a browser."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from pages.shared import cache

ROOT = Path(__file__).resolve().parents[2]


def open_app() -> AppTest:
    """The app as a visitor finds it; it must draw."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not app.exception, app.exception
    return app


def open_page(page: str, **query: str) -> AppTest:
    """A page, by the name of its file, opened with a link; whatever it says, it must draw."""
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def finished(app: AppTest) -> AppTest:
    """Wait for every job that was asked for, draw the page again, and so on until it asks for nothing more."""
    while active := cache.engine().active():
        for job in active:
            assert cache.engine().wait(job, 120).over
            assert job.error == ""
        app.run()
        assert not app.exception, app.exception
    return app
