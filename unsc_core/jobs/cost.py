"""How long missing work will take on this machine, from a short measurement of it. Reading needs no torch.

`cost_measurement` times a few real steps of a network once and stores the `Rates`; `estimate` counts what a job still has to do
and multiplies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unsc_core.analysis.replay import MAX_SAMPLES
from unsc_core.config import ExperimentConfig, TrainingConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.experiment import artefacts
from unsc_core.experiment.keys import Keys, content_key, keys, logits_key
from unsc_core.experiment.machine import this_machine
from unsc_core.experiment.resolve import MOMENTS, settings, training
from unsc_core.experiment.shipped import shipped_meta
from unsc_core.experiment.store import Store
from unsc_core.methods import METHODS
from unsc_core.models import MODELS, model_digest

SURE_S = 60.0
"""Work without any training, on a network whose training took so little elsewhere that this would be less, is not measured first."""


@dataclass(frozen=True)
class Rates:
    """What one network on samples of one shape takes on one machine, in seconds.

    Attributes:
        step: per image of a training step. single: of a training step on one image alone.
        answer: per image answered.
        moments: the second moments of every class, once. spectra: decomposing them for one request.
        project: projecting the gradients of one unlearning step.
        needed: method -> the share of its most epochs that it needed when it last ran; 1 where it is missing.
    """

    step: float
    single: float
    answer: float
    moments: float = 0.0
    spectra: float = 0.0
    project: float = 0.0
    needed: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """What work will take: seconds, and what they go into ("training ResNet-18 on 10,000 images for 10 epochs, then forgetting")."""

    seconds: float
    words: str = ""


@dataclass(frozen=True)
class _Piece:
    """One piece of missing work: its seconds by the rates, and whether a network is trained."""

    words: str
    seconds: Callable[[Rates], float]
    trains: bool = False


def duration(seconds: float) -> str:
    """Seconds as people say them: "35 s", "27 minutes", "3 hours"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return (
        f"{round(seconds / 60)} minutes" if seconds < 90 * 60 else f"{round(seconds / 3600)} hours"
    )


def rates_key(config: ExperimentConfig, dataset: Dataset) -> str:
    """The name of the rates of a config's network on this dataset's samples, on the device it asks for, on this machine."""
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
    """The stored rates, or None until they have been measured."""
    stored = artefacts.COST.read(store, rates_key(config, dataset))
    return None if stored is None else Rates(**stored["rates"])


def estimate(wanted: Sequence[tuple[str, ExperimentConfig]], store: Store) -> Cost | None:
    """What is missing of some jobs, pieces that several of them need counted once.

    Args:
        wanted: (kind of job, resolved config).
        store: what is there already.

    Returns:
        None where the network has to be measured first, or nothing is known about this kind of job.
    """
    seconds, sure, words = 0.0, 0.0, []
    known: dict[str, Rates | None] = {}
    pieces: dict[str, tuple[str, _Piece]] = {}
    for kind, config in wanted:
        dataset = load_dataset(config.dataset)
        found = _missing(kind, config, dataset, store)
        if found is None:
            return None
        name = rates_key(config, dataset)
        if name not in known:
            known[name] = read_rates(config, dataset, store)
        if known[name] is None and not any(piece.trains for piece in found.values()):
            elsewhere = _elsewhere(config, dataset, store)
            if elsewhere is not None:
                sure += sum(piece.seconds(elsewhere) for piece in found.values())
                if sure <= SURE_S:
                    continue
        pieces |= {key: (name, piece) for key, piece in found.items()}
    for name, piece in pieces.values():
        rates = known[name]
        if rates is None:
            return None
        seconds += piece.seconds(rates)
        if piece.words and piece.words not in words:
            words.append(piece.words)
    return Cost(seconds, ", then ".join(words))


def _missing(
    kind: str, config: ExperimentConfig, dataset: Dataset, store: Store
) -> dict[str, _Piece] | None:
    """Name -> a piece that a job of this kind still has to make; None for a kind that nothing is known about."""
    found, request = keys(config, dataset), split(dataset, config.forget_classes, config.forget_ids)
    work = _Missing(config, dataset, request, found, store)
    if kind in ("experiment", "epochs"):
        work.original()
        work.unlearned()
        work.spectra()
        for key in (found.original, found.unlearned):
            work.answers(key)
        if kind == "epochs":
            work.replay()
    elif kind == "retrain":
        work.retrained()
        work.answers(found.retrained)
    elif kind in ("spectra", "subspaces"):
        work.original()
        work.spectra(1 if kind == "spectra" else 1 + dataset.num_classes)
    else:
        return None
    return work.pieces


