"""Sentences on screen against their numbers: claims about made-up runs of every kind, recounted."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from unsc_core.analysis.claims import Forgetting, Outcome, forgetting, forgotten, outcome
from unsc_core.analysis.comparison import MethodRun, run_of
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.experiment.result import Predictions, Result
from unsc_core.figures import standings
from unsc_core.figures.accuracy import change_per_class
from unsc_core.figures.accuracy_plane import plane
from unsc_core.figures.change_map import change_map
from unsc_core.figures.confusion import difference
from unsc_core.figures.decision_space import sentence, space
from unsc_core.figures.equal_forgetting import equal_forgetting
from unsc_core.figures.ladder import ladder
from unsc_core.figures.logits import logits
from unsc_core.figures.phrases import ONE_SEED, altered, class_titles, run_title
from unsc_core.figures.summary_table import text_table
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
    whole = {outcome(summary(result)) for result in CASES}
    rare = {Outcome.TOO_FEW, Outcome.NOTHING}  # these have tests of their own
    assert whole == set(Outcome) - {Outcome.UNDECIDED, Outcome.OVERSHOT} - rare
    single = {outcome(summary(result), len(IDS)) for result in SINGLE}
    assert single == set(Outcome) - {Outcome.CALIBRATED} - rare


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
    counts = re.findall(
        r"(\w+) gains? and (\w+) loses? at least half a point",
        (picture := difference(result, "test", True, LIGHT)).sentence,
    )[0]
    expected = [sum(sign * c > 0.00499 for c in change) for sign in (1, -1)]
    assert [0 if count == "none" else int(count) for count in counts] == expected
    (written,) = (trace.text for trace in picture.figure.select_traces({"mode": "text"}))
    cells = [written[c * CLASSES + c] for c in range(CLASSES) if c != FORGET]
    assert [sum(cell.startswith(sign) for cell in cells) for sign in "+−"] == expected
    said, mean = change_per_class([result], LIGHT).sentence, 100 * float(np.mean(change))
    words = "left Acc_r as it was" if abs(mean) < 0.05 else "raised" if mean > 0 else "lowered"
    assert re.findall("raised|lowered|left Acc_r as it was", said) == [words]
    assert numbers_in(said) == pytest.approx([abs(mean)] if abs(mean) >= 0.05 else [], abs=0.051)


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
        str(difference(result, "test", True, LIGHT).figure.layout.title.text),
        change_per_class([result], LIGHT).figure.data[0].name,
        change_per_class([result], LIGHT).sentence,
        standings.table([run_of(result, None)])["Method"][-1],
    ]
    assert all(("edited labels" in title) == edited for title in titles), titles


def test_the_maps_of_two_methods_have_titles_of_their_own() -> None:
    everywhere = {name: np.zeros((len(LABELS), 2), np.float32) for name in CASES[0].models}
    titles = {
        space(
            replace(CASES[0], config=replace(CASES[0].config, method=method)),
            "unlearned",
            everywhere,
            np.arange(len(LABELS)),
            LIGHT,
        ).figure.layout.title.text
        for method in ("unsc", "random-labels")
    }
    assert titles == {"After: UNSC", "After: Random labels"}


def test_what_is_altered_and_what_is_not() -> None:
    plain = ExperimentConfig()
    assert plain.alterations == ()
    assert replace(
        plain, edits=("1>2",), energy_thresholds=(0.9, 0.8), checkpoint="w.pt"
    ).alterations == ("edited labels", "γ per layer", "user-supplied weights")
    assert replace(plain, method="null-space-erasure", strength=0.0).alterations == ("strength 0",)
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
    for text in (comparison(result, other), difference(result, "test", True, LIGHT).sentence):
        assert "class 1001" in text
        assert not re.search(r"(?<!class )\b100\d\b", text), text


def test_single_samples_are_judged_by_the_retrained_model() -> None:
    states = {
        (60.0, 59.0): Forgetting.DONE,
        (61.0, 59.0): Forgetting.DONE,
        (57.0, 59.0): Forgetting.DONE,
        (61.1, 59.0): Forgetting.MORE,
        (56.9, 59.0): Forgetting.FEWER,
        (0.0, 59.0): Forgetting.FEWER,
        (60.0, None): Forgetting.UNKNOWN,
        (None, 59.0): Forgetting.UNKNOWN,
    }
    assert {pair: forgetting(*pair, samples=1000) for pair in states} == states
    for n in (12, 49, 50):  # one sample of a few is no difference, two are
        shares = [100 * (n // 2 + more) / n for more in (-2, -1, 0, 1, 2)]
        same = [Forgetting.DONE] * 3
        found = [forgetting(share, shares[2], samples=n) for share in shares]
        assert found == [Forgetting.FEWER, *same, Forgetting.MORE]
    from scipy.stats import fisher_exact

    for n in range(1, 10):  # of fewer than ten, only as many are alike, and few tell nothing
        for mine, goal in product(range(n + 1), repeat=2):
            chance = fisher_exact([[mine, n - mine], [goal, n - goal]]).pvalue > 0.05
            apart = Forgetting.MORE if mine > goal else Forgetting.FEWER
            expected = Forgetting.TOO_FEW if chance else apart
            found = forgetting(100 * mine / n, 100 * goal / n, samples=n)
            assert found is (Forgetting.DONE if mine == goal else expected), (mine, goal, n)
    assert [forgotten(value) for value in (2.0, 2.1, 0.0, None)] == [True, False, True, None]
    assert forgetting(2.0, 59.0) is Forgetting.DONE  # the retrained counts for samples only


IDS = tuple(range(FORGET * EACH, FORGET * EACH + 50))


def recognising(rng: np.random.Generator, right: float, count: int) -> Predictions:
    """A model with this accuracy on everything else, which recognises `count` of the samples."""
    model = answering(rng, right, right)
    train = model.test.copy()
    train[list(IDS)] = 0
    train[list(IDS[:count]), FORGET] = 1
    train[list(IDS[count:]), 4] = 1
    return Predictions(model.test, train)


def sampled(
    seed: int,
    right: float,
    left: int,
    goal: int | None,
    before: int = 49,
    method: str = "unsc",
    ids: tuple[int, ...] = IDS,
) -> Result:
    """One run on samples: of them, `left` are recognised, and `goal` by the retrained model."""
    rng = np.random.default_rng(seed)
    config = ExperimentConfig(
        "made up", "mlp", (), forget_ids=ids, method=method, seed=seed, energy_threshold=0.96
    )
    return Result(
        config,
        f"{seed}-{right}-{left}-{goal}-{before}-{method}",
        split(DATA, (), ids),
        recognising(rng, 0.9, before),
        recognising(rng, right, left),
        None if goal is None else recognising(rng, 0.93, goal),
        np.full(len(ids), 3),
    )


SINGLE = [
    sampled(seed, right, left, goal, before)
    for seed, (right, left, (goal, before)) in enumerate(
        product(
            (0.97, 0.9, 0.6),
            (0, 29, 30, 31, 32, 45),
            ((30, 49), (45, 45), (0, 49), (50, 49), (None, 49)),
        )
    )
]
SINGLE.append(replace(SINGLE[0], unlearned=SINGLE[0].original))  # nothing was done
KEPT = replace(SINGLE[0], key="as before", unlearned=recognising(np.random.default_rng(0), 0.9, 30))
SINGLE.append(replace(KEPT, original=Predictions(KEPT.unlearned.test, KEPT.original.train)))


@pytest.mark.parametrize("result", SINGLE[::5], ids=lambda result: result.key)
def test_percentages_of_single_samples_count_all_of_them(result: Result) -> None:
    rows = np.array(result.split.forget_ids)
    for model, answers in result.models.items():
        said = sentence(result, model, "train")
        found = answers.of("train")[rows].argmax(1)
        shares = re.findall(r"(\d+)\u00a0% of[^%;]*? as (\w+)|and (\d+)\u00a0% as (\w+)", said)
        for first, name, second, also in shares:
            share = 100 * np.mean(found == NAMES.index(name or also))
            assert int(first or second) == pytest.approx(share, abs=0.51)
        if model != "original":
            assert len(shares) == min(2, len(set(found.tolist())))


def recognised(answers: Predictions | None) -> float | None:
    """How many of the samples, in percent, counted plainly."""
    if answers is None or answers.train is None:
        return None
    rows = list(IDS)
    return 100 * float(np.mean(answers.train.argmax(1)[rows] == LABELS[rows]))


def over_all_classes(answers: Predictions) -> float:
    found = answers.test.argmax(1)
    return float(np.mean([100 * np.mean(found[c == LABELS] == c) for c in range(CLASSES)]))


def compared(result: Result) -> str:
    """How the samples that are recognised compare with the retrained model's: a word."""
    mine, goal = recognised(result.unlearned), recognised(result.retrained)
    if mine is None or goal is None:
        return "unknown"
    if abs(mine - goal) < 2.01:
        return "as many"
    return "more" if mine > goal else "fewer"


