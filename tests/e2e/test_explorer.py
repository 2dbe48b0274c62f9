"""Every view in a real browser."""

from __future__ import annotations

import re
from itertools import product
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from pages.shared import id_code
from tests.e2e.server import Server, charts, choose, go_to, wait_until_complete

LASSO = ((0.99, 0.02), (0.99, 0.98), (0.02, 0.98), (0.02, 0.02))


def switch(page: Any, group: str, option: str) -> None:
    """Press one of a row of buttons."""
    page.get_by_role("radiogroup", name=group).get_by_text(option, exact=True).click()


def header(page: Any) -> Any:
    """The line that names what is shown."""
    return page.get_by_text(re.compile(r"^\S.* · forgetting .* · seed"))


def explored(page: Any) -> Any:
    """The maps or the drawer of selected samples, once they show what the page is about."""
    shown = page.locator(".explorer[data-ready]")
    expect(shown).to_be_visible()
    return shown


def selected(page: Any) -> int:
    """How many samples the drawer says are selected."""
    heading = page.get_by_role("heading", name=re.compile(r"^[\d,]+ selected$"))
    expect(heading).to_be_visible()
    return int(heading.inner_text().split()[0].replace(",", ""))


def lasso(page: Any, corners: tuple[tuple[float, float], ...] = LASSO) -> None:
    """Draw a closed line on the first map."""
    area = page.locator(".explorer .map").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    at = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"])
        for x, y in (corners[-1], *corners)
    ]
    page.mouse.move(*at[0])
    page.mouse.down()
    for x, y in at[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def ends(paths: Any) -> np.ndarray:
    """Where lines begin and end, in pixels of the plot: (2 * lines, 2)."""
    found = paths.evaluate_all(
        "all => all.flatMap(p => [0, p.getTotalLength()].map(at => p.getPointAtLength(at)))"
        ".map(point => [point.x, point.y])"
    )
    return np.array(found)


def test_the_story_in_one_scroll(app: Server, page: Any) -> None:
    page.goto(app.url)
    figure = page.locator("figure.stage")
    expect(figure.locator(".shown b")).to_have_text("The original")
    page.get_by_role("button", name="Forget Shirt").click()
    asked = page.locator(".guess").first
    expect(asked).to_be_in_viewport()
    expect(page.locator(".headline").first).to_be_hidden()  # nothing is told before the guess
    places = "all => all.slice(0, 40).map(mark => mark.style.transform)"
    before = figure.locator(".mark").evaluate_all(places)
    asked.get_by_role("slider").focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(asked.locator("output")).to_have_text("−3.0 points")
    asked.get_by_role("button", name="Check my guess").click()
    expect(asked.get_by_role("status")).to_contain_text("Your guess: −3.0 points. The answer: ")
    expect(page.locator(".headline").first).to_have_text("Over-unlearning")
    expect(figure.locator(".shown b")).to_have_text("After: Random labels")
    assert figure.locator(".mark").evaluate_all(places) != before
    top = figure.bounding_box()["y"]
    unpressed = page.locator(".chapter").nth(4).locator(".guess")
    for i in range(3, 8):
        page.get_by_role("heading", name=re.compile(f"^{i} · ")).scroll_into_view_if_needed()
        page.locator(".chapter").nth(i - 1).evaluate("one => one.scrollIntoView()")
        expect(figure).to_be_in_viewport(ratio=0.95)
        if i == 5:
            unpressed.get_by_role("slider").focus()
            page.keyboard.press("ArrowRight")
    assert figure.bounding_box()["y"] == pytest.approx(top, abs=2)  # it stays where it is
    expect(page.locator(".reveal.hidden")).to_have_count(0)  # reading on reveals
    numbers = page.locator(".chapter .number b").all_inner_texts()
    added = page.get_by_test_id("stMetricValue").nth(2).inner_text()
    assert numbers[5].split()[0] == added.split()[0]  # of the mask's chapter, and in the strip
    assert numbers[6] == "?"  # no audit of this run is stored
    page.get_by_role("link", name="Change γ yourself").click()
    expect(page.get_by_role("heading", name="Null space")).to_be_visible()
    go_to(page, "Story")
    expect(asked.get_by_role("status")).to_contain_text("Your guess: −3.0 points. The answer: ")
    expect(unpressed.get_by_role("status")).to_contain_text("Your guess: +1.0 points. The answer: ")
    asked.get_by_role("button", name="Guess again").click()
    expect(asked.locator("output")).to_have_text("0.0 points")
    expect(page.locator(".headline").first).to_be_hidden()
    page.get_by_role("link", name="Forget ankle boots").click()
    expect(page.get_by_role("button", name="Forget Ankle boot")).to_be_visible()
    page.wait_for_url(re.compile("forget=9"))


def test_another_view_of_the_null_space(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/null_space?dataset=digits")
    expect(page.get_by_text(re.compile(r"^At γ = 0\.96, .*\d\s%"))).to_be_visible()
    for view, sentence in (
        ("Class angles", r"^In layer 6, .*\d°\)"),
        ("Drift", r"layer \d moves most .*\d\.?\d? %"),
    ):
        switch(page, "View", view)
        expect(page.locator("p", has_text=re.compile(sentence)).first).to_be_visible()
    page.wait_for_url(re.compile("view=Drift"))
    page.reload()
    expect(page.locator("p", has_text=re.compile(sentence)).first).to_be_visible()


def test_the_cut_moves_while_gamma_is_dragged(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/null_space?dataset=digits")
    expect(charts(page).nth(3)).to_be_visible()
    sentence = page.get_by_text(re.compile(r"^At γ = "))
    before = sentence.inner_text()
    ranks = page.locator("[data-testid=stPlotlyChart] .xtitle", has_text="kept")
    slider = page.get_by_role("slider", name="Energy threshold γ")
    value = slider.get_attribute("aria-valuetext")
    drawn = ranks.all_text_contents()
    overlay = page.locator(".js-plotly-plot > svg[aria-hidden=true]")
    page.wait_for_timeout(400)  # the script beside the figures begins
    box = slider.locator("xpath=ancestor::*[@role='group']").first.bounding_box()
    thumb = slider.locator("xpath=../..").bounding_box()
    x, y = thumb["x"] + thumb["width"] / 2, thumb["y"] + thumb["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 0.4 * box["width"], y, steps=4)
    expect(slider).not_to_have_attribute("aria-valuetext", value)
    expect(overlay.first).to_be_visible()
    moved = ranks.all_text_contents()
    assert moved != drawn
    dragged = ends(overlay.first.locator("path[fill=none]"))
    assert sentence.inner_text() == before  # the server was not asked yet
    page.mouse.up()
    expect(sentence).not_to_have_text(before)
    expect(overlay).to_have_count(0)
    assert ranks.all_text_contents() == moved
    # The colours meet where they met while γ was dragged.
    released = ends(page.locator(".js-plotly-plot").first.locator(".scatterlayer .js-line"))
    assert released == pytest.approx(dragged, abs=0.1)
    assert released[1] == pytest.approx(released[2], abs=0.1)

    page.get_by_text("A γ for each layer").click()
    slider = page.get_by_role("slider", name="γ of layer 2")
    expect(ranks).to_have_text(drawn)
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(ranks.nth(1)).not_to_have_text(drawn[1])
    expect(ranks).to_have_count(len(drawn))
    expect(overlay).to_have_count(0)
    assert [i for i, text in enumerate(ranks.all_text_contents()) if text != drawn[i]] == [1]


CUTS = """() => [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean)
    .flatMap(root => [...root.querySelectorAll('.cockpit .cut')])
    .map(cut => Number(cut.getAttribute('x1')))"""
"""Where the cut is in every plot of the γ cockpit, in pixels."""


def test_one_gamma_moves_all_plots_and_is_taken_everywhere(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/null_space?dataset=blobs&forget=0&view=Sweep+over+%CE%B3")
    expect(page.get_by_role("heading", name="Threshold γ")).to_be_visible()
    run = page.locator(".st-key-run-sweep button")
    run.click()
    expect(run).to_have_count(0)
    points = page.locator(".charts figure[data-measure=acc_forget] .point")
    expect(points).to_have_count(9)
    expect(page.locator(".charts .missing")).to_have_count(0)
    expect(page.get_by_text(re.compile("Acc_f at most 2")).first).to_be_visible()

    slider = page.get_by_role("slider", name="Energy threshold γ")
    expect(slider).to_have_attribute("aria-valuetext", "γ = 0.96")
    before = page.evaluate(CUTS)
    assert len(before) == 6
    slider.press("PageDown")
    expect(slider).to_have_attribute("aria-valuetext", "γ = 0.935")
    after = page.evaluate(CUTS)
    assert all(now < was for now, was in zip(after[1:], before[1:], strict=True))
    nearest = "those of γ = 0.94, the nearest on this scale that was run"
    expect(page.get_by_text(nearest)).to_be_visible()
    page.wait_for_url(re.compile(r"at=0\.935"))

    box = points.first.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"], steps=4)
    expect(slider).to_have_attribute("aria-valuetext", "γ = 0.8")
    page.mouse.up()
    page.get_by_role("button", name="Use this γ everywhere").click()
    page.wait_for_url(re.compile(r"gamma=0\.8"))
    go_to(page, "Confusion")
    expect(charts(page).nth(3)).to_be_visible()
    expect(page.get_by_role("slider", name="Energy threshold γ")).to_have_attribute(
        "aria-valuetext", "0.8"
    )


def test_exactly_the_chosen_samples_are_forgotten(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/decision_space?dataset=digits&map=PCA")
    explored(page)
    lasso(page)
    expect(page.get_by_text("select them among the Training samples")).to_be_visible()
    switch(page, "Samples", "Training")
    expect(page.get_by_text(re.compile(r"training samples · map trust"))).to_be_visible()
    expect(page.get_by_text("test samples are selected; the samples here")).to_be_visible()
    strip = ((0.95, 0.36), (0.95, 0.46), (0.05, 0.46), (0.05, 0.36))  # all of no class
    lasso(page, corners=strip)
    count = selected(page)
    assert 0 < count <= 500
    page.get_by_role("button", name="Forget exactly these").click()
    expect(header(page)).to_contain_text(f"UNSC · forgetting {count} sample")
    page.wait_for_url(re.compile("ids="))
    ids = parse_qs(urlsplit(page.url).query)["ids"][0]
    assert len(id_code.unpack(ids)) == count
    go_to(page, "Pseudo-labels")
    expect(page.locator(".flow svg")).to_be_visible(timeout=90_000)


def test_one_selection_is_shown_on_every_page(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/decision_space?picked=17,3")
    explored(page)
    assert selected(page) == 2
    expect(page.locator(".gallery .one")).to_have_count(2)
    page.locator(".gallery .one").first.hover()
    expect(page.get_by_text("Nearest in the features of the original model")).to_be_visible()
    expect(page.locator(".focus .near canvas")).to_have_count(8)
    page.get_by_role("combobox", name="Select an outcome").select_option("Correctly forgotten")
    page.wait_for_url(re.compile(r"picked=test\.outcome-forgotten"))
    count = selected(page)
    page.locator(".matrices rect[fill-opacity]").first.click()  # only those of one cell
    expect(page.get_by_role("heading", name=f"{count:,} selected")).to_have_count(0)
    of_cell = selected(page)
    assert 0 < of_cell < count
    page.wait_for_url(re.compile(r"picked=test\.outcome-forgotten\.true-6\.original-"))
    go_to(page, "Confusion")
    explored(page)
    assert selected(page) == of_cell
    chosen = f"{of_cell:,} test samples selected"
    go_to(page, "Compare")
    expect(page.get_by_text(f"{chosen}, by the class that each model predicts")).to_be_visible()
    go_to(page, "Audit")
    expect(page.get_by_text(f"{chosen}, to be forgotten and marked by ticks")).to_be_visible()
    go_to(page, "Story")
    expect(page.get_by_text(chosen)).to_be_visible()
    expect(page.locator(".mark.selected").first).to_be_visible()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".mark.selected")).to_have_count(0)
    page.wait_for_url(lambda url: "picked" not in url)


def test_a_row_of_the_drawer_narrows_the_selection(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/decision_space?picked=test.original-6&map=PCA")
    explored(page)
    every = selected(page)
    row = page.locator("button.count", has_text="T-shirt")
    of_row = int(row.locator(".number").inner_text())
    row.click()
    page.wait_for_url(re.compile(r"picked=test\.original-6\.true-0"))
    assert selected(page) == of_row < every
    page.goto(f"{app.url}/decision_space?picked=train.true-6&map=PCA")
    expect(page.get_by_text("choose Shirt under “Classes to forget”")).to_be_visible()


ON_BAND = """band => {
  const { left, top, width, height } = band.getBoundingClientRect(), root = band.getRootNode();
  for (let x = 20; x < width; x += 5) for (let y = 2; y < height; y += 2)
    if (root.elementFromPoint(left + x, top + y) === band) return [left + x, top + y];
}"""
"""A point of a band of the flow that no other band covers."""


def test_a_band_is_dragged_to_another_class_and_run(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/pseudo_labels?dataset=digits")
    expect(page.locator(".flow svg")).to_be_visible()
    x, y = page.locator(".flow .band").first.evaluate(ON_BAND)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 10, y + 10, steps=3)
    expect(page.locator(".flow .slot").first).to_be_visible()
    target = page.locator(".flow .slot").last.bounding_box()
    page.mouse.move(target["x"] + 40, target["y"] + target["height"] / 2, steps=3)
    page.mouse.up()
    page.get_by_role("button", name="Run with this label").click()
    page.wait_for_url(re.compile(r"edits=\d%3E9"))
    outcome = page.get_by_text(
        re.compile(r"the edits, Acc_r is [\d.]+ %(, as without| instead of [\d.]+ %)")
    )
    expect(outcome).to_be_visible(timeout=90_000)
    go_to(page, "Compare")
    expect(
        page.get_by_text(re.compile(r"^In this single run, UNSC \(edited labels\)"))
    ).to_be_visible()
    expect(page.locator(".annotation-text", has_text="UNSC (edited labels)")).to_be_visible()


def test_the_map_is_played_and_scrubbed(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/decision_space?space=Epoch+by+epoch&epoch=1")
    title = page.locator(".scatterlayer text", has_text="Acc_f")
    expect(title).to_contain_text("Epoch 1 ·")
    page.wait_for_timeout(400)  # the script beside the figure looks for it now and then
    page.locator(".updatemenu-button", has_text="Play").click()
    expect(title).not_to_contain_text("Epoch 1 ·")
    page.wait_for_url(re.compile(r"epoch=[2-9]"))
    page.reload()
    expect(title).not_to_contain_text("Epoch 0 ·")
    expect(title).not_to_contain_text("Epoch 1 ·")


def test_without_motion_epochs_change_at_once(app: Server, page: Any) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{app.url}/decision_space?space=Epoch+by+epoch")
    expect(page.locator(".scatterlayer text", has_text="Acc_f")).to_contain_text("Epoch 0 ·")
    page.wait_for_function(
        "document.querySelector('.js-plotly-plot')._fullLayout.sliders[0].steps"
        ".every(step => step.args[1].transition.duration === 0)"
    )


def test_a_cell_is_read_in_all_matrices_and_opened(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/confusion")
    expect(charts(page).nth(3)).to_be_visible()
    box = page.locator("[data-testid=stPlotlyChart] .nsewdrag").first.bounding_box()
    # Row Shirt, column T-shirt of ten.
    x, y = box["x"] + 0.05 * box["width"], box["y"] + 0.65 * box["height"]
    page.wait_for_timeout(400)  # the script beside the figures looks for them now and then
    page.mouse.move(x, y)
    page.mouse.move(x + 2, y + 2)
    expect(page.locator(".readout")).to_contain_text(
        re.compile(
            r"Shirt, predicted T-shirt: original \d+\.\d % · unlearned \d.* · "
            r"difference [+−]?\d+\.\d points$"
        )
    )
    expect(page.locator(".unsc-linked-frame")).to_have_count(4)
    page.mouse.click(x + 2, y + 2)
    expect(page.get_by_text("true class Shirt, predicted as T-shirt by the")).to_be_visible()
    expect(page.locator(".gallery .one").first).to_be_visible()
    page.wait_for_url(re.compile(r"picked=test\.true-6\.original-0"))
    count = selected(page)
    page.goto(f"{app.url}/confusion?of=Original&true=Shirt&answer=T-shirt")  # an older link
    assert selected(page) == count
    expect(page.get_by_role("combobox", name="Predicted class")).to_have_value("T-shirt")


@pytest.mark.parametrize("address", ["confusion", "pseudo_labels", "decision_space"])
def test_menus_with_long_names_stay_on_the_page(app: Server, page: Any, address: str) -> None:
    labels = ("Select a class", "Select an outcome")
    page.goto(f"{app.url}/{address}")
    for label in labels:
        menu = page.get_by_label(label, exact=True)
        menu.evaluate("menu => menu.add(new Option('Great crested grebe '.repeat(4), 'long'))")
        menu.evaluate("menu => (menu.value = 'long')")
    for width, label in product((1440, 390), labels):
        page.set_viewport_size({"width": width, "height": 900})
        box = page.get_by_label(label, exact=True).bounding_box()
        assert box["width"] > 100  # its first words can be read
        assert box["x"] + box["width"] <= width


def test_other_pseudo_labels_are_tried_beside_the_unedited_ones(app: Server, page: Any) -> None:
    page.goto(f"{app.url}/pseudo_labels?dataset=digits")
    expect(page.locator(".flow svg")).to_be_visible(timeout=90_000)
    # Nothing more is drawn by itself.
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    choose(page, "All samples with the pseudo-label", re.compile(""))
    choose(page, "New label", re.compile("^0$"))
    page.get_by_role("button", name="Run with these labels").click()
    outcome = page.get_by_text(
        re.compile(r"the edits, Acc_r is [\d.]+ %(, as without| instead of [\d.]+ %)")
    )
    expect(outcome).to_be_visible(timeout=90_000)
    page.wait_for_url(re.compile("edits="))
    page.get_by_role("button", name="Undo all edits").click()
    expect(outcome).to_have_count(0)


@pytest.mark.parametrize(
    "link",
    [
        "confusion?forget=0&dataset=digits&cells=Counts",
        "decision_space?map=PCA&show=Over-forgotten%3A+retained%2C+right+before%2C+wrong+after",
    ],
)
def test_a_shared_link_shows_the_same_in_another_browser(
    app: Server, page: Any, chromium: Any, link: str
) -> None:
    page.goto(f"{app.url}/{link}")
    expect(page.locator("[data-testid=stMetric]").nth(4)).to_be_visible()
    drawn = ".explorer[data-ready]"
    expect(page.locator(drawn)).to_be_visible()
    wait_until_complete(page)  # a job that ends draws the page again
    page.get_by_role("button", name="Share").click()
    shared = page.get_by_test_id("stCode").inner_text().strip()
    assert shared.startswith(f"{app.url}/{link.split('?')[0]}?")
    expect(page.get_by_text("Only this computer can open")).to_be_visible()
    other = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    other.goto(shared)
    expect(other.locator(drawn)).to_be_visible()
    wait_until_complete(other)
    for seen in (
        "h1",
        "[data-testid=stMetricValue] >> nth=0",
        "[data-testid=stMetricValue] >> nth=1",
    ):
        expect(other.locator(seen)).to_have_text(page.locator(seen).inner_text())
    checked = "[role=radio][aria-checked=true], [data-testid*=Active]"
    assert (
        other.locator(checked).all_inner_texts()
        == page.locator(checked).all_inner_texts()[: other.locator(checked).count()]
    )
    expect(charts(other)).to_have_count(charts(page).count())
    other.context.close()
