"""How long people wait for pages and figures in the browser: `python -m tests.benchmarks.explorer`.

The server is warm; every wait is held against its bar.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

from tests.e2e.server import browser, charts, prepare, serve

PAGES = {
    "Story": ("Make a network forget, and keep the rest", 0),
    "Decision space": ("Decision space", 0),
    "Confusion": ("Confusion", 4),
    "Null space": ("Null space", 7),
    "Threshold γ": ("Threshold γ", 0),
    "Pseudo-labels": ("Pseudo-labels", 1),
    "Compare": ("Compare", 4),
    "Audit": ("Audit", 1),
    "Try an image": ("Try an image", 2),
    "Runs": ("Runs", 4),
    "2-D lab": ("2-D lab", 0),
}
"""Link -> heading and figures of the complete page."""
COMPLETE = """([heading, figures]) => document.querySelector('h1')?.innerText.trim() === heading
    && document.querySelectorAll('[data-testid=stPlotlyChart] .main-svg:first-of-type').length
        === figures
    && [...document.querySelectorAll('[data-testid=stBidiComponentRegular]')].every(one =>
        !(one.shadowRoot ?? one).querySelector('.explorer:not([data-ready])'))
    && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"""
RANKS = """() => [...document.querySelectorAll('[data-testid=stPlotlyChart] .xtitle')]
    .map(t => t.textContent).filter(t => t.includes('kept')).join('|')"""
SENTENCE = (
    "() => document.querySelector('[data-testid=stMain]').innerText.match(/At γ = [^;]*/)?.[0]"
)
EXPLORED = ".explorer[data-ready]"
COCKPIT = """async () => {
    const root = [...document.querySelectorAll('*')]
        .map(e => e.shadowRoot?.querySelector('.cockpit')).find(Boolean);
    const slider = root.querySelector('input'), taken = [];
    const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    for (const share of [0.1, 0.9, 0.3, 0.6, 0.2, 0.8, 0.4, 0.7, 0.5, 0.55]) {
        await new Promise(done => setTimeout(done, 400));
        const before = root.dataset.gamma;
        await frame();
        const started = performance.now();
        slider.value = share;
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        root.getBoundingClientRect();  // lays out what was drawn
        const drawn = performance.now();
        await frame();
        if (root.dataset.gamma === before) throw Error('γ did not move');
        taken.push([(drawn - started) / 1000, (performance.now() - started) / 1000]);
    }
    return taken;
}"""
"""Seconds from the input of the γ cockpit's slider to all plots, and to the frame after them."""
Figure = tuple[str, list[float], str, float]
"""Name, measurements, how they are summarised ("median" or "worst"), and the bar in seconds."""


def switches(page: Any) -> Iterator[Figure]:
    """From the click on a page's name to the complete page; the first round is a warm-up."""
    for warm in (False, True, True):
        for name, complete in PAGES.items():
            started = time.perf_counter()
            page.get_by_test_id("stSidebarNavItems").get_by_role(
                "link", name=name, exact=True
            ).click()
            page.wait_for_function(COMPLETE, arg=list(complete), polling=10, timeout=120_000)
            if warm:
                yield f"page switch to {name}", [time.perf_counter() - started], "worst", 1.0
            page.wait_for_timeout(700)


def redraws(page: Any) -> Iterator[Figure]:
    """From a key press on the γ slider to the new spectra, and to the sentence about them."""
    page.get_by_test_id("stSidebarNavItems").get_by_role(
        "link", name="Null space", exact=True
    ).click()
    charts(page).nth(6).wait_for()
    page.wait_for_timeout(2000)
    page.get_by_role("slider", name="Energy threshold γ").focus()
    drawn: list[float] = []
    sentences: list[float] = []
    for key in ["ArrowRight"] * 3 + ["ArrowLeft"] * 6:
        before = [page.evaluate(what) for what in (RANKS, SENTENCE)]
        started = time.perf_counter()
        page.keyboard.press(key)
        for what, was, seconds in zip((RANKS, SENTENCE), before, (drawn, sentences), strict=True):
            page.wait_for_function(f"before => ({what})() !== before", arg=was, polling=10)
            seconds.append(time.perf_counter() - started)
        page.wait_for_timeout(500)
    yield "γ moved to new spectra", drawn, "median", 0.3
    yield "γ moved to the new sentence", sentences, "median", 0.5