@pytest.mark.parametrize("pair", list(zip(SINGLE[::7], SINGLE[::-6], strict=False)))
def test_two_runs_on_samples_are_compared_with_the_retrained(pair: tuple[Result, Result]) -> None:
    text, words = comparison(*pair), [compared(result) for result in pair]
    found = re.findall(r"recognises (about as many|more|fewer) samples (?:as|than) the ret", text)
    expected = [] if "unknown" in words else [w.replace("as m", "about as m") for w in words]
    assert found == expected
    assert ("not known yet" in text) == ("unknown" in words)
    assert "not forget" not in text


def test_the_printed_table_names_what_acc_f_of_samples_is_counted_on() -> None:
    def first_line(result: Result) -> str:
        numbers = summary(result)
        return text_table({"seeds": [numbers], "mean": numbers, "interval": {}}).splitlines()[0]

    assert first_line(CASES[0]) == "one seed, test split"
    sample = first_line(SINGLE[0])
    assert sample == "one seed, test split; Acc_f and agreement on the training samples to forget"


# Several methods, over one or more seeds.


def runs(seeds: int, **kept: tuple[float, float]) -> list[MethodRun]:
    """Runs of methods (with _ for -) that keep and forget these shares, over so many seeds."""
    return [
        run_of(made_up(seed, right, forget, method=method.replace("_", "-")), None)
        for method, (right, forget) in kept.items()
        for seed in range(10, 10 + seeds)
    ]