class _Missing:
    """Collects the pieces of one config that are not in the store."""

    def __init__(
        self, config: ExperimentConfig, dataset: Dataset, request: Split, found: Keys, store: Store
    ) -> None:
        self.config, self.dataset, self.request, self.keys, self.store = (
            config,
            dataset,
            request,
            found,
            store,
        )
        self.pieces: dict[str, _Piece] = {}

    def _has(self, kind: artefacts.Kind, key: str) -> bool:
        return kind.has(self.store, key)

    def original(self) -> None:
        """The network that is to forget."""
        if self.config.checkpoint is None:
            self._training(self.keys.original, "training", len(self.dataset.y_train), ())

    def retrained(self) -> None:
        """The one that never saw what is forgotten."""
        without = None if self.request.forget_ids else self.request.forget_classes
        self._training(self.keys.retrained, "retraining", len(self.request.retain_train()), without)

    def _training(self, key: str, verb: str, images: int, without: tuple[int, ...] | None) -> None:
        if self._has(artefacts.TRAINED, key) or (
            without is not None and shipped_meta(self.config, self.dataset, without)
        ):
            return
        epochs, model = training(self.config).epochs, MODELS.get(self.config.model)
        words = (
            f"{verb} {model.title if model else Path(self.config.model).name} on {images:,} {'images' if self.dataset.is_images else 'points'} "
            f"for {epochs} epoch{'s' if epochs > 1 else ''}"
        )
        self.pieces[f"trained-{key}"] = _Piece(
            words, lambda rates: images * epochs * rates.step, trains=True
        )

    def unlearned(self) -> None:
        """The method's work."""
        if not self._has(artefacts.UNLEARNED, self.keys.unlearned):
            if self.config.method == "retrain":
                self.retrained()
            if self.config.subspace == "merge":
                self.spectra(1 + self.dataset.num_classes)
            self.pieces[f"unlearned-{self.keys.unlearned}"] = _Piece("forgetting", self._unlearning)

    def replay(self) -> None:
        """The unlearning once more, its model asked after every epoch."""
        asked = max(1, settings(self.config).epochs) * min(len(self.dataset.y_test), MAX_SAMPLES)
        again = self._unlearning if METHODS[self.config.method].epochs else lambda rates: 0.0
        share = self.config.method
        self.pieces[f"epochs-{self.keys.unlearned}"] = _Piece(
            "recording every epoch",
            lambda rates: again(rates) + asked * rates.needed.get(share, 1.0) * rates.answer,
        )

    def spectra(self, decompositions: int = 1) -> None:
        """Second moments where they are missing, and their spectra, which are computed anew in each job."""
        stored = (self.keys.moments, f"{self.keys.moments}-{self.keys.spectra}")
        if not any(self._has(artefacts.MOMENTS, key) for key in stored):
            self.pieces[f"moments-{self.keys.moments}"] = _Piece("", lambda rates: rates.moments)
        self.pieces[f"spectra-{self.keys.spectra}-{decompositions}"] = _Piece(
            "", lambda rates: decompositions * rates.spectra
        )

    def answers(self, key: str) -> None:
        """One model's answers on the test and the training set."""
        for part in ("test", "train"):
            if not self._has(artefacts.LOGITS, logits_key(key, self.dataset, part)):
                images = len(self.dataset.labels(part))
                self.pieces[f"logits-{key}-{part}"] = _Piece("", _answering(images))

    def _unlearning(self, rates: Rates) -> float:
        return unlearning_seconds(self.config, self.request, rates) * rates.needed.get(
            self.config.method, 1.0
        )


def _answering(images: int) -> Callable[[Rates], float]:
    return lambda rates: images * rates.answer


def unlearning_seconds(config: ExperimentConfig, request: Split, rates: Rates) -> float:
    """What a method's own loop takes if it runs through all its epochs."""
    method, forget, everything = (
        METHODS[config.method],
        len(request.forget_train()),
        len(request.dataset.y_train),
    )
    images = everything if method.reads_retain else forget
    steps = math.ceil(images / TrainingConfig(1).batch_size)
    projected = steps * rates.project if method.uses_energy_threshold else 0.0
    return (
        settings(config).epochs * (images * rates.step + forget * rates.answer + projected)
        + method.single_gradients * rates.single
    )


def _elsewhere(config: ExperimentConfig, dataset: Dataset, store: Store) -> Rates | None:
    """Rates by what the original's training took, perhaps on another machine: too high rather than too low, every rate one of training."""
    meta = artefacts.TRAINED.meta(store, keys(config, dataset).original) or shipped_meta(
        config, dataset, ()
    )
    if not meta or not meta.get("seconds"):
        return None
    step = meta["seconds"] / (len(dataset.y_train) * training(config).epochs)
    return Rates(step, 10 * step, step, dataset.num_classes * MOMENTS.images * step)