def cockpit(page: Any) -> Iterator[Figure]:
    """From an input of the γ cockpit's slider to all its plots, in the browser alone."""
    page.get_by_test_id("stSidebarNavItems").get_by_role("link", name="Threshold γ").click()
    page.locator(".cockpit[data-gamma] .charts svg").nth(3).wait_for()
    page.wait_for_timeout(2000)
    drawn, painted = zip(*page.evaluate(COCKPIT), strict=True)
    yield "γ cockpit: input to all plots drawn", list(drawn), "worst", 0.05
    yield "γ cockpit: input to the next frame", list(painted), "median", 0.05


def maps(page: Any, url: str, store: Path) -> Iterator[Figure]:
    """The first map after a run, a UMAP that has to be fitted, and a stored one."""
    page.goto(f"{url}/decision_space?dataset=digits")
    page.locator(EXPLORED).wait_for(timeout=120_000)
    page.get_by_text("More", exact=True).click()
    seconds = []
    for seed in (5, 6, 7):
        page.wait_for_timeout(20_000)  # until the last seed's map and retrained model are made
        before = page.locator(EXPLORED).get_attribute("data-numbers")
        page.get_by_role("spinbutton", name="Seed").fill(str(seed))
        page.keyboard.press("Enter")
        page.get_by_text(re.compile(rf"· seed {seed}\s*$")).wait_for(timeout=120_000)
        started = time.perf_counter()
        page.locator(f'{EXPLORED}:not([data-numbers="{before}"])').wait_for()
        seconds.append(time.perf_counter() - started)
    yield "first PCA picture after a run's numbers", seconds, "worst", 0.5
    shutil.rmtree(store / "embeddings", ignore_errors=True)
    page.wait_for_timeout(20_000)
    page.goto(f"{url}/decision_space")
    waiting = page.get_by_text("Fitting UMAP; until then the map is PCA")
    waiting.wait_for()
    started = time.perf_counter()
    waiting.wait_for(state="detached", timeout=120_000)
    yield "UMAP, cold", [time.perf_counter() - started], "worst", 10.0
    seconds = []
    for _ in range(3):
        page.get_by_role("radiogroup", name="Map").get_by_text("PCA").click()
        page.wait_for_timeout(2500)
        before = page.locator(EXPLORED).get_attribute("data-numbers")
        started = time.perf_counter()
        page.get_by_role("radiogroup", name="Map").get_by_text("UMAP").click()
        page.locator(f'{EXPLORED}:not([data-numbers="{before}"])').wait_for()
        seconds.append(time.perf_counter() - started)
        page.wait_for_timeout(1500)
    yield "UMAP, stored", seconds, "worst", 1.0


def report(what: str, seconds: list[float], how: str, bar: float) -> str:
    """One line: a measurement and whether it meets its bar."""
    value = median(seconds) if how == "median" else max(seconds)
    spread = f"{how} of {', '.join(f'{one:.3f}' for one in seconds)}" if len(seconds) > 1 else ""
    verdict = "met" if value <= bar else "NOT met"
    return f"{what:44} {value:7.3f} s   ≤ {bar:g}   {verdict}   {spread}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        home = Path(folder) / "home"
        prepare(home)
        with serve(home) as server:
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.goto(server.url)
            page.locator(".stage .mark").first.wait_for(timeout=120_000)
            rounds: dict[str, list[Figure]] = {}
            for figure in switches(page):
                rounds.setdefault(figure[0], []).append(figure)
            for what, figures in rounds.items():
                seconds = [second for figure in figures for second in figure[1]]
                print(report(what, seconds, "worst", 1.0), flush=True)
            for figure in chain(
                redraws(page), cockpit(page), maps(page, server.url, home / "store")
            ):
                print(report(*figure), flush=True)


if __name__ == "__main__":
    main()