def recorded(field: list[MethodRun]) -> list[MethodRun]:
    """These runs as they are once their epochs are recorded."""
    return [replace(run, path=replace(run.path, recorded=True)) for run in field]


FIELDS = [
    runs(seeds, unsc=unsc, random_labels=(0.7, 0.0), fisher=(0.97, 0.0), scrub=scrub)
    for seeds, unsc, scrub in product(
        (1, 3), ((0.95, 0.0), (0.95, 0.3), (0.6, 0.0)), ((0.95, 0.0), (0.99, 0.5))
    )
]
TITLES = {standings.name(method): method for method in METHODS}


def numbered(text: str, pattern: str) -> tuple[float, float]:
    """The lowest and the highest of "0.4 to 2.4" or "2.4" after a pattern."""
    found = re.search(pattern + r" (?:(\d+\.\d) to )?(\d+\.\d)", text)
    assert found is not None, text
    return float(found[1] or found[2]), float(found[2])


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
    assert len(re.findall(r"\.(?: |$)", text)) <= 2
    gone = {method for method in METHODS if (of(field, method, "acc_forget") <= 2).all()}
    assert ("UNSC forgets" in text) == ("unsc" in gone)
    assert "±" not in text or not one_seed
    acc_forget = of(field, "unsc", "acc_forget")
    assert numbered(text, "Acc_f") == pytest.approx((acc_forget.min(), acc_forget.max()), abs=0.051)
    assert ("UNSC does not forget" in text) == bool((acc_forget > 2).all())
    assert ("UNSC does not always forget" in text) == (
        acc_forget.max() > 2 and acc_forget.min() <= 2
    )
    verdicts = standings.table(field)["Verdict"]
    ranked = any(" UNSC (" in verdict for verdict in verdicts)
    assert ranked == ("unsc" in gone)
    if "unsc" not in gone:
        assert not any(words in text for words in ("keep", "tied", "less"))
        return
    assert ("one seed, which cannot tell small differences from chance" in text) == one_seed
    beyond = of(field, "unsc", "added")
    carried = abs(beyond.mean()) >= 0.05 and (one_seed or not interval_holds_zero(beyond))
    assert ("more of Acc_r than the mask" in text) == (carried and beyond.mean() > 0)
    assert ("less of Acc_r than the mask" in text) == (carried and beyond.mean() < 0)
    second = text.partition(". ")[2]
    ahead = {m: of(field, m) - of(field, "unsc") for m in gone - {"unsc"}}
    tied = {
        method
        for method, one in ahead.items()
        if abs(one.mean()) < 0.05 or (not one_seed and interval_holds_zero(one))
    }
    more = {method for method, one in ahead.items() if one.mean() > 0} - tied
    counts = (
        (r"keeps? more", len(more)),
        (r"(?:is|are) tied", len(tied)),
        (r"keeps? less", len(ahead) - len(tied) - len(more)),
        (r"do(?:es)? not forget", len(METHODS) - 1 - len(ahead)),
    )
    for words, count in counts:
        said = re.search(rf"(\d+) (?:(?:of 3 )?others )?{words}", second)
        assert int(said[1] if said else 0) == count, words
    if more:
        best = max(more, key=lambda method: ahead[method].mean())
        named = re.search(r"\((?:most of all )?([^,]+), \+(\d+\.\d)", second)
        assert named is not None
        assert TITLES[named[1]] == best
        assert float(named[2]) == pytest.approx(ahead[best].mean(), abs=0.051)


