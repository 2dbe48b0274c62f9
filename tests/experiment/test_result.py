"""Configs, keys, and the measures of a result."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from tests.conftest import blobs, digits
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.errors import ConfigError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.keys import content_key, keys
from unsc_core.experiment.machine import ELSEWHERE, Took, this_machine
from unsc_core.experiment.resolve import DEFAULT_ENERGY_THRESHOLD, resolve, settings, training
from unsc_core.experiment.result import read_result, took_training, took_unlearning
from unsc_core.experiment.store import Store
from unsc_core.methods import LISTED, METHODS
from unsc_core.subspace.energy import MERGE_THRESHOLD


def test_config_survives_json() -> None:
    config = digits(forget_classes=(1, 2), energy_threshold=0.9, checkpoint="w.pt")
    assert ExperimentConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_config_stored_without_a_sample_means_the_first_images_and_keeps_its_keys() -> None:
    assert ExperimentConfig.from_dict({}) == ExperimentConfig(moments_sample="first")
    dataset = load_dataset("blobs")
    stored = {
        name: value
        for name, value in blobs().to_dict().items()
        if name not in ("moments_sample", "class_weights", "strength")
    }
    config = resolve(ExperimentConfig.from_dict(stored), dataset)
    assert (config.moments_sample, config.class_weights) == ("first", "equal")
    found = keys(config, dataset)
    assert found.moments == content_key(
        moments=found.original, images=96, positions=48, seed=0, without=[]
    )  # as before there was a choice
    assert found.spectra == content_key(spectra=found.moments, forget=[0])
    assert found.unlearned == content_key(
        original=found.original,
        forget=[0],
        method="unsc",
        seed=0,
        energy_threshold=0.96,
        subspace="joint",
        learning_rate=0.4,
        epochs=25,
        training_epochs=None,
        moments=found.moments,
    )


@pytest.mark.parametrize(
    ("name", "known"), [("moments_sample", "random, first"), ("class_weights", "equal, size")]
)
def test_unknown_ways_to_collect_moments_are_refused_by_name(name: str, known: str) -> None:
    with pytest.raises(ConfigError, match=f"Unknown {name} 'last'; choose one of {known}."):
        resolve(blobs(**{name: "last"}), load_dataset("blobs"))


def test_unknown_field_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="gamma.*energy_threshold"):
        ExperimentConfig.from_dict({"gamma": 0.9})


@pytest.mark.parametrize("method", LISTED)
def test_resolve_fills_every_default_once(method: str) -> None:
    dataset = load_dataset("blobs")
    config = resolve(blobs(method=method), dataset)
    entry = METHODS[method]
    assert resolve(config, dataset) == config
    assert config.energy_threshold == entry.energy_threshold
    assert (config.learning_rate, config.epochs) == (entry.learning_rate, entry.epochs)
    assert config.training_epochs == 40


@pytest.mark.parametrize("method", LISTED)
def test_settings_of_a_resolved_config_are_complete(method: str) -> None:
    entry = METHODS[method]
    found = settings(resolve(blobs(method=method), load_dataset("blobs")))
    expected = (entry.energy_threshold, entry.learning_rate, entry.epochs)
    defaults = (DEFAULT_ENERGY_THRESHOLD, 0.0, 0)
    assert (found.energy_threshold, found.learning_rate, found.epochs) == tuple(
        default if value is None else value
        for value, default in zip(expected, defaults, strict=True)
    )


def test_each_layer_is_cut_where_the_config_says() -> None:
    dataset, layers = load_dataset("blobs"), ("1", "3")

    def cuts(**values: object) -> dict[str, float]:
        return settings(resolve(blobs(**values), dataset)).cuts(layers)

    assert cuts(energy_threshold=0.9) == {"1": 0.9, "3": 0.9}
    assert cuts(energy_thresholds=(0.9, 0.8)) == {"1": 0.9, "3": 0.8}
    assert cuts(energy_threshold=0.9, subspace="merge") == dict.fromkeys(layers, MERGE_THRESHOLD)
    with pytest.raises(ConfigError, match="3 values of γ.*2 layers"):
        cuts(energy_thresholds=(0.9, 0.8, 0.7))


def test_training_needs_a_resolved_config() -> None:
    assert training(resolve(blobs(), load_dataset("blobs"))).epochs == 40
    with pytest.raises(ValueError, match="not been resolved"):
        training(blobs())


def test_order_and_repetition_of_classes_do_not_matter() -> None:
    dataset = load_dataset("blobs")
    assert resolve(blobs(forget_classes=(2, 0, 2)), dataset) == resolve(
        blobs(forget_classes=(0, 2)), dataset
    )


def test_default_spelled_out_has_the_key_of_a_default_left_out() -> None:
    dataset = load_dataset("blobs")
    spelled = blobs(
        energy_threshold=DEFAULT_ENERGY_THRESHOLD,
        learning_rate=METHODS["unsc"].learning_rate,
        epochs=METHODS["unsc"].epochs,
    )
    assert keys(resolve(spelled, dataset), dataset) == keys(resolve(blobs(), dataset), dataset)


CHANGES = {
    "forget_classes": ((1,), {"retrained", "spectra", "unlearned"}),
    "method": ("pseudo-labels", {"unlearned"}),
    "seed": (1, {"original", "retrained", "moments", "spectra", "unlearned"}),
    "energy_threshold": (0.5, {"unlearned"}),
    "learning_rate": (0.3, {"unlearned"}),
    "epochs": (3, {"unlearned"}),
    "training_epochs": (7, {"original", "retrained", "moments", "spectra", "unlearned"}),
    "moments_sample": ("first", {"moments", "spectra", "unlearned"}),
    "class_weights": ("size", {"moments", "spectra", "unlearned"}),
    "device": ("auto", {"original", "retrained", "moments", "spectra", "unlearned"}),
}


@pytest.mark.parametrize("field", CHANGES)
def test_each_setting_changes_the_keys_of_what_it_decides(field: str) -> None:
    dataset = load_dataset("blobs")
    value, expected = CHANGES[field]
    before, after = (
        keys(resolve(c, dataset), dataset) for c in (blobs(), replace(blobs(), **{field: value}))
    )
    assert {
        f.name for f in fields(before) if getattr(before, f.name) != getattr(after, f.name)
    } == expected


def test_each_strength_has_its_own_key_where_there_is_one() -> None:
    dataset = load_dataset("blobs")
    plain = blobs(method="null-space-erasure")
    found = {
        keys(resolve(replace(plain, strength=strength), dataset), dataset).unlearned
        for strength in (1.0, 0.5, 0.0)
    }
    assert len(found) == 3
    assert resolve(blobs(strength=0.5), dataset) == resolve(blobs(), dataset)  # UNSC has none


def test_other_data_or_network_changes_every_key() -> None:
    named = [
        keys(resolve(c, load_dataset(c.dataset)), load_dataset(c.dataset))
        for c in (blobs(), digits(), digits(model="mlp"))
    ]
    for f in fields(named[0]):
        assert len({getattr(k, f.name) for k in named}) == 3


def test_checkpoint_decides_the_key_by_its_content_and_device(tmp_path) -> None:
    dataset = load_dataset("blobs")
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(content)
    a, b, c = (
        keys(resolve(blobs(checkpoint=str(tmp_path / name)), dataset), dataset).original
        for name in "abc"
    )
    assert a == b != c
    assert (
        keys(
            resolve(blobs(checkpoint=str(tmp_path / "a"), device="auto"), dataset), dataset
        ).original
        != a
    )


def test_nothing_stored_is_no_result(tmp_path) -> None:
    dataset = load_dataset("blobs")
    assert read_result(resolve(blobs(), dataset), dataset, Store(tmp_path)) is None


def test_summary_is_computed_from_the_logits(shared_store: Store) -> None:
    work = Experiment(digits(), shared_store)
    result = work.run(with_retrain=True)
    numbers = summary(result)
    y, forget = work.dataset.y_test, work.config.forget_classes
    of_forget = np.isin(y, forget)
    assert (numbers["seed"], numbers["key"]) == (0, result.key)
    for name, predictions in result.models.items():
        right = predictions.test.argmax(1) == y
        assert numbers[name]["acc_forget"] == pytest.approx(100 * right[of_forget].mean())
        assert numbers[name]["acc_retain"] == pytest.approx(
            100 * np.mean([right[y == c].mean() for c in work.split.retain_classes])
        )
        assert numbers[name]["per_class"] == pytest.approx(
            [100 * right[y == c].mean() for c in range(10)]
        )
        trained = predictions.train.argmax(1) == work.dataset.y_train
        assert numbers[name]["train"]["per_class"] == pytest.approx(
            [100 * trained[work.dataset.y_train == c].mean() for c in range(10)]
        )
    z0, z = result.original.test[~of_forget], result.unlearned.test[~of_forget]
    assert numbers["logit_drift"] == pytest.approx(
        np.sqrt(((z - z0) ** 2).sum() / (z0**2).sum()), rel=1e-5
    )
    assert numbers["over_unlearning"] == pytest.approx(
        numbers["original"]["acc_retain"] - numbers["unlearned"]["acc_retain"]
    )
    same = result.unlearned.test[of_forget].argmax(1) == result.retrained.test[of_forget].argmax(1)
    assert numbers["agreement"] == pytest.approx(100 * same.mean())
    assert numbers["epochs_run"] == len(result.history) - 1
    json.dumps(numbers, allow_nan=False)


def test_the_mask_hides_the_forgotten_logits_and_changes_nothing_else(shared_store: Store) -> None:
    work = Experiment(digits(), shared_store)
    result = work.run(with_retrain=True)
    numbers, y = summary(result), work.dataset.y_test
    z0 = result.original.test
    predicted = np.array(
        [max((c for c in range(10) if c != 3), key=lambda c, row=row: row[c]) for row in z0]
    )
    assert numbers["mask"]["acc_forget"] == 0.0
    assert numbers["mask"]["acc_retain"] == pytest.approx(
        100 * np.mean([(predicted[y == c] == c).mean() for c in range(10) if c != 3])
    )
    assert numbers["mask"]["agreement"] == pytest.approx(
        100 * (predicted[y == 3] == result.retrained.test[y == 3].argmax(1)).mean()
    )
    assert numbers["mask"]["train"]["acc_forget"] == 0.0
    assert numbers["gain"]["free"] == pytest.approx(
        numbers["mask"]["acc_retain"] - numbers["original"]["acc_retain"]
    )
    assert numbers["gain"]["added"] == pytest.approx(
        numbers["unlearned"]["acc_retain"] - numbers["mask"]["acc_retain"]
    )
    assert numbers["gain"]["total"] == pytest.approx(-numbers["over_unlearning"])
    assert (result.original.test is z0, np.isfinite(z0).all()) == (True, True)
    assert numbers["retrained"]["logit_drift"] > 0


def test_single_samples_have_no_mask(shared_store: Store) -> None:
    numbers = summary(Experiment(digits(forget_classes=(), forget_ids=(1, 5)), shared_store).run())
    assert numbers["mask"] is None
    assert (numbers["gain"]["free"], numbers["gain"]["added"]) == (None, None)


@pytest.mark.parametrize("method", ["fisher", "salun", "scrub"])
def test_seconds_are_measured_around_the_method(method: str, shared_store: Store) -> None:
    """These have stages that a sum over known stages would leave out."""
    result = Experiment(digits(method=method, seed=4), shared_store).run()
    own = result.seconds["unlearn"] + sum(
        result.seconds.get(stage, 0.0) for stage in ("fisher", "saliency", "teacher")
    )
    assert own > result.seconds["unlearn"]
    assert own <= result.took["unlearned"].seconds < own + 5.0
    assert result.took["unlearned"].machine == this_machine()
    assert result.took["unlearned"].apart(result.took["original"]) == ""


def test_times_of_two_machines_are_not_comparable() -> None:
    here = Took(1.0, "here")
    assert here.apart(Took(2.0, "here")) == ""
    assert here.apart(Took(2.0, "there")) == "another machine"
    assert here.apart(Took(2.0)) == Took(2.0).apart(here) == "machine not recorded"
    assert (
        took_training({"seconds": 3.0}).machine
        == took_training({"seconds": 3.0, "created": 1.0, "imported": 2.0}).machine
        == ELSEWHERE
    )
    assert took_training({"seconds": 3.0, "created": 1.0}).machine == ""
    older = {"seconds": {"train": 50.0, "fisher": 4.0, "unlearn": 0.5, "energy_error": 9.0}}
    assert took_unlearning(older) == Took(4.5, "")


def test_a_threshold_per_layer_decides_each_layers_rank(shared_store: Store) -> None:
    one = Experiment(digits(energy_threshold=0.9), shared_store).run().null_space
    other = Experiment(digits(energy_threshold=0.999), shared_store).run().null_space
    each = (0.9, 0.999) * (len(one) // 2) + (0.9,) * (len(one) % 2)
    config = digits(energy_thresholds=each, energy_threshold=0.5)
    result = Experiment(config, shared_store).run()
    assert [ranks["rank"] for ranks in result.null_space.values()] == [
        (one if threshold == 0.9 else other)[layer]["rank"]
        for layer, threshold in zip(one, each, strict=True)
    ]
    assert result.config.energy_threshold is None
    dataset = load_dataset("digits")
    assert keys(resolve(replace(config, energy_threshold=None), dataset), dataset) == keys(
        result.config, dataset
    )
    assert resolve(replace(config, method="fine-tune"), dataset).energy_thresholds == ()
    assert ExperimentConfig.from_dict(result.config.to_dict()) == result.config


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"energy_thresholds": (0.9, 1.5)}, "above 0 and at most 1, not 1.5"),
        ({"energy_thresholds": (0.9,), "subspace": "merge"}, "use joint for a γ per layer"),
        ({"energy_thresholds": (0.9,)}, "1 values of γ were named, but the network has"),
    ],
)
def test_impossible_thresholds_per_layer(values: dict, words: str, shared_store: Store) -> None:
    with pytest.raises(ConfigError, match=words):
        Experiment(digits(**values), shared_store).run()
