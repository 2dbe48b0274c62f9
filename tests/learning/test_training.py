"""The two loops, on real data: what they change, what they leave alone, when they stop."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.conftest import digits, flat
from unsc_core.config import TrainingConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.errors import DivergedError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.learning.batches import DeviceData, class_batches, predict, to_device
from unsc_core.learning.labels import pseudo_labels
from unsc_core.learning.training import SgdConfig, relabel, train
from unsc_core.models import build_model
from unsc_core.subspace.moments import second_moments
from unsc_core.subspace.null_space import NullSpace, null_space, project_gradient, spectrum


@pytest.fixture(scope="module")
def work(shared_store: Store) -> Experiment:
    return Experiment(digits(), shared_store)


@pytest.fixture
def model(work: Experiment) -> nn.Module:
    return copy.deepcopy(work.original)


def _request(work: Experiment) -> tuple[DeviceData, Tensor, Tensor]:
    rows = torch.from_numpy(work.split.forget_train())
    return (
        work.data,
        rows,
        pseudo_labels(
            predict(work.original, work.data, work.data.x_train[rows]),
            torch.from_numpy(work.split.banned()),
        ),
    )


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_training_learns_and_leaves_the_global_generator_alone() -> None:
    dataset = load_dataset("digits")
    data = to_device(dataset, "cpu")
    model = build_model("small-cnn", dataset.input_shape, 10)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    steps: list[tuple[int, int, str]] = []
    train(
        model,
        data,
        torch.arange(len(data.y_train)),
        TrainingConfig(3),
        0,
        lambda *step: steps.append(step),
    )
    assert torch.equal(torch.rand(3), expected)
    assert model.training is False
    per_epoch = int(np.ceil(len(data.y_train) / 128))
    assert [done for done, _, _ in steps] == list(range(1, 3 * per_epoch + 1))
    assert {total for _, total, _ in steps} == {3 * per_epoch}
    assert float((predict(model, data, data.x_test).argmax(1) == data.y_test).float().mean()) > 0.8


@pytest.mark.parametrize("steps", range(1, 12))
def test_training_works_for_any_number_of_steps(steps: int) -> None:
    dataset = load_dataset("blobs")
    data = to_device(dataset, "cpu")
    model = build_model("mlp", dataset.input_shape, 4)
    before = _state(model)
    train(model, data, torch.arange(0, 1600, 16), TrainingConfig(steps), 0)
    assert all(bool(torch.isfinite(value).all()) for value in model.state_dict().values())
    assert steps == 1 or not torch.equal(model.state_dict()["1.weight"], before["1.weight"])


@pytest.mark.parametrize("rest", [0, 1, 2])
def test_training_takes_a_last_batch_of_any_size(rest: int) -> None:
    dataset = load_dataset("fashion-mnist-mini")
    data = to_device(dataset, "cpu")
    model = build_model("alexnet", dataset.input_shape, 10)
    train(model, data, torch.arange(8 + rest), TrainingConfig(1, batch_size=4), 0)
    assert all(bool(torch.isfinite(value).all()) for value in model.state_dict().values())


def test_training_that_diverges_says_so() -> None:
    dataset = load_dataset("digits")
    data = to_device(dataset, "cpu")
    model = build_model("mlp", dataset.input_shape, 10)
    with pytest.raises(DivergedError, match="smaller learning rate"):
        train(
            model, data, torch.arange(len(data.y_train)), TrainingConfig(3, learning_rate=1e20), 0
        )


def test_relabel_moves_only_what_is_named(work: Experiment, model: nn.Module) -> None:
    before = _state(model)
    named = {"4.weight", "18.weight"} & set(dict(model.named_parameters())) or {
        next(iter(dict(model.named_parameters())))
    }
    relabel(
        model,
        *_request(work),
        SgdConfig(0.1, 2),
        0,
        project={name: lambda gradient: gradient for name in named},
    )
    moved = {
        name for name, value in model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert moved == named
    assert all(parameter.grad is None for parameter in model.parameters())


def test_relabel_leaves_running_statistics_bit_identical(
    work: Experiment, model: nn.Module
) -> None:
    before = _state(model)
    relabel(model.train(), *_request(work), SgdConfig(0.1, 2), 0)
    statistics = [name for name in before if "running" in name or "tracked" in name]
    assert len(statistics) == 15
    assert all(torch.equal(model.state_dict()[name], before[name]) for name in statistics)
    assert not torch.equal(model.state_dict()["0.weight"], before["0.weight"])
    assert model.training is False


def test_relabel_stops_at_the_floor(work: Experiment, model: nn.Module) -> None:
    calls: list[tuple[int, float, float]] = []
    history = relabel(
        model,
        *_request(work),
        SgdConfig(0.1, 50, floor=0.3),
        0,
        on_epoch=lambda *call: calls.append(call),
    )
    accuracies = [entry["accuracy"] for entry in history]
    assert 1 < len(history) < 51
    assert accuracies[-1] <= 0.3
    assert min(accuracies[:-1]) > 0.3
    assert [entry["epoch"] for entry in history] == list(range(len(history)))
    assert [(entry["epoch"], entry["accuracy"], entry["loss"]) for entry in history] == calls
    data, rows, _ = _request(work)
    assert accuracies[-1] == pytest.approx(
        float(
            (predict(model, data, data.x_train[rows]).argmax(1) == data.y_train[rows])
            .float()
            .mean()
        )
    )


def test_known_logits_are_not_computed_again(work: Experiment, model: nn.Module) -> None:
    data, rows, labels = _request(work)
    known = predict(model, data, data.x_train[rows])
    usual = relabel(copy.deepcopy(model), data, rows, labels, SgdConfig(0.1, 2), 0)
    assert (
        relabel(copy.deepcopy(model), data, rows, labels, SgdConfig(0.1, 2), 0, before=known)
        == usual
    )
    assert (
        relabel(model, data, rows, labels, SgdConfig(0.1, 2), 0, before=known.roll(1, 1))[0]
        != usual[0]
    )


def test_relabel_runs_all_epochs_above_the_floor(work: Experiment, model: nn.Module) -> None:
    assert len(relabel(model, *_request(work), SgdConfig(1e-6, 4), 0)) == 5


def test_step_is_never_longer_than_the_clip(work: Experiment, model: nn.Module) -> None:
    data, rows, labels = _request(work)
    rows, labels = rows[:64], labels[:64]  # one batch, one step
    before = flat(model)
    config = SgdConfig(0.5, 1, clip=0.01)

    def moved(config: SgdConfig) -> float:
        copied = copy.deepcopy(model)
        relabel(copied, data, rows, labels, config, 0)
        return float((flat(copied) - before).norm())

    assert moved(config) == pytest.approx(0.5 * 0.01, rel=1e-3)
    assert moved(replace(config, clip=1e9)) > 2 * 0.5 * 0.01


@pytest.mark.parametrize("learning_rate", [1e20, 1e30])
def test_relabel_that_diverges_says_so(
    work: Experiment, model: nn.Module, learning_rate: float
) -> None:
    with pytest.raises(DivergedError, match="smaller learning rate"):
        relabel(model, *_request(work), SgdConfig(learning_rate, 5), 0)


def test_single_absurd_step_counts_as_diverged(work: Experiment, model: nn.Module) -> None:
    data, rows, labels = _request(work)
    with pytest.raises(DivergedError):
        relabel(model, data, rows[:64], labels[:64], SgdConfig(1e30, 1), 0)


def test_same_seed_same_weights(work: Experiment, model: nn.Module) -> None:
    def unlearned(seed: int) -> Tensor:
        copied = copy.deepcopy(model)
        relabel(copied, *_request(work), SgdConfig(0.1, 2, batch_size=32), seed)
        return flat(copied)

    assert torch.equal(unlearned(0), unlearned(0))
    assert not torch.equal(unlearned(0), unlearned(1))


def _few_clothes(each: int) -> Dataset:
    """The first images of every class: fewer samples than pixels."""
    full = load_dataset("fashion-mnist-mini")
    chosen = np.concatenate([np.flatnonzero(full.y_train == c)[:each] for c in range(10)])
    return Dataset(
        "few",
        full.x_train[chosen],
        full.y_train[chosen],
        full.x_test,
        full.y_test,
        full.class_names,
    )


def _one_layer(
    dataset: Dataset, energy_threshold: float
) -> tuple[nn.Module, nn.Module, DeviceData, NullSpace]:
    """A trained one-layer network, that network unlearned under projection, data, null space."""
    data = to_device(dataset, "cpu")
    original = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    torch.nn.init.zeros_(original[1].weight)
    train(original, data, torch.arange(len(data.y_train)), TrainingConfig(5, learning_rate=0.01), 0)
    moment = second_moments(original, class_batches(data, 0), 10).retain((6,))["1"][0]
    space = null_space(spectrum(moment), energy_threshold)
    rows = torch.nonzero(data.y_train == 6)[:, 0]
    labels = pseudo_labels(
        predict(original, data, data.x_train[rows]), torch.arange(10).eq(6).expand(len(rows), 10)
    )
    model = copy.deepcopy(original)
    project = {"1.weight": partial(project_gradient, spaces=(space.to(original[1].weight),))}
    relabel(model, data, rows, labels, SgdConfig(0.5, 60), 0, project=project)
    return original, model, data, space


def test_retain_logits_of_one_layer_do_not_move_when_all_energy_is_kept() -> None:
    dataset = _few_clothes(20)
    original, model, data, space = _one_layer(dataset, 1.0)
    assert space.dim - space.rank >= 784 - 180
    before, after = (predict(m, data, data.x_train) for m in (original, model))
    retain = data.y_train != 6
    assert float((after[retain] - before[retain]).norm() / before[retain].norm()) < 1e-5
    assert float((after[~retain] - before[~retain]).norm() / before[~retain].norm()) > 0.1
    assert (
        float((after[~retain].argmax(1) == 6).float().mean())
        <= 0.01
        < float((before[~retain].argmax(1) == 6).float().mean())
    )


@pytest.mark.parametrize("energy_threshold", [0.8, 0.9, 0.97])
def test_retain_pre_activations_move_no_further_than_the_bound(energy_threshold: float) -> None:
    dataset = _few_clothes(20)
    original, model, data, space = _one_layer(dataset, energy_threshold)
    x = data.inputs(data.x_train[data.y_train != 6]).flatten(1)
    change = (model[1].weight - original[1].weight).detach()
    moved = float((x @ change.T).square().sum(1).mean())
    bound = float(change.square().sum()) * (1 - energy_threshold) * float(x.square().sum(1).mean())
    assert torch.equal(model[1].bias, original[1].bias)
    assert 0 < moved <= bound
    assert float((change @ space.basis.float()).abs().max()) < 1e-6


@pytest.mark.parametrize("energy_threshold", [0.9, 0.96])
def test_bound_holds_in_every_layer_of_a_deep_network(
    shared_store: Store, energy_threshold: float
) -> None:
    work = Experiment(digits(energy_threshold=energy_threshold), shared_store)
    moments = work.moments.retain(work.config.forget_classes)
    for layer, moment in moments.items():
        change = (
            (
                work.unlearned.model.state_dict()[f"{layer}.weight"]
                - work.original.state_dict()[f"{layer}.weight"]
            )
            .flatten(1)
            .double()
        )
        moved = float((change @ moment[0] @ change.T).trace())
        assert (
            0
            < moved
            <= float(change.square().sum()) * (1 - energy_threshold) * float(moment[0].trace())
        ), layer