def test_a_verdict_says_whether_it_is_so_with_every_seed() -> None:
    field = runs(3, unsc=(0.95, 0.0), scrub=(0.95, 0.3)) + [
        run_of(made_up(10 + i, 0.95, share, method="fisher"), None)
        for i, share in enumerate((0.0, 0.3, 0.0))
    ]
    table = standings.table(field)
    verdicts = dict(zip(table["Method"], table["Verdict"], strict=True))
    for method, words in (("scrub", "does not forget"), ("fisher", "does not always forget")):
        verdict, acc_forget = verdicts[standings.name(method)], of(field, method, "acc_forget")
        assert verdict.startswith(f"{words} (Acc_f ")
        told = numbered(verdict, "Acc_f")
        assert told == pytest.approx((acc_forget.min(), acc_forget.max()), abs=0.051)
    assert standings.conclusion(field).endswith("2 of 2 others do not forget.")


@pytest.mark.parametrize("field", FIELDS, ids=range(len(FIELDS)))
@pytest.mark.parametrize("most", [0, 2, 30])
def test_nothing_is_best_that_did_not_come_down(field: list[MethodRun], most: int) -> None:
    text, one_seed = (
        equal_forgetting(field, most, LIGHT).sentence,
        len({run.seed for run in field}) == 1,
    )
    down = {method for method in METHODS if (of(field, method, "acc_forget") <= most).all()}
    assert ("2\u00a0% or less counts as forgotten" in text) == (most > 2 and bool(down))
    assert (ONE_SEED in text) == (one_seed and len(down) > 1)
    for when, expected in (
        (r"with every seed", {m for m in METHODS if is_down(field, m, most).any()} - down),
        (r"in any recorded epoch", {m for m in METHODS if not is_down(field, m, most).any()}),
    ):
        said = re.search(rf"(?:†|;) ([^;†]*?) do(?:es)? not get so low {when}", text)
        assert {m for title, m in TITLES.items() if said and title in said[1]} == expected
    pattern = r", ([^,]+?) has the highest (?:mean )?Acc_r, [\d.]+\u00a0%(, tied with)?"
    assert bool(re.search(pattern, text)) == (len(down) > 1)
    if found := re.search(pattern, text):
        best = TITLES[found[1]]
        assert best in down
        assert of(field, best).mean() == pytest.approx(
            max(of(field, method).mean() for method in down)
        )
        ahead = {m: of(field, best) - of(field, m) for m in down - {best}}
        if not found[2] and not one_seed:
            assert not any(interval_holds_zero(one) for one in ahead.values())
        for number, title in re.findall(
            r"(\d+\.\d)(?: ± [\d.]+)? points ahead of ([A-Za-z ]+)", text
        ):
            method = TITLES[title.removesuffix(" and ").strip()]
            assert float(number) == pytest.approx(ahead[method].mean(), abs=0.051)


def is_down(field: list[MethodRun], method: str, most: float) -> np.ndarray:
    return of(field, method, "acc_forget") <= most


