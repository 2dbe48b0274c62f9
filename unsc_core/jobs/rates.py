"""How fast one network is on this machine: measured once by `cost_measurement`, or guessed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from unsc_core.config import ExperimentConfig, TrainingConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split
from unsc_core.experiment import artefacts
from unsc_core.experiment.keys import content_key, keys
from unsc_core.experiment.machine import this_machine
from unsc_core.experiment.resolve import MOMENTS, settings, training
from unsc_core.experiment.shipped import shipped_meta
from unsc_core.experiment.store import Store
from unsc_core.methods import METHODS
from unsc_core.models import model_digest


@dataclass(frozen=True)
class Rates:
    """How long one network takes on samples of one shape on one machine, in seconds.

    Attributes:
        step: per image of a training step.
        single: per training step on one image alone.
        answer: per image predicted.
        moments: for the second moments of every class.
        spectra: for the spectra of one request.
        project: for projecting the gradients of one unlearning step.
        audit: for all audits of one network; 0 where it has not been measured.
        needed: method -> the fraction of its maximum epochs that its last run needed; 1 if missing.
    """

    step: float
    single: float
    answer: float
    moments: float = 0.0
    spectra: float = 0.0
    project: float = 0.0
    audit: float = 0.0
    needed: dict[str, float] = field(default_factory=dict)


def rates_key(config: ExperimentConfig, dataset: Dataset) -> str:
    """The key of the rates for this network, sample shape, device and machine."""
    gpus = sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*"))
    return content_key(
        model=model_digest(config.model),
        shape=dataset.input_shape,
        classes=dataset.num_classes,
        augment=dataset.augment,
        device=config.device,
        machine=[this_machine(), *gpus],
    )


def read_rates(config: ExperimentConfig, dataset: Dataset, store: Store) -> Rates | None:
    """The stored rates; None until they have been measured."""
    stored = artefacts.COST.read(store, rates_key(config, dataset))
    return None if stored is None else Rates(**stored["rates"])


def rough_rates(config: ExperimentConfig, dataset: Dataset, store: Store) -> Rates | None:
    """Rates derived from how long the original's training took, perhaps on another machine.

    They are too high rather than too low: everything is taken to cost as much as training.
    """
    stored = artefacts.TRAINED.meta(store, keys(config, dataset).original)
    meta = stored or shipped_meta(config, dataset, ())
    if not meta or not meta.get("seconds"):
        return None
    step = meta["seconds"] / (len(dataset.y_train) * training(config).epochs)
    moments = dataset.num_classes * MOMENTS.images * step
    return Rates(step, 10 * step, step, moments, audit=math.inf)


def unlearning_seconds(config: ExperimentConfig, request: Split, rates: Rates) -> float:
    """How long a method takes if it runs through all its epochs."""
    method = METHODS[config.method]
    forget = len(request.forget_train())
    images = len(request.dataset.y_train) if method.reads_retain else forget
    steps = math.ceil(images / TrainingConfig(1).batch_size)
    projected = steps * rates.project if method.uses_moments else 0.0
    epoch = (images + steps * method.held) * rates.step + forget * rates.answer + projected
    epochs = settings(config).epochs * method.passes
    return epochs * epoch + method.single_gradients * rates.single
