"""How long missing work will take on this machine, estimated without torch.

`cost_measurement` times a few steps of a network once and stores its `Rates`; `estimate` counts
what a job still has to compute and multiplies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from unsc_core.analysis import nearest
from unsc_core.analysis.replay import MAX_SAMPLES
from unsc_core.audits import AUDITS
from unsc_core.audits.stored import outcome_keys, with_seeds
from unsc_core.config import ExperimentConfig, TrainingConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.experiment import artefacts
from unsc_core.experiment.keys import Keys, content_key, keys, logits_key, shadow_key
from unsc_core.experiment.machine import this_machine
from unsc_core.experiment.resolve import MOMENTS, settings, training
from unsc_core.experiment.shipped import shipped_meta
from unsc_core.experiment.store import Store
from unsc_core.jobs.job import AUDITED_SEEDS, PROBED, SHADOWS
from unsc_core.methods import METHODS
from unsc_core.models import MODELS, model_digest

UNMEASURED_LIMIT_S = 60.0
"""Work without training is not measured first if rough rates put all of it below this."""


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


@dataclass(frozen=True)
class Cost:
    """How long work will take.

    Attributes:
        seconds: in total.
        words: the long parts: "training ResNet-18 on 10,000 images for 10 epochs, then forgetting".
    """

    seconds: float
    words: str = ""


@dataclass(frozen=True)
class _Piece:
    """One piece of missing work; `trains` if a network is trained."""

    words: str
    seconds: Callable[[Rates], float]
    trains: bool = False


def duration(seconds: float) -> str:
    """A duration in words: "35 s", "27 minutes", "3 hours"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{round(seconds / 3600)} hours"


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


def estimate(wanted: Sequence[tuple[str, ExperimentConfig]], store: Store) -> Cost | None:
    """How long the missing work of some jobs will take, shared pieces counted once.

    Args:
        wanted: kind of job and resolved config.
        store: what is in it is not missing.

    Returns:
        None if a network has to be measured first, or for a kind of job without an estimate.
    """
    seconds, rough, words = 0.0, 0.0, []
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
        if kind in (*AUDITED_SEEDS, "probe") and (rates := known[name]) and not rates.audit:
            known[name] = None
        if known[name] is None and not any(piece.trains for piece in found.values()):
            rates = _rough_rates(config, dataset, store)
            if rates is not None:
                rough += sum(piece.seconds(rates) for piece in found.values())
                if rough <= UNMEASURED_LIMIT_S:
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
    """Name -> missing piece of this job; None for a kind without an estimate."""
    found, request = keys(config, dataset), split(dataset, config.forget_classes, config.forget_ids)
    work = _Missing(config, dataset, request, found, store)
    if kind in ("experiment", "epochs"):
        work.original()
        work.unlearned()
        work.spectra()
        for key in (found.original, found.unlearned):
            work.logits(key)
        if kind == "epochs":
            work.replay()
    elif kind == "retrain":
        work.retrained()
        work.logits(found.retrained)
    elif kind in ("spectra", "subspaces"):
        work.original()
        work.spectra(1 if kind == "spectra" else 1 + dataset.num_classes)
    elif kind == "features":
        work.features()
    elif kind in AUDITED_SEEDS:
        work.audits(AUDITED_SEEDS[kind])
    elif kind == "probe":
        work.audits(1, [PROBED])
    elif kind.startswith(SHADOWS):
        work.shadows(int(kind.removeprefix(SHADOWS)))
    else:
        return None
    return work.pieces