@pytest.mark.parametrize("field", FIELDS, ids=range(len(FIELDS)))
def test_what_falls_lowest_falls_lowest(field: list[MethodRun]) -> None:
    text, seeds = plane(recorded(field), LIGHT).sentence, len({run.seed for run in field})
    assert (f"averaged over {seeds} seeds" in text) == (seeds > 1)
    begin = np.mean([run.measures["original"]["acc_retain"] for run in field])
    ends = {method: of(field, method).mean() for method in METHODS}
    falls = {method: end for method, end in ends.items() if end <= begin - 0.05}
    if not falls:
        assert text.endswith("Acc_r never falls below the original's.")
        return
    lowest = re.search(r", ([^,]+?) falls lowest, to Acc_r (\d+\.\d)\u00a0%", text)
    assert lowest is not None
    assert TITLES[lowest[1]] == min(falls, key=lambda method: falls[method])
    assert float(lowest[2]) == pytest.approx(min(falls.values()), abs=0.051)
    assert ("UNSC does not fall" in text) == ("unsc" not in falls)
    if own := re.search(r"; UNSC falls to (\d+\.\d)", text):
        assert float(own[1]) == pytest.approx(falls["unsc"], abs=0.051)


def test_nothing_is_said_to_fall_where_all_gain() -> None:
    field = runs(1, unsc=(0.97, 0.0), scrub=(0.99, 0.0))
    assert plane(recorded(field), LIGHT).sentence == (
        "In the recorded epochs, Acc_r never falls below the original's."
    )


def test_whose_epochs_are_recorded_is_said() -> None:
    unsc, careless = runs(1, unsc=(0.97, 0.0), random_labels=(0.7, 0.0))
    assert plane([*recorded([unsc]), careless], LIGHT).sentence == (
        "In the recorded epochs of UNSC, Acc_r never falls below the original's."
    )


def test_of_epochs_that_were_not_recorded_nothing_is_said() -> None:
    unsc, careless = runs(1, unsc=(0.97, 0.0), random_labels=(0.7, 0.0))
    assert plane([unsc, careless], LIGHT).sentence == "No epochs are recorded yet."
    text = plane([*recorded([careless]), unsc], LIGHT).sentence
    assert text.startswith("In its recorded epochs, Random labels falls to Acc_r")
    assert "UNSC" not in text
    (fisher,) = runs(1, fisher=(0.97, 0.0))  # it has none, as it works in one step
    assert plane([unsc, *recorded([fisher])], LIGHT).sentence == "No epochs are recorded yet."


@pytest.mark.parametrize("field", FIELDS, ids=range(len(FIELDS)))
def test_the_largest_loss_is_the_largest(field: list[MethodRun]) -> None:
    picture = change_map(field, NAMES, [c for c in range(CLASSES) if c != FORGET], LIGHT)
    means = {
        method: np.mean([run.change["unlearned"] for run in field if run.method == method], axis=0)
        for method in METHODS
    }
    losses = {
        (standings.name(method), NAMES[c]): -float(change[c])
        for method, change in means.items()
        for c in range(CLASSES)
        if c != FORGET
    }
    said = re.search(r"loss: ([\w ]+) takes ([\d.]+) points from (\w+)", picture.sentence)
    assert said is not None
    assert float(said[2]) == pytest.approx(max(losses.values()), abs=0.051)
    assert losses[said[1], said[3]] == pytest.approx(max(losses.values()), abs=0.051)
    seeds = len({run.seed for run in field})
    assert (f"Changes are averaged over {seeds} seeds." in picture.sentence) == (seeds > 1)
    first = (CLASSES - 1) * picture.table["method"].index("UNSC")
    shown = picture.figure.data[1].text[first : first + CLASSES - 1]
    raised, lowered = (sum(cell[0] == sign for cell in shown) for sign in "+−")
    change = np.delete(means["unsc"], FORGET)
    assert (raised, lowered) == ((change > 0.4999).sum(), (change < -0.4999).sum())
    raises = f"raises {raised or 'none'} of {CLASSES - 1} retained classes"
    lowers = f"lowers {lowered or 'none'}."
    assert f"By at least half a point, UNSC {raises} and {lowers}" in picture.sentence


