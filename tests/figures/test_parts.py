"""What the null space buys, in one sentence that follows from the numbers."""

from __future__ import annotations

import re
from itertools import product

import pytest

from tests.analysis.test_comparison import run
from unsc_core.analysis.comparison import PARTS, MethodRun
from unsc_core.analysis.parts import READS, TARGETS, bought
from unsc_core.figures import parts
from unsc_core.figures.parts_words import sentence
from unsc_core.figures.theme import DARK, LIGHT
from unsc_core.methods import METHODS

FREE, CUT = (90.0, 91.0, 92.0), (92.0, 93.5, 93.5)
"""Acc_r over three seeds: the cut is 2.0 ± 1.2 points ahead."""


def field(
    forget_set: tuple[tuple[float, ...], tuple[float, ...]] = (FREE, CUT),
    retained: tuple[tuple[float, ...], tuple[float, ...]] = (FREE, FREE),
    left: dict[str, float] | None = None,
) -> list[MethodRun]:
    """Runs of the twelve: (free, cut) for each way of reading; the soft projector is as the cut.

    Args:
        left: Acc_f of methods that leave more than the others' 1 %.
    """
    found = []
    for (_, weights, reads), method in PARTS.items():
        free, cut = forget_set if reads == "forget set" else retained
        for seed, kept in enumerate(free if weights == "all" else cut):
            last = ((left or {}).get(method, 1.0), kept)
            found.append(run(method, seed, (80.0, 90.0), last, mask=94.0))
    return found


def test_a_clear_gain_is_told_with_its_interval() -> None:
    text = sentence(field())
    assert text == (
        "The null space keeps 2.0 ± 1.2 points more of Acc_r than free weights when only the "
        "forget set is read and keeps as much when retained samples are read, too."
    )


def test_a_clear_loss_is_told() -> None:
    text = sentence(field(forget_set=(CUT, FREE), retained=(FREE, CUT)))
    assert "keeps 2.0 ± 1.2 points less of Acc_r than free weights when only the forget" in text
    assert "keeps 2.0 ± 1.2 points more when retained samples are read" in text


def test_a_tie_is_nothing() -> None:
    noisy = ((90.0, 91.0, 92.0), (91.0, 91.0, 91.5))
    text = sentence(field(noisy, noisy))
    assert text.startswith("The null space buys nothing here that can be told from chance:")
    assert text.count("+0.2 ± 1.9 points") == 2
    one = sentence(field(retained=noisy))
    assert "keeps 2.0 ± 1.2 points more" in one
    assert "makes no difference that can be told from chance (+0.2 ± 1.9 points)" in one


def test_one_seed_claims_nothing_beyond_itself() -> None:
    text = sentence(field((FREE[:1], CUT[:1]), (FREE[:1], FREE[:1])))
    assert text.startswith("In this single run, the null space")
    assert "keeps 2.0 points more of Acc_r" in text
    assert "±" not in text
    assert text.endswith("one seed cannot tell that from chance.")


def test_what_does_not_forget_is_left_out_and_named() -> None:
    without = sentence(field(left={"unsc": 30.0}))
    gain = "keeps 2.0 ± 1.2 points more of Acc_r than free weights when only the forget set is read"
    assert f"{gain} (with the mask's probabilities) and" in without
    pair = {PARTS[target, "cut", "forget set"]: 30.0 for target in TARGETS}
    other = sentence(field(left=pair))
    assert other.startswith("The null space buys nothing here that can be told from chance")
    assert other.endswith(
        "when only the forget set is read, it cannot be said, as UNSC and DELETE + null space do "
        "not forget."
    )
    none = sentence(field(left=dict.fromkeys(PARTS.values(), 30.0)))
    assert "cannot be said, for these do not forget: UNSC" in none
    assert "keeps" not in none


def test_what_has_not_been_run_is_not_judged() -> None:
    runs = field()
    assert "once all twelve have been run" in sentence(runs[:3])
    some = [one for one in runs if METHODS[one.method].parts[2] == "forget set"]
    assert sentence(some).endswith(
        "when retained samples are read, too, it cannot be said before all twelve have been run."
    )
    assert bought(some, "retained").missing == tuple(
        PARTS[target, weights, "retained"] for target, weights in product(TARGETS, ("cut", "all"))
    )


def test_differences_are_paired_by_seed_and_averaged_over_targets() -> None:
    runs = [one for one in field() if (one.method, one.seed) != ("unsc", 2)]
    found = bought(runs, "forget set").points
    assert found is not None
    assert (found.mean, found.n) == (pytest.approx(2.25), 2)  # of seeds 0 and 1


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_the_grid_has_a_mark_for_each_combination_and_names_what_stays(look: object) -> None:
    picture = parts.grid(field(left={"delete": 12.0}), look, "0.9")  # type: ignore[arg-type]
    assert len(picture.figure.data) == len(TARGETS) * len(READS)
    assert all(len(trace.x) == 3 and trace.error_y.visible for trace in picture.figure.data)
    written = [one.text for one in picture.figure.layout.annotations]
    assert [text for text in written if "Acc_f 12.0\u00a0%" in text] == [
        "−3.0<br>Acc_f 12.0\u00a0%"
    ]
    assert any("cut at γ 0.9" in text for text in written)
    assert picture.table["Acc_r − mask's"] == pytest.approx(
        [
            -3.0 if w == "all" or r == "retained" else -1.0
            for w, r in zip(picture.table["weights"], picture.table["reads"], strict=True)
        ]
    )
    few = parts.grid(field()[:1], look, "0.9")  # type: ignore[arg-type]
    texts = [one.text for one in few.figure.layout.annotations]
    assert texts.count("not run yet") == 5
    assert re.search(r"1 of 12 have been run", few.alt)
