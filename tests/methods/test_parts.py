"""The twelve combinations of UNSC's parts: each is made of what its entry says."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import product

import pytest
import torch

from tests.conftest import digits, flat
from unsc_core.analysis.comparison import METHOD_SETS, PARTS
from unsc_core.analysis.parts import EPOCHS, READS, TARGETS, WEIGHTS, configs
from unsc_core.data import load_dataset
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store
from unsc_core.methods import LISTED, METHODS, parts

RATES = {"all": 0.01, "cut": 0.4, "soft": 0.4}


def test_every_combination_has_one_method_and_its_settings_follow_from_its_parts() -> None:
    assert set(PARTS) == set(product(TARGETS, WEIGHTS, READS))
    assert METHOD_SETS["parts"] == tuple(PARTS.values())
    for (target, weights, reads), name in PARTS.items():
        entry = METHODS[name]
        assert entry.learning_rate == RATES[weights]
        assert entry.uses_energy_threshold == (weights == "cut")
        assert entry.uses_moments == (weights != "all")
        assert entry.uses_pseudo_labels == (target == "pseudo-label")
        assert entry.held == (128 if reads == "retained" else 0)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    return Experiment(digits(), Store(tmp_path_factory.mktemp("parts")))


def weights_after(work: Experiment, unlearn: object, **more: object) -> torch.Tensor:
    context = replace(work.context(), learning_rate=0.1, epochs=2)
    return flat(unlearn(copy.deepcopy(work.original), context, **more).model)  # type: ignore[operator]


def test_the_four_that_are_methods_of_their_own_are_made_of_the_same_parts(
    work: Experiment,
) -> None:
    own = [name for name in PARTS.values() if name in LISTED]
    assert sorted(own) == ["delete", "pseudo-labels", "soft-null-space", "unsc"]
    for name in own:
        of = METHODS[name].parts
        same = weights_after(work, parts.unlearn, parts=of)
        assert torch.equal(weights_after(work, METHODS[name].unlearn), same), name


def test_each_part_makes_a_difference_and_the_cut_moves_only_in_the_null_space(
    work: Experiment,
) -> None:
    after = {of: weights_after(work, METHODS[name].unlearn) for of, name in PARTS.items()}
    for (one, first), (other, second) in product(after.items(), after.items()):
        assert torch.equal(first, second) == (one == other), (one, other)
    held = replace(work.context(), learning_rate=0.1, epochs=2)
    found = METHODS["unsc+retained"].unlearn(copy.deepcopy(work.original), held)
    assert found.null_space
    assert (
        found.null_space == METHODS["unsc"].unlearn(copy.deepcopy(work.original), held).null_space
    )


def test_all_twelve_have_one_budget_and_the_cut_that_was_chosen() -> None:
    dataset = load_dataset("digits")
    chosen = resolve(digits(energy_threshold=0.9, learning_rate=1.0, epochs=3), dataset)
    found = configs(chosen, dataset, (4, 5))
    assert set(found) == {(name, seed) for name in PARTS.values() for seed in (4, 5)}
    for (name, seed), config in found.items():
        entry = METHODS[name]
        assert (config.seed, config.epochs) == (seed, EPOCHS)
        assert config.learning_rate == entry.learning_rate
        assert config.energy_threshold == (0.9 if entry.uses_energy_threshold else None)
    plain = configs(resolve(digits(method="scrub"), dataset), dataset, (4,))
    assert plain["unsc", 4] == resolve(digits(seed=4), dataset)  # the same stored experiment
    assert plain["soft-null-space", 4] == resolve(digits(method="soft-null-space", seed=4), dataset)
