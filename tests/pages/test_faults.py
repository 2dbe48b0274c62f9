"""What goes wrong under a page: its results are damaged, or the store's folder is taken away."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.shared import cache
from tests.jobs.test_faults import damaged
from tests.pages.headless import finished, open_page

SMALL = {"dataset": "blobs", "model": "mlp", "training": "3", "epochs": "3"}
PAGES = ("confusion", "null_space", "decision_space", "pseudo_labels", "runs")

pytestmark = pytest.mark.usefixtures("own_engine", "ends_idle")


def shown() -> dict[str, list[str]]:
    """Page -> the accuracies in its header, once every job that it asks for is done."""
    found = {}
    for page in PAGES:
        app = finished(open_page(page, **SMALL)).run()
        assert not app.exception
        assert not app.error
        found[page] = [metric.value for metric in app.metric if not metric.value.endswith(" s")]
    return found


def test_results_that_are_damaged_or_taken_away_under_a_page_come_back(home: Path) -> None:
    before = shown()
    assert len(before["confusion"]) > 3
    files = list((home / "store").rglob("*.safetensors"))
    assert len({path.parent for path in files}) > 5
    for i, path in enumerate(files):
        damaged(path, "flipped" if i % 2 else "cut")
    assert shown() == before

    (home / "store").rename(home / "away")
    (home / "store").write_text("no folder")
    for page in PAGES:
        app = open_page(page, **SMALL)
        for job in cache.engine().active():
            cache.engine().wait(job, 300)
        app.run()
        assert not app.exception
        assert page == "runs" or [str(home) in error.value for error in app.error] == [True]
    (home / "store").unlink()
    (home / "away").rename(home / "store")
    assert shown() == before
