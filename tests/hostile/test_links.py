"""Hostile links: every part of every page's address has a value, or a note and its default."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pages.shared import cache, id_code, lesson, link_notes, page_links, selection_text, state
from pages.shared.addresses import MAX_IDS
from pages.shared.state import ExperimentState
from tests.hostile.harmless import TEXTS, harmless, refused, value_or_sentence
from tests.pages.conftest import own_engine as own_engine  # a fixture
from tests.pages.headless import ROOT, open_page
from unsc_core.data import load_dataset
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import resolve

CASES = settings(max_examples=300, deadline=None, database=None)
ANY_TEXT = st.one_of(
    st.sampled_from(list(TEXTS.values())),
    st.text(max_size=80),
    st.text(",.-0123456789eE>#", max_size=40),
    st.from_regex(r"(test|train)\.(ids|true|label|original|outcome)-.{0,20}", fullmatch=True),
)
STATE = [field.name for field in fields(ExperimentState)]
PATHS = ("dataset", "checkpoint")
"""Parts of a link that are paths in the data folder."""


def check_note(note: str) -> None:
    assert 10 < len(note) < 300


def asked(query: dict[str, str]) -> str:
    """The key of what a link asks for, as the pages find it."""
    found, notes = state.from_query(query)
    for note in notes:
        check_note(note)
    assert state.from_query(state.to_query(found))[0] == found
    config = found.config()
    data = load_dataset(config.dataset)
    return keys(resolve(config, data), data).unlearned


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", STATE)
def test_any_text_in_any_part_of_the_experiment(tmp_path: Path, name: str, text: str) -> None:
    query = {"dataset": "blobs", name: TEXTS[text]}
    with harmless(tmp_path):
        found = value_or_sentence(lambda: asked(query))
    assert isinstance(found, str)
    if name not in PATHS:
        value = getattr(state.from_query(query)[0], name)
        assert value != TEXTS[text] or not isinstance(value, str)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", PATHS)
def test_a_path_leads_nowhere_but_into_the_data_folder(
    home: Path, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / "net.py").write_text("raise SystemExit")
    if name == "checkpoint" and not TEXTS[text]:
        return
    with harmless(tmp_path):
        sentence = refused(lambda: asked({"dataset": "blobs", name: TEXTS[text]}))
    assert "root:" not in sentence


@CASES
@given(st.dictionaries(st.sampled_from(STATE), ANY_TEXT, max_size=6))
def test_any_texts_at_once(query: dict[str, str]) -> None:
    value_or_sentence(lambda: asked({"dataset": "blobs"} | query))


@CASES
@given(ANY_TEXT, ANY_TEXT)
def test_a_lesson_names_controls_only(hide: str, lock: str) -> None:
    found, notes = lesson.from_query({"hide": hide, "lock": lock})
    for note in notes:
        check_note(note)
    names = {name for text in (hide, lock) for name in map(str.strip, text.split(",")) if name}
    assert len(notes) >= len(names - {*lesson.CONTROLS, "all"})
    assert found.fixed(*lesson.CONTROLS) == bool(names & {*lesson.CONTROLS, "all"})


@CASES
@given(st.one_of(ANY_TEXT, st.text("-_" + "abcXYZ019", max_size=60).map(lambda t: f".{t}")))
def test_numbers_of_samples_are_read_or_refused(text: str) -> None:
    try:
        found = id_code.unpack(text)
    except ValueError:
        return
    assert list(found) == sorted(set(found))
    assert 0 <= found[0] <= found[-1] < 2**31
    assert id_code.unpack(id_code.pack(found)) == found


@CASES
@given(st.sets(st.integers(0, 2**31 - 1), min_size=1, max_size=MAX_IDS))
def test_numbers_of_samples_come_back(numbers: set[int]) -> None:
    packed = id_code.pack(sorted(numbers))
    assert id_code.unpack(packed) == tuple(sorted(numbers))
    assert re.fullmatch(r"[\w.,-]+", packed, re.ASCII)


@CASES
@given(ANY_TEXT)
def test_a_selection_is_read_or_refused(text: str) -> None:
    try:
        found = selection_text.read(text)
    except ValueError:
        return
    assert found.part in ("test", "train")
    assert selection_text.read(selection_text.write(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        *("." + "A" * 1_000_000, "." + "_" * 1_000_000, ",".join(map(str, range(200_000)))),
        "test.ids-." + "A" * 1_000_000,
        ".".join(["test", *["true-1"] * 200_000]),
    ],
    ids=["zeros", "ones", "commas", "selection", "conditions"],
)
def test_a_very_long_text_is_refused_at_once(tmp_path: Path, text: str) -> None:
    with harmless(tmp_path):
        for read in (state.url_fields.ids, selection_text.read):
            with pytest.raises(ValueError):
                read(text)


# Whole pages.


def parameters() -> list[str]:
    """The names of everything that a page or what pages share reads from a link."""
    texts = [path.read_text() for path in (ROOT / "pages").rglob("*.py")]
    patterns = (
        r'query_params\.get\(\s*"(\w+)"',
        r'link_choices\.(?:read|value)\(\s*"(\w+)"',
        r'link_notes\.check\(\s*"(\w+)"',
        r'key="(\w+)",(?:[^()]|\([^()]*\))*?bind="query-params"',
        r'bind="query-params",(?:[^()]|\([^()]*\))*?key="(\w+)"',
    )
    found = {name for text in texts for pattern in patterns for name in re.findall(pattern, text)}
    return sorted({*found, *STATE, *lesson.PARTS, "room", "key", "a", "b"} - {*PATHS, "code"})


def test_the_parameters_are_found() -> None:
    assert {"image", "layer", "step", "view", "picked", "cells", "map", "lesson"} < {*parameters()}


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    """A data folder in which the opening experiments have been computed."""
    return shutil.copytree(prepared, tmp_path_factory.mktemp("hostile") / "home")


@pytest.fixture
def opened(opening: Path, own_engine: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """That folder is the app's; no job goes on after a test."""
    monkeypatch.setenv("UNSC_HOME", str(opening))
    monkeypatch.chdir(ROOT)
    yield opening
    for job in cache.engine().active():
        for watcher in list(job.watchers):
            cache.engine().cancel(job, watcher)