def test_a_single_retained_class_is_no_plural() -> None:
    others = tuple(c for c in range(CLASSES) if c)
    result = replace(CASES[0], split=split(DATA, others), unlearned=CASES[0].original, key="one")
    told = difference(result, "test", True, LIGHT).sentence
    assert told.endswith("left the accuracy of the only retained class as it was.")
    changed = difference(
        replace(CASES[0], split=split(DATA, others), key="two"), "test", True, LIGHT
    )
    assert "; of 1 retained class, " in changed.sentence
    assert "of 1 retained class and lowers" in change_map(FIELDS[0], NAMES, [0], LIGHT).sentence


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_axes_of_percent_end_at_0_and_100(right: float) -> None:
    field = runs(3, unsc=(right, 0.0), scrub=(right, 0.0))
    for run in field:
        run.measures["unlearned"]["acc_retain"] = 100 * right
        for model in ("original", "mask", "retrained"):
            run.measures[model]["acc_retain"] = 100 * right
        run.path.acc_retain[:] = 100 * right
    windows = (
        (plane(field, LIGHT).figure.layout.yaxis.range, 0.0),
        (ladder(field, ["unsc", "scrub"], LIGHT).figure.layout.xaxis.range, 0.05),
    )
    for (low, high), share in windows:
        room = share * (high - low)  # for marks: too little for another tick
        assert -room <= low < high <= 100 + room
        assert low <= 100 * right <= high


# Several methods on single samples.


def field_of_samples(
    goal: int | None, ids: tuple[int, ...] = IDS, **left: tuple[int, ...]
) -> list[MethodRun]:
    """Runs of methods, of whose samples so many are left with each seed."""
    return [
        run_of(sampled(seed, 0.95, n, goal, method=method.replace("_", "-"), ids=ids), None)
        for method, counts in left.items()
        for seed, n in enumerate(counts)
    ]


def test_methods_on_samples_are_judged_by_the_retrained() -> None:
    field = field_of_samples(
        30, unsc=(30, 31), random_labels=(10, 12), fisher=(45, 30), scrub=(10, 49), salun=(29, 30)
    )
    table = standings.table(field)
    verdicts = dict(zip(table["Method"], table["Verdict"], strict=True))
    than = "samples than the retrained model"
    goal = "retrained 60.0\u00a0%)"
    assert verdicts["Random labels"] == f"fewer {than} (Acc_f 20.0 to 24.0\u00a0%)"
    more = f"more {than} with some seed (Acc_f 60.0 to 90.0\u00a0%)"
    assert verdicts["Fisher forgetting"] == more
    assert verdicts["SCRUB"] == f"fewer or more {than} (Acc_f 20.0 to 98.0\u00a0%)"
    assert re.match(r"(above|tied with|below) UNSC \(", verdicts["SalUn"])
    assert "Mask" not in verdicts
    text = standings.conclusion(field)
    done = "Over 2 seeds, UNSC recognises about as many samples as the retrained model"
    assert text.startswith(f"{done} (Acc_f 60.0 to 62.0\u00a0%, {goal}")
    assert "of 4 others" in text
    assert text.endswith("3 do not recognise as many samples.")
    assert "forget" not in text
    assert "mask" not in text.lower()


def test_of_one_sample_nothing_is_claimed_by_chance() -> None:
    field = field_of_samples(1, IDS[:1], unsc=(0,), random_labels=(1,), scrub=(0,))
    table = standings.table(field)
    verdicts = dict(zip(table["Method"], table["Verdict"], strict=True))
    assert verdicts["◆ UNSC"] == verdicts["SCRUB"] == "too few to tell (Acc_f 0.0\u00a0%)"
    assert verdicts["Random labels"] == "as the retrained model"
    assert standings.conclusion(field) == (
        "In this single run, UNSC cannot be compared with the retrained model on only 1 sample "
        "(Acc_f 0.0\u00a0%, retrained 100.0\u00a0%)."
    )
    equal = field_of_samples(1, IDS[:1], unsc=(1,), random_labels=(1,), scrub=(0,))
    text = standings.conclusion(equal)
    assert text.startswith("In this single run, UNSC recognises as many samples as the retrained")
    assert "of 2 others" in text
    assert text.endswith("1 cannot be compared on so few samples.")
    sentence_at = equal_forgetting(equal, 2, LIGHT).sentence
    assert sentence_at.startswith("With Acc_f equal to the retrained model's,")
    assert "† SCRUB does not get so near in any recorded epoch" in sentence_at
    pair = [sampled(0, 0.95, left, 1, ids=IDS[:1]) for left in (0, 1)]
    told = comparison(pair[0], replace(pair[1], key="other"))
    assert "cannot be compared with the retrained model on only 1 sample and B" in told
    assert "recognises as many samples as the retrained model" in told


