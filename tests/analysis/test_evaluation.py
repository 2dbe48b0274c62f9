"""The measures, against scikit-learn and on real answers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from tests.conftest import digits
from unsc_core.analysis import evaluation
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store


@pytest.fixture(scope="module")
def result(shared_store: Store) -> Result:
    return Experiment(digits(forget_classes=(0, 8)), shared_store).run(with_retrain=True)


@pytest.mark.parametrize("model", ["original", "unlearned", "retrained"])
def test_measures_are_scikit_learns(result: Result, model: str) -> None:
    logits, y, forget = (
        result.models[model].test,
        result.split.dataset.y_test,
        result.split.is_forgotten("test"),
    )
    answers = logits.argmax(1)
    assert np.array_equal(
        evaluation.confusion(answers, y, 10), confusion_matrix(y, answers, labels=range(10))
    )
    recalls = 100 * recall_score(y, answers, average=None, labels=range(10), zero_division=0)
    assert np.allclose(evaluation.per_class_accuracy(answers, y, 10), recalls)
    assert evaluation.acc_retain(answers, y, forget, 10) == pytest.approx(
        np.delete(recalls, result.split.forget_classes).mean()
    )
    assert evaluation.acc_forget(answers, y, forget) == pytest.approx(
        100 * accuracy_score(y[forget], answers[forget])
    )
    said = evaluation.accuracies(logits, y, forget)
    assert said["per_class"] == pytest.approx(recalls.tolist())


def test_class_without_samples_has_no_accuracy(result: Result) -> None:
    y = result.split.dataset.y_test
    there = y != 4
    logits = result.original.test[there]
    assert np.isnan(evaluation.per_class_accuracy(logits.argmax(1), y[there], 10)[4])
    assert evaluation.accuracies(logits, y[there], y[there] == 0)["per_class"][4] is None
    assert np.isfinite(evaluation.acc_retain(logits.argmax(1), y[there], y[there] == 0, 10))


def test_drift_is_a_relative_distance(result: Result) -> None:
    z = result.original.test
    assert evaluation.logit_drift(z, z) == 0.0
    assert evaluation.logit_drift(3 * z, z) == pytest.approx(2.0)
    assert evaluation.logit_drift(result.unlearned.test, z) > 0
    assert evaluation.logit_drift(z, np.zeros_like(z)) == 0.0


def test_agreement_counts_equal_answers(result: Result) -> None:
    a, b = result.unlearned.test.argmax(1), result.retrained.test.argmax(1)
    assert evaluation.agreement(a, a) == 100.0
    assert evaluation.agreement(a, b) == pytest.approx(100 * accuracy_score(a, b))
    assert evaluation.agreement(a, (a + 1) % 10) == 0.0
    assert np.isnan(evaluation.agreement(a[:0], b[:0]))


def test_margins_are_taken_over_retain_classes_only() -> None:
    logits = np.array([[1.0, 5.0, 3.0, 9.0], [4.0, 1.0, 0.5, 2.0]], dtype=np.float32)
    assert evaluation.margins(
        logits, np.array([1, 1]), np.array([[False, False, False, True]] * 2)
    ).tolist() == [2.0, -3.0]
    assert logits[0, 3] == 9.0  # left as it was
