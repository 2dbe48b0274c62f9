"""A network as the audits see it: its features at every layer, its logits, and its weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unsc_core.data.request import Split
from unsc_core.errors import AuditError
from unsc_core.experiment.result import Predictions
from unsc_core.learning.batches import DeviceData, evaluating

FIT_IMAGES = 500
"""Most training samples per class that a probe is fitted on."""
BATCH = 500

Features = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LayerFeatures:
    """The inputs of one layer; those of a convolution are averaged over positions.

    Attributes:
        fit: (n_fit, d) of the training samples that probes are fitted on; see `Subject.fit_rows`.
        test: (n_test, d) of the test samples.
    """

    fit: Features
    test: Features


@dataclass(frozen=True, eq=False)
class Subject:
    """One network to audit. Its features are computed once, when first used.

    Attributes:
        network: in eval mode; left as it is.
        data: the samples on the network's device.
        request: what was to be forgotten, and the dataset.
        predictions: logits on the training and the test set; −∞ where the mask hides them.
        seed: of the draw of samples; the same for all networks that are compared.
    """

    network: nn.Module
    data: DeviceData
    request: Split
    predictions: Predictions
    seed: int

    @cached_property
    def fit_rows(self) -> NDArray[np.intp]:
        """(n_fit,) training samples that probes are fitted on: as many of every class."""
        labels = self.request.dataset.y_train
        counts = np.bincount(labels, minlength=self.request.dataset.num_classes)
        size, draw = min(FIT_IMAGES, int(counts.min())), np.random.default_rng(self.seed)
        classes = range(len(counts))
        drawn = [draw.permutation(np.flatnonzero(labels == c))[:size] for c in classes]
        return np.concatenate(drawn)

    @property
    def fit_labels(self) -> NDArray[np.int64]:
        """(n_fit,) classes of `fit_rows`."""
        return self.request.dataset.y_train[self.fit_rows]

    @property
    def test_labels(self) -> NDArray[np.int64]:
        """(n_test,) classes of the test samples."""
        return self.request.dataset.y_test

    @cached_property
    def forgotten(self) -> NDArray[np.bool_]:
        """(n_test,) bool: the test samples of the forgotten classes."""
        return self.request.is_forgotten("test")

    def logits(self, part: str) -> NDArray[np.float64]:
        """(n, classes) logits on "train" or "test".

        Raises:
            AuditError: a logit is not a number.
        """
        found = self.predictions.of(part)
        if np.isnan(found).any() or np.isposinf(found).any():
            raise AuditError(
                f"A logit of the network on the {part} set is not a number; train or unlearn it "
                "again with a smaller learning rate."
            )
        return found.astype(np.float64)

    @cached_property
    def layers(self) -> dict[str, LayerFeatures]:
        """Layer -> its inputs, in the network's order; the last are the penultimate features.

        Layers are Linear and convolutions; the first is left out, since its input is the sample.

        Raises:
            AuditError: the network has no penultimate layer, or a feature is not finite.
        """
        check_head(self.network, self.data)
        fit = layer_inputs(self.network, self.data, self.data.x_train[self.fit_rows])
        test = layer_inputs(self.network, self.data, self.data.x_test)
        for layer, values in (*fit.items(), *test.items()):
            if not np.isfinite(values).all():
                raise AuditError(
                    f"A feature at the input of layer {layer} is not finite; train or unlearn the "
                    "network again with a smaller learning rate."
                )
        return {layer: LayerFeatures(fit[layer], test[layer]) for layer in fit}

    @property
    def penultimate(self) -> LayerFeatures:
        """The inputs of the last layer."""
        return list(self.layers.values())[-1]

    @property
    def head(self) -> nn.Linear:
        """The last layer, which turns the penultimate features into logits."""
        name = list(self.layers)[-1]
        found = self.network.get_submodule(name)
        assert isinstance(found, nn.Linear)
        return found


def layer_inputs(network: nn.Module, data: DeviceData, samples: Tensor) -> dict[str, Features]:
    """Layer -> (n, d) float32 inputs, in the order of the forward pass, without the first layer.

    Inputs of Conv1d and Conv2d (n, d, …) and of Linear (n, …, d) are averaged over positions.
    A layer that is called several times counts by its last call.
    """
    caught: dict[str, list[Tensor]] = {}
    order: dict[str, Tensor] = {}

    def catch(name: str, layer: nn.Module, inputs: Tensor) -> None:
        channels = inputs.ndim - 1 if isinstance(layer, nn.Linear) else 1
        positions = [axis for axis in range(1, inputs.ndim) if axis != channels]
        order.pop(name, None)
        order[name] = inputs.mean(positions) if positions else inputs

    def hook(name: str) -> Any:
        return lambda layer, args, named: catch(name, layer, args[0] if args else named["input"])

    hooks = [
        layer.register_forward_pre_hook(hook(name), with_kwargs=True)
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d)
    ]
    try:
        with evaluating(network), torch.inference_mode():
            for batch in samples.split(BATCH):
                order.clear()
                network(data.inputs(batch))
                for name, values in order.items():
                    caught.setdefault(name, []).append(values.float().cpu())
    finally:
        for each in hooks:
            each.remove()
    return {name: torch.cat(parts).numpy() for name, parts in list(caught.items())[1:]}


def check_head(network: nn.Module, data: DeviceData) -> None:
    """Check that a network has features: that its logits come from a Linear layer after others.

    Raises:
        AuditError: it has none.
    """
    outputs: list[tuple[nn.Module, Tensor]] = []
    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv1d | nn.Conv2d)]
    hooks = [
        m.register_forward_hook(lambda module, args, output: outputs.append((module, output)))
        for m in layers
    ]
    try:
        with evaluating(network), torch.inference_mode():
            logits = network(data.inputs(data.x_train[:2]))
    finally:
        for hook in hooks:
            hook.remove()
    ends_linear = bool(outputs) and isinstance(outputs[-1][0], nn.Linear)
    same = ends_linear and outputs[-1][1].shape == logits.shape
    if not (len(outputs) > 1 and same and _equal(outputs[-1][1], logits)):
        raise AuditError(
            "The network has no penultimate layer: its logits must be the output of a Linear layer "
            "that follows other layers; use another network to audit features."
        )


def _equal(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors of one shape have the same numbers; NaN is NaN."""
    return torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