def test_seeds_together_may_tell_what_one_cannot() -> None:
    field = field_of_samples(1, IDS[:1], unsc=(0, 0, 0), random_labels=(0, 1, 1), scrub=(1, 1, 1))
    table = standings.table(field)
    verdicts = dict(zip(table["Method"], table["Verdict"], strict=True))
    assert verdicts["◆ UNSC"] == "fewer samples than the retrained model (Acc_f 0.0\u00a0%)"
    assert verdicts["Random labels"] == "too few to tell (Acc_f 0.0 to 100.0\u00a0%)"
    assert verdicts["SCRUB"] == "as the retrained model"
    text = standings.conclusion(field)
    assert text.startswith("Over 3 seeds, UNSC recognises fewer samples than the retrained model")


def test_doing_nothing_to_samples_is_no_success() -> None:
    field = field_of_samples(49, unsc=(49,))
    assert "but so does the original: Acc_f cannot tell" in standings.conclusion(field)
    assert "the original" not in standings.conclusion(field_of_samples(30, unsc=(30,)))
    too_few = standings.conclusion(field_of_samples(30, unsc=(0,)))
    assert "UNSC recognises fewer samples than the retrained model" in too_few
    assert "can be a trace as well" in too_few
    assert "A lower γ" in standings.conclusion(field_of_samples(30, unsc=(49,)))
    assert "is known once" in standings.conclusion(field_of_samples(None, unsc=(30,)))


def test_samples_are_compared_where_acc_f_is_nearest_to_the_retrained() -> None:
    field = field_of_samples(30, unsc=(30, 31), scrub=(10, 10), fisher=(30, 10))
    text = equal_forgetting(field, 2, LIGHT).sentence
    assert text.startswith("With Acc_f within 2 points of the retrained model's, UNSC has a mean")
    assert "Fisher forgetting does not get so near with every seed" in text
    assert "SCRUB does not get so near in any recorded epoch" in text
    none = equal_forgetting(field_of_samples(20, unsc=(30,)), 2, LIGHT).sentence
    assert none.startswith("No method gets Acc_f within 2 points of the retrained model's. † UNSC")
    picture = plane(field, LIGHT)
    assert "nearer to ★ is better" in picture.figure.layout.xaxis.title.text
    assert "right is better" in plane(FIELDS[0], LIGHT).figure.layout.xaxis.title.text


@pytest.mark.parametrize(("mine", "by_chance"), [(60.0, True), (20.0, False)])
def test_fewer_samples_may_be_chance_with_one_seed(mine: float, by_chance: bool) -> None:
    measures = {
        name: {"acc_forget": value, "acc_retain": 90.0}
        for name, value in (("original", 100.0), ("unlearned", mine), ("retrained", 70.0))
    }
    run = replace(
        runs(1, unsc=(0.95, 0.0))[0],
        measures=measures,
        samples=30,
        forgetting=forgetting(mine, 70.0, 30),
    )
    assert run.forgetting is Forgetting.FEWER
    text = standings.conclusion([run])
    assert "recognises fewer samples than the retrained model" in text
    assert ("which may be chance" in text) == by_chance
    assert ("a higher γ" in text) != by_chance  # there may be nothing to change
    both = standings.conclusion([run, replace(run, seed=11)])
    assert "which may be chance" not in both  # the same twice is less likely


def test_logits_that_nothing_moved_are_not_said_to_rise_or_fall() -> None:
    result, rows = made_up(0, 0.9, 0.0), np.arange(3)
    still = replace(result, unlearned=result.original)
    text = logits(still, rows, "test", LIGHT).sentence
    assert text == "For these 3 samples, every logit stayed as it was."
    assert "rose most" in logits(result, rows, "test", LIGHT).sentence
