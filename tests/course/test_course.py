"""The course: what ships, what a teacher adds, and answers that are computed from stored runs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Outcome, digits
from unsc_core.commands.prepare import run
from unsc_core.course import course
from unsc_core.course.course import SHIPPED, config_of, lessons, read
from unsc_core.course.evidence import Evidence, StoreReader, pieces, read_evidence
from unsc_core.course.handout import LEFT, NAME, _bars, handout, paragraphs
from unsc_core.course.lesson_file import LessonError, Step, parse
from unsc_core.course.pictures import FIGURES
from unsc_core.course.quantities import (
    QUANTITIES,
    Asked,
    Bar,
    UnknownQuantityError,
    classes,
    written,
)
from unsc_core.course.quantities.accuracies import LESS, MORE, SAME
from unsc_core.data import load_dataset
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store
from unsc_core.figures.theme import LIGHT
from unsc_core.jobs.size import missing_bytes
from unsc_core.jobs.worker import JOBS
from unsc_core.subspace.energy import energy_rank

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
RECIPE = re.search(r"As `lessons/(\S+\.md)`:\n\n```md\n(.*?)```", README, re.DOTALL)
ONE_STEP = """---
title: Mine
minutes: 5
---

## A step
state: {state}
figure: {figure}
question: How many?
quantity: {quantity}
{scale}
"""
GOOD = {
    "state": "dataset=blobs",
    "figure": "accuracy",
    "quantity": "acc_f",
    "scale": "range: 0 to 100",
}


def one_step(**changes: str) -> str:
    return ONE_STEP.format(**GOOD | changes)


def dropped(home: Path, name: str, content: str | bytes) -> Path:
    folder = course.own_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# What ships.


def test_the_course_has_seven_lessons_and_takes_an_hour(home: Path) -> None:
    found, errors = lessons(home)
    assert errors == []
    assert [lesson.name[0] for lesson in found] == list("1234567")
    assert sum(lesson.minutes for lesson in found) == 60
    for lesson in found:
        assert 3 <= len(lesson.steps) <= 5
        assert any(step.question for step in lesson.steps)
        assert all(step.notes for step in lesson.steps)


def test_no_answer_is_typed_into_a_lesson() -> None:
    """Numbers in a text are of the question, as γ or a size; none is a result with decimals."""
    for path in SHIPPED.glob("*.md"):
        for step in read(path).steps:
            words = " ".join((step.text, step.reveal, step.look_for, step.notes))
            found = set(re.findall(r"\d+\.\d+", words))
            assert found <= {"0.8", "0.9", "0.999"}, path.name


# What a teacher adds.


def test_a_file_in_the_folder_appears_and_one_that_is_changed_is_read_anew(home: Path) -> None:
    before = len(lessons(home)[0])
    path = dropped(home, "8-mine.md", one_step())
    found, errors = lessons(home)
    assert (found[-1].name, len(found), errors) == ("8-mine", before + 1, [])
    path.write_text(one_step().replace("title: Mine", "title: Mine, longer"))
    assert lessons(home)[0][-1].title == "Mine, longer"
    path.unlink()
    assert len(lessons(home)[0]) == before


def test_the_recipe_of_the_readme_works_word_for_word(
    home: Path, command: Callable[..., Outcome]
) -> None:
    assert RECIPE is not None
    dropped(home, RECIPE[1], RECIPE[2])
    name = RECIPE[1].removesuffix(".md")
    assert name in command("lessons", "--check").out
    made = command("prepare", "--lesson", name)
    assert made.code == 0, made.err
    assert re.search(r"\d steps?, about \d+ (s|minutes), about \d+\s?MB", made.err)
    assert made.out == f"Ready: {name}.\n"
    again = command("prepare", "--lesson", name)
    assert again.out == f"Ready: {name}.\n"
    said = command("lessons", "--check")
    assert said.code == 0
    assert f"{name} is not prepared" not in said.out
    out = home / "handout.html"
    assert command("lessons", "--handout", str(out)).code == 0
    assert "not computed yet" in out.read_text()  # of the others


BROKEN: dict[str, tuple[str | bytes, int, str]] = {
    "an unknown figure": (one_step(figure="piechart"), 8, "no figure 'piechart'"),
    "an unknown quantity": (one_step(quantity="iq"), 10, "no quantity 'iq'"),
    "choices for a number": (one_step(scale="choices: A | B"), 10, "is a number"),
    "a scale for a choice": (one_step(quantity="top_pseudo_label"), 10, "is a choice"),
    "an unknown part of a state": (one_step(state="colour=red"), 7, "'colour'"),
    "a state that is none": (one_step(state="shirts"), 7, "'shirts'"),
    "a class that is none": (one_step(state="forget=shirt"), 7, "forget = 'shirt'"),
    "a class that is not there": (one_step(state="forget=77"), 7, "77"),
    "an unknown method": (one_step(state="method=magic"), 7, "magic"),
    "an impossible γ": (one_step(state="gamma=2"), 7, "γ"),
    "a program as a network": (one_step(state="model=/tmp/net.py:make"), 7, "no network"),
    "a file as data": (one_step(state="dataset=/etc/passwd"), 7, "no dataset"),
    "data to download": (one_step(state="dataset=cifar10"), 7, "no dataset"),
    "another encoding": (one_step().replace("Mine", "Für").encode("latin-1"), 2, "UTF-8"),
    "the name of a shipped one": ("", 1, "another name"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_with_its_line_and_the_others_are_shown(
    case: str, home: Path
) -> None:
    content, line, words = BROKEN[case]
    name = "9-broken.md"
    if case == "the name of a shipped one":
        name, content = "6-mask.md", one_step()
    dropped(home, name, content)
    found, errors = lessons(home)
    assert len(found) == 7
    assert str(errors[0]).startswith(f"{name}:{line}: ")
    assert words in str(errors[0])


def test_a_folder_in_place_of_a_file_is_an_error_too(home: Path) -> None:
    (course.own_folder(home) / "9-folder.md").mkdir(parents=True)
    assert "9-folder.md:1" in str(lessons(home)[1][0])


def test_the_command_line_names_file_and_line(home: Path, command: Callable[..., Outcome]) -> None:
    dropped(home, "9-broken.md", one_step(figure="piechart"))
    said = command("lessons", "--check")
    assert said.code == 2
    assert "9-broken.md:8: there is no figure 'piechart'" in said.err
    said = command("prepare", "--lesson", "9-broken")
    assert (said.code, said.out) == (2, "")
    assert "9-broken.md:8" in said.err
    assert "There is no lesson 'x'" in command("prepare", "--lesson", "x").err
    names = command("lessons", "--names").out
    assert all(name in names for name in (*QUANTITIES, *FIGURES))


# Answers.


@pytest.fixture(scope="module")
def evidence(shared_store: Store) -> Evidence:
    """All that any quantity or figure needs, of a small experiment on digits."""
    config = resolve(digits(), load_dataset("digits"))
    needs = {need for entry in (*QUANTITIES.values(), *FIGURES.values()) for need in entry.needs}
    for piece in pieces(config, needs):
        if not piece.is_stored(shared_store):
            JOBS[piece.kind](piece.config, shared_store, lambda _: None)
        assert piece.is_stored(shared_store)
    found = read_evidence(config, needs, StoreReader(shared_store))
    assert found is not None
    return found


@pytest.mark.parametrize("name", QUANTITIES)
def test_every_quantity_has_a_value(name: str, evidence: Evidence) -> None:
    entry = QUANTITIES[name]
    if name == "most_harmed_class":  # UNSC harms none here
        evidence = replace(evidence, result=evidence.others["method:random-labels"])
    found = entry.compute(evidence)
    assert all(math.isfinite(bar.value) for bar in found.bars)
    assert len({bar.name for bar in found.bars}) == len(found.bars)
    if entry.kind == "choice":
        assert found.truth in {*(bar.name for bar in found.bars), MORE, SAME, LESS} or (
            name == "probe_is_like"
        )
    else:
        assert found.asked in {bar.name for bar in found.bars}
        assert isinstance(found.truth, float)
        if found.unit == "%":
            assert 0 <= found.truth <= 100


@pytest.mark.parametrize("name", [name for name, one in FIGURES.items() if one.draw])
def test_every_figure_is_drawn(name: str, evidence: Evidence) -> None:
    draw = FIGURES[name].draw
    assert draw is not None
    picture = draw(evidence, LIGHT)
    assert picture.alt
    assert picture.figure.data or picture.figure.layout.annotations


def test_answers_are_those_of_the_stored_predictions(evidence: Evidence) -> None:
    """Computed here from logits, labels and eigenvalues, and not by the code in question."""
    result = evidence.result
    y, gone = result.split.dataset.y_test, result.split.is_forgotten("test")
    kept = [c for c in range(10) if c != 3]

    def truth(name: str) -> float | str:
        return QUANTITIES[name].compute(evidence).truth

    def mean(logits: np.ndarray) -> float:
        answers = logits.argmax(1)
        return float(np.mean([100 * np.mean(answers[y == c] == c) for c in kept]))

    masked = result.original.test.copy()
    masked[:, 3] = -np.inf
    before, after, mask = mean(result.original.test), mean(result.unlearned.test), mean(masked)
    assert truth("acc_f") == pytest.approx(
        100 * np.mean(result.unlearned.test.argmax(1)[gone] == y[gone])
    )
    assert truth("acc_r") == pytest.approx(after)
    assert truth("acc_r_drop") == pytest.approx(before - after)
    assert truth("acc_r_mask") == pytest.approx(mask)
    assert truth("gain_beyond_mask") == pytest.approx(after - mask)
    assert result.labels is not None
    counts = np.bincount(result.labels, minlength=10)
    assert truth("top_pseudo_label") == str(counts.argmax())
    assert truth("pseudo_label_share") == pytest.approx(100 * counts.max() / counts.sum())
    last = list(evidence.spectra.values())[-1][0]
    assert truth("free_share") == pytest.approx(100 * (1 - energy_rank(last, 0.96) / len(last)))
    merged = replace(result, config=replace(result.config, subspace="merge"))
    asked = QUANTITIES["free_share"].compute(replace(evidence, result=merged))
    assert asked.title == "At γ = 0.96, directions that are free"
    assert asked.truth == truth("free_share")
    drawn = FIGURES["spectrum"].draw
    assert drawn is not None
    of_both = [drawn(replace(evidence, result=run), LIGHT) for run in (result, merged)]
    assert of_both[0].alt == of_both[1].alt
    found = {n: evidence.probe[n]["values"][0] for n in ("unlearned", "retrained")}
    assert truth("probe_excess") == pytest.approx(found["unlearned"] - found["retrained"])


def test_what_is_missing_is_not_answered(home: Path) -> None:
    step = parse(one_step(), "a.md").steps[0]
    assert course.evidence(step, StoreReader(Store())) is None


def test_a_state_opens_as_a_link_does() -> None:
    config = config_of(Step("h", "t", state="dataset=digits&forget=8,3&gamma=0.9"))
    assert (config.dataset, config.forget_classes, config.energy_threshold) == (
        "digits",
        (3, 8),
        0.9,
    )
    usual = config_of(Step("h", "t", state="method=random-labels+null-space"))
    assert (usual.dataset, usual.method) == ("fashion-mnist-mini", "random-labels+null-space")


def test_a_question_without_one_answer_is_not_asked(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    untouched = replace(
        evidence, result=replace(evidence.result, unlearned=evidence.result.original)
    )
    with pytest.raises(UnknownQuantityError, match="No class that stays loses accuracy"):
        QUANTITIES["most_harmed_class"].compute(untouched)
    monkeypatch.setattr(classes, "_per_class", lambda *_: [90.0, 80.0, *7 * [99.0], 80.0])
    with pytest.raises(UnknownQuantityError, match="1 and 9 are tied for the lowest accuracy"):
        QUANTITIES["weakest_class"].compute(evidence)


def test_the_size_that_is_told_is_about_what_is_stored(shared_store: Store, tmp_path: Path) -> None:
    config = resolve(digits(seed=5), load_dataset("digits"))
    store = Store(tmp_path / "store")
    wanted = pieces(config, ["retrained", "spectra"])
    told = missing_bytes([config], store)
    run(wanted, lambda line, begins: None, store)
    stored = sum(path.stat().st_size for path in store.root.rglob("*.safetensors"))
    assert 0.5 < told / stored < 2
    assert missing_bytes([config], store) == 0


# On paper.


def test_the_handout_has_every_question_and_no_answer_before_the_last_page(home: Path) -> None:
    found, _ = lessons(home)
    text = handout(found, StoreReader(Store()))
    assert "http" not in text
    assert "<script" not in text
    before, after = text.split('<div class="answers">')
    for lesson in found:
        for step in lesson.steps:
            assert paragraphs(step.text) in before
            assert not step.reveal or paragraphs(step.reveal) in after
            assert not step.notes or paragraphs(step.notes) not in text
            assert not step.question or "not computed yet" in after
    scales = [step.question for lesson in found for step in lesson.steps if step.question]
    starts = [one.low for one in scales if one.kind == "number" and one.low > 0]
    assert len(starts) > 3
    assert all(f"The bars begin at {start:g}" in before for start in starts)
    assert before.count("not at 0.</p>") == len(starts)
    assert paragraphs(found[0].steps[0].notes) in handout(found, StoreReader(Store()), notes=True)


def test_long_names_on_paper_stay_left_of_their_bars_and_distinct() -> None:
    names = [f"Great crested grebe (Podiceps {which})" for which in ("cristatus", "auritus")]
    drawn = _bars(Asked("Accuracy", "%", tuple(Bar(n, 50.0, "retained") for n in names)), 0, 99, "")
    written_names = re.findall(r'text-anchor="end">([^<]*)<', drawn)
    assert len(set(written_names)) == 2
    assert max(map(len, written_names)) <= NAME
    assert 7.5 * NAME <= LEFT - 10  # letters of 15 px are narrower on average


def test_nothing_in_a_lesson_becomes_markup_on_paper() -> None:
    evil = "<script>alert(1)</script> **<b>** `<i>` *a*"
    content = one_step(scale='choices: <img src=x onerror="x"> | B', quantity="top_pseudo_label")
    lesson = parse(content.replace("## A step", f"## {evil}") + f"\n\n{evil}\n\n- {evil}", "a.md")
    text = handout([lesson], StoreReader(Store()))
    assert "<script" not in text
    assert "<img" not in text
    assert "<strong>&lt;b&gt;</strong> <code>&lt;i&gt;</code> <em>a</em>" in text


def test_answers_are_written_with_their_units() -> None:
    assert written(-12.84, "points") == "−12.8\u00a0points"
    assert written(78.5, "%") == "78.5\u00a0%"
    assert written(-0.01, "points") == "0.0\u00a0points"
    assert written("Coat", "%") == "Coat"


def test_a_lesson_error_has_its_line() -> None:
    error = LessonError("a.md", 12, "x; y")
    assert (str(error), error.line) == ("a.md:12: x; y", 12)
