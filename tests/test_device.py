"""Computing on a second device, whatever torch's default device and dtype are."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.conftest import blobs, digits, flat
from tests.second_device import DEVICE, SecondDevice
from tests.steps import LOOPS, around_steps
from unsc_core.analysis import geometry, replay
from unsc_core.config import ExperimentConfig, TrainingConfig
from unsc_core.data import load_dataset
from unsc_core.experiment import experiment, in_memory
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import MOMENTS
from unsc_core.experiment.store import Store
from unsc_core.learning import training
from unsc_core.learning.batches import class_batches, predict, to_device
from unsc_core.learning.device import full_precision
from unsc_core.learning.training import train
from unsc_core.methods import LISTED, METHODS
from unsc_core.methods.context import Unlearned
from unsc_core.models import build_model
from unsc_core.models.layers import Dropout
from unsc_core.subspace.moments import CHUNK_BYTES, moments_bytes, second_moments

CONFIGS = {"blobs": blobs(epochs=3), "digits": digits(epochs=3)}


def of_method(method: str, dataset: str) -> ExperimentConfig:
    """A short run of it."""
    return replace(CONFIGS[dataset], method=method, epochs=3 if METHODS[method].epochs else None)


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecondDevice]:
    """The second device; experiments are computed on it from here on."""
    for module in (experiment, in_memory):
        monkeypatch.setattr(module, "resolve_device", lambda name: str(DEVICE))
    with SecondDevice() as found:
        yield found


@contextmanager
def foreign_defaults() -> Iterator[None]:
    """A default device that cannot compute, and a default dtype that would show in results."""
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            yield
    finally:
        torch.set_default_dtype(torch.float32)


def same(one: Unlearned, other: Unlearned) -> bool:
    """Whether two runs ended with the same history, labels and weights, bit for bit."""
    weights = zip(one.model.state_dict().values(), other.model.state_dict().values(), strict=True)
    labels = one.labels is other.labels is None or torch.equal(one.labels.cpu(), other.labels.cpu())
    return (
        labels
        and one.history == other.history
        and all(a.dtype == b.dtype and torch.equal(a.cpu(), b.cpu()) for a, b in weights)
    )


# --- the second device ---


@pytest.mark.parametrize("dataset", CONFIGS)
@pytest.mark.parametrize("method", LISTED)
def test_every_method_works_on_another_device(
    method: str,
    dataset: str,
    shared_store: Store,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for method_file in ("fisher", "ssd"):
        monkeypatch.setattr(f"unsc_core.methods.{method_file}.SAMPLES", 50)
    here = Experiment(of_method(method, dataset), shared_store).unlearn()
    request.getfixturevalue("second")
    there = Experiment(of_method(method, dataset), shared_store).unlearn()
    assert {weight.device for weight in there.model.state_dict().values()} == {DEVICE}
    assert same(here, there)


@pytest.mark.parametrize("method", LOOPS)
def test_no_step_waits_for_the_device(
    method: str, shared_store: Store, second: SecondDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the loss, with its augmented images, nor the step down it."""
    waits: list[str] = []

    @contextmanager
    def noted() -> Iterator[None]:
        known = len(second.waits)
        yield
        waits.extend(second.waits[known:])

    second.let_pass(monkeypatch)
    work = Experiment(of_method(method, "digits"), shared_store)
    work.data = replace(work.data, augment=True)
    with around_steps(noted):
        assert len(work.unlearn().history) > 1
    assert second.waits  # those between epochs
    assert waits == []


