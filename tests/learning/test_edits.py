"""Edits of the pseudo-labels: checked, applied, and part of what the experiment is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import digits
from unsc_core.errors import ConfigError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.learning.edits import edited, redirected


def test_edits_move_flows_at_once_and_then_single_samples(shared_store: Store) -> None:
    request = Experiment(digits(), shared_store).split
    rows = request.forget_train()
    labels = np.resize([5, 8, 9], len(rows))
    found = edited(labels, ("5>8", "8>5", f"#{rows[2]}>1"), request)
    assert found[:6].tolist() == [8, 5, 1, 8, 5, 9]
    assert labels[:3].tolist() == [5, 8, 9]


def test_no_sample_is_sent_to_its_own_class(shared_store: Store) -> None:
    request = Experiment(digits(forget_classes=(), forget_ids=(0, 1, 2)), shared_store).split
    own = request.dataset.y_train[[0, 1, 2]]
    found = edited(np.array([7, 7, 7]), (f"7>{own[0]}",), request)
    assert (found != own).all()
    assert own[0] in found


@pytest.mark.parametrize(
    "edits", [(), ("4>2",), ("2>7",), ("2>7", "4>2"), ("5>8", "4>2", "6>2"), ("2>4", "4>2")]
)
def test_a_dragged_label_takes_along_all_that_have_it(
    edits: tuple[str, ...], shared_store: Store
) -> None:
    request = Experiment(digits(), shared_store).split
    labels = np.resize([2, 4, 5, 6, 8], len(request.forget_train()))
    before = edited(labels, edits, request)
    after = edited(labels, redirected(edits, 2, 9), request)
    assert np.array_equal(after, np.where(before == 2, 9, before))
    assert redirected((*edits, "#7>1"), 2, 9)[-1] == "#7>1"


def test_a_label_that_is_dragged_back_needs_no_edit() -> None:
    assert redirected(redirected((), 2, 9), 9, 2) == ("9>2",)  # with class 9's own samples
    assert redirected(("4>2",), 2, 4) == ("2>4",)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ("a>b", "not understood"),
        ("5>", "not understood"),
        ("5>77", "class 77"),
        ("77>5", "class 77"),
        ("5>3", "to leave"),
        ("#0>5", "not to be forgotten"),
    ],
)
def test_impossible_edits_are_one_sentence(shared_store: Store, edit: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Experiment(digits(edits=(edit,)), shared_store).check()


def test_edited_labels_are_trained_on_and_another_experiment(shared_store: Store) -> None:
    plain = Experiment(digits(), shared_store)
    first = int(np.bincount(plain.run().labels).argmax())
    target = next(c for c in plain.split.retain_classes if c != first)
    work = Experiment(digits(edits=(f"{first}>{target}",)), shared_store)
    labels = work.run().labels
    assert work.keys.unlearned != plain.keys.unlearned
    assert first not in labels
    assert np.array_equal(labels, np.where(plain.run().labels == first, target, plain.run().labels))
    assert (
        np.bincount(
            work.run().unlearned.test[work.split.is_forgotten("test")].argmax(1), minlength=10
        ).argmax()
        == target
    )


def test_methods_without_pseudo_labels_ignore_edits(shared_store: Store) -> None:
    assert (
        Experiment(digits(method="random-labels", edits=("5>8",)), shared_store).keys
        == Experiment(digits(method="random-labels"), shared_store).keys
    )
