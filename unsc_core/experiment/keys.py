"""The keys that the pieces of an experiment are stored under: same content, same key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.errors import CheckpointError, os_errors_as
from unsc_core.experiment.resolve import MOMENTS, training
from unsc_core.methods import METHODS
from unsc_core.models import model_digest
from unsc_core.paths import ASSETS

FORMAT = 1
"""Part of every key; increased when a change of the code changes stored results."""
_IN_KEY = ("method", "seed", "energy_threshold", "subspace", "learning_rate", "epochs")
_IN_KEY_IF_GIVEN = ("edits", "energy_thresholds")
"""Settings in the key of an unlearned network as they are, and only where they are not empty."""
CHECKPOINTS = ASSETS / "checkpoints"
"""The trained networks shipped with the project."""


def content_key(**parts: Any) -> str:
    """A short key of `parts`, which are JSON types: the same on every machine."""
    text = json.dumps({"format": FORMAT, **parts}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Keys:
    """The keys of an experiment's pieces.

    Attributes:
        original, retrained: the trained networks and their logits.
        moments: the original's second moments; spectra: theirs for this request.
        unlearned: the unlearned network and its logits, and so the experiment itself.
    """

    original: str
    retrained: str
    moments: str
    spectra: str
    unlearned: str


def keys(config: ExperimentConfig, dataset: Dataset) -> Keys:
    """Keys of a resolved config.

    Raises:
        CheckpointError: the config's checkpoint cannot be read.
    """
    original = _training_key(config, dataset, ())
    if config.checkpoint is not None:
        original = content_key(
            checkpoint=_file_digest(Path(config.checkpoint)),
            model=model_digest(config.model),
            data=dataset.train_digest,
            device=config.device,
        )
    forget = _forget(config)
    moments = content_key(
        moments=original,
        **asdict(MOMENTS),
        seed=config.seed,
        without=forget if config.forget_ids else [],
        # "first" and "equal" keep the keys from before there was a choice.
        **({} if config.moments_sample == "first" else {"sample": config.moments_sample}),
        **({} if config.class_weights == "equal" else {"class_weights": config.class_weights}),
    )
    unlearned = content_key(
        original=original,
        forget=forget,
        **{name: getattr(config, name) for name in _IN_KEY},
        training_epochs=config.training_epochs if config.method == "retrain" else None,
        moments=moments if METHODS[config.method].uses_moments else None,
        **{name: value for name in _IN_KEY_IF_GIVEN if (value := getattr(config, name))},
        # 1 keeps the keys from before there was a choice.
        **({} if config.strength == 1 else {"strength": config.strength}),
    )
    retrained = _training_key(config, dataset, forget)
    return Keys(
        original, retrained, moments, content_key(spectra=moments, forget=forget), unlearned
    )


def logits_key(model_key: str, dataset: Dataset, part: str) -> str:
    """The key of a network's logits on "train" or "test".

    Two datasets may share their training samples only, so the test samples are part of it.
    """
    return f"{model_key}-train" if part == "train" else f"{model_key}-test-{dataset.test_digest}"


def _forget(config: ExperimentConfig) -> list[Any]:
    """The request as part of a key."""
    return ["samples", *config.forget_ids] if config.forget_ids else list(config.forget_classes)


def _training_key(config: ExperimentConfig, dataset: Dataset, without: Sequence[Any]) -> str:
    """The key of a network trained by a resolved config, without the classes or samples named."""
    return content_key(
        data=dataset.train_digest,
        model=model_digest(config.model),
        seed=config.seed,
        training=asdict(training(config)),
        without=without,
        device=config.device,
    )


def shadow_key(config: ExperimentConfig, dataset: Dataset, model: int) -> str:
    """The key of a shadow model: it is trained like the original, on half of all samples.

    So it depends on neither request, method nor seed of a resolved config.
    """
    return content_key(
        shadow=model,
        data=dataset.train_digest,
        test=dataset.test_digest,
        model=model_digest(config.model),
        training=asdict(training(config)),
        device=config.device,
    )


def shipped_key(config: ExperimentConfig, dataset: Dataset, without: Sequence[Any]) -> str:
    """The key a shipped checkpoint carries: that of its training, for any device."""
    return _training_key(replace(config, device="any"), dataset, without)


def shipped_path(config: ExperimentConfig, without: Sequence[int]) -> Path:
    """Where the shipped checkpoint of this training is, if there is one."""
    suffix = "".join(f"_without{c}" for c in without)
    dataset, model = Path(config.dataset).name, Path(config.model).name
    return CHECKPOINTS / f"{dataset}_{model}_seed{config.seed}{suffix}.safetensors"


def _file_digest(path: Path) -> str:
    with os_errors_as(CheckpointError, f"The checkpoint {path} cannot be read", "check the path"):
        return hashlib.sha256(path.expanduser().read_bytes()).hexdigest()[:20]
