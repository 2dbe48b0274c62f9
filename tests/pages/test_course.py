"""The page Course without a browser: lessons that are dropped in, and steps that ask first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.pages.headless import finished, open_page, says, texts

pytestmark = pytest.mark.usefixtures("opened")
LESSON = """---
title: Points
minutes: 5
---

## Where do they go?
state: dataset=blobs
figure: label-counts
question: Which label do most points get?
quantity: top_pseudo_label
choices: north-west | south-east

Some points.

### Reveal
That is why.

### Look for
The long bar.

### Notes
Say it slowly.
"""


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory, own_engine: None) -> Path:
    """A data folder with nothing in it but a lesson."""
    home = tmp_path_factory.mktemp("course")
    (home / "lessons").mkdir()
    (home / "lessons" / "8-points.md").write_text(LESSON)
    return home


def click(app: Any, label: str) -> Any:
    (button,) = [one for one in app.button if one.label == label]
    app = button.click().run()
    assert not app.exception, app.exception
    return app


def test_a_dropped_lesson_appears_without_a_restart_and_a_broken_one_shows_its_line(
    opening: Path,
) -> None:
    app = open_page("course")
    assert says(app, "8 · Points")
    assert not app.error
    path = opening / "lessons" / "9-broken.md"
    path.write_text(LESSON.replace("label-counts", "pie"))
    app.run()
    assert [error.value.partition(";")[0] for error in app.error] == [
        "9-broken.md:8: there is no figure 'pie'"
    ]
    path.write_text(LESSON.replace("title: Points", "title: Repaired"))
    app.run()
    assert not app.error
    assert says(app, "9 · Repaired")
    path.unlink()


def test_a_step_asks_before_it_shows() -> None:
    app = open_page("course", lesson="8-points")
    assert says(app, "not there yet")
    assert not app.get("plotly_chart")
    app = finished(click(app, "Prepare this lesson"))
    app.run()
    assert not says(app, "not there yet")
    assert not says(app, "That is why.")
    assert not app.get("plotly_chart")
    app = click(app, "south-east")
    app = click(app, "Reveal")
    assert says(app, "Not quite.", "The answer: north-west")
    assert says(app, "That is why.")
    assert says(app, "The long bar.")
    assert len(app.get("plotly_chart")) == 1
    app = click(app, "Ask again")
    assert not says(app, "That is why.")


def test_notes_are_shown_to_the_presenter_only() -> None:
    app = open_page("course", lesson="8-points")
    assert not says(app, "Say it slowly.")
    (toggle,) = app.toggle
    app = toggle.set_value(True).run()
    assert says(app, "Say it slowly.")


def test_next_and_back_go_through_all_lessons() -> None:
    app = open_page("course", lesson="1-over-unlearning", step="4")
    app = click(app, "Next lesson")
    assert app.query_params["lesson"] == "2-null-space"
    app = click(app, "Back")
    assert app.query_params["lesson"] == "1-over-unlearning"
    assert app.query_params["step"] == "4"
    app = click(open_page("course", lesson="8-points"), "Finish")
    assert app.title[0].value == "Course"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"lesson": "<b>"}, "There is no lesson '<b>'"),
        ({"lesson": "8-points", "step": "7"}, "has no step '7'"),
        ({"lesson": "8-points", "step": "-1"}, "has no step '-1'"),
        ({"lesson": "8-points", "step": "9" * 5000}, "has no step '9"),
        ({"lesson": "8-points", "step": "²"}, "has no step '²'"),
    ],
)
def test_a_link_that_leads_nowhere_says_so(query: dict[str, str], words: str) -> None:
    app = open_page("course", **query)
    assert any(words in warning.value for warning in app.warning)
    assert texts(app)
