"""Hostile lesson files: read, or refused with the line; on paper nothing in them runs."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.course.test_lesson_file import GOOD
from tests.hostile.harmless import TEXTS, harmless
from tests.pages.headless import ROOT, open_page
from unsc_core.course import course
from unsc_core.course.evidence import StoreReader
from unsc_core.course.handout import handout, paragraphs
from unsc_core.course.lesson_file import MAX_MINUTES, LessonError, parse
from unsc_core.experiment.store import Store

CASES = settings(max_examples=300, deadline=None, database=None)
LONGEST = 1200
"""Characters of a sentence: some list every name that is known."""
SHOWN = GOOD.replace("Before.", "{text}").replace("First", "{text}").replace("After.", "{text}")


def read_or_refused(content: str | bytes, name: str = "mine.md") -> LessonError | None:
    """How a file among the lessons is refused, if it is."""
    folder = course.own_folder(Path(os.environ["UNSC_HOME"]))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    found, errors = course.lessons(folder.parent)
    assert len(found) >= 7  # those that ship are there, whatever else is
    for error in errors:
        check_refusal(error)
    return errors[0] if errors else None


def check_refusal(error: LessonError, file: str = "") -> None:
    text = str(error)
    assert text.startswith(f"{error.file}:{error.line}: ")
    assert error.file == file or not file
    assert error.line >= 1
    assert len(text) < LONGEST
    assert text.encode()
    assert not any(ord(c) < 32 for c in text), repr(text)


def with_state(state: str) -> str:
    return GOOD.replace("forget=6&method=unsc", state)


STATES = {
    "unknown part": "colour=red",
    "none": "forget",
    "only signs": "&&&===",
    "class that is not there": "forget=10",
    "class of many digits": f"forget={'9' * 5000}",
    "class of 25 digits": f"forget={'9' * 25}",
    "negative class": "forget=-1",
    "all classes": "forget=0,1,2,3,4,5,6,7,8,9",
    "no class": "forget=",
    "data of the user's": "dataset=own/mine.npz",
    "data by path": "dataset=/etc/passwd",
    "data by climbing path": "dataset=../../etc/passwd",
    "data to download": "dataset=cifar100",
    "validation of validation": f"dataset=blobs{':validation' * 5000}",
    "program": "model=net.py:make",
    "network of a huge size": "model=mlp-999999999999",
    "unknown network": "model=%3Cscript%3E",
    "unknown method": "method=nope",
    "no number": "gamma=nan",
    "infinite": "gamma=1e999",
    "negative rate": "lr=-1",
    "infinite rate": "lr=inf",
    "epochs without end": "epochs=1000000",
    "epochs of many digits": f"epochs={'9' * 5000}",
    "no epochs": "epochs=0",
    "seed out of range": "seed=-1",
    "seed too large": f"seed={2**31}",
    "subspace that is none": "subspace=nope",
    "strength out of range": "strength=101",
    "edits that are none": "edits=a%3Eb",
    "edits of classes that are not there": "edits=0%3E99",
    "checkpoint": "checkpoint=/etc/passwd",
    "single samples": "ids=1,2",
    "other escapes": "forget=%ff%fe",
    "null byte": "dataset=a%00b",
    "very long": "a=" + "b" * 150_000,
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_that_is_impossible_is_named_with_its_line(
    home: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "net.py").write_text("raise SystemExit")
    with harmless(tmp_path):
        error = read_or_refused(with_state(STATES[name]))
    assert error is not None
    assert (error.file, error.line) == ("mine.md", GOOD.split("\n").index("## Second") + 2)


FILES: dict[str, bytes] = {
    "nothing": b"",
    "zeros": bytes(5000),
    "Latin-1": GOOD.replace("Before", "Caf\xe9").encode("latin-1"),
    "UTF-16": GOOD.encode("utf-16"),
    "surrogates": GOOD.replace("Before.", "\ud800").encode("utf-8", "surrogatepass"),
    "too many bytes": GOOD.encode() + b"x" * 10**6,
    "too many steps": GOOD.encode() + b"\n\n## Again\ntext\n" * 60,
    "front matter without end": b"---\n" + b"title: a\n" * 1000,
    "a YAML bomb": b"---\na: &a [x, x]\nb: &b [*a, *a]\n---\n## One\ntext",
    "a YAML object": b"---\ntitle: !!python/object/apply:os.system [id]\n---\n## One\ntext",
    "minutes of many digits": GOOD.replace(
        "minutes: 5", "minutes: 000000600" + "0" * 5000
    ).encode(),
    "minutes that seem few": GOOD.replace("minutes: 5", "minutes: 0000006001").encode(),
    "minutes in other digits": GOOD.replace("minutes: 5", "minutes: ٥").encode(),
    "a range of many digits": GOOD.replace("-10 to 90.5", f"0 to {'9' * 5000}").encode(),
    "a range that is no number": GOOD.replace("-10 to 90.5", "nan to nan").encode(),
    "choices without end": GOOD.replace("Coat | Bag", "|".join(map(str, range(9999)))).encode(),
    "choices of nothing": GOOD.replace("Coat | Bag", " | ").encode(),
    "a quantity that is code": GOOD.replace("acc_f", "__class__").encode(),
    "a figure that is a path": GOOD.replace("accuracy", "../../etc/passwd").encode(),
    "a heading without end": GOOD.replace("First", "F" * 5000).encode(),
    "control characters": GOOD.replace("Before.", "\x1b[31m").encode(),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_lesson_is_refused(home: Path, tmp_path: Path, name: str) -> None:
    with harmless(tmp_path):
        assert read_or_refused(FILES[name]) is not None


def test_minutes_are_never_more_than_can_be_asked_for() -> None:
    for minutes in ("0600", "600", "1"):
        assert parse(GOOD.replace("minutes: 5", f"minutes: {minutes}"), "a.md").minutes >= 1
    with pytest.raises(LessonError):
        parse(GOOD.replace("minutes: 5", f"minutes: {MAX_MINUTES + 1}"), "a.md")


@pytest.mark.parametrize("kind", ["folder", "link to nowhere", "link to a device", "queue"])
def test_what_is_no_file_is_refused_and_not_waited_for(
    home: Path, tmp_path: Path, kind: str
) -> None:
    path = course.own_folder(home) / "mine.md"
    path.parent.mkdir(parents=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "queue":
        os.mkfifo(path)
    else:
        path.symlink_to("/nowhere" if kind == "link to nowhere" else "/dev/zero")
    with harmless(tmp_path):
        _, (error,) = course.lessons(home)
    assert str(error).startswith("mine.md:1: ")


@pytest.mark.parametrize("text", [text for text in TEXTS if text not in ("nothing", "blank")])
def test_any_text_in_a_lesson_is_text_on_paper(home: Path, tmp_path: Path, text: str) -> None:
    content = SHOWN.replace("{text}", TEXTS[text][:190].replace("\n", " "))
    with harmless(tmp_path):
        if read_or_refused(content) is not None:
            return
        found, _ = course.lessons(home)
        check_inert(handout(found, StoreReader(Store()), notes=True))


class Tags(HTMLParser):
    """The elements of a page, and the names of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attributes)}
        assert "javascript:" not in str(attributes)


