"""The networks of a stored experiment, to be run on images that are in no dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.artefacts import TRAINED, UNLEARNED, Network
from unsc_core.experiment.keys import keys
from unsc_core.experiment.store import Store
from unsc_core.learning.batches import DeviceData, evaluating, predict, to_device
from unsc_core.models import build_model
from unsc_core.models.weights import load_weights, set_weights
from unsc_core.subspace.features import caught, last_linear


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks of one experiment on the CPU, in eval mode; the mask has none of its own.

    Attributes:
        models: "original", "unlearned" and "retrained" -> network, as far as they are stored.
        data: how samples become inputs.
    """

    models: dict[str, nn.Module]
    data: DeviceData

    def logits(self, sample: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Model -> logits (classes,) for one sample (channels, height, width)."""
        one = torch.from_numpy(sample)[None]
        return {
            name: predict(model, self.data, one)[0].numpy() for name, model in self.models.items()
        }

    def features(self, model: str, sample: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(d,) inputs of a model's last layer for one sample (channels, height, width).

        Raises:
            ConfigError: its last layer is not Linear.
        """
        return features(self.models[model], self.data, torch.from_numpy(sample)[None])[0]


def features(model: nn.Module, data: DeviceData, samples: Tensor) -> NDArray[np.float32]:
    """(n, d) inputs of a network's last layer for samples (n, …).

    Raises:
        ConfigError: its last layer is not Linear.
    """
    layer, _ = last_linear(model)
    with evaluating(model), torch.inference_mode(), caught(model, layer) as found:
        model(data.inputs(samples))
    return torch.cat(found).float().cpu().numpy()


def read_networks(config: ExperimentConfig, dataset: Dataset, store: Store) -> Networks:
    """The stored networks of a resolved config, whose model is in MODELS; nothing is trained.

    Raises:
        CheckpointError: stored weights, or those that the config names, do not fit the network.
    """
    found = keys(config, dataset)
    readers: dict[str, Callable[[], Network | None]] = {
        "original": lambda: TRAINED.read(store, found.original),
        "unlearned": lambda: UNLEARNED.read(store, found.unlearned),
        "retrained": lambda: TRAINED.read(store, found.retrained),
    }
    models = {}
    for name, read in readers.items():
        stored = read()
        if stored is not None:
            models[name] = _built(config, dataset, _tensors(stored), "The stored result")
        elif name == "original" and config.checkpoint is not None:
            path = Path(config.checkpoint).expanduser()
            models[name] = _built(config, dataset, load_weights(path), path.name)
    return Networks(models, to_device(dataset, "cpu"))


def _tensors(network: Network) -> dict[str, Tensor]:
    return {name: torch.from_numpy(array) for name, array in network.weights.items()}


def _built(
    config: ExperimentConfig, dataset: Dataset, weights: dict[str, Tensor], source: str
) -> nn.Module:
    model = build_model(config.model, dataset.input_shape, dataset.num_classes, config.seed)
    set_weights(model, weights, source)
    return model.eval().requires_grad_(False)
