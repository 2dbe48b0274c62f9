"""Excess, blindness and the verdict, on numbers whose answer is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from unsc_core.audits import AUDITS
from unsc_core.audits.entry import GROUPS, Outcome
from unsc_core.audits.excess import over_seeds, sees
from unsc_core.audits.verdict import NO, UNKNOWN, YES, finding, verdict
from unsc_core.figures.audit_words import sentence

RETRAINED = [46.0, 47.0, 45.0]
REMEMBERS = [70.0, 69.0, 71.0]


def audited(
    unlearned: list[float | None], name: str = "linear-probe", **others: Any
) -> dict[str, Any]:
    """One audit over seeds; `others` are values of other networks."""
    values = {"original": REMEMBERS, "mask": REMEMBERS, "retrained": RETRAINED, **others}
    n = len(unlearned)
    found = {k: [Outcome(v) for v in each[:n]] for k, each in values.items()}
    found["unlearned"] = [Outcome(v, failed="" if v is not None else "Broken.") for v in unlearned]
    return over_seeds(AUDITS[name], found)


def one_group(*audits: dict[str, Any]) -> dict[str, str]:
    """The verdict on the features, from some audits of that group."""
    return verdict({f"audit-{i}": audit for i, audit in enumerate(audits)})["features"]


GOOD = audited([46.5, 46.8, 45.2])
BAD = audited([66.0, 67.5, 65.0])
WIDE = audited([46.0, 70.0, 40.0])
BELOW = audited([30.0, 31.0, 29.0])
COARSE = audited([46.0, 47.0, 45.0], retrained=[20.0, 70.0, 45.0])
BLIND = audited([66.0, 67.5, 65.0], original=RETRAINED, mask=RETRAINED)
FAILED = audited([46.0, None, 45.0])
ONE_SEED = audited([46.0])
LOW = {"original": [0.2] * 3, "mask": [0.2] * 3, "retrained": [0.97, 0.99, 0.96]}
LOWER_GOOD = audited([0.98, 0.99, 0.97], "cka", **LOW)
LOWER_BAD = audited([0.5, 0.52, 0.49], "cka", **LOW)


@pytest.mark.parametrize(
    ("audits", "expected", "word"),
    [
        ((GOOD,), YES, "audit-0"),
        ((BELOW,), YES, "trace as well: audit-0"),
        ((BAD,), NO, "More is left than in the retrained: audit-0"),
        ((WIDE,), UNKNOWN, "too wide"),
        ((COARSE,), UNKNOWN, "Two retrainings may differ by as much as the original"),
        ((GOOD, COARSE, WIDE), UNKNOWN, "audit-2. Two retrainings"),
        ((BLIND,), UNKNOWN, "Blind"),
        ((FAILED,), UNKNOWN, "Broken."),
        ((ONE_SEED,), UNKNOWN, "One seed"),
        ((LOWER_GOOD,), YES, "No further from the retrained than another retraining is: audit-0"),
        ((LOWER_BAD,), NO, "Further from the retrained than another retraining is: audit-0"),
        ((BAD, LOWER_BAD), NO, "retrained: audit-0. Further from the retrained"),
        ((GOOD, LOWER_BAD), NO, "audit-1"),
        ((GOOD, WIDE), UNKNOWN, "audit-1"),
        ((GOOD, BLIND), YES, "audit-0"),
        ((GOOD, FAILED), UNKNOWN, "audit-1"),
        ((BAD, FAILED), NO, "audit-0"),
        ((BAD, BLIND), NO, "audit-0"),
        ((BLIND, FAILED), UNKNOWN, "audit-1"),
    ],
)
def test_verdict(audits: tuple[dict[str, Any], ...], expected: str, word: str) -> None:
    found = one_group(*audits)
    assert found["gone"] == expected
    assert word in found["why"]
    assert found["why"].endswith(".")


def test_an_excess_beyond_a_spread_of_zero_has_to_matter() -> None:
    same = {"retrained": [0.0] * 3, "original": [80.0] * 3, "mask": [80.0] * 3}
    assert one_group(audited([0.5, 0.6, 0.5], **same))["gone"] == YES
    assert one_group(audited([2.0, 2.1, 2.0], **same))["gone"] == NO
    assert "up to 0.8\u00a0points counts as none, 1\u00a0%" in sentence(audited([0.5] * 3, **same))
    assert "two retrainings" in sentence(GOOD)


def test_a_zero_as_wide_as_the_whole_distance_cannot_say_gone() -> None:
    assert COARSE["sees"] > 0.75  # not blind: all originals are above all retrained but one
    assert "This cannot tell" in sentence(COARSE)
    assert "the original does not differ by more" in sentence(COARSE)


def test_an_interval_of_shares_ends_where_shares_do() -> None:
    excess = audited([0.0, 60.0, 100.0])["excess"]
    assert excess["low"] == pytest.approx(-46.0)
    assert excess["high"] == pytest.approx(54.0)


def test_being_closer_than_another_retraining_is_no_trace() -> None:
    closer = audited([0.02, 0.03, 0.01], "divergence", retrained=[0.2, 0.21, 0.19])
    found = verdict({"divergence": closer})["answers"]
    assert found["gone"] == YES
    assert "trace" not in found["why"]


def test_sentences_write_audits_as_they_are_told() -> None:
    assert "<audit-0>" in verdict({"audit-0": BAD}, "<{}>".format)["features"]["why"]


def test_each_group_is_judged_by_its_own_audits() -> None:
    names = {"answers": "divergence", "logits": "logits-probe", "memory": "relearning"}
    audits = {group: audited([66.0, 67.5, 65.0], name) for group, name in names.items()}
    audits["features"] = GOOD
    found = verdict(audits)
    assert tuple(found) == GROUPS
    assert {group: found[group]["gone"] for group in GROUPS} == dict.fromkeys(names, NO) | {
        "features": YES
    }


def test_excess_is_paired_by_seed() -> None:
    found = audited([r + 10 for r in RETRAINED])  # seeds differ, the excess does not
    assert found["excess"] == {"mean": 10.0, "low": 10.0, "high": 10.0}
    assert found["unlearned"]["mean"] == pytest.approx(56)
    uneven = audited([47.0, 50.0, 50.0])["excess"]  # excess 1, 3, 5
    assert uneven["mean"] == pytest.approx(3)
    assert uneven["high"] - 3 == pytest.approx(4.302653 * 2 / math.sqrt(3), rel=1e-5)


def test_zero_is_the_spread_between_two_retrained() -> None:
    pairs = [a - b for a in RETRAINED for b in RETRAINED if a is not b]
    zero = GOOD["zero"]
    assert zero["mean"] == np.mean(pairs) == 0
    assert zero["sd"] == pytest.approx(np.sqrt(np.mean(np.square(pairs))))


def test_sees_is_the_share_of_pairs_in_the_right_order() -> None:
    assert sees([2.0, 3.0], [1.0, 0.0], "higher") == 1
    assert sees([2.0, 3.0], [1.0, 0.0], "lower") == 0
    assert sees([1.0, 1.0], [1.0, 1.0], "higher") == 0.5
    assert sees([1.0, 3.0], [2.0, 0.0], "higher") == 0.75
    assert sees([2.0], [1.0], "higher") is None


def test_no_number_comes_from_a_failed_audit() -> None:
    assert FAILED["unlearned"]["mean"] is None
    assert FAILED["sees"] is None
    assert set(FAILED["excess"].values()) == {None}
    assert set(FAILED["zero"].values()) == {None}
    assert FAILED["failed"] == "Broken."
    assert finding(FAILED) == UNKNOWN