INERT = {"script", "img", "iframe", "a", "href", "src", "onerror", "onload", "object", "embed"}


def check_inert(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert not tags.found & INERT


@CASES
@given(
    st.one_of(st.text("<>&\"'`*_-#1. \nscripta=/", max_size=80), st.sampled_from([*TEXTS.values()]))
)
def test_markdown_on_paper_is_inert(text: str) -> None:
    check_inert(paragraphs(text[:3000]))


@CASES
@given(st.text(max_size=60), st.integers(0, GOOD.count("\n")))
def test_any_line_anywhere_is_read_or_refused(line: str, at: int) -> None:
    lines = GOOD.split("\n")
    try:
        parse("\n".join([*lines[:at], line, *lines[at:]]), "mine.md")
    except LessonError as error:
        check_refusal(error, "mine.md")


@pytest.mark.parametrize("name", ["caf\udce9.md", "<script>alert(1)<-script>.md", "![x](y).md"])
@pytest.mark.parametrize("content", [GOOD, "no lesson"], ids=["sound", "broken"])
def test_any_name_of_a_file_is_shown_on_the_page(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    monkeypatch.chdir(ROOT)
    read_or_refused(content, name)
    app = open_page("course")
    assert len(app.error) == (content != GOOD)
    app = open_page("course", lesson=course.lessons(home)[0][-1].name)
    assert app.title