def test_no_step_of_training_waits_for_the_device(
    second: SecondDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = load_dataset("digits")
    data = replace(to_device(dataset, str(DEVICE)), augment=True)
    model = build_model("small-cnn", dataset.input_shape, 10).to(DEVICE)
    second.let_pass(monkeypatch)
    known: list[int] = []
    train(
        model,
        data,
        torch.arange(300, device=DEVICE),
        TrainingConfig(2),
        0,
        lambda done, total, words: known.append(len(second.waits)),
    )
    assert len(known) == 6
    assert known[0] == known[2] < known[3] == known[5]  # once between the epochs


@pytest.mark.parametrize("subspace", ["joint", "merge"])
def test_an_experiment_runs_whole_on_another_device(
    subspace: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """From training to every view, also read from the store; all numbers are those of the CPU."""
    config = digits(epochs=3, training_epochs=2, subspace=subspace)
    stores = {"cpu": Store(tmp_path / "cpu"), "second": Store(tmp_path / "second")}
    results = {}
    for name, store in stores.items():
        if name == "second":
            request.getfixturevalue("second")
        results[name] = Experiment(config, store).run(with_retrain=True)
        geometry.make(config, store)
        replay.make_epochs(config, store)
    one, other = results["cpu"], results["second"]
    assert one.history == other.history
    assert one.null_space == other.null_space
    assert np.array_equal(one.labels, other.labels)
    for model, predictions in one.models.items():
        assert np.array_equal(predictions.test, other.models[model].test), model
        assert np.array_equal(predictions.train, other.models[model].train), model
    for kind in ("moments", "spectra", "subspaces", "epochs"):
        (path,) = (stores["cpu"].root / kind).iterdir()
        mine, theirs = (store.get(kind, path.stem) for store in stores.values())
        assert all(
            np.allclose(value, theirs.arrays[name], rtol=1e-9, atol=1e-4, equal_nan=True)
            for name, value in mine.arrays.items()
        ), kind


@pytest.mark.parametrize("forget", [{"forget_classes": (2,)}, {"forget_ids": (5, 6, 7)}])
def test_a_network_in_memory_is_unlearned_on_another_device(
    forget: dict, request: pytest.FixtureRequest
) -> None:
    dataset = load_dataset("digits")
    model = build_model("small-cnn", dataset.input_shape, 10)
    here = in_memory.unlearn(model, dataset, epochs=2, device="cpu", **forget)
    request.getfixturevalue("second")
    assert same(here, in_memory.unlearn(model, dataset, epochs=2, **forget))


def test_dropout_works_on_another_device(second: SecondDevice) -> None:
    ones = torch.ones(40, 40, device=DEVICE)
    kept = Dropout(0.5).train()(ones)
    assert set(kept.cpu().unique().tolist()) == {0.0, 2.0}
    assert second.waits == ["aten._to_copy.default"]


# --- foreign defaults ---


@pytest.mark.parametrize("dataset", CONFIGS)
@pytest.mark.parametrize("method", LISTED)
def test_a_method_relies_on_no_default(
    method: str, dataset: str, shared_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for method_file in ("fisher", "ssd"):
        monkeypatch.setattr(f"unsc_core.methods.{method_file}.SAMPLES", 50)
    usual = Experiment(of_method(method, dataset), shared_store).unlearn()
    with foreign_defaults():
        assert same(usual, Experiment(of_method(method, dataset), shared_store).unlearn())


@pytest.mark.parametrize("model", ["small-cnn", "alexnet"])
def test_training_and_moments_rely_on_no_default(model: str) -> None:
    def collected() -> tuple[Tensor, dict[str, Tensor], Tensor]:
        full = load_dataset("fashion-mnist-mini")
        data = replace(to_device(full, "cpu"), augment=True)
        network = build_model(model, full.input_shape, 10)
        train(
            network,
            data,
            torch.arange(0, 10_000, 100, device="cpu"),
            TrainingConfig(2, batch_size=32),
            0,
        )
        moments = second_moments(network, class_batches(data, 8), 10, positions=5)
        return flat(network), moments.retain((6,)), predict(network, data, data.x_test[:50])

    usual = collected()
    with foreign_defaults():
        weights, moments, logits = collected()
    assert torch.equal(weights, usual[0])
    assert weights.dtype == logits.dtype == torch.float32
    assert all(torch.equal(moment, usual[1][layer]) for layer, moment in moments.items())
    assert torch.equal(logits, usual[2])


@pytest.mark.parametrize(
    "settings", [{}, {"subspace": "merge"}, {"forget_classes": (), "forget_ids": (5, 6, 7)}]
)
def test_an_experiment_relies_on_no_default(settings: dict, tmp_path: Path) -> None:
    config = digits(epochs=2, training_epochs=1, **settings)
    usual = Experiment(config, Store(tmp_path / "usual")).run(with_retrain=True)
    with foreign_defaults():
        found = Experiment(config, Store(tmp_path / "found")).run(with_retrain=True)
    assert usual.history == found.history
    for model, predictions in usual.models.items():
        assert predictions.train.dtype == found.models[model].train.dtype == np.float32
        assert np.array_equal(predictions.train, found.models[model].train), model


def test_seeding_touches_no_other_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generators of GPUs that nothing is computed on are left alone."""
    monkeypatch.setattr(
        torch.cuda, "manual_seed_all", lambda seed: pytest.fail("every GPU was seeded")
    )
    dataset = load_dataset("blobs")
    model = build_model("mlp", dataset.input_shape, 4)
    train(model, to_device(dataset, "cpu"), torch.arange(100), TrainingConfig(1), 0)


# --- precision ---


def precision() -> tuple[str, str]:
    """What torch would let a GPU do to convolutions and to matrix products."""
    return torch.backends.cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision


class Watched(nn.Linear):
    """A layer that records at which precision it was called."""

    def forward(self, inputs: Tensor) -> Tensor:
        self.seen = precision()
        return super().forward(inputs)


@pytest.mark.parametrize("matmul", ["highest", "high"])
def test_what_is_measured_is_measured_in_full_precision(matmul: str) -> None:
    torch.set_float32_matmul_precision(matmul)
    try:
        before = precision()
        assert before[0] == "tf32"  # what torch allows convolutions
        assert (before[1] == "tf32") == (matmul == "high")
        model = nn.Sequential(nn.Flatten(), Watched(2, 4))
        data = to_device(load_dataset("blobs"), "cpu")
        seen = []
        predict(model, data, data.x_test[:4])
        seen.append(model[1].seen)
        second_moments(model, class_batches(data, 2), 4)
        seen.append(model[1].seen)
        with pytest.raises(ZeroDivisionError), full_precision():
            raise ZeroDivisionError
        assert seen == [("ieee", "ieee")] * 2
        assert precision() == before
    finally:
        torch.set_float32_matmul_precision("highest")


def test_gradients_are_projected_in_full_precision() -> None:
    """Not so the passes they come from."""
    model = Watched(2, 4)
    seen = []

    def project(gradient: Tensor) -> Tensor:
        seen.append(precision())
        return gradient

    loss = F.cross_entropy(model(torch.ones(3, 2)), torch.tensor([0, 1, 2]))
    training._step(
        model,
        torch.optim.SGD(model.parameters(), 0.1),
        loss,
        {"weight": model.weight},
        {"weight": project},
        1.0,
    )
    assert seen == [("ieee", "ieee")]
    assert model.seen == precision() != seen[0]


# --- a real GPU ---


@contextmanager
def no_waiting() -> Iterator[None]:
    """Within this context, whatever makes the CPU wait for the GPU is an error."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def on_gpu(config: ExperimentConfig, store: Store) -> Experiment:
    """The experiment on the GPU with the original that the CPU has."""
    cpu, gpu = Experiment(config, store), Experiment(replace(config, device="cuda"), store)
    _ = cpu.original
    store.put("trained", gpu.keys.original, store.get("trained", cpu.keys.original))
    return gpu


@pytest.mark.gpu
@pytest.mark.parametrize("method", [name for name in LISTED if name != "retrain"])
def test_every_method_agrees_on_a_gpu(method: str, shared_store: Store) -> None:
    config = of_method(method, "digits")
    cpu, gpu = Experiment(config, shared_store), on_gpu(config, shared_store)
    one, other = cpu.unlearn(), gpu.unlearn()
    if one.labels is not None:
        assert float((one.labels == other.labels.cpu()).float().mean()) > 0.99
    here, there = (
        predict(one.model, cpu.data, cpu.data.x_test),
        predict(other.model, gpu.data, gpu.data.x_test).cpu(),
    )
    assert float((here.argmax(1) == there.argmax(1)).float().mean()) > 0.97
    assert float((here - there).norm() / here.norm()) < 0.05


@pytest.mark.gpu
@pytest.mark.parametrize("method", LOOPS)
def test_no_step_waits_for_the_gpu(method: str, shared_store: Store) -> None:
    work = on_gpu(of_method(method, "digits"), shared_store)
    work.data = replace(work.data, augment=True)
    with around_steps(no_waiting):
        assert len(work.unlearn().history) > 1


@pytest.mark.gpu
def test_no_step_of_training_waits_for_the_gpu() -> None:
    dataset = load_dataset("digits")
    data = replace(to_device(dataset, "cuda"), augment=True)
    model = build_model("small-cnn", dataset.input_shape, 10).to("cuda")
    steps: list[int] = []

    def after_step(done: int, total: int, words: str) -> None:
        torch.cuda.set_sync_debug_mode("error" if done < total else "default")
        steps.append(done)

    try:
        train(model, data, torch.arange(600, device="cuda"), TrainingConfig(1), 0, after_step)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert steps == [1, 2, 3, 4, 5]


@pytest.mark.gpu
@pytest.mark.parametrize("model", ["small-cnn", "alexnet"])
def test_the_same_seed_gives_the_same_on_a_gpu(model: str, tmp_path: Path) -> None:
    """Training with dropout, moments and unlearning; torch's own generator is left alone."""
    config = ExperimentConfig(model=model, training_epochs=1, epochs=2, device="cuda")
    torch.cuda.manual_seed(5)
    before = torch.cuda.get_rng_state()
    one, other = (Experiment(config, Store(tmp_path / name)) for name in ("a", "b"))
    assert same(one.unlearned, other.unlearned)
    assert torch.equal(flat(one.original), flat(other.original))
    assert all(
        torch.equal(value, other.moments.per_class[layer])
        for layer, value in one.moments.per_class.items()
    )
    assert torch.equal(torch.cuda.get_rng_state(), before)


@pytest.mark.gpu
def test_moments_take_twice_their_room_at_most() -> None:
    """While they are collected, beside the batch and its patches."""
    full = load_dataset("fashion-mnist-mini")
    data = to_device(full, "cuda")
    model = build_model("allcnn", full.input_shape, 10).to("cuda")
    needed = moments_bytes(model, data.inputs(data.x_train[:1]), 10, MOMENTS)
    held = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    second_moments(
        model,
        class_batches(data, MOMENTS.images),
        10,
        images=MOMENTS.images,
        positions=MOMENTS.positions,
    )
    assert torch.cuda.max_memory_allocated() - held < 2 * needed + 6 * CHUNK_BYTES


@pytest.mark.gpu
def test_predictions_of_a_gpu_are_those_of_float32() -> None:
    full = load_dataset("fashion-mnist-mini")
    data, cpu = to_device(full, "cuda"), to_device(full, "cpu")
    model = build_model("allcnn", full.input_shape, 10)
    exact = copy.deepcopy(model).double().eval()
    with torch.no_grad():
        expected = exact(cpu.inputs(cpu.x_test[:200]).double())
    model = model.to("cuda").eval()
    with torch.no_grad():
        as_torch_has_it = model(data.inputs(data.x_test[:200])).cpu()
    found = predict(model, data, data.x_test[:200]).cpu()

    def error(logits: Tensor) -> float:
        return float((logits - expected).norm() / expected.norm())

    assert error(found) < 1e-5
    if torch.cuda.get_device_capability() >= (8, 0):  # where there is TF32
        assert error(as_torch_has_it) > 10 * error(found)
