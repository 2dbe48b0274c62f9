"""What an experiment is: one frozen config; and how networks are trained."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from unsc_core.errors import ConfigError

DEVICES = r"auto|cpu|cuda(:\d{1,3})?"
"""Names a device may have."""


@dataclass(frozen=True)
class ExperimentConfig:
    """Everything that decides the outcome of one experiment.

    None means the default of this dataset, model or method. `experiment.resolve.resolve` fills it
    in and checks every value, so that a default has the same key whether spelled out or left out.

    Attributes:
        dataset: a name in DATASETS, or the path of an .npz file or image folder.
        model: a name in MODELS, "mlp-32" for the mlp with 32 hidden units, or a function in a
            Python file that returns the network, as in net.py:make.
        forget_classes: indices of the classes to forget, at least one and not all; () if samples
            are to be forgotten.
        forget_ids: indices of training samples to forget, instead of classes.
        method: a name in METHODS.
        seed: of initial weights, batch order and random labels.
        energy_threshold: γ, the kept share of Σσ² of the retain representations, 0 < γ ≤ 1.
        energy_thresholds: a γ for each layer, in the network's order, instead of one for all; only
            for the joint subspace.
        subspace: "joint", cut from the summed second moments, or "merge": a basis per class,
            joined, as published.
        moments_sample: which images of a class second moments are collected from: "random", drawn
            with the seed, or "first", in the order of the data.
        class_weights: "equal": each class counts by the images drawn of it; "size": in proportion
            to all its training images, which estimates the second moments of the whole retain set.
        learning_rate, epochs: of the unlearning.
        strength: factor on the weight of erasing in the features, where the method does that; 0
            leaves them alone.
        edits: of the pseudo-labels: "4>2" gives class 2 to samples whose pseudo-label is class 4,
            "#17>2" to training sample 17.
        training_epochs: of the original and the retrained model.
        device: "auto", "cpu", "cuda" or "cuda:N"; part of the keys as given, since devices round
            differently.
        checkpoint: path of the original model's weights (safetensors, or a torch file of tensors
            only), instead of training it here.
    """

    dataset: str = "fashion-mnist-mini"
    model: str = "small-cnn"
    forget_classes: tuple[int, ...] = (6,)
    forget_ids: tuple[int, ...] = ()
    method: str = "unsc"
    seed: int = 0
    energy_threshold: float | None = None
    energy_thresholds: tuple[float, ...] = ()
    subspace: str | None = None
    learning_rate: float | None = None
    epochs: int | None = None
    strength: float = 1.0
    edits: tuple[str, ...] = ()
    training_epochs: int | None = None
    device: str = "auto"
    checkpoint: str | None = None
    moments_sample: str = "random"
    class_weights: str = "equal"

    @property
    def alterations(self) -> tuple[str, ...]:
        """What a user supplied in place of the method's or the training's own, in words."""
        found = {
            "edited labels": self.edits,
            "γ per layer": self.energy_thresholds,
            "user-supplied weights": self.checkpoint,
            f"strength {self.strength:g}": self.strength != 1,
        }
        return tuple(words for words, there in found.items() if there)

    def to_dict(self) -> dict[str, Any]:
        """The config as plain JSON types."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ExperimentConfig:
        """The inverse of `to_dict`.

        An absent field has its default, except `moments_sample`: configs were stored without it
        when moments were collected from the first images of a class, so then it is "first".

        Raises:
            ConfigError: a field is unknown, or its value is of another type.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ConfigError(
                f"Unknown setting '{unknown[0]}' in the experiment config; "
                f"known are: {', '.join(sorted(known))}."
            )
        for name, value in values.items():
            if not _is_a(value, cls.__dataclass_fields__[name].type):
                raise ConfigError(
                    f"The setting '{name}' of the experiment config cannot be {str(value)[:40]!r}."
                )
        converted: dict[str, Any] = {}
        for name, convert in (
            ("forget_classes", int),
            ("forget_ids", int),
            ("energy_thresholds", float),
            ("edits", str),
        ):
            if name in values:
                converted[name] = tuple(map(convert, values[name]))
        return cls(**{"moments_sample": "first", **values, **converted})


def _is_a(value: object, kind: Any) -> bool:
    """Whether a value from a file has the type of a field's annotation, such as "int | None"."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind.startswith("tuple"):
        return isinstance(value, list | tuple) and all(
            _is_a(i, kind[6:].split(",")[0]) for i in value
        )
    accepted = {
        "str": isinstance(value, str),
        "int": whole,
        "float": whole or isinstance(value, float),
        "None": value is None,
    }
    return any(accepted[name] for name in kind.split(" | "))


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained from scratch: SGD with Nesterov momentum, one-cycle learning rate.

    Dropout is on in the first `dropout_share` of the steps only: BatchNorm after dropout learns the
    statistics of noise that is absent at prediction (Li, Chen, Hu, Yang: Understanding the
    Disharmony between Dropout and Batch Normalization, CVPR 2019), and needs some epochs without.
    """

    epochs: int
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    batch_size: int = 128
    dropout_share: float = 0.6


@dataclass(frozen=True)
class MomentsConfig:
    """What the second moments are estimated from.

    Attributes:
        images: training images per class, 0 = all; more where a Linear layer needs them, see
            `subspace.sampling.enough_images`.
        positions: patches per image and convolution, 0 = all.
    """

    images: int = 96
    positions: int = 48
