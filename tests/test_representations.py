"""Patches, second moments, and that they agree with numpy on every layer geometry."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from tests.conftest import digits
from tests.layer_cases import CASES, LayerCase, projector_differences, reference_output, reference_representations
from unsc_core.config import ExperimentConfig
from unsc_core.device import class_batches
from unsc_core.experiment import Experiment
from unsc_core.null_space import null_space, spectrum
from unsc_core.representations import representations, represented_layers, second_moments
from unsc_core.store import Store

IDS = [case.name for case in CASES]
CONVOLUTIONS = [case for case in CASES if case.name.startswith("conv")]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_projector_equals_numpy_svd_of_explicit_patches(case: LayerCase) -> None:
    found = list(projector_differences(case))
    assert len(found) >= 3
    assert max(difference for _, difference in found) <= 1e-8, found


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=[case.name for case in CONVOLUTIONS])
def test_projector_equals_numpy_svd_for_channels_last_inputs(case: LayerCase) -> None:
    assert max(difference for _, difference in projector_differences(case, channels_last=True)) <= 1e-8


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_layer_answers_patches_times_weights(case: LayerCase) -> None:
    layer, inputs = case.layer(), case.inputs()
    with torch.no_grad():
        assert torch.allclose(layer(inputs), reference_output(layer, inputs), atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_representations_are_the_explicit_patches(case: LayerCase) -> None:
    layer, inputs = case.layer(), case.inputs()
    found, weight = representations(layer, inputs)
    assert weight == 1.0
    for ours, reference in zip(found, reference_representations(layer, inputs), strict=True):
        assert torch.equal(ours, torch.from_numpy(reference))


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=[case.name for case in CONVOLUTIONS])
def test_drawn_patches_are_distinct_patches_of_their_image(case: LayerCase) -> None:
    layer, inputs = case.layer(), case.inputs()[:3]
    every, _ = representations(layer, inputs)
    per_image = every.shape[1] // 3
    positions = per_image - 2
    drawn, weight = representations(layer, inputs, positions, torch.Generator().manual_seed(0))
    assert drawn.shape == (every.shape[0], 3 * positions, every.shape[2])
    assert weight == pytest.approx(per_image / positions)
    for group in range(every.shape[0]):
        for image in range(3):
            here = every[group, image * per_image : (image + 1) * per_image]
            chosen = drawn[group, image * positions : (image + 1) * positions]
            matches = (chosen[:, None] == here[None]).all(2)
            assert bool(matches.any(1).all())
            assert int(matches.any(0).sum()) >= len(torch.unique(chosen, dim=0))


@pytest.mark.parametrize("name", ["conv-padding", "conv1d-padding"])
def test_a_sample_without_its_batch_is_a_batch_of_one(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    layer, inputs = case.layer(), case.inputs()[:1]
    assert torch.equal(representations(layer, inputs[0])[0], representations(layer, inputs)[0])


@pytest.fixture(scope="module")
def work(shared_store: Store) -> Experiment:
    return Experiment(digits(), shared_store)


def test_moments_of_classes_add_up_to_the_moments_of_all(work: Experiment) -> None:
    classes = work.dataset.num_classes
    parts = second_moments(work.original, class_batches(work.data, 20), classes)
    whole = second_moments(work.original, ((0, batch) for _, batch in class_batches(work.data, 20)), 1)
    for layer, per_class in parts.per_class.items():
        assert per_class.dtype == torch.float64
        assert per_class.shape[0] == classes
        assert torch.allclose(per_class.sum(0), whole.per_class[layer][0], rtol=1e-10)
        assert torch.allclose(parts.retain((3, 7))[layer], per_class.sum(0) - per_class[3] - per_class[7], rtol=1e-9, atol=1e-9)
    assert set(parts.per_class) == set(represented_layers(work.original))


def test_moments_are_what_the_layers_really_received(work: Experiment) -> None:
    received: dict[str, torch.Tensor] = {}
    layers = represented_layers(work.original)
    handles = [layer.register_forward_hook(lambda m, args, out, n=n: received.update({n: args[0]})) for n, layer in layers.items()]
    batch = next(class_batches(work.data, 6))[1]
    with torch.no_grad():
        work.original(batch)
    for handle in handles:
        handle.remove()
    moments = second_moments(work.original, iter([(0, batch)]), 1)
    for name, layer in layers.items():
        for group, x in enumerate(reference_representations(layer, received[name].contiguous())):
            x = x.astype("float64")
            assert torch.allclose(moments.per_class[name][0, group], torch.from_numpy(x.T @ x), rtol=1e-6, atol=1e-9)


def test_sampled_moments_estimate_the_full_ones_on_real_images() -> None:
    work = Experiment(ExperimentConfig(device="cpu"))
    classes, energy_threshold = work.dataset.num_classes, 0.96
    full = second_moments(work.original, class_batches(work.data, 24), classes).retain((6,))
    drawn = second_moments(work.original, class_batches(work.data, 24), classes, positions=32).retain((6,))
    for layer, moment in full.items():
        assert float(drawn[layer].diagonal(dim1=1, dim2=2).sum() / moment.diagonal(dim1=1, dim2=2).sum()) == pytest.approx(1, abs=0.05)
        space = null_space(spectrum(drawn[layer][0]), energy_threshold)
        held = float((space.basis.T @ moment[0] @ space.basis).trace() / moment[0].trace())
        assert held >= energy_threshold - 0.01, layer
        assert held == pytest.approx(space.energy, abs=0.01), layer


def test_same_seed_draws_the_same_patches(work: Experiment) -> None:
    def drawn(seed: int) -> torch.Tensor:
        moments = second_moments(work.original, class_batches(work.data, 4), 10, positions=5, seed=seed)
        return moments.per_class["0"]

    assert torch.equal(drawn(0), drawn(0))
    assert not torch.equal(drawn(0), drawn(1))


def test_model_modes_and_hooks_are_left_as_found(work: Experiment) -> None:
    model = copy.deepcopy(work.original).train()
    model[1].eval()  # a frozen BatchNorm inside a network in training
    modes = [module.training for module in model.modules()]
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    second_moments(model, class_batches(work.data, 8), work.dataset.num_classes)
    assert [module.training for module in model.modules()] == modes
    assert all(not module._forward_pre_hooks and not module._forward_hooks for module in model.modules())
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_hooks_are_removed_when_the_pass_fails(work: Experiment) -> None:
    model = copy.deepcopy(work.original)
    with pytest.raises(RuntimeError):
        second_moments(model, iter([(0, torch.zeros(1, 5, 8, 8))]), 10)
    assert all(not module._forward_pre_hooks for module in model.modules())
    assert model.training is False


def test_grouped_layers_have_one_moment_per_group() -> None:
    model = nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.Flatten(), nn.Linear(6 * 36, 3))
    moments = second_moments(model, iter([(0, torch.rand(2, 4, 8, 8, generator=torch.Generator().manual_seed(0)))]), 2)
    assert moments.per_class["0"].shape == (2, 2, 18, 18)
    assert moments.per_class["2"].shape == (2, 1, 216, 216)
    assert float(moments.per_class["0"][1].abs().max()) == 0.0
