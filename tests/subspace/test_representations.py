"""Patches, second moments, and that they agree with numpy on every layer geometry."""

from __future__ import annotations

import pytest
import torch

from tests.layer_cases import (
    CASES,
    LayerCase,
    projector_differences,
    reference_output,
    reference_representations,
)
from unsc_core.subspace.representations import representations

IDS = [case.name for case in CASES]
CONVOLUTIONS = [case for case in CASES if case.name.startswith("conv")]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_projector_equals_numpy_svd_of_explicit_patches(case: LayerCase) -> None:
    found = list(projector_differences(case))
    assert len(found) >= 3
    assert max(difference for _, difference in found) <= 1e-8, found


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=[case.name for case in CONVOLUTIONS])
def test_projector_equals_numpy_svd_for_channels_last_inputs(case: LayerCase) -> None:
    assert (
        max(difference for _, difference in projector_differences(case, channels_last=True)) <= 1e-8
    )


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_layer_output_is_patches_times_weights(case: LayerCase) -> None:
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