@pytest.mark.parametrize("page", sorted(page_links.PAGES))
@pytest.mark.parametrize("text", ["picture elsewhere", "number of many digits", "other digits"])
def test_a_page_with_a_hostile_text_in_every_part_of_its_link(
    opened: Path, page: str, text: str
) -> None:
    before = {path for path in opened.parent.rglob("*") if opened not in path.parents}
    app = open_page(page, **dict.fromkeys(parameters(), TEXTS[text]))
    for part in (*app.warning, *app.error):
        check_note(part.value)
        assert not any(ord(c) < 32 for c in part.value), repr(part.value)
        assert "![" not in part.value
    assert app.title
    assert {path for path in opened.parent.rglob("*") if opened not in path.parents} == before


EXTREMES = {
    "lr": "999999",
    "epochs": "999999",
    "training": "999999",
    "gamma": "1e-300",
    "strength": "100",
    "seed": "2147483647",
    "forget": "9" * 4000,
    "image": "-1",
    "ids": "2147483647",
    "edits": "0>999999999",
    "gammas": ",".join(["0.5"] * 10_000),
    "picked": "train.ids-2147483647",
    "layer": "0",
    "step": "00019",
}


@pytest.mark.parametrize("name", EXTREMES)
def test_a_page_with_a_value_at_the_edge(opened: Path, name: str) -> None:
    page = {"image": "try_image", "layer": "explainer", "step": "course"}.get(name, "confusion")
    more = {"lesson": "1-over-unlearning"} if page == "course" else {"lock": "all"}
    app = open_page(page, **{name: EXTREMES[name]}, **more)
    for part in (*app.warning, *app.error):
        assert len(part.value) < 600


def test_a_note_shows_markdown_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(link_notes.st, "session_state", {})
    monkeypatch.setattr(link_notes.st, "warning", lambda text, icon: shown.append(text))
    link_notes.add("The link says ![x](https://example.invalid/x.png) and [y](//z).")
    assert shown == [r"The link says !\[x](https://example.invalid/x.png) and \[y](//z)."]
