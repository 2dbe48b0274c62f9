"""The figures of the audits: what they draw and say, on numbers whose answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conftest import blobs
from unsc_core.audits import AUDITS
from unsc_core.audits.entry import NETWORKS, RELEARNED_IMAGES, Outcome
from unsc_core.audits.excess import over_seeds
from unsc_core.audits.verdict import NO, UNKNOWN, YES
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.figures.audit_depth import depth
from unsc_core.figures.audit_membership import LIMIT, _confidences, _sentence, log_odds, membership
from unsc_core.figures.audit_relearning import by_images, race
from unsc_core.figures.audit_scores import scores
from unsc_core.figures.audit_table import HEADS, NOTES, columns
from unsc_core.figures.audit_values import audit_values
from unsc_core.figures.audit_words import excess, headline, sentence, written
from unsc_core.figures.theme import DARK, LIGHT, method_colour

REMEMBER, RETRAINED = [70.0, 69.0, 71.0], [46.0, 47.0, 45.0]
STEPS = ("0", "10", "100")


def audited(
    unlearned: list[float], name: str = "linear-probe", details: Any = None, **others: Any
) -> dict[str, Any]:
    """One audit over seeds; `details` gives the detail of an outcome from its value."""
    values = {"original": REMEMBER, "mask": REMEMBER, "retrained": RETRAINED, **others}
    values["unlearned"] = unlearned
    detail = details or (lambda value: {})
    return over_seeds(
        AUDITS[name],
        {n: [Outcome(v, detail(v)) for v in values[n][: len(unlearned)]] for n in NETWORKS},
    )


def layered(value: float) -> dict[str, Any]:
    return {
        "layers": {"1": 20.0, "2": value - 30, "4": value},
        "scores": {
            "edges": [-1.0, 0.0, 1.0],
            "forget": [30, 10],
            "retain": [55, 5],
            "each": [-0.5, value / 100, 7.0],
        },
    }


def relearned(value: float) -> dict[str, Any]:
    images = {"1": value / 3, "5": value}
    curve = (value if value in REMEMBER else 0.0, value / 2, value)
    return {"whole": images, "head": images, "steps": dict(zip(STEPS, curve, strict=True))}


LEFT = audited([66.0, 67.5, 65.0], details=layered)
GONE = audited([46.5, 46.8, 45.2], details=layered)
RELEARNED = audited([66.0, 67.5, 65.0], "relearning", relearned)


@pytest.mark.parametrize(
    ("audit", "parts"),
    [
        (LEFT, ("66.2\u00a0%", "46.0\u00a0%", "+20.2\u00a0points", "More is left than")),
        (GONE, ("+0.2\u00a0points", "No more is left than", "more than 2.8\u00a0points.")),
        (audited([30.0, 31.0, 29.0]), ("−16.0\u00a0points", "No more", "a trace as well.")),
        (audited([46.0, 70.0, 40.0]), ("too wide",)),
        (audited([66.0]), ("+20.0\u00a0points.", "single seed")),
        (audited([66.0] * 3, original=RETRAINED, mask=RETRAINED), ("sees 0.50", "says nothing")),
        (
            audited(
                [0.4, 0.41, 0.42], "divergence", retrained=[0.1, 0.11, 0.12], original=[0.5] * 3
            ),
            ("another retraining 0.110\u00a0bits", "+0.300\u00a0bits", "Further from"),
        ),
    ],
)
def test_a_sentence_follows_from_the_numbers(audit: dict[str, Any], parts: tuple[str, ...]) -> None:
    found = sentence(audit)
    assert all(part in found for part in parts), found


def test_a_failed_audit_says_why() -> None:
    failed = over_seeds(AUDITS["cka"], {n: [Outcome(None, failed="Broken.")] for n in NETWORKS})
    assert sentence(failed) == "No value: Broken."
    picture = audit_values("cka", failed, "unsc", LIGHT)
    assert picture.sentence == "No value: Broken."
    assert written("cka", {"cka": failed}) == AUDITS["cka"].title


def test_the_verdict_names_an_audit_with_its_interval() -> None:
    low, high = (f"{LEFT['excess'][end]:+.1f}" for end in ("low", "high"))
    name = written("linear-probe", {"linear-probe": LEFT})
    assert name == f"Linear probe (+20.2\u00a0points, {low} to {high})"
    assert excess(LEFT).startswith("+20.2\u00a0points, 95\u00a0% interval +")


@pytest.mark.parametrize(
    ("gone", "part"),
    [
        ((NO, YES, UNKNOWN, NO), "by its answers and its memory"),
        ((YES, YES, YES, YES), "No audit that sees"),
        ((YES, UNKNOWN, UNKNOWN, UNKNOWN), "no trace of Shirt in the answers of"),
        ((UNKNOWN,) * 4, "cannot be told"),
    ],
)
def test_the_headline_follows_the_verdict(gone: tuple[str, ...], part: str) -> None:
    groups = ("answers", "logits", "features", "memory")
    found = {group: {"gone": one} for group, one in zip(groups, gone, strict=True)}
    assert part in headline(found, "Shirt", {})
    assert "Shirt" in headline(found, "Shirt", {})


def test_the_headline_does_not_call_less_than_in_the_retrained_no_trace() -> None:
    less = {"linear-probe": audited([30.0, 31.0, 29.0])}
    groups = ("answers", "logits", "features", "memory")
    for gone, rest in ((YES, ""), (UNKNOWN, "; for the rest they cannot tell")):
        found = {group: {"gone": gone} for group in groups} | {"features": {"gone": YES}}
        text = headline(found, "Shirt", less)
        assert text.endswith(f"but some find less, a trace as well{rest}.")


def test_values_have_a_dot_for_each_seed_a_mean_and_a_band() -> None:
    picture = audit_values("linear-probe", LEFT, "unsc", DARK)
    dots, means = picture.figure.data[::2], picture.figure.data[1::2]
    assert [list(trace.x) for trace in dots] == [LEFT[n]["values"] for n in NETWORKS]
    assert [trace.x[0] for trace in means] == [LEFT[n]["mean"] for n in NETWORKS]
    assert means[2].marker.color == method_colour("unsc", DARK)
    assert len({trace.marker.symbol for trace in means}) == 4
    (band,) = picture.figure.layout.shapes
    assert (band.x0, band.x1) == pytest.approx((44, 48))
    assert not audit_values("linear-probe", audited([66.0]), "unsc", DARK).figure.layout.shapes


def test_an_axis_shows_no_differences_that_rounding_hides() -> None:
    same = audited([69.0] * 3, original=[69.0] * 3, mask=[69.0] * 3, retrained=[69.0] * 3)
    picture = audit_values("linear-probe", same, "unsc", LIGHT)
    low, high = picture.figure.layout.xaxis.range
    assert high - low >= 1
    assert ": 0\u00a0points" in picture.sentence


def test_a_network_without_a_value_has_no_mean() -> None:
    partly = audited([66.0, 67.5, 65.0], mask=[None, None, None])
    traces = audit_values("linear-probe", partly, "unsc", LIGHT).figure.data
    assert [trace.y[0] for trace in traces if "mean" in trace.hovertemplate] == [
        "Original",
        "Unlearned",
        "Retrained",
    ]


@pytest.mark.parametrize("seeds", [1, 3])
def test_curves_have_the_same_band_around_the_retrained(seeds: int) -> None:
    left = audited([66.0, 67.5, 65.0][:seeds], details=layered)
    again = audited([66.0, 67.5, 65.0][:seeds], "relearning", relearned)
    for picture in (
        depth(left, "unsc", 4, LIGHT),
        race(again, "unsc", LIGHT),
        by_images(again, "whole", "unsc", LIGHT),
    ):
        bands = [trace for trace in picture.figure.data if trace.fill == "toself"]
        assert len(bands) == (seeds > 1)
        for band in bands:
            *_, retrained = picture.figure.data
            high, low = np.split(np.asarray(band.y, float), 2)
            assert high[-1] == pytest.approx(48)  # 46 ± 2 · 1
            assert low[::-1] == pytest.approx(2 * np.asarray(retrained.y) - high)


def test_relearning_names_the_images_that_its_value_comes_from() -> None:
    assert f"with {RELEARNED_IMAGES} samples of every class" in AUDITS["relearning"].measures
    assert f"{RELEARNED_IMAGES} samples of every class" in race(RELEARNED, "unsc", LIGHT).alt


def test_the_note_tells_what_is_left_from_distances() -> None:
    (note,) = (note for note in NOTES if note.startswith("Higher"))
    for audit in AUDITS.values():
        assert (audit.title in note) == audit.compares


def test_depth_names_the_layer_with_the_largest_gap() -> None:
    later = audited([50.0] * 3, details=lambda v: {"layers": {"1": 20.0, "2": 90.0 - v, "4": v}})
    assert "layer 4: 50.0\u00a0% against 46.0\u00a0%" in depth(later, "unsc", 4, LIGHT).sentence
    below = audited([40.0] * 3, details=layered)
    assert "In no layer" in depth(below, "unsc", 4, LIGHT).sentence
    table = depth(LEFT, "unsc", 4, LIGHT).table
    assert table["layer"] == [2, 3, 4]
    assert table["Unlearned"][-1] == pytest.approx(LEFT["unlearned"]["mean"])


def test_scores_are_shares_of_the_samples() -> None:
    picture = scores(LEFT, "Shirt", LIGHT)
    assert picture.table["Unlearned, forget %"].tolist() == [75, 25]
    assert sum(picture.table["Retrained, retain %"]) == pytest.approx(100)
    assert "66.2\u00a0% in the unlearned" in picture.sentence


def test_selected_samples_have_ticks_at_their_scores() -> None:
    at = np.array([1, 2])
    picture = scores(LEFT, "Shirt", LIGHT, (at, np.array([17, 40])))
    ticks = [trace for trace in picture.figure.data if trace.name == "selected"]
    assert [tick.x.tolist() for tick in ticks] == [[0.7, 1.0], [0.66, 1.0], [0.46, 1.0]]
    assert list(ticks[0].text) == ["#17", "#40"]


def test_the_race_grows_step_by_step_to_the_whole_curves() -> None:
    picture = race(RELEARNED, "unsc", LIGHT)
    frames = picture.figure.frames
    assert [frame.name for frame in frames] == list(STEPS)
    for i, frame in enumerate(frames):
        for trace, data in zip(frame.traces, frame.data, strict=True):
            whole = picture.figure.data[trace]
            assert list(data.y) == list(whole.y[: i + 1])
    assert "66.2\u00a0%" in picture.sentence
    for value, when in (
        (66.0, "after at most 100 steps"),
        (99.0, "after at most 10 steps"),
        (30.0, "later, if at all,"),
    ):
        found = race(audited([value] * 3, "relearning", relearned), "unsc", LIGHT).sentence
        assert f"35.0\u00a0%, is there {when} in the unlearned" in found
        assert "after at most 100 steps in the retrained." in found


def test_relearning_by_images_names_the_most() -> None:
    picture = by_images(RELEARNED, "head", "unsc", LIGHT)
    assert picture.table["images"] == ["1", "5"]
    assert "5 samples" in picture.sentence
    assert "the last layer alone" in picture.sentence


def test_the_table_has_a_row_for_each_audit_and_labels_the_blind() -> None:
    blind = audited([66.0] * 3, "prototype", original=RETRAINED, mask=RETRAINED)
    found = columns({"linear-probe": LEFT, "prototype": blind})
    assert found["Audit"] == ["Linear probe, %", "Nearest class mean, %"]
    assert found["Gone?"] == ["no", "blind"]
    assert found["Unlearned"][0] == "66.2"
    assert "blind" in found["Sees"][1]
    assert {head.capitalize() for head in HEADS} < set(found)


def test_log_odds_are_those_of_the_softmax() -> None:
    z, labels = np.random.default_rng(0).normal(size=(20, 4)), np.arange(20) % 4
    p = (np.exp(z) / np.exp(z).sum(1, keepdims=True))[np.arange(20), labels]
    assert np.allclose(log_odds(z, labels), np.log(p / (1 - p)))
    z[:, 2] = -np.inf
    found = log_odds(z, labels)
    assert (found[labels == 2] == -LIMIT).all()
    assert (np.abs(found) <= LIMIT).all()
    sure = np.where(np.arange(4) == labels[:, None], 900.0, 0.0)
    assert (log_odds(sure, labels) == LIMIT).all()


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    store = Store(tmp_path_factory.mktemp("members"))
    return Experiment(blobs(training_epochs=5, epochs=5), store).run(with_retrain=True)


@pytest.mark.parametrize("chance", [1, 50, 99])
def test_members_are_counted_on_both_sides_of_the_threshold(result: Result, chance: float) -> None:
    picture = membership(result, chance, LIGHT)
    data = result.split.dataset
    shares = {}
    for part, labels in (("train", data.y_train), ("test", data.y_test)):
        rows = labels == 0
        z = result.unlearned.of(part)[rows].astype(np.float64)
        p = np.exp(z - z.max(1, keepdims=True))
        shares[part] = 100 * np.mean(p[:, 0] / p.sum(1) >= chance / 100)
    counts = f"unlearned {shares['train']:.0f} and {shares['test']:.0f}\u00a0%"
    assert counts in picture.sentence
    assert f"From {chance:g}\u00a0% on" in picture.sentence
    gain = max(
        round(100 * np.mean(one >= 0)) - round(100 * np.mean(other >= 0))
        for one, other in (
            [x - np.log(chance / (100 - chance)) for x in _confidences(result, predictions)]
            for predictions in result.rows.values()
        )
    )
    assert gain < 1 or f"by {gain} point" in picture.sentence
    mask = picture.table["mask, trained on %"]
    assert mask[0] == pytest.approx(100)  # the mask is sure that it is not this class


@pytest.mark.parametrize(("sizes", "by_chance"), [((1000, 500), False), ((128, 55), True)])
def test_a_difference_that_may_be_chance_is_called_that(
    sizes: tuple[int, int], by_chance: bool
) -> None:
    sentence = _sentence({"original": (50.4, 42.4)}, 5, sizes)
    assert "by 8 points" in sentence
    assert ("128 members and 55 others, that may be chance" in sentence) == by_chance


def test_chance_is_compared_with_the_difference_before_rounding() -> None:
    near = _sentence({"original": (42.4, 41.6), "mask": (40.6, 39.4)}, 5, (20000, 20000))
    assert "by 2 points; with 20,000 members" not in near
    far = _sentence({"original": (40.6, 39.4)}, 5, (8000, 8000))
    assert "by 2 points; with 8,000 members and 8,000 others, that may be chance" in far


def test_the_largest_difference_is_named_whichever_of_the_two_shares_is_larger() -> None:
    called = {"original": (99.9, 98.2), "unlearned": (19.0, 21.6), "retrained": (15.3, 15.4)}
    assert "most in the unlearned network, by 3 points" in _sentence(called, 5, (1000, 500))
    assert "all are equal within a point" in _sentence({"mask": (20.6, 21.4)}, 5, (1000, 500))
