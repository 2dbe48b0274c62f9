"""How long work takes: measured on this machine, summed over what is missing, without torch."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import blobs, digits
from unsc_core.audits import AUDITS
from unsc_core.audits.outcomes import audit
from unsc_core.audits.shadow_models import make_shadows
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.data.request import split
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.keys import shipped_path
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.shipped import shipped_meta
from unsc_core.experiment.store import Artefact, Store
from unsc_core.jobs import cost_measurement
from unsc_core.jobs.cost import Cost, duration, estimate
from unsc_core.jobs.cost_measurement import measure, record
from unsc_core.jobs.rates import Rates, rates_key, read_rates, unlearning_seconds
from unsc_core.methods import METHODS, fisher, ssd

ROOT = Path(__file__).resolve().parents[2]
SECOND = Rates(step=1.0, single=10.0, answer=0.0)
"""One second per image trained."""
ESTIMATE = """
import sys
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store
from unsc_core.jobs.cost import estimate

config = ExperimentConfig(dataset="blobs", model="mlp", forget_classes=(0,), device="cpu")
wanted = [("experiment", resolve(config, load_dataset("blobs")))]
print(estimate(wanted, Store()).seconds > 0, "torch" in sys.modules)
"""


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home / "store")


def resolved(config: ExperimentConfig) -> ExperimentConfig:
    return resolve(config, load_dataset(config.dataset))


def keep(store: Store, config: ExperimentConfig, rates: Rates) -> None:
    store.put(
        "cost",
        rates_key(config, load_dataset(config.dataset)),
        Artefact({}, {"rates": rates.__dict__}),
    )


def test_epochs_repeat_the_unlearning_only_if_it_has_been_run(store: Store) -> None:
    config = resolved(blobs(training_epochs=2, epochs=3))
    keep(store, config, SECOND)
    first, run_only = (estimate([(kind, config)], store) for kind in ("epochs", "experiment"))
    assert first == replace(run_only, words=first.words)  # they are recorded as it runs
    Experiment(config, store).run()
    again = estimate([("epochs", config)], store)
    assert again.seconds == unlearning_seconds(
        config, split(load_dataset("blobs"), config.forget_classes), SECOND
    )


@pytest.mark.flaky(reruns=2)  # what else the machine does slows processors down, too
def test_the_estimate_is_within_twice_of_a_real_training(store: Store) -> None:
    """In processor seconds, because other programs may slow the training down."""
    config = resolved(digits())
    measure(config, store)
    cost = estimate([("retrain", config)], store)
    assert cost is not None
    work = Experiment(config, store)
    begin = time.process_time()
    work.run_retrained()
    used = time.process_time() - begin
    assert 0.5 * used < cost.seconds < 2 * used


def test_a_network_is_measured_once_and_costs_no_torch_to_read(store: Store, home: Path) -> None:
    config = resolved(blobs())
    assert estimate([("experiment", config)], store) is None  # training time is not known yet
    measure(config, store)
    rates = store.path("cost", rates_key(config, load_dataset("blobs")))
    written = rates.stat().st_mtime_ns
    measure(replace(config, seed=1), store)
    assert rates.stat().st_mtime_ns == written
    found = subprocess.run(
        [sys.executable, "-c", ESTIMATE],
        cwd=ROOT,
        env={"UNSC_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == ["True", "False"]


def test_what_is_missing_is_counted(store: Store) -> None:
    config = resolved(digits(epochs=2))
    keep(store, config, SECOND)
    whole = estimate([("experiment", config)], store)
    forget = len(split(load_dataset("digits"), (3,)).forget_train())
    assert whole == Cost(
        1257 * 15 + 2 * forget, "training Small CNN on 1,257 images for 15 epochs, then forgetting"
    )
    retrained = estimate([("retrain", config)], store)
    assert retrained == Cost(
        (1257 - forget) * 15, f"retraining Small CNN on {1257 - forget:,} images for 15 epochs"
    )
    other = replace(config, method="random-labels", energy_threshold=None)
    twice = estimate([("experiment", config), ("experiment", other)], store)
    assert twice is not None
    assert twice.seconds == whole.seconds + 2 * forget  # one original for both


def test_nothing_is_missing_once_it_is_stored(store: Store) -> None:
    config = resolved(blobs(training_epochs=3, epochs=3))
    keep(store, config, SECOND)
    Experiment(config, store).run(with_retrain=True)
    for kind in ("experiment", "retrain"):
        assert estimate([(kind, config)], store) == Cost(0.0)
    assert estimate([("embedding", config)], store) is None


def test_audits_of_several_seeds_are_counted_with_the_runs_they_need(store: Store) -> None:
    config = resolved(blobs(training_epochs=2, epochs=2))
    keep(store, config, SECOND)
    assert estimate([("audit-3", config)], store) is None  # audits were not measured yet
    measure(config, store)
    rates = read_rates(config, load_dataset("blobs"), store)
    assert rates is not None
    assert (rates.step, rates.audit > 0) == (1.0, True)  # what was known stays
    keep(store, config, replace(SECOND, audit=100.0))
    runs = [("experiment", config), ("retrain", config)]
    one = estimate([("audit-1", config)], store)
    assert one is not None
    assert one.words.endswith("then auditing")
    alone = estimate(runs, store)
    assert alone is not None
    # three networks, the answers of the mask, and no retrained network of another seed
    reading = sum(entry.reads_answers for entry in AUDITS.values())
    comparing = sum(entry.compares for entry in AUDITS.values())
    outcomes = 3 * len(AUDITS) + reading - comparing
    assert one.seconds - alone.seconds == pytest.approx(100 * outcomes / len(AUDITS))
    three = estimate([("audit-3", config)], store)
    assert three is not None
    comparing = 3 * 100 * comparing / len(AUDITS)
    assert three.seconds == pytest.approx(3 * one.seconds + comparing, rel=1e-6)
    audit([config], store)
    assert estimate([("audit-1", config)], store) == Cost(0.0)


def test_shadow_models_cost_half_a_training_each_until_they_are_stored(store: Store) -> None:
    config = resolved(blobs(training_epochs=2))
    keep(store, config, SECOND)
    dataset = load_dataset("blobs")
    half = (len(dataset.y_train) + len(dataset.y_test)) // 2
    make_shadows(config, 4, store)
    assert estimate([("shadows-4", config)], store) == Cost(0.0)
    cost = estimate([("shadows-16", replace(config, seed=3, forget_classes=(1,)))], store)
    assert cost is not None
    assert cost.seconds == 12 * half * 2
    assert cost.words.startswith("training 12 shadow models, each MLP on")


def test_a_shipped_original_is_neither_trained_nor_measured_first(store: Store) -> None:
    config = resolved(ExperimentConfig())
    dataset = load_dataset(config.dataset)
    assert shipped_path(config, ()).is_file()
    assert shipped_meta(config, dataset, ())
    assert estimate([("experiment", config)], store) == Cost(0.0)
    assert estimate([("retrain", config)], store) == Cost(0.0)
    assert shipped_meta(replace(config, training_epochs=9), dataset, ()) is None
    assert estimate([("experiment", replace(config, seed=3))], store) is None
    many = [
        ("experiment", resolved(replace(config, method=name, forget_classes=(c,))))
        for name in ("scrub", "salun")
        for c in range(5)
    ]
    assert estimate(many, store) is None  # each alone is short


def test_a_finished_run_corrects_what_was_measured(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost_measurement, "TELLING_S", 0.0)  # on a fast machine this run is shorter
    config = resolved(digits())
    dataset = load_dataset("digits")
    keep(store, config, SECOND)
    work = Experiment(config, store)
    result = work.run()
    record(work)
    rates = read_rates(config, dataset, store)
    assert rates is not None
    assert rates.step == pytest.approx(result.seconds["train"] / (1257 * 15))
    whole = unlearning_seconds(config, work.split, rates)
    assert rates.needed["unsc"] * whole == pytest.approx(result.seconds["unlearn"])
    other = estimate([("experiment", replace(config, seed=1))], store)
    assert other is not None
    assert other.seconds == pytest.approx(
        result.seconds["train"] + result.seconds["unlearn"], rel=0.01
    )


def test_methods_say_what_they_read() -> None:
    assert METHODS["fisher"].single_gradients == fisher.SAMPLES
    request = split(load_dataset("digits"), (3,))
    seconds = {
        name: unlearning_seconds(resolved(digits(method=name)), request, SECOND)
        / (METHODS[name].epochs or 1)
        for name in METHODS
    }
    reads_all = {name for name, each in seconds.items() if each == 1257}
    assert reads_all == {"fine-tune", "salun", "scrub", "cf-k", "eu-k", "l1-sparse"}
    assert seconds["fisher"] == 10.0 * fisher.SAMPLES
    assert METHODS["ssd"].single_gradients == 2 * ssd.SAMPLES
    assert {name for name, each in seconds.items() if not each} == {
        "svd-forget",
        "retrain",
        "leace",
        "esc",
    }
    forget = len(request.forget_train())
    assert seconds["unsc"] == forget
    assert seconds["unsc-auto"] == METHODS["unsc-auto"].passes * forget
    steps = -(-forget // 128)
    erasing = METHODS["null-space-erasure"]
    assert seconds["null-space-erasure"] == forget + steps * erasing.held


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (35.4, "35 s"),
        (89, "89 s"),
        (120, "2 minutes"),
        (27 * 60, "27 minutes"),
        (3 * 3600, "3 hours"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
