"""The app without a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

from pages.shared import cache, page_links

ROOT = Path(__file__).resolve().parents[2]


class NavigatedPages(PagesManager):
    """Pages that app.py lists itself, as a server knows after its first script."""

    def __init__(self, *args: Any, **options: Any) -> None:
        PagesManager.uses_pages_directory = False  # AppTest forgets it before every run
        super().__init__(*args, **options)


app_test.PagesManager = NavigatedPages


def open_page(page: str = "story", **query: str) -> AppTest:
    """A page, by the name of its file, opened with a link; it must not raise."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if page != "story":  # the start page has no path of its own
        app.switch_page(page_links.path(page))
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def finished(app: AppTest) -> AppTest:
    """Wait for every job that the page asks for, and draw it again, until it asks for no more."""
    while active := cache.engine().active():
        for job in active:
            assert cache.engine().wait(job, 300).over
            assert job.error == ""
        app.run()
        assert not app.exception, app.exception
    return app


def texts(app: AppTest) -> list[str]:
    """All text on the page."""
    return [part.value for part in [*app.markdown, *app.caption, *app.info]]


def says(app: AppTest, *parts: str) -> bool:
    """Whether one text on the page has all of these parts."""
    return any(all(part in text for part in parts) for text in texts(app))


def components(app: AppTest, name: str) -> list[dict[str, Any]]:
    """What the scripts of all components of a name are given."""
    return [
        json.loads(part.proto.json or part.proto.mixed.json)
        for part in app.get("bidi_component")
        if part.proto.component_name == f"unsc_{name}"
    ]


def story(app: AppTest) -> dict[str, Any]:
    """What the story's script is given; "chapters" by key."""
    (found,) = components(app, "story")
    return found | {"chapters": {chapter["key"]: chapter for chapter in found["chapters"]}}
