"""The report: the run's numbers, every figure, nothing from outside, no text that becomes code."""

from __future__ import annotations

import html
import json
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import blobs
from tests.own_images import own_arrays, save_npz
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.errors import ConfigError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Artefact, Store
from unsc_core.figures.html import swaps
from unsc_core.figures.phrases import file_stem
from unsc_core.figures.two_runs import SETTINGS, comparison, differences
from unsc_core.runs.history import Stored, read_run
from unsc_core.runs.report import report, report_of

EVIL = "<script>alert(1)</script>"
LOADING = {
    "src",
    "srcset",
    "href",
    "data",
    "poster",
    "action",
    "background",
    "xlink:href",
    "ping",
    "formaction",
    "manifest",
}


class Page(HTMLParser):
    """Tags, what they would load, and the text of a document."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.figures: dict[str, dict] = {}
        self.alts: list[str] = []
        self.scripts: list[str] = []
        self.words = ""
        self._script: dict[str, str | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.loads += [f"{tag} {name}={value}" for name, value in attrs if name in LOADING]
        self._script = given if tag == "script" else None
        if given.get("role") == "img":
            self.alts.append(given["aria-label"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is None:
            self.words += data
        elif name := self._script.get("data-figure"):
            self.figures[name] = json.loads(data)
        else:
            self.scripts.append(data)


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home / "store")


def reported(
    config: ExperimentConfig, store: Store, retrain: bool = True
) -> tuple[Stored, Page, str]:
    key = Experiment(config, store).run(with_retrain=retrain).key
    text = report_of(key, store)
    return read_run(key, store), Page(text), text


def test_the_report_says_this_runs_numbers(store: Store) -> None:
    run, page, text = reported(blobs(), store)
    numbers = summary(run.result)
    for measure in MEASURES.values():
        for model in ("unlearned", "original", "mask", "retrained"):
            assert measure.text(measure.read(numbers, model)) in page.words
        assert measure.help in page.words
    assert f"{numbers['unlearned']['acc_forget']:.1f} %" in page.words
    assert f"{numbers['retrained']['acc_retain']:.1f} %" in page.words
    for setting in ("blobs", "mlp", "unsc", "0.96", run.result.key, "0 south-west"):
        assert setting in page.words
    titles = re.findall("<h2>(.*?)</h2>", text)
    assert titles == [
        "In numbers",
        "Decision space",
        "Change per class",
        "Confusion",
        "Null space",
        "Pseudo-labels",
        "Settings",
    ]
    assert len(page.figures) == 3 + 1 + 1 + (1 + 2) + 1
    assert all(figure["data"] for figure in page.figures.values())
    assert len(page.alts) == len(page.figures)
    assert min(map(len, page.alts)) > 20
    assert len(text.encode()) < 6_000_000


def test_the_report_has_the_address_it_is_given(store: Store) -> None:
    run, page, _ = reported(blobs(), store)
    assert "open in the app" not in page.words
    there = Page(report_of(run.result.key, store, "/decision_space?forget=0&seed=<1>"))
    assert "/decision_space?forget=0&seed=<1>" in there.words
    assert there.loads == []
    assert set(there.tags) == set(page.tags)


def test_nothing_is_loaded_from_anywhere(store: Store) -> None:
    _, page, text = reported(blobs(), store)
    assert page.loads == []
    assert not {"link", "img", "iframe", "object", "embed", "base", "form", "a"} & set(page.tags)
    assert "url(" not in re.search("<style>(.*?)</style>", text, re.S)[1]  # type: ignore[index]
    assert "@import" not in text.split("<script")[0]
    assert len(page.scripts) == 2
    assert max(map(len, page.scripts)) > 4_000_000
    policy = html.unescape(re.search('Content-Security-Policy" content="(.*?)"', text)[1])  # type: ignore[index]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_names_from_files_stay_text(store: Store, tmp_path: Path) -> None:
    own = save_npz(
        tmp_path / "<img src=x onerror=alert(2)>.npz",
        class_names=np.array([EVIL, "'\"><b onclick=alert(3)>", "two"]),
    )
    config = ExperimentConfig(
        dataset=str(own),
        model="mlp",
        forget_classes=(0,),
        device="cpu",
        training_epochs=5,
        epochs=3,
    )
    _, page, text = reported(config, store)
    plain = Page(report_of(Experiment(blobs(), store).run(with_retrain=True).key, store))
    assert set(page.tags) == set(plain.tags)
    assert page.tags.count("script") == len(page.figures) + 2
    assert EVIL not in text
    shown = "‹script›alert(1)‹/script›"  # as a dataset names what HTML would read as more than text
    assert f"Forgetting {shown}" in page.words
    assert any(shown in json.dumps(figure, ensure_ascii=False) for figure in page.figures.values())
    assert "<img src=x onerror=alert(2)>" in page.words
    assert str(tmp_path) not in text
    assert len(own_arrays()["class_names"]) == 3


def test_seconds_of_two_machines_are_not_set_side_by_side_in_silence(store: Store) -> None:
    run, page, _ = reported(blobs(), store)
    assert "not comparable" not in page.words
    made = store.get("trained", run.keys.retrained)
    assert made is not None
    store.put(
        "trained",
        run.keys.retrained,
        Artefact(made.arrays, {**made.meta, "machine": "a faster one"}),
    )
    again = Page(report_of(run.result.key, store))
    assert "not comparable with that of the retrained model (another machine)" in again.words


def test_without_a_retrained_model_and_without_labels(store: Store) -> None:
    run, page, text = reported(blobs(method="gradient-ascent"), store, retrain=False)
    assert run.result.retrained is None
    assert len(page.figures) == 2 + 1 + 1
    assert "–" in page.words
    assert "<h2>Null space" not in text


def test_single_samples_have_a_report_on_the_training_samples(store: Store) -> None:
    _, page, _ = reported(blobs(forget_classes=(), forget_ids=(3, 5, 8)), store)
    assert "Forgetting 3 samples with UNSC" in page.words
    assert "Training samples placed by their logits" in page.words
    assert page.figures


def test_an_altered_run_says_so_in_its_report(store: Store) -> None:
    run, page, text = reported(blobs(edits=("1>2",)), store)
    assert re.findall("<h1>(.*?)</h1>", text) == ["Forgetting south-west with UNSC (edited labels)"]
    assert "Unlike the plain method, this run has edited labels." in page.words
    assert json.dumps(page.figures).count("UNSC (edited labels)") >= 3  # map, bars, difference
    assert file_stem("unsc-1", run.result.alterations) == "unsc-1_edited-labels"
    _, plain, _ = reported(blobs(), store)
    assert "edited" not in plain.words
    assert "its own cut is not the one drawn" not in plain.words
    _, merged, _ = reported(blobs(subspace="merge"), store)
    assert "its own cut is not the one drawn" in merged.words


def test_an_imported_run_is_no_other_method(store: Store) -> None:
    run, _, _ = reported(blobs(), store)
    there = replace(run, result=replace(run.result, imported=True))
    page = Page(report(there, None, store))
    assert "Forgetting south-west with UNSC (imported)" in page.words
    assert "plain method" not in page.words


@pytest.mark.parametrize("key", ["", "nope", "0" * 20])
def test_no_such_run(key: str, store: Store) -> None:
    with pytest.raises(ConfigError, match="There is no result"):
        report_of(key, store)


def test_dark_colours_are_told_apart_from_light_ones() -> None:
    light, dark = zip(*swaps(), strict=True)
    assert len(set(light)) == len(light)
    assert not {colour.lower() for colour in dark} & set(light)


def test_a_comparison_says_what_the_numbers_say(store: Store) -> None:
    a = Experiment(blobs(), store).run()
    b = Experiment(blobs(method="random-labels", seed=0), store).run()
    other = Experiment(blobs(forget_classes=(1,)), store).run()
    text, numbers = comparison(a, b), [summary(result) for result in (a, b)]
    for side, what, n in zip("AB", ("Acc_r", "it"), numbers, strict=True):
        assert f"{n['unlearned']['acc_forget']:.1f}" in text
        assert f"{n['unlearned']['acc_retain']:.1f}" in text
        gain = -n["over_unlearning"]
        moved = f"{'raised' if gain > 0 else 'lowered'} {what} by {abs(gain):.1f} points"
        assert f"{side} {moved if abs(gain) >= 0.05 else f'left {what} as it was'}" in text
    better = (
        "A"
        if numbers[0]["unlearned"]["acc_retain"] > numbers[1]["unlearned"]["acc_retain"]
        else "B"
    )
    assert f"{better} keeps" in text
    assert "Both keep the rest equally well" in comparison(a, a)
    assert "accuracies cannot be compared" in comparison(a, other)
    these, those = (
        Experiment(blobs(forget_classes=(), forget_ids=ids), store).run()
        for ids in ((3, 5, 8), (1, 2, 4))
    )
    assert comparison(these, those).startswith("A and B forget different samples, so")
    assert differences(these, those) == "A and B differ in forgotten samples."
    assert differences(a, a) == "A and B have the same settings."
    assert "forgotten classes (south-west; south-east)" in differences(a, other)
    assert differences(a, b).startswith(
        "A and B differ in method (UNSC; Random labels), γ (0.96; none)"
    )


def test_every_setting_of_a_run_has_a_name() -> None:
    assert set(SETTINGS) == {field.name for field in fields(ExperimentConfig)}
