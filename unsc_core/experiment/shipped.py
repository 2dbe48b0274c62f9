"""The trained networks that come with the project. Loads no torch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from safetensors import SafetensorError

from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.artefacts import Network, meta_of, unpack_network
from unsc_core.experiment.keys import shipped_key, shipped_path
from unsc_core.experiment.store import read_artefact

logger = logging.getLogger(__name__)


def shipped_meta(
    config: ExperimentConfig, dataset: Dataset, without: Sequence[int]
) -> dict[str, Any] | None:
    """The description of the shipped checkpoint of this training; None if there is none."""
    meta = meta_of(shipped_path(config, without))
    fits = meta is not None and meta.get("key") == shipped_key(config, dataset, without)
    return meta if fits else None


def read_shipped(
    config: ExperimentConfig, dataset: Dataset, without: Sequence[int]
) -> Network | None:
    """The shipped checkpoint of this training; None if there is none or it is damaged."""
    if shipped_meta(config, dataset, without) is None:
        return None
    path = shipped_path(config, without)
    try:
        return unpack_network(read_artefact(path))
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        logger.warning("The shipped checkpoint %s is damaged (%s).", path.name, error)
        return None
