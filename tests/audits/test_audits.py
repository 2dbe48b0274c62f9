"""Every audit in AUDITS: its entry, what it finds in a network that memorises, and invariance."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

from tests.audits.conftest import subject_of
from unsc_core.audits import AUDITS
from unsc_core.audits.entry import GROUPS
from unsc_core.audits.outcomes import measured
from unsc_core.audits.subject import Subject
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.result import Predictions


@pytest.mark.parametrize("name", AUDITS)
def test_the_entry_is_the_one_in_its_file_and_complete(name: str) -> None:
    entry = AUDITS[name]
    assert entry == importlib.import_module(entry.module).AUDIT
    assert entry.question.endswith("?")
    assert entry.measures.endswith(".")
    assert entry.source
    assert entry.summary == entry.question


def test_every_group_has_an_audit() -> None:
    assert {entry.group for entry in AUDITS.values()} == set(GROUPS)


@pytest.mark.parametrize(("field", "value"), [("direction", "up"), ("group", "elsewhere")])
def test_an_impossible_entry_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=value):
        replace(AUDITS["linear-probe"], **{field: value})


@pytest.mark.parametrize("name", [name for name in AUDITS if name != "logits-probe"])
def test_a_network_that_memorised_the_class_is_worse_than_the_retrained(
    name: str, memoriser: Subject, retrained: Subject, other_retrained: Subject
) -> None:
    entry = AUDITS[name]
    found = measured(entry, memoriser, retrained)
    zero = measured(entry, other_retrained if entry.compares else retrained, retrained)
    assert found.value is not None, found.failed
    assert zero.value is not None, zero.failed
    difference = found.value - zero.value
    assert difference > 0 if entry.direction == "higher" else difference < 0


@pytest.mark.parametrize("name", [n for n, entry in AUDITS.items() if entry.compares])
def test_a_network_compared_with_itself_is_perfect(name: str, retrained: Subject) -> None:
    perfect = 0.0 if AUDITS[name].direction == "higher" else 1.0
    assert AUDITS[name].measure(retrained, retrained).value == pytest.approx(perfect)


@pytest.mark.parametrize("name", AUDITS)
def test_the_order_of_test_samples_does_not_matter(
    name: str, dataset: Dataset, memoriser: Subject, retrained: Subject
) -> None:
    order = np.random.default_rng(1).permutation(len(dataset.y_test))
    shuffled = replace(dataset, x_test=dataset.x_test[order], y_test=dataset.y_test[order])
    values = [
        AUDITS[name].measure(one, other).value
        for one, other in (
            (memoriser, retrained),
            tuple(subject_of(s.network, shuffled) for s in (memoriser, retrained)),
        )
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-6)


@pytest.mark.parametrize("name", AUDITS)
def test_the_same_network_gives_the_same_value(
    name: str, dataset: Dataset, memoriser: Subject, retrained: Subject
) -> None:
    before = {n: v.clone() for n, v in memoriser.network.state_dict().items()}
    again = subject_of(memoriser.network, dataset)
    first, second = (AUDITS[name].measure(s, retrained) for s in (memoriser, again))
    assert first == second
    after = memoriser.network.state_dict()
    assert all((after[n] == v).all() for n, v in before.items())  # and leaves it as it was


def test_a_value_that_is_not_a_number_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, retrained: Subject
) -> None:
    from unsc_core.audits import prototype
    from unsc_core.audits.entry import Outcome

    monkeypatch.setattr(prototype, "measure", lambda subject, other: Outcome(float("nan")))
    found = measured(AUDITS["prototype"], retrained, retrained)
    assert found.value is None
    assert "no number" in found.failed


def test_the_logits_probe_reads_the_retained_logits_alone(memoriser: Subject) -> None:
    """Not the forgotten classes' logits, nor a shift of all, which probabilities do not show."""
    rng, dataset = np.random.default_rng(0), memoriser.request.dataset

    def found(betrayed: bool) -> float | None:
        logits = []
        for labels in (dataset.y_test, dataset.y_train):
            of_class = (labels == 0)[:, None]
            z = rng.normal(size=(len(labels), 4)) + 30 * of_class
            z[:, 0] += 50 * of_class[:, 0]
            z[:, 1] += 30 * of_class[:, 0] * betrayed
            logits.append(z.astype(np.float32))
        subject = replace(memoriser, predictions=Predictions(*logits))
        return AUDITS["logits-probe"].measure(subject, subject).value

    assert found(betrayed=True) == 100
    assert found(betrayed=False) < 60  # about a quarter; the region of a class varies much


def test_details_agree_with_the_value(memoriser: Subject, retrained: Subject) -> None:
    probe = AUDITS["linear-probe"].measure(memoriser, retrained)
    scores = probe.detail["scores"]
    found = np.array(scores["forget"])[np.array(scores["edges"][:-1]) >= 0].sum()
    assert 100 * found / sum(scores["forget"]) == pytest.approx(probe.value)
    relearning = AUDITS["relearning"].measure(memoriser, retrained)
    steps = relearning.detail["steps"]
    assert steps["100"] == relearning.value == relearning.detail["whole"]["5"]
    logits = memoriser.logits("test")[memoriser.forgotten].argmax(1)
    assert steps["0"] == pytest.approx(100 * np.mean(logits == 0))
