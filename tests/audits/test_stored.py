"""Stored outcomes: read without computing, complete or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audits.conftest import overlapping
from tests.conftest import blobs
from unsc_core.audits import AUDITS
from unsc_core.audits import outcomes as auditing
from unsc_core.audits.entry import NETWORKS, check_request
from unsc_core.audits.stored import outcome_keys, read_outcomes, with_seeds
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.data.request import split
from unsc_core.errors import AuditError
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store


def quick(**values: object) -> ExperimentConfig:
    config = blobs(training_epochs=2, epochs=2, **values)
    return resolve(config, load_dataset("blobs"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store that these tests share: what one has audited, another reads."""
    return Store(tmp_path_factory.mktemp("audited"))


def test_what_was_audited_is_read_and_nothing_less(store: Store) -> None:
    dataset = load_dataset("blobs")
    configs = with_seeds(quick(seed=4), 2)
    assert [config.seed for config in configs] == [4, 5]
    assert read_outcomes(configs, dataset, store) is None
    made = auditing.audit(configs, store)
    assert read_outcomes(configs, dataset, store) == made
    assert read_outcomes(with_seeds(quick(seed=4), 3), dataset, store) is None
    keys = {key for _, _, key in outcome_keys(configs, dataset)}
    assert keys == {path.stem for path in (store.root / "audits").iterdir()}
    store.path("audits", min(keys)).unlink()
    assert read_outcomes(configs, dataset, store) is None
    assert auditing.audit(configs, store) == made


def test_one_seed_is_read_with_what_it_lacks(store: Store) -> None:
    made = auditing.audit([quick(seed=4)], store)
    found = read_outcomes([quick(seed=4)], load_dataset("blobs"), store)
    assert found == made
    for name, entry in AUDITS.items():
        assert bool(found[name]["retrained"][0].failed) == entry.compares


def test_an_outcome_that_failed_is_stored_with_its_reason(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unsc_core.audits import cka

    def fails(*_: object) -> None:
        raise AuditError("Not today.")

    monkeypatch.setattr(cka, "measure", fails)
    configs, dataset = with_seeds(quick(seed=4), 2), load_dataset("blobs")
    for name, _, key in outcome_keys(configs, dataset):
        if name == "cka":
            store.path("audits", key).unlink(missing_ok=True)
    made = auditing.audit(configs, store)
    assert made["cka"]["unlearned"][0].failed == "Not today."
    assert read_outcomes(configs, dataset, store) == made
    assert all(
        made[name][n][0].value is not None for name in AUDITS if name != "cka" for n in NETWORKS
    )


def test_requests_that_cannot_be_audited() -> None:
    few = overlapping(per_class=9)
    with pytest.raises(AuditError, match="Class a has 9 training samples"):
        check_request(split(few, (0,)))
    with pytest.raises(AuditError, match="single samples"):
        check_request(split(overlapping(), (), (3,)))
    enough = overlapping(per_class=10)
    check_request(split(enough, (0,)))
    assert np.bincount(enough.y_train).min() == 10
