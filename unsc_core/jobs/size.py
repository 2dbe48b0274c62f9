"""How big the results of missing work will be."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.artefacts import LOGITS, MOMENTS, TRAINED, UNLEARNED, UNSEEN, Kind
from unsc_core.experiment.keys import keys, logits_key
from unsc_core.experiment.store import Store
from unsc_core.methods import METHODS


def missing_bytes(configs: Iterable[ExperimentConfig], store: Store) -> int:
    """Bytes that the results of some resolved configs will take in the store, about.

    Networks, logits and second moments are counted, each once; all else is small beside them.
    """
    found: dict[tuple[Kind[Any], str], int] = {}
    for config in configs:
        data = load_dataset(config.dataset)
        of, (network, moments) = keys(config, data), _network(config)
        parts = ("test", "train")
        logits = {part: 4 * data.num_classes * len(data.labels(part)) for part in parts}
        for model in (of.original, of.unlearned, of.retrained):
            kind = UNLEARNED if model == of.unlearned else TRAINED
            found[kind, model] = network
            found |= {(LOGITS, logits_key(model, data, part)): logits[part] for part in parts}
        if METHODS[config.method].uses_moments:
            found[MOMENTS, of.moments] = moments
            found[UNSEEN, of.moments] = moments // 2  # those of other images, in float32
    return sum(size for (kind, key), size in found.items() if not kind.path(store, key).is_file())


@lru_cache(maxsize=64)
def _network(config: ExperimentConfig) -> tuple[int, int]:
    """Bytes of a config's network, and of its second moments of every class; loads torch."""
    import torch

    from unsc_core.experiment import resolve
    from unsc_core.models import build_model
    from unsc_core.subspace.moments import moments_bytes
    from unsc_core.subspace.sampling import enough_images

    data = load_dataset(config.dataset)
    model = build_model(config.model, data.input_shape, data.num_classes, config.seed)
    needed = enough_images(model, data.num_classes, resolve.MOMENTS)
    sample = torch.zeros(1, *data.input_shape)
    moments = moments_bytes(model, sample, data.num_classes, needed)
    return sum(4 * one.numel() for one in model.state_dict().values()), moments


def megabytes(size: int) -> str:
    """A size in words: "42 MB"."""
    return f"{max(1, round(size / 1e6)):,}\u00a0MB"
