"""Selections and sample numbers as short texts."""

from __future__ import annotations

from urllib.parse import quote_plus

import numpy as np
import pytest

from pages.shared import id_code, selection_text
from pages.shared.selection_text import MAX_PICKED
from unsc_core.analysis.selection import Selection


@pytest.mark.parametrize(
    ("count", "of", "most"), [(1, 10, 1), (20, 5000, 36), (20, 10_000, 38), (1000, 10_000, 800)]
)
def test_numbers_are_packed_tightly_and_come_back(count: int, of: int, most: int) -> None:
    for seed in range(20):
        ids = np.sort(np.random.default_rng(seed).choice(of, count, replace=False)).tolist()
        text = id_code.pack(ids)
        assert id_code.unpack(text) == tuple(ids)
        assert len(text) <= most
        assert quote_plus(text) == text


@pytest.mark.parametrize("ids", [range(1000), (0, 2**31 - 1), [*range(40), 10**6], (5,)])
def test_extreme_gaps_come_back(ids: list[int]) -> None:
    assert id_code.unpack(id_code.pack(list(ids))) == tuple(ids)


@pytest.mark.parametrize("text", ["", ".", ".é", ".=", ".A", "1,,2", "-1", "1.5", ".!!!!"])
def test_what_is_no_list_of_numbers_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        id_code.unpack(text)


@pytest.mark.parametrize(
    ("selection", "text"),
    [
        (Selection("test", (3, 17)), "test.ids-3,17"),
        (Selection("test", rule=(("true", 6), ("changed", 4))), "test.true-6.changed-4"),
        (Selection("train", rule=(("label", 4), ("retrained", 6))), "train.label-4.retrained-6"),
        (Selection("test", rule=(("true", 6), ("outcome", "over"))), "test.true-6.outcome-over"),
    ],
)
def test_a_selection_is_written_and_read(selection: Selection, text: str) -> None:
    assert selection_text.write(selection) == text
    assert selection_text.read(text) == selection


def test_too_many_samples_are_no_selection() -> None:
    many = Selection("test", tuple(range(0, 2 * MAX_PICKED, 2)))
    assert selection_text.read(selection_text.write(many)) == many
    with pytest.raises(ValueError):
        selection_text.read(selection_text.write(Selection("test", (*many.ids, 9999))))
