"""Runs in a real browser: compared, exported, deleted, imported, and a report read offline."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.server import Server, charts
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.figures.two_runs import comparison


@pytest.fixture(scope="module")
def two(app: Server) -> list[Result]:
    """Two runs on one original, forgetting a class that no other test does."""
    store = Store(app.home / "store")
    configs = [
        ExperimentConfig(dataset="blobs", model="mlp", forget_classes=(2,), method=method)
        for method in ("unsc", "random-labels")
    ]
    return [Experiment(config, store).run(with_retrain=True) for config in configs]


def download(page: Any, name: str, path: Path) -> Path:
    with page.expect_download() as begun:
        page.get_by_role("button", name=name).first.click()
    begun.value.save_as(path)
    return path


def test_out_and_in_again(app: Server, page: Any, two: list[Result], tmp_path: Path) -> None:
    page.goto(f"{app.url}/runs?a={two[0].key}&b={two[1].key}")
    expect(page.get_by_text(comparison(*two))).to_be_visible()
    expect(charts(page).nth(3)).to_be_visible()
    archive = download(page, "Export .zip", tmp_path / "run.zip")

    page.get_by_role("button", name="Delete").first.click()
    page.get_by_role("button", name="Delete run").first.click()
    expect(page).not_to_have_url(re.compile(two[0].key))
    # The question about the next run is closed.
    expect(page.get_by_role("button", name="Delete run")).to_have_count(0)
    assert not Store(app.home / "store").path("unlearned", two[0].key).exists()

    page.get_by_role("button", name="Import a run").click()
    uploader = page.locator("input[type=file]")
    (tmp_path / "bad.zip").write_bytes(archive.read_bytes()[:5000])
    uploader.set_input_files(tmp_path / "bad.zip")
    expect(page.get_by_test_id("stAlert").filter(has_text=".zip")).to_be_visible()
    uploader.set_input_files(archive)
    expect(page.get_by_test_id("stAlert").filter(has_text="run A")).to_be_visible()
    expect(page).to_have_url(re.compile(f"a={two[0].key}"))
    expect(page.get_by_text("computed elsewhere")).to_be_visible()
    again = comparison(replace(two[0], imported=True), two[1])
    expect(page.get_by_text(again)).to_be_visible()

    report = download(page, "Report", tmp_path / "report.html")
    page.locator(".st-key-open-A button:visible").click()  # select boxes have a button "Open", too
    expect(page.get_by_role("heading", name="Decision space")).to_be_visible()
    expect(
        page.get_by_text(re.compile(r"UNSC \(imported\) · forgetting north-east · Blobs"))
    ).to_be_visible()
    read_offline(page, report, two[0])


def read_offline(page: Any, report: Path, result: Result) -> None:
    """The report from disk: all figures draw; it asks for nothing, and the console stays empty."""
    asked: list[str] = []
    messages: list[str] = []
    page.goto("about:blank")
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    for mode in ("light", "dark"):
        page.emulate_media(color_scheme=mode)
        page.goto(report.as_uri())
        expect(page.get_by_role("heading", name=re.compile("north-east.*UNSC"))).to_be_visible()
        expect(
            page.get_by_text(f"{summary(result)['unlearned']['acc_retain']:.1f} %", exact=True)
        ).to_be_visible()
        places = page.locator("figure > div")
        assert places.count() == 9
        assert page.locator("figure > div .main-svg:first-of-type").count() >= 9
        ink = page.locator("figure .gtitle").first.evaluate("title => getComputedStyle(title).fill")
        assert ink == {"light": "rgb(28, 36, 34)", "dark": "rgb(232, 238, 236)"}[mode]
    assert messages == []
    assert asked == [report.as_uri()] * 2
