"""The main job, clicked through in a real browser."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import expect
from safetensors.numpy import save_file

from tests.e2e.server import Server, charts, choose, go_to, serve, wait_until_complete
from tests.own_images import save_npz

METRIC = "[data-testid=stMetric]"

WATCH = """() => {
  window.watched = [];
  const deep = (root, found) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.matches(".live .sample")) found.push(one);
      if (one.shadowRoot) deep(one.shadowRoot, found);
    }
    return found;
  };
  setInterval(() => {
    if (document.querySelector(".st-key-before") && document.querySelector(".js-plotly-plot"))
      watched.push(deep(document, []).length);
  }, 50);
}"""
"""Counts the samples of a running network's picture while the picture before is shown, too."""


def metric(page: Any, label: str) -> str:
    return page.locator(METRIC, has_text=label).locator("[data-testid=stMetricValue]").inner_text()


def test_the_first_start_shows_a_picture_and_one_thing_to_do(app: Server, page: Any) -> None:
    page.goto(app.url)
    expect(page.locator(".stage .mark").first).to_be_visible()
    wait_until_complete(page)
    for width, height in ((390, 844), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        expect(page.get_by_role("button", name="Forget Shirt")).to_be_in_viewport(ratio=1)
        figure = page.locator(".stage .top").bounding_box()
        assert figure["y"] < 400
        assert figure["width"] > 340
    assert page.locator("button.primary").count() == 1
    assert float(metric(page, "Acc_f").split()[0]) < 5
    assert "mail" not in app.log.read_text().lower()


def test_forgetting_another_class_by_clicking(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/?dataset=digits")
    expect(page.get_by_text(re.compile("UNSC · forgetting class 3 · Digits"))).to_be_visible()
    go_to(page, "Confusion")
    expect(page.get_by_role("heading", name="Confusion")).to_be_visible()
    wait_until_complete(page)
    page.evaluate(WATCH)
    page.get_by_role("combobox", name=re.compile("Classes to forget")).click()
    page.keyboard.type("8")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(
        page.get_by_text(re.compile("UNSC · forgetting classes 3 and 8 · Digits"))
    ).to_be_visible()
    expect(charts(page).nth(3)).to_be_visible()
    assert max(page.evaluate("() => window.watched")) >= 200
    assert float(metric(page, "Acc_f").split()[0]) < 20
    assert "forget=3%2C8" in page.url or "forget=3,8" in page.url
    for name, sentence in (
        ("Decision space", r"3 and 8.*\d\s%"),
        ("Null space", r"^At γ = 0\.96, .*\d\s%"),
        ("Pseudo-labels", r"\d\s%.* training samples of classes 3 and 8"),
    ):
        go_to(page, name)
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        expect(page.locator("p", has_text=re.compile(sentence)).first).to_be_visible()


def test_a_new_threshold_moves_the_cut_without_a_run(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/null_space")
    sentence = page.get_by_text(re.compile(r"^At γ = [\d.]+, \d+"))
    expect(sentence).to_contain_text("γ = 0.96")
    before = sentence.inner_text()
    thumb = page.get_by_role("slider", name="Energy threshold γ")
    thumb.focus()
    page.keyboard.press("ArrowRight")
    expect(sentence).to_contain_text("γ = 0.97")
    assert sentence.inner_text() != before
    expect(page.get_by_role("button", name="Unlearn with γ = 0.97")).to_be_visible()


def test_a_link_reopens_the_same_experiment_on_the_same_page(app: Server, page: Any) -> None:
    link = f"{app.url}/confusion?method=random-labels"
    page.goto(link)
    expect(page.get_by_text(re.compile("Random labels · forgetting Shirt"))).to_be_visible()
    expect(page.get_by_role("heading", name="Confusion")).to_be_visible()
    assert page.url == link


def test_impossible_requests_are_one_sentence(app: Server, page: Any) -> None:
    for query, sentence in (
        ("forget=11", r"11 .*fashion-mnist-mini.* 0 to 9"),
        ("dataset=../../../etc/passwd", r"\.\./\.\./\.\./etc/passwd .*data folder"),
        ("dataset=digits&forget=0,1,2,3,4,5,6,7,8,9", r"10 classes of digits"),
    ):
        page.goto(f"{app.url}/?{query}")
        error = page.get_by_test_id("stAlert").filter(has_text=re.compile(sentence))
        expect(error).to_be_visible()


def test_long_work_can_be_cancelled_and_started_again(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/?seed=21&training=2")
    training = page.get_by_text(re.compile(r"Training the original model: epoch \d+"))
    asks = page.get_by_role("button", name="Run it")  # on a busy machine it may take a minute
    expect(training.or_(asks)).to_be_visible()
    if asks.is_visible():
        asks.click()
    expect(training).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    run_again = page.get_by_role("button", name="Run", exact=True)
    expect(run_again).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Forget shirts").click()
    choose(page, "Dataset", re.compile("^Digits$"))
    expect(page.get_by_text(re.compile("forgetting class 3 · Digits"))).to_be_visible()


def test_user_supplied_images_by_upload_and_by_path(app: Server, page: Any, tmp_path: Path) -> None:
    good = save_npz(tmp_path / "my digits.npz")
    bad = tmp_path / "floats.npz"
    np.savez(
        bad,
        x_train=np.zeros((4, 8, 8)),
        y_train=np.arange(4) % 2,
        x_test=np.zeros((2, 8, 8)),
        y_test=np.arange(2),
    )
    page.goto(app.url)
    page.get_by_role("button", name="Your images or weights").click()
    page.locator("input[type=file]").set_input_files(bad)
    error = page.get_by_test_id("stAlert").filter(has_text="floats.npz")
    expect(error).to_contain_text("float64")
    page.locator("input[type=file]").set_input_files(good)
    expect(page.get_by_role("heading", name="What is in your data")).to_be_visible()
    expect(page.get_by_text(re.compile("training images of 16 × 16 pixels, grey"))).to_be_visible()
    assert "forget=" not in page.url
    page.get_by_role("button", name="Forget zero").click()
    expect(page.get_by_text(re.compile("automatic · forgetting .* · my-digits.npz"))).to_be_visible(
        timeout=90_000
    )
    assert "dataset=own" in page.url
    expect(page.locator("input[type=file]")).to_have_count(0)

    inside = app.home / "data" / "again.npz"
    inside.write_bytes(good.read_bytes())
    page.goto(f"{app.url}/confusion?dataset=again.npz&forget=2")
    expect(page.get_by_text(re.compile("automatic · forgetting .* · again.npz"))).to_be_visible(
        timeout=90_000
    )


def test_corrupt_and_foreign_weights_are_one_sentence(
    app: Server, page: Any, tmp_path: Path
) -> None:
    corrupt, foreign = tmp_path / "corrupt.safetensors", tmp_path / "foreign.safetensors"
    corrupt.write_bytes(b"not weights")
    save_file({"weight": np.zeros((2, 2), np.float32)}, foreign)
    for file, name in ((corrupt, "corrupt.safetensors"), (foreign, "foreign.safetensors")):
        page.goto(f"{app.url}/confusion")
        page.get_by_role("button", name="Your images or weights").click()
        page.locator("input[type=file]").set_input_files(file)
        error = page.get_by_test_id("stAlert").filter(has_text=name)
        expect(error.first).to_be_visible()
        page.keyboard.press("Escape")


def test_selecting_samples_on_the_map_shows_their_images(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/decision_space")
    expect(page.locator(".explorer[data-ready]")).to_be_visible()
    box = page.locator(".explorer .map").first.bounding_box()

    def lasso(low: float, high: float) -> None:
        corners = ((low, low), (high, low), (high, high), (low, high), (low, low))
        page.mouse.move(box["x"] + low * box["width"], box["y"] + low * box["height"])
        page.mouse.down()
        for x, y in corners:
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        page.mouse.up()

    lasso(0.01, 0.99)
    expect(page.get_by_text(re.compile(r"^[\d,]+ samples are too many to select"))).to_be_visible()
    lasso(0.4, 0.6)
    expect(page.get_by_role("heading", name=re.compile(r"\d+ selected"))).to_be_visible()
    expect(page.locator(".gallery .one canvas").first).to_be_visible()
    page.wait_for_url(re.compile(r"picked=test\.ids-"))
    assert len(page.url) < 1000


def test_server_log_is_quiet(app: Server) -> None:
    time.sleep(0.2)
    log = re.sub(
        r"Exception ignored in: <function Client.__del__.*?IOLoop is closed\n",
        "",
        app.log.read_text(),
        flags=re.S,
    )
    # A worker that was stopped in the middle of a job may log the exception removed above.
    assert "Traceback" not in log
    assert "WARNING" not in log


def test_a_link_to_a_page_may_be_the_first_thing_a_server_sees(app: Server, page: Any) -> None:
    with serve(app.home) as fresh:
        page.goto(f"{fresh.url}/confusion?forget=6")
        expect(page.get_by_text(re.compile("UNSC · forgetting Shirt"))).to_be_visible()
        expect(
            page.get_by_test_id("stSidebarNavItems").get_by_role("link", name="Pseudo-labels")
        ).to_be_visible()
        expect(page.get_by_role("link", name="app", exact=True)).to_have_count(0)
        page.goto("about:blank")  # before its server ends
