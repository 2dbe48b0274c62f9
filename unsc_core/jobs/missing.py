"""What jobs still have to compute, and how long each piece of that takes at given rates."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from unsc_core.analysis import nearest
from unsc_core.analysis.replay import MAX_SAMPLES
from unsc_core.audits import AUDITS
from unsc_core.audits.stored import outcome_keys, with_seeds
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.experiment import artefacts
from unsc_core.experiment.keys import Keys, keys, logits_key, shadow_key
from unsc_core.experiment.resolve import settings, training
from unsc_core.experiment.shipped import shipped_meta
from unsc_core.experiment.store import Store
from unsc_core.jobs.job import AUDITED_SEEDS, PROBED, SHADOWS
from unsc_core.jobs.rates import Rates, unlearning_seconds
from unsc_core.methods import METHODS
from unsc_core.models import MODELS


@dataclass(frozen=True)
class Piece:
    """One piece of work whose result is not in the store.

    Attributes:
        words: what it does; "" for a short piece, which is not named.
        seconds: how long it takes at some rates.
        trains: whether a network is trained.
    """

    words: str
    seconds: Callable[[Rates], float]
    trains: bool = False


def missing_pieces(
    kind: str, config: ExperimentConfig, dataset: Dataset, store: Store
) -> dict[str, Piece] | None:
    """What a job still has to do, piece by piece; None for a kind of job without an estimate.

    Returns:
        Name -> piece. Pieces that several jobs need have the same name in each.
    """
    found, request = keys(config, dataset), split(dataset, config.forget_classes, config.forget_ids)
    work = _Collector(config, dataset, request, found, store)
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
class _Collector:
    """Collects the pieces of one config that are not in the store."""

    config: ExperimentConfig
    dataset: Dataset
    request: Split
    keys: Keys
    store: Store
    pieces: dict[str, Piece] = field(default_factory=dict)

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
        self.pieces[f"trained-{key}"] = Piece(
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
            self.pieces[f"unlearned-{self.keys.unlearned}"] = Piece("forgetting", self._unlearning)

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

        self.pieces[f"epochs-{self.keys.unlearned}"] = Piece("recording every epoch", seconds)

    def spectra(self, decompositions: int = 1) -> None:
        """The second moments if they are missing, and their spectra, which no job stores."""
        stored = (self.keys.moments, f"{self.keys.moments}-{self.keys.spectra}")
        if not any(artefacts.MOMENTS.has(self.store, key) for key in stored):
            self.pieces[f"moments-{self.keys.moments}"] = Piece("", lambda rates: rates.moments)
        self.pieces[f"spectra-{self.keys.spectra}-{decompositions}"] = Piece(
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
            self.pieces["audits-" + self.keys.unlearned] = Piece(
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
        self.pieces[f"shadows-{shadow_key(self.config, self.dataset, models)}"] = Piece(
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
                self.pieces[f"logits-{key}-{part}"] = Piece("", _predicting(images))

    def features(self) -> None:
        """The features of training images in both networks, which are there already."""
        images = len(nearest.compared(self.dataset))
        for model in nearest.MODELS_COMPARED:
            key = nearest.features_key(self.config, self.dataset, model)
            if not artefacts.FEATURES.has(self.store, key):
                self.pieces[f"features-{key}"] = Piece("comparing", _predicting(images))

    def _unlearning(self, rates: Rates) -> float:
        fraction = rates.needed.get(self.config.method, 1.0)
        return unlearning_seconds(self.config, self.request, rates) * fraction


def _predicting(images: int) -> Callable[[Rates], float]:
    return lambda rates: images * rates.answer
