"""Every sentence of the story against the numbers of made-up runs of every kind, recounted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest

from tests.analysis.test_claims import (
    CASES,
    CLASSES,
    DATA,
    EACH,
    FORGET,
    IDS,
    LABELS,
    NAMES,
    SINGLE,
    acc,
    agreement,
    answering,
    compared,
    hidden,
    made_up,
    numbers_in,
    over_all_classes,
    recognised,
    sampled,
)
from unsc_core.analysis.claims import AGREES, Outcome, outcome
from unsc_core.analysis.comparison import run_of
from unsc_core.analysis.evaluation import chance
from unsc_core.analysis.gamma_sweep import sweep_run
from unsc_core.analysis.summary import summary
from unsc_core.data.request import split
from unsc_core.experiment.result import Predictions, Result
from unsc_core.figures import gamma_words, parts_words, standings, story, story_method, story_stage
from unsc_core.figures.header import choice, measured_on, readouts
from unsc_core.figures.keeping import AuditedMethod
from unsc_core.figures.story import Chapter
from unsc_core.figures.story_ends import HEADLINES, NO_CLEAR_CHANGE, NOTHING, SAMPLE_HEADLINES
from unsc_core.figures.story_guess import AVERAGE
from unsc_core.figures.story_stage import (
    bars,
    stage_map,
    turned_wrong,
    wrong_caption,
    wrong_examples,
)
from unsc_core.figures.two_runs import comparison

RETAIN = [c for c in range(CLASSES) if c != FORGET]


def with_rivals(result: Result, every: int) -> Result:
    """The original takes each so-manyth retained sample that it knows for the class to forget."""
    test = result.original.test.copy()
    known = np.flatnonzero((test.argmax(1) == LABELS) & (LABELS != FORGET))[::every]
    test[known, FORGET] = 9
    return replace(result, original=Predictions(test, test), key=f"{result.key}, rivals {every}")


def as_mask(result: Result) -> Result:
    """The run predicts what the mask does."""
    assert result.mask is not None
    return replace(result, unlearned=result.mask, key=f"{result.key}, as the mask")


def blind(result: Result) -> Result:
    """The original never recognised the class."""
    original = answering(np.random.default_rng(1), 0.9, 0.0)
    return replace(result, original=original, key=f"{result.key}, blind")


def unlike(result: Result) -> Result:
    """The retrained model scatters the forgotten samples, so that even the mask rarely agrees."""
    test = answering(np.random.default_rng(2), 0.93, 0.0).test.copy()
    rows = np.flatnonzero(LABELS == FORGET)
    test[rows] = 0
    test[rows, np.array([0, 2, 3, 4])[np.arange(len(rows)) % 4]] = 3
    return replace(result, retrained=Predictions(test, test), key=f"{result.key}, unlike")


GOOD = next(result for result in CASES if outcome(summary(result)) is Outcome.CALIBRATED)
BAD = made_up(91, 0.6, 0.0, method="random-labels")
EXTRA = [
    *(with_rivals(made_up(90 + i, right, 0.0), 6) for i, right in enumerate((0.97, 0.9, 0.6))),
    as_mask(with_rivals(GOOD, 6)),
    as_mask(GOOD),
    *(blind(result) for result in (GOOD, BAD, made_up(92, 0.9, 0.4))),
    unlike(GOOD),
    replace(GOOD, unlearned=GOOD.original, key="nothing was done"),
    *(made_up(95 + i, right, 0.0) for i, right in enumerate((0.905, 0.915, 0.895))),
]
RUNS = [*CASES[::3], *EXTRA]
SAMPLES = [*SINGLE[::4], *SINGLE[-2:]]


def least(before: np.ndarray, after: np.ndarray, classes: list[int]) -> float:
    """Half a 95 % interval of the change of the mean accuracy, from counts of changed samples."""
    total = 0.0
    for c in classes:
        own = c == LABELS
        won = int((own & (before != c) & (after == c)).sum())
        lost = int((own & (before == c) & (after != c)).sum())
        total += (won + lost - (won - lost) ** 2 / EACH) / EACH**2
    return max(0.05, 100 * 1.96 * total**0.5 / len(classes))


def claimed(before: np.ndarray, after: np.ndarray, classes: list[int]) -> tuple[float, int]:
    """The change of the mean accuracy in points, and its sign where it is more than chance."""
    change = 100 * float(
        np.mean(
            [np.mean(after[c == LABELS] == c) - np.mean(before[c == LABELS] == c) for c in classes]
        )
    )
    return change, int(np.sign(change)) if abs(change) >= least(before, after, classes) else 0


def gained(result: Result) -> tuple[float, int]:
    """`claimed` of the run against the original."""
    before, after = (one.test.argmax(1) for one in (result.original, result.unlearned))
    return claimed(before, after, list(range(CLASSES)) if result.split.forget_ids else RETAIN)


@cache
def chapters(result: Result) -> list[Chapter]:
    """All that the story can say of one run; the null space and the audits are not of its kind."""
    return [
        story.request(result),
        story.careless(result),
        story_method.pseudo_labels(result),
        story.ending(result),
        story.hiding(result),
        *([] if result.split.forget_ids else [story.gone(result, None)]),
    ]


def before_the_reveal(result: Result) -> Iterator[str]:
    """What is written before anything is revealed."""
    for chapter in chapters(result):
        yield from (chapter.title, chapter.text)
        yield chapter.guess.question if chapter.guess else ""


def revealed(result: Result) -> Iterator[str]:
    for chapter in chapters(result):
        yield from (chapter.headline, chapter.verdict, chapter.meaning)


def ids(result: Result) -> str:
    return result.key


def test_chance_is_what_drawing_other_test_samples_gives() -> None:
    rng = np.random.default_rng(0)
    result = made_up(5, 0.93, 0.0)
    before, after = (one.test.argmax(1) for one in (result.original, result.unlearned))
    forgotten = result.split.is_forgotten("test")
    half = chance(before, after, DATA.y_test, forgotten, CLASSES)
    assert half == pytest.approx(least(before, after, RETAIN))
    moved = (after == LABELS).astype(float) - (before == LABELS)
    drawn = [
        100 * np.mean([rng.choice(moved[c == LABELS], EACH).mean() for c in RETAIN])
        for _ in range(1500)
    ]
    assert half == pytest.approx(1.96 * np.std(drawn), rel=0.08)
    assert chance(before, before, DATA.y_test, forgotten, CLASSES) == 0


@pytest.mark.parametrize(
    ("wrong", "right", "claimed"),
    [(4, 0, False), (5, 0, False), (6, 0, True), (7, 1, False), (9, 1, True), (30, 12, True)],
)
def test_of_few_samples_the_sign_test_decides(wrong: int, right: int, claimed: bool) -> None:
    from scipy.stats import binomtest

    assert (binomtest(right, right + wrong).pvalue < 0.05) == claimed
    labels = np.zeros(500, np.int64)
    before, after = labels.copy(), labels.copy()
    after[:wrong], before[wrong : wrong + right] = 1, 1
    limit = chance(before, after, labels, np.zeros(500, bool), 2)
    assert (100 * (wrong - right) / 500 > limit) == claimed


@pytest.mark.parametrize("result", [*RUNS, *SAMPLES], ids=ids)
def test_no_sentence_claims_what_the_numbers_do_not_carry(result: Result) -> None:
    (change, sign), told = gained(result), " ".join(revealed(result)).lower()
    samples = bool(result.split.forget_ids)
    assert not re.search(
        r"calibrated|not forgotten|no longer|over-unlearning|\bgains? \d|\blose \d|free|costs|adds",
        " ".join(before_the_reveal(result)).lower(),
    )
    assert ("points on average" in told and " gain " in told) <= (sign > 0)
    assert (" lose " in told) <= (sign < 0)
    assert ("over-unlearning" in told) == (sign < 0)
    if samples:
        assert "no longer" not in told
        assert "not recognised any more" not in told
        return
    gone = acc(result.unlearned)[0] <= 2
    was_there = acc(result.original)[0] > 2
    assert ("no longer recognises" in told) == (gone and was_there)
    assert ("not recognised any more" in told) <= (gone and was_there)
    assert ("not forgotten here" in told) == (not gone and was_there)
    assert ("not even forget" in told) == (not gone and was_there)
    assert ("so there is nothing to forget" in told) == (not was_there)
    assert (NOTHING.lower() in told) == (not was_there)
    agrees = agreement(result)
    calibrated = gone and was_there and sign > 0 and agrees >= max(AGREES, hidden(result)[1] - 1)
    assert ("calibrated" in told) == calibrated
    assert abs(change) < 100


@pytest.mark.parametrize("result", [*RUNS[::3], *EXTRA[-3:], *SAMPLES[::6]], ids=ids)
def test_the_strip_claims_what_the_story_does(result: Result) -> None:
    below = {one.label: one.below or "" for one in readouts(result)}["Acc_r · retained"]
    sign = gained(result)[1]
    assert (": a gain" in below) == (sign > 0)
    assert (": over-unlearning" in below) == (sign < 0)


def test_calibrated_is_impossible_where_the_retrained_rarely_agrees() -> None:
    result = unlike(GOOD)
    assert 0 < agreement(result) < 50
    assert agreement(result) >= hidden(result)[1] - 1  # as alike as the mask, yet not alike
    assert story.ending(result).headline == HEADLINES[Outcome.GAINED]
    assert story.ending(GOOD).headline == "Calibrated"


def test_the_runs_are_of_every_kind() -> None:
    said = {story.ending(result).headline for result in RUNS}
    assert said == {
        HEADLINES[o] for o in Outcome if o.value not in ("overshot", "undecided", "too few")
    } | {NOTHING, NO_CLEAR_CHANGE}
    single = {story.ending(result).headline for result in SAMPLES}
    wanted = set(Outcome) - {Outcome.CALIBRATED, Outcome.GAINED, Outcome.DAMAGED}
    wanted -= {Outcome.TOO_FEW, Outcome.NOTHING}
    assert single >= {SAMPLE_HEADLINES[o] for o in wanted}
    masks = {story.hiding(result).headline for result in RUNS}
    assert masks == {
        "Changed weights add to it",
        "The mask keeps more",
        "No more than the mask",
        "Not forgotten here",
        NOTHING,
    }
    frees = {"for **free**" in story.hiding(result).verdict for result in RUNS}
    assert frees == {True, False}
    damage = {story.careless(result).headline for result in RUNS}
    assert len(damage) == 7


@pytest.mark.parametrize("result", [*RUNS, *SAMPLES], ids=ids)
def test_verdicts_are_two_sentences_and_headlines_a_few_words(result: Result) -> None:
    for chapter in chapters(result):
        assert len(re.findall(r"[.?!](?=\s|$)", chapter.verdict)) <= 2, chapter.verdict
        assert len(chapter.verdict) < 260, chapter.verdict
        assert len(chapter.headline.split()) <= 8
        for text in (chapter.title, chapter.text, chapter.headline, chapter.verdict):
            assert "  " not in text
            assert "−0.0" not in text
            assert " nan" not in text


@pytest.mark.parametrize("result", RUNS, ids=ids)
def test_numbers_in_the_chapters_are_counts(result: Result) -> None:
    (before, kept), (left, now) = acc(result.original), acc(result.unlearned)
    change, sign = gained(result)
    end = story.ending(result)
    numbers = numbers_in(end.verdict)
    assert numbers_in(end.number) == pytest.approx([now - kept], abs=0.051)
    assert left == pytest.approx(numbers[1 if before <= 2 else 0], abs=0.051)
    assert before == pytest.approx(numbers[0 if before <= 2 else 1], abs=0.051)
    if sign and before > 2:
        assert abs(change) == pytest.approx(numbers[2], abs=0.051)
    judged = re.findall(r"on (\d+)\u00a0%(?: of bee)?", end.verdict)
    both = [agreement(result), hidden(result)[1]]
    expected = [] if result.retrained is None or before <= 2 else [int(n + 0.5) for n in both]
    assert [int(n) for n in judged] == expected


@pytest.mark.parametrize("result", RUNS, ids=ids)
def test_the_mask_and_the_borders_are_told_apart(result: Result) -> None:
    assert result.mask is not None
    original, mask, now = (
        one.test.argmax(1) for one in (result.original, result.mask, result.unlearned)
    )
    chapter = story.hiding(result)
    free, gives = claimed(original, mask, RETAIN)
    more, adds = claimed(mask, now, RETAIN)
    total = claimed(original, now, RETAIN)[0]
    assert ("for **free**" in chapter.verdict) == (gives > 0)
    assert ("may be chance" in chapter.verdict) == (not adds and abs(more) >= 0.05)
    left = 100 * np.mean(now[LABELS == FORGET] == FORGET)
    remains = left > 2
    assert ("**Rival not gone**" in chapter.verdict) == remains
    assert ("Borders moved" in chapter.verdict) != remains
    unsigned = remains or bool(adds)
    if remains:  # no border was moved where the class is still recognised
        side = re.search("points (below|above) the mask's", chapter.verdict)
        assert (side and side[1]) == (
            None if abs(more) < 0.05 else "below" if more < 0 else "above"
        )
    else:
        assert ("adds" in chapter.verdict and "adds nothing" not in chapter.verdict) == (adds > 0)
        assert (" off that" in chapter.verdict) == (adds < 0)
        assert ("nothing" in chapter.verdict) == (abs(more) < 0.05)
    told = [free, *([left] if remains else [])]
    told += [] if abs(more) < 0.05 else [abs(more) if unsigned else more]
    assert numbers_in(chapter.verdict) == pytest.approx(told, abs=0.051)
    assert chapter.guess is not None
    assert chapter.guess.truth == pytest.approx(free)
    assert numbers_in(chapter.guess.question) == pytest.approx([total], abs=0.051)
    drawn = bars(None, result)["values"]
    per_class = [
        100 * (np.mean(mask[c == LABELS] == c) - np.mean(original[c == LABELS] == c))
        for c in RETAIN
    ]
    assert drawn["mask"] == pytest.approx([free, *per_class], abs=1e-3)
    assert min(drawn["mask"]) >= 0  # hiding a class takes nothing from the others
    assert drawn["calibrated"][0] == pytest.approx(free + more, abs=2e-3)


def test_nobody_is_said_to_forget_what_the_original_never_knew() -> None:
    known = made_up(93, 0.9, 0.0, method="fisher")
    field = [run_of(result, None) for result in (blind(GOOD), blind(BAD), blind(known))]
    for shown in (field, field[1:]):
        verdicts = standings.table(shown)["Verdict"]
        assert verdicts[-len(shown) :] == ["nothing to forget"] * len(shown)
    text = standings.conclusion(field)
    assert text.startswith("There is nothing to forget here: of what is to be forgotten, the")
    assert "original recognises only 0.0\u00a0%." in text
    again = run_of(made_up(94, 0.9, 0.0), None)
    some = standings.conclusion([field[0], again])
    assert some.startswith("There is nothing to forget here with some seed: of what")
    told = comparison(blind(GOOD), blind(BAD))
    assert told.count("had nothing to forget") == 2
    for said in (text, some, told):
        assert not re.search(r"\b(?<!to )(?:both )?forgets?\b", said), said
    run = sweep_run(0.96, blind(GOOD))
    of_gamma = gamma_words.sweep_sentence([run, replace(run, energy_threshold=0.9)])
    assert of_gamma.startswith("There is nothing to forget here: the original")
    assert "cannot be said: the original hardly recognises" in parts_words.sentence(field)
    assert AuditedMethod(1.0, field[:1], {}).title == "UNSC"


@pytest.mark.parametrize(("rows", "said"), [(4, ""), (3, "1 more class changes at"), (2, "2 m")])
def test_classes_without_a_row_are_counted(
    rows: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story_stage, "ROWS", rows)
    text = bars(None, GOOD)["left_out"]
    assert text.startswith(said)
    assert text in (
        "",
        *(f"{n} at most as much." for n in ("1 more class changes", "2 more classes change")),
    )


@pytest.mark.parametrize("result", [*RUNS[::5], *EXTRA, *SINGLE[::9]], ids=ids)
def test_a_guess_is_about_the_class_that_changes_most(result: Result) -> None:
    guess = story.careless(result).guess
    assert guess is not None
    before, after = (one.test.argmax(1) for one in (result.original, result.unlearned))
    change = {
        NAMES[c]: 100 * (np.mean(after[c == LABELS] == c) - np.mean(before[c == LABELS] == c))
        for c in (range(CLASSES) if result.split.forget_ids else RETAIN)
    }
    assert guess.truth == pytest.approx(change[guess.row])
    assert abs(guess.truth) == pytest.approx(max(map(abs, change.values())))
    assert guess.row in guess.question
    for asked in (guess, story.ending(result).guess, story.hiding(result).guess):
        if asked is None:
            assert result.split.forget_ids
            continue
        assert asked.low <= asked.truth <= asked.high
        assert asked.start in asked.choices
        assert asked.row == AVERAGE or asked.row in NAMES
        said = asked.replies
        assert len(said) == len(asked.choices)
        for guessed, reply in zip(asked.choices[::7], said[::7], strict=True):
            off = abs(guessed - asked.truth)
            numbers = numbers_in(reply)
            assert numbers[:2] == pytest.approx([guessed, asked.truth], abs=0.051)
            assert ("as near as the slider allows" in reply) == (off <= asked.step / 2 + 1e-9)
            if "points from your guess" in reply or "apart" in reply or "too" in reply:
                assert float(re.findall(r"([\d.]+) points", reply)[-1]) == pytest.approx(
                    off, abs=0.051
                )
            assert ("too high" in reply) <= (guessed > asked.truth)
            assert ("too low" in reply) <= (guessed < asked.truth)


def by_chance(share: float, other: float, samples: int) -> bool:
    """Whether two shares in percent, each of so many samples, are nearer than 1.96 errors."""
    error = np.sqrt(sum(p * (1 - p) / samples for p in (share / 100, other / 100)))
    return bool(abs(share - other) / 100 <= 1.96 * error)


@pytest.mark.parametrize("result", SAMPLES, ids=ids)
def test_single_samples_are_compared_with_the_retrained(result: Result) -> None:
    before, mine, goal = map(recognised, (result.original, result.unlearned, result.retrained))
    end, how = story.ending(result), compared(result)
    gain = over_all_classes(result.unlearned) - over_all_classes(result.original)
    for text in (end.verdict, story.careless(result).verdict):
        said = set(re.findall(r"recognises (.*as many|more|fewer) (?:as|than) the ret", text))
        told = how if mine == goal else how.replace("as many", "about as many")
        assert said == ({told} - {"unknown"})
        assert "other classes" not in text
        assert ("known once there is a retrained model" in text) == (how == "unknown")
    assert "other classes" not in end.meaning
    chance = how in ("more", "fewer") and by_chance(mine, goal, len(result.split.forget_ids))
    assert ("it is a trace as well" in end.verdict) == (how == "fewer" and not chance)
    assert ("they are not forgotten" in end.verdict) == (how == "more" and not chance)
    assert ("), which may be chance" in end.verdict) == chance
    assert (end.headline == "Too few samples to tell") == chance
    alike = {True: "As many as the retrained", False: "About as many as the retrained"}
    assert end.headline.startswith(alike[mine == goal]) == (how == "as many")
    assert not end.headline.startswith(alike[mine != goal])
    worse = "not even forgotten" in story.careless(result).headline.lower()
    assert worse == (how == "more" and not chance)
    undone = how == "as many" and goal is not None and abs((before or 0) - goal) < 2.01
    assert ("so this cannot tell" in end.verdict) == undone
    if how != "unknown":
        assert numbers_in(end.verdict)[:3] == pytest.approx([mine, goal, before], abs=0.051)
    assert numbers_in(end.number)[:1] == pytest.approx([gain], abs=0.051)
    assert "mask" not in story.careless(result).verdict
    assert story.hiding(result).number == "–"
    assert story.hiding(result).guess is None


@pytest.mark.parametrize(
    ("left", "goal", "before", "headline", "told"),
    [
        (0, 1, 1, "Too few samples to tell", "0 of 1, the retrained model 1 of 1"),
        (1, 0, 1, "Too few samples to tell", "1 of 1, the retrained model 0 of 1"),
        (1, 1, 0, "As many as the retrained", "as many as the retrained model (100.0\u00a0%;"),
    ],
)
def test_one_sample_tells_little(
    left: int, goal: int, before: int, headline: str, told: str
) -> None:
    result = sampled(0, 0.9, left, goal, before, ids=IDS[:1])
    end, careless = story.ending(result), story.careless(result)
    assert end.headline.startswith(headline)
    for text in (end.verdict, careless.verdict):
        assert f"recognises {told}" in text
        assert ("too few samples to tell" in text) == (left != goal)
        assert "about" not in text
    assert "not even forgotten" not in careless.headline.lower()
    damage = gained(result)[1] < 0
    assert ("over-unlearning" in f"{end.headline} {careless.headline}".lower()) == damage
    assert not any("the 1 sample" in text for text in (*revealed(result), story.lead(result)))


@pytest.mark.parametrize("result", [BAD, GOOD, *EXTRA[:3]], ids=ids)
def test_images_that_became_wrong_are_those(result: Result) -> None:
    before, after = (one.test.argmax(1) for one in (result.original, result.unlearned))
    expected = [
        i
        for i in range(len(LABELS))
        if LABELS[i] != FORGET and before[i] == LABELS[i] and after[i] != LABELS[i]
    ]
    assert turned_wrong(result).tolist() == expected
    rows = np.arange(0, len(LABELS), 3)
    assert rows[turned_wrong(result, rows)].tolist() == [i for i in expected if i % 3 == 0]
    shown = wrong_examples(result, 8)
    assert set(shown) <= set(expected)
    lost = np.bincount(LABELS[expected], minlength=CLASSES)
    assert lost[LABELS[shown[0]]] == lost.max()
    hit = np.flatnonzero(lost)
    assert set(LABELS[shown[: len(hit)]]) == set(hit[: len(shown)])  # each class in turn
    counts = re.findall(r"\d[\d,]*\d|\d", wrong_caption(result))
    right = sum(
        LABELS[i] != FORGET and before[i] != LABELS[i] and after[i] == LABELS[i]
        for i in range(len(LABELS))
    )
    assert [int(n.replace(",", "")) for n in counts] == [4 * EACH, len(expected), right]


def test_the_map_of_the_stage_keeps_every_sample_in_its_place() -> None:
    rng, rows = np.random.default_rng(3), np.arange(0, len(LABELS), 4)
    original = rng.normal(size=(len(rows), 2)).astype(np.float32)
    stage = stage_map(GOOD, {"original": original, "careless": original + 0.1}, rows, "test")
    assert [c for c, _ in stage["marks"]] == LABELS[rows].tolist()
    assert [gone for _, gone in stage["marks"]] == (LABELS[rows] == FORGET).tolist()
    drawn, moved = (np.array(stage["places"][name]) for name in ("original", "careless"))
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    order = np.argsort(original[:, 0])
    assert (np.diff(drawn[order, 0]) >= 0).all()
    inside = (drawn > 0.02) & (drawn < 0.98) & (moved > 0.02) & (moved < 0.98)
    step = (moved - drawn)[inside.all(1)]
    assert (step[:, 0] > 0).all()
    assert (step[:, 1] < 0).all()  # up is less
    assert set(stage["middles"]) == set(range(CLASSES))


def test_edited_runs_and_numbered_classes_are_named_as_such() -> None:
    for result in CASES[:8]:
        edited = bool(result.config.edits)
        named = [story.lead(result), story.ending(result).meaning, story.hiding(result).meaning]
        assert all(("edited labels" in text) == edited for text in named)
        assert ("edited by hand" in story_method.pseudo_labels(result).text) == edited
    data = replace(DATA, class_names=tuple(str(1000 + c) for c in range(CLASSES)))
    for result in (
        replace(CASES[0], split=split(data, (FORGET,))),
        replace(BAD, split=split(data, (FORGET,))),
    ):
        for text in (*revealed(result), *before_the_reveal(result), story.lead(result)):
            assert not re.search(r"(?<!class )(?<!classes )\b100\d\b", text), text


def test_the_null_space_is_told_by_its_ranks_and_cuts() -> None:
    ranks = {"a": (3, 10), "b": (21, 30)}
    uncut_by = ("", "soft projector", "selective directions")
    for cut_at, single, uncut in product(
        ({"a": 0.96, "b": 0.9}, {"a": 1.0, "b": 1.0}, {}), (False, True), uncut_by
    ):
        chapter = story_method.null_space(ranks, cut_at, single=single, uncut=uncut)
        assert chapter.number == "40\u00a0%"  # 16 of 40
        assert ("at most 10\u00a0%" in chapter.verdict) == (cut_at.get("b") == 0.9)
        assert ("no energy" in chapter.verdict) == (cut_at.get("b") == 1)
        assert ("class by class" in chapter.verdict) == (not cut_at)
        assert ("other classes" in chapter.text + chapter.verdict) == (not single)
        assert bool(re.search("makes no (such )?cut", chapter.text)) == bool(uncut)
        assert ("would remain" in chapter.meaning) == bool(uncut)
        assert len(re.findall(r"[.?!](?=\s|$)", chapter.verdict)) == 2


def test_one_class_that_stays_is_said_to_make_acc_r_easy() -> None:
    result = next(case for case in CASES if not case.split.forget_ids)
    assert story.request(result).headline == ""
    others = tuple(range(1, DATA.num_classes))
    alone = replace(result, split=split(DATA, others))
    assert "Only one class stays" in story.request(alone).headline


def test_it_is_said_which_samples_the_measures_are_of() -> None:
    test = f"Measured on the test set, {len(LABELS):,} samples"
    assert measured_on(GOOD.split) == f"{test}."
    what = f"{len(SAMPLES[0].split.forget_ids)} training samples to forget"
    assert measured_on(SAMPLES[0].split) == f"{test}; Acc_f on the {what}."


def test_the_only_setting_that_forgets_is_not_called_the_nearest() -> None:
    one = {"energy_threshold": 0.96, "target": "pseudo-labels", "forgets": True, "away": 0.2}
    chosen = one | {"tried": [one, one | {"forgets": False}], "checked": 20}
    text = choice(summary(GOOD) | {"chosen": chosen})
    assert text.endswith("Of the 2 settings it tried, only this one forgets.")
    chosen["tried"].append(one | {"away": 0.3})
    assert "2 of the 3 settings" in choice(summary(GOOD) | {"chosen": chosen})


def test_a_loss_that_may_be_chance_is_not_called_none() -> None:
    said = {story.careless(result).headline: result for result in RUNS}
    for headline, clear in (("No damage on average here", False), ("No clear damage", True)):
        found = [result for words, result in said.items() if words.startswith(headline)]
        assert found
        assert all((summary(one)["gain"]["total"] <= -0.05) == clear for one in found)
