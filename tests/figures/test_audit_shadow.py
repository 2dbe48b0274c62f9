"""The figures of attacks with shadow models: what they draw and say is what the numbers say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.audits.test_shadow import GAIN, normal_world
from unsc_core.audits import likelihood_ratio
from unsc_core.audits.ranking import auc, tpr
from unsc_core.audits.shadow import Attacked
from unsc_core.figures.audit_shadow import curves, odds, one_sample, power
from unsc_core.figures.theme import DARK, LIGHT


@pytest.fixture(scope="module")
def seen() -> dict[str, Attacked]:
    original = normal_world(n=2000, models=16)
    rng = np.random.default_rng(5)
    return {
        "original": original,
        "mask": replace(original, log_odds=rng.normal(0, 1, 2000), masked=True),
        "unlearned": replace(original, log_odds=original.log_odds - 12),
        "retrained": replace(original, log_odds=rng.normal(-9, 2, 2000)),
    }


@pytest.mark.parametrize("sample", [0, 1999])
def test_a_sample_lies_where_its_log_odds_are(seen: dict[str, Attacked], sample: int) -> None:
    picture = one_sample(seen, sample, "unsc", DARK)
    table = picture.table
    assert table["network"] == ["original", "unlearned", "retrained"]
    own = seen["original"].log_odds[sample]
    assert table["as answered"][:2] == pytest.approx([own, own - 12])
    assert table["lined up"][0] == pytest.approx(table["lined up"][1])
    known = likelihood_ratio.normals(seen["original"])
    ratio = known.log_ratio(np.full(2000, table["lined up"][0]))[sample]
    assert table["log likelihood ratio"][1] == pytest.approx(ratio)
    assert f"original {odds(ratio)}" in picture.sentence
    assert "The mask shows no confidence" in picture.sentence
    truth = "was trained on it." if sample == 0 else "was not trained on it."
    assert picture.sentence.endswith(f"In truth, the original {truth}")
    curves_drawn = [trace for trace in picture.figure.data if trace.mode == "lines"]
    inside, outside = (trace.x[np.argmax(trace.y)] for trace in curves_drawn)
    assert inside - outside == pytest.approx(GAIN, abs=1.2)
    strokes = [trace for trace in picture.figure.data if trace.mode == "markers"]
    assert [len(trace.x) for trace in strokes] == [
        seen["original"].shadows.within[:, sample].sum(),
        (~seen["original"].shadows.within[:, sample]).sum(),
    ]


def test_the_curves_say_where_members_are_found(seen: dict[str, Attacked]) -> None:
    scores = {name: likelihood_ratio.scores(each) for name, each in seen.items()}
    picture = curves(seen, scores, "unsc", LIGHT)
    parts = {n: (s[seen[n].member], s[~seen[n].member]) for n, s in scores.items()}
    assert picture.table["AUC"] == pytest.approx([auc(*both) for both in parts.values()])
    assert f"original {100 * tpr(*parts['original']):.1f}" in picture.sentence
    assert "at most 10 of 1,000 held-out samples" in picture.sentence
    assert picture.sentence.endswith("in the original and unlearned.")
    few = {n: replace(s, member=np.arange(2000) < 1940) for n, s in seen.items()}
    assert "which is none of only 60 held-out" in curves(few, scores, "unsc", LIGHT).sentence
    alike = {name: np.zeros(2000) for name in seen}
    assert "No AUC is further above" in curves(seen, alike, "unsc", LIGHT).sentence
    for trace in picture.figure.data:
        assert (np.diff(trace.x) >= 0).all()
        assert (np.diff(trace.y) >= 0).all()


@pytest.mark.parametrize(
    ("log_ratio", "words"),
    [
        (0.0, "1.0 : 1"),
        (np.log(3.2), "3.2 : 1"),
        (-np.log(3.2), "1 : 3.2"),
        (np.log(41.0), "41 : 1"),
        (np.log(739.0), "740 : 1"),
        (900.0, "over 1,000 : 1"),
    ],
)
def test_odds_in_words(log_ratio: float, words: str) -> None:
    assert odds(log_ratio).replace("\u00a0", " ") == words


def test_power_lists_what_fewer_models_find() -> None:
    text = power({"4": 0.5512, "16": 0.6})
    assert text.endswith("0.551 with 4 and 0.600 with 16.")
