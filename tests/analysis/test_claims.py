"""Sentences on screen against their numbers: claims about made-up runs of every kind, recounted."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from unsc_core.analysis.claims import Outcome, forgotten, outcome
from unsc_core.analysis.comparison import MethodRun, run_of
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.experiment.result import Predictions, Result
from unsc_core.figures import standings, story
from unsc_core.figures.accuracy import change_per_class
from unsc_core.figures.change_map import change_map
from unsc_core.figures.confusion import difference
from unsc_core.figures.decision_space import space
from unsc_core.figures.equal_forgetting import equal_forgetting
from unsc_core.figures.phrases import ONE_SEED, altered, class_titles, moved, run_title
from unsc_core.figures.theme import LIGHT
from unsc_core.figures.two_runs import comparison

CLASSES, EACH = 5, 200
NAMES = ("ant", "bee", "cat", "dog", "elk")
LABELS = np.repeat(np.arange(CLASSES), EACH)
DATA = Dataset(
    "made up",
    np.zeros((len(LABELS), 2), np.float32),
    LABELS,
    np.zeros((len(LABELS), 2), np.float32),
    LABELS,
    NAMES,
    (0.0, 0.0),
    (1.0, 1.0),
)
FORGET = 1
METHODS = ("unsc", "random-labels", "fisher", "scrub")


def answering(rng: np.random.Generator, right: float, forget: float, other: int = 3) -> Predictions:
    """Logits of a model with these accuracies on retained and forgotten samples.

    Where it is wrong, it mostly predicts `other`.
    """
    answers = np.where(rng.random(len(LABELS)) < 0.8, other, rng.integers(0, CLASSES, len(LABELS)))
    answers[answers == FORGET] = 0
    share = np.where(LABELS == FORGET, forget, right)
    answers = np.where(rng.random(len(LABELS)) < share, LABELS, answers)
    logits = rng.normal(0, 0.1, (len(LABELS), CLASSES)).astype(np.float32)
    logits[np.arange(len(LABELS)), answers] += 3
    return Predictions(logits, logits)


def made_up(
    seed: int,
    right: float,
    forget: float,
    *,
    method: str = "unsc",
    agrees: bool = True,
    judged: bool = True,
    edits: tuple[str, ...] = (),
) -> Result:
    """One run: `right` and `forget` are the unlearned model's accuracies on retained and forgotten.

    On the forgotten samples it agrees with the retrained model, or does not.
    """
    rng = np.random.default_rng(seed)
    config = ExperimentConfig(
        "made up", "mlp", (FORGET,), method=method, seed=seed, edits=edits, energy_threshold=0.96
    )
    labels = rng.choice([0, 3, 4], EACH, p=[0.2, 0.5, 0.3])
    return Result(
        config,
        f"{seed}-{right}-{forget}-{method}",
        split(DATA, (FORGET,)),
        answering(rng, 0.9, 0.8),
        answering(rng, right, forget, 3 if agrees else 4),
        answering(rng, 0.93, 0.0) if judged else None,
        labels,
    )


CASES = [
    made_up(seed, right, forget, method=method, agrees=agrees, judged=judged, edits=edits)
    for seed, (right, forget, method, agrees, judged, edits) in enumerate(
        product(
            (0.97, 0.9, 0.6),
            (0.0, 0.02, 0.4),
            ("unsc", "random-labels"),
            (True, False),
            (True, False),
            ((), ("3>4",)),
        )
    )
]


def acc(answers: Predictions) -> tuple[float, float]:
    """Acc_f and Acc_r in percent, counted plainly."""
    found = answers.test.argmax(1)
    per_class = [100 * np.mean(found[c == LABELS] == c) for c in range(CLASSES)]
    return per_class[FORGET], float(np.mean([a for c, a in enumerate(per_class) if c != FORGET]))


def hidden(result: Result) -> tuple[float, float]:
    """Acc_r of the mask, and how often it agrees with the retrained model on the forgotten."""
    logits = np.delete(result.original.test, FORGET, axis=1)
    answers = np.array([0, 2, 3, 4])[logits.argmax(1)]
    retain = float(
        np.mean([100 * np.mean(answers[c == LABELS] == c) for c in range(CLASSES) if c != FORGET])
    )
    if result.retrained is None:
        return retain, float("nan")
    return retain, 100 * float(
        np.mean((answers == result.retrained.test.argmax(1))[LABELS == FORGET])
    )


def agreement(result: Result) -> float:
    """With the retrained model on the forgotten, in percent."""
    if result.retrained is None:
        return float("nan")
    return 100 * float(
        np.mean(
            (result.unlearned.test.argmax(1) == result.retrained.test.argmax(1))[LABELS == FORGET]
        )
    )


def numbers_in(text: str) -> list[float]:
    return [float(number.replace("−", "-")) for number in re.findall(r"[+−]?\d+\.\d", text)]


def test_the_cases_are_of_every_kind() -> None:
    assert {outcome(summary(result)) for result in CASES} == set(Outcome) - {Outcome.UNDECIDED}


@pytest.mark.parametrize("result", CASES, ids=lambda result: result.key)
def test_an_ending_claims_what_the_numbers_carry(result: Result) -> None:
    (before, kept), (left, now) = acc(result.original), acc(result.unlearned)
    step, mask = story.ending(result), hidden(result)
    expected = Outcome.REMAINS
    if left <= 2:
        expected = Outcome.DAMAGED if now - kept <= -0.05 else Outcome.KEPT
        if now - kept >= 0.05:
            as_mask = agreement(result) >= mask[1] - 1  # False without a retrained model
            expected = Outcome.CALIBRATED if as_mask else Outcome.GAINED
    title, claim = story.ENDS[expected]
    assert step.title == title
    assert step.text.startswith(claim)
    judged = [] if result.retrained is None else [round(agreement(result))]
    assert [int(n) for n in re.findall(r"(?<![.\d])(\d+) % of them", step.text)] == judged
    assert numbers_in(step.text) == pytest.approx([left, before], abs=0.051)
    assert numbers_in(step.number) == pytest.approx([now - kept], abs=0.051)
    assert before > 50  # what is said to have gone was there


def test_each_ending_says_what_its_outcome_means() -> None:
    texts = {outcome: " ".join(story.ENDS[outcome]).lower() for outcome in Outcome}
    good = {Outcome.CALIBRATED, Outcome.GAINED, Outcome.KEPT, Outcome.DAMAGED}
    assert {one for one, text in texts.items() if "has forgotten" in text} == good
    assert {one for one, text in texts.items() if "over-unlearning" in text} == {Outcome.DAMAGED}
    gain = {one for one, text in texts.items() if "classes gain" in text}
    assert gain == {Outcome.CALIBRATED, Outcome.GAINED}
    assert {one for one, text in texts.items() if "calibrated" in text} == {Outcome.CALIBRATED}


@pytest.mark.parametrize("result", CASES, ids=lambda result: result.key)
def test_the_careless_way_is_told_as_it_went(result: Result) -> None:
    (_, kept), (left, now) = acc(result.original), acc(result.unlearned)
    text, damaged = story.over_unlearning(result).text, now - kept <= -0.05
    assert text.endswith(story.DAMAGE if damaged else story.NO_DAMAGE)
    assert ("not even forget" in text) == (left > 2)
    assert numbers_in(text) == pytest.approx([left] if left > 2 else [], abs=0.051)


@pytest.mark.parametrize("result", CASES, ids=lambda result: result.key)
def test_the_mask_is_told_by_its_own_numbers(result: Result) -> None:
    (_, kept), (_, now), (masked, _) = acc(result.original), acc(result.unlearned), hidden(result)
    text = story.hiding(result).text
    assert (story.NOT_ADDED in text) == (now - masked < 0.05)
    assert (story.ADDED in text) == (now - masked >= 0.05)
    assert ("**free**" in text) == (masked - kept >= 0.05)
    found = numbers_in(text)
    assert found == pytest.approx([kept, masked, masked - kept, now, now - masked], abs=0.051)


@pytest.mark.parametrize("result", CASES[::3], ids=lambda result: result.key)
def test_percentages_under_the_maps_are_counts(result: Result) -> None:
    everywhere = {name: np.zeros((len(LABELS), 2), np.float32) for name in result.models}
    for model, answers in result.models.items():
        said = space(result, model, everywhere, np.arange(len(LABELS)), LIGHT).sentence
        found = answers.test.argmax(1)[LABELS == FORGET]
        for share, name in re.findall(r"(\d+)\u00a0%[^%;]*? as (\w+)", said):
            assert int(share) == pytest.approx(100 * np.mean(found == NAMES.index(name)), abs=0.51)
        own = re.search(r"(\d+)\u00a0%[^%.;]* correctly", said)
        assert own is not None
        assert int(own[1]) == pytest.approx(100 * np.mean(found == FORGET), abs=0.51)
        assert (run_title(result) in said) == (model == "unlearned")


@pytest.mark.parametrize("result", CASES[::3], ids=lambda result: result.key)
def test_classes_said_to_be_better_and_worse_are_so(result: Result) -> None:
    change = [
        np.mean(result.unlearned.test.argmax(1)[c == LABELS] == c)
        - np.mean(result.original.test.argmax(1)[c == LABELS] == c)
        for c in range(CLASSES)
        if c != FORGET
    ]
    (better, worse) = re.findall(
        r"(\d+) improves? and (\d+) gets? worse", difference(result, "test", True, LIGHT).sentence
    )[0]
    assert (int(better), int(worse)) == (sum(c > 0 for c in change), sum(c < 0 for c in change))
    said, mean = change_per_class([result], LIGHT).sentence, 100 * float(np.mean(change))
    assert (numbers_in(said) or [0.0]) == pytest.approx([abs(mean)], abs=0.051)
    assert ("rises" in said, "falls" in said) == (mean >= 0.05, mean <= -0.05)


@pytest.mark.parametrize(
    "pair", list(zip(CASES[::5], CASES[3::5], strict=False)), ids=lambda pair: pair[0].key
)
def test_two_runs_forget_only_when_both_do(pair: tuple[Result, Result]) -> None:
    text = comparison(*pair)
    left = [acc(result.unlearned)[0] for result in pair]
    assert (" both forget " in text) == all(value <= 2 for value in left)
    assert ("not forget" in text) == any(value > 2 for value in left)
    kept = [acc(result.unlearned)[1] for result in pair]
    if "keeps" in text:
        assert re.findall(r"\b([AB]) keeps", text) == ["A" if kept[0] > kept[1] else "B"]


@pytest.mark.parametrize("result", CASES, ids=lambda result: result.key)
def test_an_edited_run_is_marked_in_every_title(result: Result) -> None:
    edited = bool(result.config.edits)
    everywhere = {name: np.zeros((len(LABELS), 2), np.float32) for name in result.models}
    titles = [
        str(
            space(
                result, "unlearned", everywhere, np.arange(len(LABELS)), LIGHT
            ).figure.layout.title.text
        ),
        story.lead(result),
        story.ending(result).meaning,
        story.hiding(result).meaning,
        str(difference(result, "test", True, LIGHT).figure.layout.title.text),
        change_per_class([result], LIGHT).figure.data[0].name,
        change_per_class([result], LIGHT).sentence,
        standings.table([run_of(result, None)])["Method"][-1],
    ]
    assert all(("edited labels" in title) == edited for title in titles), titles


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (1.94, "rises by 1.9 points"),
        (-0.5, "falls by 0.5 points"),
        (-10.0, "falls by 10.0 points"),
        (0.04, "stays the same"),
        (-0.04, "stays the same"),
    ],
)
def test_a_change_is_a_verb_and_no_sign(difference: float, words: str) -> None:
    assert moved(difference) == words


def test_what_is_altered_and_what_is_not() -> None:
    plain = ExperimentConfig()
    assert plain.alterations == ()
    assert replace(
        plain, edits=("1>2",), energy_thresholds=(0.9, 0.8), checkpoint="w.pt"
    ).alterations == ("edited labels", "γ per layer", "user-supplied weights")
    assert altered("UNSC", ("edited labels", "imported")) == "UNSC (edited labels, imported)"
    assert run_title(replace(CASES[0], imported=True)).endswith("imported)")


def test_a_class_named_by_a_number_is_not_mistaken_for_a_count() -> None:
    assert class_titles(["3"]) == "class 3"
    assert class_titles(["3", "5"]) == "classes 3 and 5"
    assert class_titles(["Shirt", "7"]) == "Shirt and class 7"
    data = replace(DATA, class_names=tuple(str(1000 + c) for c in range(CLASSES)))
    numbered = split(data, (FORGET,))
    result = replace(CASES[0], split=numbered)
    other = replace(result, config=replace(result.config, seed=99))
    for text in (
        *(story.lead(result), story.forgetting(result).text, story.over_unlearning(result).text),
        *(story.ending(result).text, story.hiding(result).text, comparison(result, other)),
        difference(result, "test", True, LIGHT).sentence,
    ):
        assert "class 1001" in text
        assert not re.search(r"(?<!class )\b100\d\b", text), text


def test_single_samples_are_judged_by_the_retrained_model() -> None:
    assert forgotten(60.0, 59.0, single=True)
    assert not forgotten(62.0, 59.0, single=True)
    assert forgotten(60.0, None, single=True) is None
    assert forgotten(2.0)
    assert not forgotten(2.1)


# Several methods, over one or more seeds.


def runs(seeds: int, **kept: tuple[float, float]) -> list[MethodRun]:
    """Runs of methods (with _ for -) that keep and forget these shares, over so many seeds."""
    return [
        run_of(made_up(seed, right, forget, method=method.replace("_", "-")), None)
        for method, (right, forget) in kept.items()
        for seed in range(10, 10 + seeds)
    ]


FIELDS = [
    runs(seeds, unsc=unsc, random_labels=(0.7, 0.0), fisher=(0.97, 0.0), scrub=scrub)
    for seeds, unsc, scrub in product(
        (1, 3), ((0.95, 0.0), (0.95, 0.3), (0.6, 0.0)), ((0.95, 0.0), (0.99, 0.5))
    )
]
TITLES = {standings.name(method): method for method in METHODS}


def of(field: list[MethodRun], method: str, measure: str = "acc_retain") -> np.ndarray:
    return np.array(
        [run.measures["unlearned"][measure] for run in field if run.method == method], float
    )


def interval_holds_zero(differences: np.ndarray) -> bool:
    from scipy import stats

    low, high = stats.t.interval(
        0.95, len(differences) - 1, loc=differences.mean(), scale=stats.sem(differences)
    )
    return low <= 0 <= high


@pytest.mark.parametrize("field", FIELDS, ids=range(len(FIELDS)))
def test_a_conclusion_claims_what_the_numbers_carry(field: list[MethodRun]) -> None:
    text, one_seed = standings.conclusion(field), len({run.seed for run in field}) == 1
    gone = {method for method in METHODS if (of(field, method, "acc_forget") <= 2).all()}
    assert ("UNSC forgets" in text) == ("unsc" in gone)
    assert (ONE_SEED in text) == one_seed
    assert "±" not in text or not one_seed
    if "unsc" not in gone:
        assert not any(words in text for words in ("keeps", "Tied", "less"))
        return
    for sentence in text.split(". "):
        named = [
            method for title, method in TITLES.items() if title in sentence and method != "unsc"
        ]
        ahead = {method: of(field, method) - of(field, "unsc") for method in named}
        if sentence.startswith("Tied with UNSC"):
            assert named
            assert all(
                abs(one.mean()) < 0.05 or (not one_seed and interval_holds_zero(one))
                for one in ahead.values()
            )
        elif "points more of Acc_r" in sentence:
            assert set(named) <= gone
            assert all(one.mean() > 0 for one in ahead.values())
            assert one_seed or not any(interval_holds_zero(one) for one in ahead.values())
        elif " less" in sentence:
            assert set(named) <= gone
            assert all(one.mean() < 0 for one in ahead.values())
        elif "not forget" in sentence:
            assert not set(named) & gone


@pytest.mark.parametrize("field", FIELDS, ids=range(len(FIELDS)))
@pytest.mark.parametrize("most", [0, 2, 30])
def test_nothing_is_best_that_did_not_come_down(field: list[MethodRun], most: int) -> None:
    text, one_seed = (
        equal_forgetting(field, most, LIGHT).sentence,
        len({run.seed for run in field}) == 1,
    )
    down = {method for method in METHODS if (of(field, method, "acc_forget") <= most).all()}
    assert ("not low enough to count" in text) == (most > 2 and bool(down))
    assert (ONE_SEED in text) == (one_seed and len(down) > 1)
    if found := re.search(r", ([^,]+?) has the highest Acc_r, [\d.]+ %(, tied with)?", text):
        best = TITLES[found[1]]
        assert best in down
        assert of(field, best).mean() == pytest.approx(
            max(of(field, method).mean() for method in down)
        )
        if not found[2] and not one_seed:
            assert not any(
                interval_holds_zero(of(field, best) - of(field, method)) for method in down - {best}
            )


@pytest.mark.parametrize("field", FIELDS, ids=range(len(FIELDS)))
def test_the_largest_loss_is_the_largest(field: list[MethodRun]) -> None:
    picture = change_map(field, NAMES, [c for c in range(CLASSES) if c != FORGET], LIGHT)
    means = {
        method: np.mean([run.change["unlearned"] for run in field if run.method == method], axis=0)
        for method in METHODS
    }
    worst = min(float(np.delete(change, FORGET).min()) for change in means.values())
    assert numbers_in(picture.sentence)[0] == pytest.approx(-worst, abs=0.051)
    raised = int((np.delete(means["unsc"], FORGET) > 0.05).sum())
    assert f"UNSC raises {raised} of {CLASSES - 1} retained classes" in picture.sentence
    assert ("lowers none" in picture.sentence) == (np.delete(means["unsc"], FORGET).min() >= -0.05)