@dataclass
class _Missing:
    """Collects the pieces of one config that are not in the store."""

    config: ExperimentConfig
    dataset: Dataset
    request: Split
    keys: Keys
    store: Store
    pieces: dict[str, _Piece] = field(default_factory=dict)

    def original(self) -> None:
        """The network before unlearning."""
        if self.config.checkpoint is None:
            self._training(self.keys.original, "training", len(self.dataset.y_train), ())

    def retrained(self) -> None:
        """The network trained without the forgotten data."""
        without = None if self.request.forget_ids else self.request.forget_classes
        self._training(self.keys.retrained, "retraining", len(self.request.retain_train()), without)

    def _training(self, key: str, verb: str, images: int, without: tuple[int, ...] | None) -> None:
        if artefacts.TRAINED.has(self.store, key):
            return
        if without is not None and shipped_meta(self.config, self.dataset, without):
            return
        epochs = training(self.config).epochs
        self.pieces[f"trained-{key}"] = _Piece(
            f"{verb} {self._title} on {self._trained_on(images)}",
            lambda rates: images * epochs * rates.step,
            trains=True,
        )

    @property
    def _title(self) -> str:
        """The network's title."""
        model = MODELS.get(self.config.model)
        return model.title if model else Path(self.config.model).name

    def _trained_on(self, images: int) -> str:
        """What a training goes through: "10,000 images for 10 epochs"."""
        samples = "images" if self.dataset.is_images else "points"
        epochs = training(self.config).epochs
        return f"{images:,} {samples} for {epochs} epoch{'s' * (epochs > 1)}"

    def unlearned(self) -> None:
        """The unlearning."""
        if not artefacts.UNLEARNED.has(self.store, self.keys.unlearned):
            if self.config.method == "retrain":
                self.retrained()
            if self.config.subspace == "merge":
                self.spectra(1 + self.dataset.num_classes)
            self.pieces[f"unlearned-{self.keys.unlearned}"] = _Piece("forgetting", self._unlearning)

    def replay(self) -> None:
        """Predictions after every epoch, and the unlearning once more if it has been run before."""
        method, config = self.config.method, self.config
        repeats = METHODS[method].epochs and artefacts.UNLEARNED.has(
            self.store, self.keys.unlearned
        )
        samples = min(len(self.dataset.y_test), MAX_SAMPLES)
        predicted = max(1, settings(config).epochs) * samples

        def seconds(rates: Rates) -> float:
            again = self._unlearning(rates) if repeats else 0.0
            return again + predicted * rates.needed.get(method, 1.0) * rates.answer

        self.pieces[f"epochs-{self.keys.unlearned}"] = _Piece("recording every epoch", seconds)

    def spectra(self, decompositions: int = 1) -> None:
        """The second moments if they are missing, and their spectra, which no job stores."""
        stored = (self.keys.moments, f"{self.keys.moments}-{self.keys.spectra}")
        if not any(artefacts.MOMENTS.has(self.store, key) for key in stored):
            self.pieces[f"moments-{self.keys.moments}"] = _Piece("", lambda rates: rates.moments)
        self.pieces[f"spectra-{self.keys.spectra}-{decompositions}"] = _Piece(
            "", lambda rates: decompositions * rates.spectra
        )

    def audits(self, seeds: int, names: Collection[str] = AUDITS) -> None:
        """The networks of so many seeds, and their audits."""
        configs = with_seeds(self.config, seeds)
        for config in configs:
            work = replace(self, config=config, keys=keys(config, self.dataset))
            work.original()
            if not artefacts.UNLEARNED.has(self.store, work.keys.unlearned):
                work.unlearned()
                if METHODS[config.method].uses_moments:
                    work.spectra()
            work.retrained()
            for key in (work.keys.original, work.keys.unlearned, work.keys.retrained):
                work.logits(key)
        missing = {
            key
            for _, _, key in outcome_keys(configs, self.dataset, names)
            if key is not None and not artefacts.AUDITED.has(self.store, key)
        }
        if missing:
            share = len(missing) / len(AUDITS)
            self.pieces["audits-" + self.keys.unlearned] = _Piece(
                "auditing", lambda rates: share * rates.audit
            )

    def shadows(self, models: int) -> None:
        """Shadow models, each trained on half of all samples, whose answers to all are kept."""
        missing = [
            model
            for model in range(models)
            if not artefacts.SHADOWS.has(self.store, shadow_key(self.config, self.dataset, model))
        ]
        if not missing:
            return
        count, samples = len(missing), len(self.dataset.y_train) + len(self.dataset.y_test)
        epochs, half = training(self.config).epochs, samples // 2
        self.pieces[f"shadows-{shadow_key(self.config, self.dataset, models)}"] = _Piece(
            f"training {count} shadow model{'s' * (count > 1)}, each {self._title} on "
            f"{self._trained_on(half)}",
            lambda rates: count * (half * epochs * rates.step + samples * rates.answer),
            trains=True,
        )

    def logits(self, key: str) -> None:
        """One model's logits on the test and the training set."""
        for part in ("test", "train"):
            if not artefacts.LOGITS.has(self.store, logits_key(key, self.dataset, part)):
                images = len(self.dataset.labels(part))
                self.pieces[f"logits-{key}-{part}"] = _Piece("", _predicting(images))

    def features(self) -> None:
        """The features of training images in both networks, which are there already."""
        images = len(nearest.compared(self.dataset))
        for model in nearest.MODELS_COMPARED:
            key = nearest.features_key(self.config, self.dataset, model)
            if not artefacts.FEATURES.has(self.store, key):
                self.pieces[f"features-{key}"] = _Piece("comparing", _predicting(images))

    def _unlearning(self, rates: Rates) -> float:
        fraction = rates.needed.get(self.config.method, 1.0)
        return unlearning_seconds(self.config, self.request, rates) * fraction


def _predicting(images: int) -> Callable[[Rates], float]:
    return lambda rates: images * rates.answer


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


def _rough_rates(config: ExperimentConfig, dataset: Dataset, store: Store) -> Rates | None:
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
