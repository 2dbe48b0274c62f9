"""What an audit sees of a network, and networks and data that cannot be audited."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.audits.conftest import CLASSES, FEATURES, overlapping, subject_of
from unsc_core.audits import AUDITS
from unsc_core.audits.outcomes import measured
from unsc_core.audits.subject import Subject, layer_inputs
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split
from unsc_core.experiment.result import Predictions
from unsc_core.learning.batches import to_device
from unsc_core.models import build_model

ON_FEATURES = [n for n, entry in AUDITS.items() if entry.group == "features"]


def test_layer_inputs_are_those_of_the_forward_pass() -> None:
    digits = load_dataset("digits")
    data = to_device(digits, "cpu")
    network = build_model("small-cnn", digits.input_shape, digits.num_classes).eval()
    found = layer_inputs(network, data, data.x_test[:7])
    x, expected = data.inputs(data.x_test[:7]), {}
    with torch.no_grad():
        for name, layer in network.named_children():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                expected[name] = x.mean((2, 3)) if x.ndim == 4 else x
            x = layer(x)
    first, *others = expected
    assert list(found) == others  # the first layer's input is the image itself
    for name in others:
        assert np.allclose(found[name], expected[name].numpy(), atol=1e-6)


def test_probes_are_fitted_on_as_many_of_every_class(dataset: Dataset, memoriser: Subject) -> None:
    counts = np.bincount(dataset.y_train[memoriser.fit_rows])
    assert counts.tolist() == [40] * CLASSES
    assert len(set(memoriser.fit_rows.tolist())) == len(memoriser.fit_rows)
    fit = memoriser.penultimate.fit
    again = layer_inputs(
        memoriser.network, memoriser.data, memoriser.data.x_train[memoriser.fit_rows]
    )
    assert np.array_equal(fit, next(iter(again.values())))


class Named(nn.Module):
    """Gives its layers their input by name."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(FEATURES, 8), nn.Linear(8, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.two(input=self.one(input=x).relu())


def test_layers_may_be_given_their_input_by_name(dataset: Dataset) -> None:
    subject = subject_of(Named(), dataset)
    assert list(subject.layers) == ["two"]
    assert subject.penultimate.test.shape == (len(dataset.y_test), 8)


class Summed(nn.Module):
    """Its logits are the sum of two Linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(FEATURES, CLASSES), nn.Linear(FEATURES, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.one(x) + self.two(x)


def assert_refused(subject: Subject, retrained: Subject, names: list[str], *words: str) -> None:
    for name in names:
        found = measured(AUDITS[name], subject, retrained)
        assert found.value is None, name
        assert found.failed.endswith(".")
        assert "\n" not in found.failed
        for word in words:
            assert word in found.failed


@pytest.mark.parametrize("network", [nn.Linear(FEATURES, CLASSES), Summed()])
def test_a_network_without_a_penultimate_layer(
    network: nn.Module, dataset: Dataset, retrained: Subject
) -> None:
    subject = subject_of(nn.Sequential(network), dataset)
    assert_refused(subject, retrained, ON_FEATURES, "penultimate")
    assert measured(AUDITS["divergence"], subject, retrained).value is not None


def test_features_that_are_not_finite(dataset: Dataset, retrained: Subject) -> None:
    network = nn.Sequential(nn.Linear(FEATURES, 8), nn.ReLU(), nn.Linear(8, CLASSES))
    nn.init.constant_(network[0].weight, torch.nan)
    subject = subject_of(network, dataset)
    assert_refused(subject, retrained, ON_FEATURES, "not finite")
    assert_refused(subject, retrained, [n for n in AUDITS if n not in ON_FEATURES])


def test_a_class_with_too_few_samples(retrained: Subject) -> None:
    few = overlapping(per_class=9)
    network = nn.Sequential(nn.Linear(FEATURES, 8), nn.ReLU(), nn.Linear(8, CLASSES))
    assert_refused(subject_of(network, few), retrained, list(AUDITS), "Class a", "9 training", "10")
    whole = overlapping()
    kept = np.r_[np.flatnonzero(whole.y_test == 0)[:3], np.flatnonzero(whole.y_test)]
    tested = replace(whole, x_test=whole.x_test[kept], y_test=whole.y_test[kept])
    assert_refused(subject_of(network, tested), retrained, list(AUDITS), "Class a", "3 test")


def test_single_samples(dataset: Dataset, memoriser: Subject, retrained: Subject) -> None:
    subject = replace(memoriser, request=Split(dataset, (), (0, 5)))
    assert_refused(subject, retrained, list(AUDITS), "single samples")


def test_the_mask_hides_from_the_answers_alone(memoriser: Subject, retrained: Subject) -> None:
    def hidden(logits: np.ndarray) -> np.ndarray:
        return np.where(np.arange(CLASSES) == 0, -np.inf, logits)

    predictions = memoriser.predictions
    mask = replace(
        memoriser,
        predictions=Predictions(hidden(predictions.of("test")), hidden(predictions.of("train"))),
    )
    for name, entry in AUDITS.items():
        own, original = (measured(entry, s, retrained).value for s in (mask, memoriser))
        assert own is not None, name
        assert original is not None, name
        assert (own != original) == entry.reads_answers, name
