"""Selections by rule and by number, on real predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import digits
from unsc_core.analysis.selection import Selection, outcomes
from unsc_core.errors import ConfigError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store


@pytest.fixture(scope="module")
def result(shared_store: Store) -> Result:
    return Experiment(digits(), shared_store).run()


def in_cell(result: Result, model: str, true: int, answer: int) -> NDArray[np.intp]:
    """The test samples in a cell of a matrix; of "difference", those that entered or left it."""
    models = ("original", "unlearned") if model == "difference" else (model,)
    inside = [result.models[name].test.argmax(1) == answer for name in models]
    moved = inside[0] != inside[1] if len(inside) == 2 else inside[0]
    return np.flatnonzero((result.split.dataset.y_test == true) & moved)


def test_a_cell_of_every_matrix_is_a_rule(result: Result) -> None:
    sizes = 0
    for model, name in (("original", "original"), ("unlearned",) * 2, ("difference", "changed")):
        for true, answer in ((3, 3), (3, 5), (8, 8), (3, 9)):
            selection = Selection.of_matrix("test", model, true, answer)
            assert selection.rule == (("true", true), (name, answer))
            assert selection.in_matrix() == (model, true, answer)
            inside = in_cell(result, model, true, answer)
            assert np.array_equal(selection.rows(result), inside)
            sizes += len(inside)
    assert sizes > 50


def test_outcomes_part_the_forgotten_samples(result: Result) -> None:
    of = outcomes(result, "test")
    assert np.array_equal(of["forget"], result.split.dataset.y_test == 3)
    assert np.array_equal(of["forgotten"] ^ of["kept"], of["forget"])
    assert not (of["over"] & of["forget"]).any()
    rule = Selection("test", rule=(("outcome", "forgotten"), ("true", 3)))
    after = result.unlearned.test.argmax(1)
    assert np.array_equal(rule.rows(result), np.flatnonzero(of["forget"] & (after != 3)))


def test_a_band_of_the_flow_is_a_rule(result: Result) -> None:
    label = int(result.labels[0])
    rows = Selection("train", rule=(("label", label),)).rows(result)
    assert np.array_equal(rows, result.split.forget_train()[result.labels == label])


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection("test", (3, 4000)), "Sample 4000"),
        (Selection("test", rule=(("true", 10),)), "Class 10"),
        (Selection("test", rule=(("label", 3),)), "forgotten training samples"),
        (Selection("test", rule=(("retrained", 3),)), "retrained model"),
    ],
)
def test_what_is_not_there_is_named(result: Result, selection: Selection, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        selection.rows(replace(result, retrained=None))


def test_rows_and_columns_are_selections_and_nothing_is_none() -> None:
    assert Selection.of_matrix("test", "original", 3, None).in_matrix() == (None, 3, None)
    column = Selection.of_matrix("train", "difference", None, 3)
    assert column.in_matrix() == ("difference", None, 3)
    assert Selection.of_matrix("test", "original", None, None) is None
    for rule in (
        (("label", 3), ("true", 3)),
        (("outcome", "over"), ("true", 3)),
        (("original", 3), ("unlearned", 3)),
    ):
        assert Selection("train", rule=rule).in_matrix() == (None, None, None)
