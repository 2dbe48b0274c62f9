"""Every network of the registry."""

from __future__ import annotations

import pytest
import torch

from tests.conftest import flat
from unsc_core.errors import ConfigError
from unsc_core.models import MODELS, build_model, model_entry
from unsc_core.subspace.representations import represented_layers

SHAPES = [(1, 8, 8), (1, 16, 16), (1, 28, 28), (3, 32, 32), (4, 17, 23)]
SMALLEST = {"small-cnn": 4, "mlp": 1, "allcnn": 1, "alexnet": 19, "vgg11": 32, "resnet18": 1}
"""Side of the smallest square image that leaves a pixel after every pooling; 1 if not listed."""


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_network_takes_images_of_any_size_it_is_not_too_deep_for(
    name: str, shape: tuple[int, ...]
) -> None:
    if min(shape[1:]) < SMALLEST.get(name, 1):
        with pytest.raises(ConfigError, match="×".join(map(str, shape))):
            build_model(name, shape, 7)
        return
    model = build_model(name, shape, 7)
    assert model.training
    assert model.eval()(torch.zeros(3, *shape)).shape == (3, 7)
    assert represented_layers(model)


@pytest.mark.parametrize("name", SMALLEST)
def test_smallest_image(name: str) -> None:
    side = SMALLEST[name]
    assert build_model(name, (1, side, side), 2).eval()(torch.zeros(1, 1, side, side)).shape == (
        1,
        2,
    )
    if side > 1:
        with pytest.raises(ConfigError, match=f"{name} .*1×{side - 1}×{side - 1}.*too small"):
            build_model(name, (1, side - 1, side - 1), 2)


@pytest.mark.parametrize("name", MODELS)
def test_points(name: str) -> None:
    if MODELS[name].needs_images:
        with pytest.raises(ConfigError, match="use mlp"):
            build_model(name, (2,), 4)
    else:
        assert build_model(name, (2,), 4)(torch.zeros(5, 2)).shape == (5, 4)


@pytest.mark.parametrize("name", MODELS)
def test_entries_and_seeds(name: str) -> None:
    entry = model_entry(name, (1, 28, 28))
    assert (entry.name, bool(entry.title), entry.summary[-1]) == (name, True, ".")
    state = torch.random.get_rng_state()
    weights = [flat(build_model(name, (1, 32, 32), 10, seed)) for seed in (0, 0, 1)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(torch.random.get_rng_state(), state)


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="nope.*small-cnn"):
        build_model("nope", (1, 8, 8), 2)
