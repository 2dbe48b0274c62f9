"""Training labels of forgotten samples."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import digits
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.learning.batches import predict
from unsc_core.learning.labels import pseudo_labels, random_labels


@pytest.mark.parametrize("forget_classes", [(3,), (0, 9), (0, 1, 2, 3, 4, 5, 6, 7, 8)])
def test_pseudo_labels_are_the_best_retain_class_of_the_original(
    shared_store: Store, forget_classes: tuple[int, ...]
) -> None:
    work = Experiment(digits(forget_classes=forget_classes), shared_store)
    logits = predict(
        work.original, work.data, work.data.x_train[torch.from_numpy(work.split.forget_train())]
    )
    before = logits.clone()
    labels = pseudo_labels(logits, torch.from_numpy(work.split.banned()))
    retain = np.array(work.split.retain_classes)
    assert labels.dtype == torch.int64
    assert np.array_equal(labels.numpy(), retain[logits.numpy()[:, retain].argmax(1)])
    assert not np.isin(labels.numpy(), forget_classes).any()
    assert torch.equal(logits, before)


def test_random_labels_are_retain_classes_in_equal_shares_and_follow_the_seed() -> None:
    banned = torch.zeros(9000, 10, dtype=torch.bool)
    banned[:, [2, 5]] = True
    labels = random_labels(banned, seed=1)
    counts = np.bincount(labels.numpy(), minlength=10)
    assert labels.dtype == torch.int64
    assert set(np.flatnonzero(counts)) == set(range(10)) - {2, 5}
    assert np.abs(counts[counts > 0] - 9000 / 8).max() < 5 * np.sqrt(9000 / 8)
    assert torch.equal(labels, random_labels(banned, seed=1))
    assert not torch.equal(labels, random_labels(banned, seed=2))


def test_single_samples_go_to_the_best_class_other_than_their_own(shared_store: Store) -> None:
    work = Experiment(digits(forget_classes=(), forget_ids=(3, 70, 500)), shared_store)
    logits = predict(work.original, work.data, work.data.x_train[torch.tensor([3, 70, 500])])
    own = work.dataset.y_train[[3, 70, 500]]
    labels = pseudo_labels(logits, torch.from_numpy(work.split.banned())).numpy()
    assert (labels != own).all()
    order = logits.numpy().argsort(1)[:, ::-1]
    assert [
        next(c for c in row if c != mine) for row, mine in zip(order, own, strict=True)
    ] == labels.tolist()
