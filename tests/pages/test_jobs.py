"""Jobs on a page: what they cost, when they start, and what Cancel does."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import cache, job_texts, jobs
from pages.shared.job_texts import goes_on_for
from tests.pages.headless import finished, open_page, says
from unsc_core.analysis.comparison import COMPARED
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.store import Artefact, Store
from unsc_core.jobs.job import Job, JobState, Lane
from unsc_core.jobs.rates import Rates, rates_key

LONG = {"dataset": "blobs", "model": "mlp", "training": "1000"}
"""Some seconds of training: 1.6 million points."""

pytestmark = pytest.mark.usefixtures("own_engine", "ends_idle")


def takes(home: Path, seconds: float) -> None:
    """Let LONG's original be known to take so long on this machine."""
    config = ExperimentConfig(dataset="blobs", model="mlp")
    rates = Rates(step=seconds / 1.6e6, single=0.0, answer=0.0)
    Store(home / "store").put(
        "cost", rates_key(config, load_dataset("blobs")), Artefact({}, {"rates": rates.__dict__})
    )


def progress(app: AppTest) -> str:
    """What the bars of progress say."""
    return "\n".join(bar.proto.text for bar in app.get("progress"))


def button(app: AppTest, label: str):
    return next(one for one in app.button if one.label == label)


def test_work_of_more_than_a_minute_asks_first(home: Path) -> None:
    takes(home, 27 * 60)
    app = open_page("confusion", **LONG)
    assert says(app, "27 minutes", "1,600 points", "1000 epochs")
    assert cache.engine().active() == []
    button(app, "Run it").click().run()
    (job,) = cache.engine().active()
    assert (job.kind, job.lane) == ("experiment", Lane.LONG)
    assert re.search(r"about 2[67] minutes", progress(app))


@pytest.mark.parametrize(
    ("seconds", "lane", "shown"), [(35, Lane.LONG, True), (8, Lane.SHORT, False)]
)
def test_shorter_work_runs_and_shows_its_cost_from_ten_seconds_on(
    home: Path, seconds: float, lane: Lane, shown: bool
) -> None:
    takes(home, seconds)
    app = open_page("confusion", **LONG)
    (job,) = cache.engine().active()
    assert job.lane is lane
    assert bool(re.search(r"about \d+ s", progress(app))) is shown
    assert not says(app, f"about {seconds} s")  # once is enough


def test_what_is_unknown_is_measured_first() -> None:
    app = open_page("confusion", dataset="blobs", model="mlp")
    (job,) = cache.engine().active()
    assert (job.kind, job.lane) == ("cost", Lane.SHORT)
    finished(app)
    assert job.state is JobState.DONE
    assert len(app.get("plotly_chart")) == 4


def test_workers_load_no_page() -> None:
    finished(open_page("confusion", dataset="blobs", model="mlp"))

    def loaded() -> list[str]:
        import sys

        return [name for name in ("streamlit", "pages", "plotly") if name in sys.modules]

    found = cache.engine()._cluster.client.run(loaded)
    assert len(found) == 2
    assert all(names == [] for names in found.values())


def test_cancel_tells_who_else_waits(home: Path) -> None:
    takes(home, 5)
    app = open_page("confusion", **LONG)
    (job,) = cache.engine().active()
    (mine,) = job.watchers
    cache.engine().submit(job.kind, job.id.removeprefix("experiment-"), job.config, "another tab")
    button(app, "Cancel").click().run()
    assert job.watchers == {"another tab"}
    assert says(app, goes_on_for(1))
    app.run()  # drawn again, it still does not wait
    assert job.watchers == {"another tab"}
    button(app, "Wait for it again").click().run()
    assert job.watchers == {"another tab", mine}
    cache.engine().cancel(job, "another tab")
    assert not job.over
    button(app, "Cancel").click().run()
    assert job.state is JobState.CANCELLED
    assert button(app, "Run")


def test_the_other_tabs_are_counted() -> None:
    assert "another open tab" in goes_on_for(1)
    assert "5 other open tabs" in goes_on_for(5)


def test_who_waits_is_told_behind_how_many_and_how_long() -> None:
    def job(seconds: float | None) -> Job:
        return Job("id", "experiment", ExperimentConfig(), 1, 1.0, "task", seconds=seconds)

    runs = replace(job(100.0), state=JobState.RUNNING, began=time.monotonic() - 60)
    assert job_texts.progress(job(40.0), []) == "Starting; then about 40 s"
    line = job_texts.progress(job(40.0), [runs, job(30.0)])
    assert line == "Waiting for 2 other jobs, about 70 s; then about 40 s"
    assert job_texts.progress(job(None), [runs, job(None)]) == "Waiting for 2 other jobs"
    assert job_texts.progress(job(None), [runs]) == "Waiting for 1 other job, about 40 s"


def test_a_batch_shows_its_cost_and_who_else_waits(home: Path) -> None:
    app, count = finished(open_page("compare", dataset="blobs", model="mlp")), len(COMPARED) + 1
    takes(home, 1e5)
    app.run()
    assert says(app, f"1 of {count} jobs is done; the others take about", "on this machine")
    button(app, "Run all methods").click().run()
    jobs = cache.engine().active()
    for job in jobs:
        cache.engine().submit(
            job.kind,
            job.id.removeprefix(f"{job.kind}-"),
            job.config,
            "another tab",
            background=True,
        )
    button(app, "Cancel").click().run()
    assert says(app, goes_on_for(1))
    assert all(job.watchers == {"another tab"} for job in jobs if not job.over)
    button(app, "Wait for it again").click().run()
    assert f"of {count} jobs done" in progress(app)


def test_another_experiment_releases_the_retrained_model_too(home: Path) -> None:
    takes(home, 5)
    app = open_page("confusion", **LONG | {"training": "300"})
    (job,) = cache.engine().active()
    cache.engine().wait(job, 300)
    app.run()
    (retrain,) = cache.engine().active()
    assert retrain.kind == "retrain"
    app.multiselect(key="control_forget").set_value([1]).run()
    assert retrain.state is JobState.CANCELLED


def test_a_lost_worker_is_reported(home: Path) -> None:
    takes(home, 20)
    app = open_page("confusion", **LONG)
    job = cache.engine().active()[0]
    assert not app.warning
    job.starts = 2
    app.run()
    assert "The worker process was lost" in app.warning[0].value


def test_the_more_people_wait_the_less_often_each_sees_progress(home: Path) -> None:
    assert jobs.poll_s(0.4) == 0.4
    config = ExperimentConfig(dataset="blobs", model="mlp")
    for i in range(40):
        cache.engine().submit("experiment", f"busy-{i % 3}", config, f"tab {i}")
    assert jobs.poll_s(0.4) == pytest.approx(40 / jobs.PANELS_PER_S)
    assert jobs.poll_s(60.0) == 60.0
