"""The smallest change, where it is known, and the features that images are compared by."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from unsc_core.analysis.nearest import nearest
from unsc_core.analysis.smallest_change import deep_fool, smallest_change
from unsc_core.data.dataset import Dataset
from unsc_core.learning.batches import DeviceData, to_device

SHAPE = (1, 6, 6)


@pytest.fixture
def data() -> DeviceData:
    x = np.zeros((4, *SHAPE), np.uint8)
    y = np.array([0, 1, 2, 0])
    images = Dataset("x", x, y, x, y, ("a", "b", "c"), (0.5,), (0.25,))
    return to_device(images, "cpu")


def linear(biases: tuple[float, ...] = (1.0, 0.2, 0.0)) -> nn.Sequential:
    network = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        network[1].weight.copy_(torch.randn(3, 36, generator=generator))
        network[1].bias.copy_(torch.tensor(biases))
    return network


def distances(network: nn.Sequential, data: DeviceData, image: torch.Tensor) -> torch.Tensor:
    """(2,) grey levels to the border of the answer with each other class: exact, and on paper."""
    logits = network(data.inputs(image))[0].detach()
    label = int(logits.argmax())
    rows = network[1].weight.detach() * float(data.scale)
    others = [k for k in range(3) if k != label]
    return torch.stack(
        [(logits[label] - logits[k]) / (rows[label] - rows[k]).norm() for k in others]
    )


def test_the_distance_to_a_flat_border_is_found(data: DeviceData) -> None:
    network = linear()
    image = torch.full((1, *SHAPE), 127.0)
    found = deep_fool(lambda pixels: network(data.inputs(pixels)), image)
    assert found is not None
    expected = float(distances(network, data, image).min())
    assert float((found - image).norm()) == pytest.approx(1.02 * expected, rel=1e-3)


def test_the_change_is_verified_in_whole_grey_levels_and_hardly_larger(data: DeviceData) -> None:
    network = linear((3.0, 0.2, 0.0))
    sample = np.full(SHAPE, 127, np.uint8)
    change = smallest_change(network, data, sample)
    assert change is not None
    assert change.image.dtype == np.uint8
    answers = [
        int(network(data.inputs(torch.from_numpy(one)[None])).argmax())
        for one in (sample, change.image)
    ]
    assert answers == [change.before, change.after]
    assert change.before != change.after
    least = float(distances(network, data, torch.from_numpy(sample)[None].float()).min())
    assert 0.9 * least < change.norm < 1.15 * least + 2
    assert change.share == pytest.approx(change.norm / (127 * 6))


def test_a_hidden_class_is_neither_answered_nor_reached(data: DeviceData) -> None:
    network, sample = linear(), np.full(SHAPE, 127, np.uint8)
    plain = smallest_change(network, data, sample)
    assert plain is not None
    masked = smallest_change(network, data, sample, hidden=(plain.before,))
    assert masked is not None
    assert plain.before not in (masked.before, masked.after)
    assert smallest_change(network, data, sample, hidden=(0, 1)) is None


def test_none_is_found_where_no_image_is_answered_otherwise(data: DeviceData) -> None:
    network = linear((1000.0, 0.0, 0.0))
    assert smallest_change(network, data, np.full(SHAPE, 127, np.uint8)) is None
    flat = linear()
    nn.init.zeros_(flat[1].weight)
    assert smallest_change(flat, data, np.full(SHAPE, 127, np.uint8)) is None


def test_a_change_of_less_than_a_grey_level_is_made_large_enough_to_show(data: DeviceData) -> None:
    network = linear((0.0, 0.0, -50.0))
    sample = np.full(SHAPE, 127, np.uint8)
    with torch.no_grad():  # the first two classes are almost equally probable
        lead = network(data.inputs(torch.from_numpy(sample)[None]))[0]
        network[1].bias[1] += lead[0] - lead[1] - 0.001
    assert distances(network, data, torch.from_numpy(sample)[None].float()).min() < 0.1
    change = smallest_change(network, data, sample)
    assert change is not None
    assert 1 <= change.norm < 10


def test_a_black_image_has_no_share(data: DeviceData) -> None:
    change = smallest_change(linear(), data, np.zeros(SHAPE, np.uint8))
    assert change is not None
    assert change.share is None
    assert change.norm > 0


def test_the_network_is_left_as_it_was(data: DeviceData) -> None:
    network = nn.Sequential(nn.BatchNorm2d(1), linear()).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    smallest_change(network, data, np.full(SHAPE, 127, np.uint8))
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_nearest_point_in_the_same_direction() -> None:
    features = np.array([[1, 0], [0.6, 0.8], [0, 1], [-1, 0]], np.float32)
    rows, cosines = nearest(features, np.array([30, 40], np.float32), 3)
    assert rows.tolist() == [1, 2, 0]
    assert cosines == pytest.approx([1.0, 0.8, 0.6], abs=1e-6)
    assert len(nearest(features, np.zeros(2, np.float32), 9)[0]) == 4
