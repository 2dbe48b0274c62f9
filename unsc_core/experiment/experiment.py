"""One config's experiment: the pipeline with a store. Each piece is read there or computed once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.errors import ConfigError, StoreError
from unsc_core.experiment.artefacts import (
    LOGITS,
    MOMENTS,
    SPECTRA,
    TRAINED,
    UNLEARNED,
    UNSEEN,
    UNSEEN_ENERGY,
    Network,
)
from unsc_core.experiment.keys import Keys, keys, logits_key
from unsc_core.experiment.machine import this_machine
from unsc_core.experiment.pipeline import Look, Pipeline, Watch, unseen, unwatched
from unsc_core.experiment.resolve import resolve, training
from unsc_core.experiment.result import OTHERS, Result, read_result
from unsc_core.experiment.shipped import read_shipped
from unsc_core.experiment.store import Arrays, Store
from unsc_core.learning.batches import DeviceData, predict, to_device
from unsc_core.learning.device import resolve_device, set_up_process
from unsc_core.learning.training import train
from unsc_core.methods import METHODS
from unsc_core.methods.context import Unlearned
from unsc_core.models import MODELS, build_model
from unsc_core.models.weights import load_weights, set_weights
from unsc_core.progress import Report, Stages, silent
from unsc_core.subspace.moments import Moments
from unsc_core.subspace.null_space import Spectra, eigenvalues, energy_along_spectra
from unsc_core.subspace.sampling import Parts

MAX_MOMENTS_BYTES = 2**30
"""If second moments of every class would take more, those of D_r and D_f are collected."""


class Experiment(Pipeline):
    """The experiment of one config. Nothing is loaded or computed before it is asked for.

    Whatever is asked for first raises UnscError if the config, its data or the store cannot be
    used; `check` does so at once.

    Args:
        config: None in it means the default; `Experiment.config` is the resolved one.
        store: where results are kept; the default store if None.
        report: receives progress, and may raise to stop the work.
    """

    def __init__(
        self, config: ExperimentConfig, store: Store | None = None, report: Report = silent
    ) -> None:
        self._asked, self._report = config, report
        self._watch: Watch = unwatched
        self.store = Store() if store is None else store
        self.stages = Stages(report)

    def check(self) -> None:
        """Raise the error of an impossible config now; its data is loaded for that.

        Raises:
            ConfigError, DataError, CheckpointError: one sentence about the first thing wrong.
        """
        resolve_device(self._asked.device)
        _ = self.keys

    def run(
        self, with_retrain: bool = False, watch: Watch = unwatched, look: Look = unseen
    ) -> Result:
        """The result, for which only what is not stored yet is computed.

        Args:
            with_retrain: whether the network retrained from scratch is part of it.
            watch: see `Watch`; not called where the unlearned network is stored. It times itself as
                "evaluate", which is not the method's work.
            look: see `Look`; called where a network is trained or unlearned now, and timed so, too.
        """
        self.check()
        self._watch, self.look = watch, look
        self.store.check_writable()
        for _ in range(2):  # reading removes a damaged file, which is then made again
            self._make_missing()
            if with_retrain:
                self.run_retrained()
            result = read_result(self.config, self.dataset, self.store)
            if result is not None and result.is_complete(with_retrain):
                return result
        raise StoreError(
            f"A result just written to {self.store.root} is gone; check that nothing else "
            "cleans this folder."
        )

    def run_retrained(self) -> None:
        """Make sure the logits of the gold standard, the retrained network, are stored."""
        self.store.check_writable()
        for part in ("test", "train"):
            self.ensure_logits(self.keys.retrained, lambda: self.retrained, part)

    def _make_missing(self) -> None:
        """Make sure the original and the unlearned network, and their logits, are stored."""
        missing = not UNLEARNED.has(self.store, self.keys.unlearned)
        user_supplied = self.config.model not in MODELS
        if missing and user_supplied and METHODS[self.config.method].uses_moments:
            self.check_covered(self._new_model().to(self.device))  # before training it for nothing
        for part in ("test", "train"):
            self.ensure_logits(self.keys.original, lambda: self.original, part)
            self.ensure_logits(self.keys.unlearned, lambda: self.unlearned.model, part)
        if not UNLEARNED.has(self.store, self.keys.unlearned):
            _ = self.unlearned
        if self.config.checkpoint is None and not TRAINED.has(self.store, self.keys.original):
            _ = self.original

    def ensure_logits(self, key: str, model: Callable[[], nn.Module], part: str) -> None:
        """Make sure a network's logits on "train" or "test" are stored under its key."""
        name = logits_key(key, self.dataset, part)
        if LOGITS.has(self.store, name):
            return
        network = model()
        with self.stages.stage("evaluate", f"predicting the {part} set"):
            samples = self.data.x_test if part == "test" else self.data.x_train
            logits = predict(network, self.data, samples).cpu().numpy()
        LOGITS.write(self.store, name, logits)

    # The request. Where the pipeline is given attributes, they are made here when first used.

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset, downloaded first if it is not on this machine."""
        with self.stages.stage("data", "reading the data"):
            return load_dataset(self._asked.dataset, self._report)

    @cached_property
    def config(self) -> ExperimentConfig:  # type: ignore[override]
        """The resolved config."""
        return resolve(self._asked, self.dataset)

    @cached_property
    def split(self) -> Split:  # type: ignore[override]
        """The request and its dataset."""
        return split(self.dataset, self.config.forget_classes, self.config.forget_ids)

    @cached_property
    def keys(self) -> Keys:
        """The keys of this experiment's pieces in the store."""
        return keys(self.config, self.dataset)

    @cached_property
    def device(self) -> str:
        """Where everything is computed. This process is set up here, before it computes."""
        set_up_process(self.dataset)
        return resolve_device(self._asked.device)

    @cached_property
    def data(self) -> DeviceData:  # type: ignore[override]
        """The samples on the device."""
        return to_device(self.dataset, self.device)

    # The networks.

    @cached_property
    def original(self) -> nn.Module:  # type: ignore[override]
        """θ₀: from the named checkpoint, the store, a shipped checkpoint, or trained now."""
        if self.config.checkpoint is None:
            return self._trained(self.keys.original, None)
        path = Path(self.config.checkpoint).expanduser()
        model = self._new_model()
        set_weights(model, load_weights(path), path.name)
        return model.to(self.device).eval()

    @cached_property
    def retrained(self) -> nn.Module:
        """θ_r: trained from scratch in the same way, without what is forgotten."""
        return self._trained(self.keys.retrained, self.split)

    @cached_property
    def unlearned(self) -> Unlearned:
        """θ: what the method made of the original."""
        stored = UNLEARNED.read(self.store, self.keys.unlearned)
        return self._unlearned_now() if stored is None else self._unlearned_before(stored)

    def _unlearned_before(self, stored: Network) -> Unlearned:
        labels = None if stored.labels is None else torch.from_numpy(stored.labels)
        history, null_space = stored.meta["history"], stored.meta["null_space"]
        chosen = stored.meta.get("chosen", {})
        return Unlearned(self._with_weights(stored), history, labels, null_space, chosen)

    def _unlearned_now(self) -> Unlearned:
        """Let the method work, time it, and store what it made."""
        _ = self.original  # made, and the method loaded, before the clock runs
        _ = METHODS[self.config.method].unlearn
        before, started = dict(self.stages.seconds), time.perf_counter()
        unlearned = self.unlearn(self._watch)
        took = time.perf_counter() - started
        seconds = {
            stage: spent - before.get(stage, 0.0)
            for stage, spent in self.stages.seconds.items()
            if spent != before.get(stage)
        }
        took -= sum(spent for stage, spent in seconds.items() if stage in OTHERS)
        UNLEARNED.write(
            self.store,
            self.keys.unlearned,
            Network(
                _numpy(unlearned.model.state_dict()),
                self._origin() | {"seconds": seconds, "took": took, "device": self.device},
                None if unlearned.labels is None else unlearned.labels.cpu().numpy(),
            ),
            history=unlearned.history,
            null_space=unlearned.null_space,
            chosen=unlearned.chosen,
            energy_error=self.energy_error() if unlearned.null_space else {},
        )
        return unlearned

    def _trained(self, key: str, without: Split | None) -> nn.Module:
        """The network of this key, from the store, a shipped file, or trained now.

        Args:
            key: of its training.
            without: the request whose forgotten samples are left out; None for the original.
        """
        stored = TRAINED.read(self.store, key)
        if stored is None and not (without and without.forget_ids):
            classes = without.forget_classes if without else ()
            stored = read_shipped(self.config, self.dataset, classes)
            if stored is not None:
                TRAINED.write(self.store, key, stored)
        if stored is not None:
            return self._with_weights(stored)
        model = self._new_model().to(self.device)
        chosen, stage = np.arange(len(self.dataset.y_train)), "train"
        words = "training the original model"
        if without:
            chosen, stage = without.retain_train(), "retrain"
            words = "retraining without what is forgotten"
        rows = self.data.index(chosen)
        with self.stages.stage(stage, words):
            config, seed, tick = training(self.config), self.config.seed, self.stages.tick

            def see(epoch: int, model: nn.Module) -> None:
                self.look(epoch, config.epochs, model)

            train(model, self.data, rows, config, seed, tick, see)
        meta = self._origin() | {"seconds": self.stages.seconds[stage]}
        TRAINED.write(self.store, key, Network(_numpy(model.state_dict()), meta))
        return model

    def _origin(self) -> dict[str, Any]:
        """What a stored network's description says about any of them."""
        machine = this_machine(self.device)
        return {"config": self.config.to_dict(), "machine": machine, "created": time.time()}

    def _new_model(self) -> nn.Module:
        if keys(self.config, self.dataset) != self.keys:
            raise ConfigError(
                "The file of the model, or of its weights, has changed since this experiment "
                "began; start it again."
            )
        shape, classes = self.dataset.input_shape, self.dataset.num_classes
        return build_model(self.config.model, shape, classes, self.config.seed)

    def _with_weights(self, network: Network) -> nn.Module:
        model = self._new_model()
        weights = {name: torch.from_numpy(network.weights[name]) for name in model.state_dict()}
        set_weights(model, weights, "The stored result")
        return model.to(self.device).eval()

    # Moments and spectra.

    @cached_property
    def moments(self) -> Moments:
        """Second moments of the original, per class: one pass over data for every later request.

        They are those of D_r and D_f only for a request of single samples, and for a network
        whose moments of every class would take more than MAX_MOMENTS_BYTES.
        """
        for key in (self.keys.moments, self._request_key):
            stored = MOMENTS.read(self.store, key)
            if stored is not None:
                return stored.to(self.device)
        by_request = bool(self.split.forget_ids) or self.moments_bytes() > MAX_MOMENTS_BYTES
        moments = self.collect_moments(by_request)
        seconds = self.stages.seconds["moments"]
        MOMENTS.write(self.store, self._moments_key(moments), moments, seconds=seconds)
        return moments

    @cached_property
    def unseen(self) -> Moments:
        """Second moments of a few images that `moments` did not draw: what a cut is checked on."""
        key = self._moments_key(self.moments)
        stored = UNSEEN.read(self.store, key)
        if stored is None:
            stored = self.collect_unseen()
            UNSEEN.write(self.store, key, stored)
        return replace(stored, by_request=self.moments.by_request)

    def parts(self, by_request: bool) -> Parts:
        """Of which samples moments are collected: D_r and D_f, or every class."""
        if by_request:
            return super().parts(by_request)
        return [(None, torch.arange(len(self.data.y_train), device=self.data.device))]

    def _moments_key(self, moments: Moments) -> str:
        return self._request_key if moments.by_request else self.keys.moments

    @property
    def _request_key(self) -> str:
        """The key of moments that are of use to this request only."""
        return f"{self.keys.moments}-{self.keys.spectra}"

    @cached_property
    def spectra(self) -> Spectra:
        """Layer -> spectrum per group of D_r's second moments.

        The eigenvalues, and the energy that unseen images have along the eigenvectors, are stored
        for the views.
        """
        found, key = self.find_spectra(), self.keys.spectra
        if SPECTRA.read(self.store, key) is None:
            SPECTRA.write(self.store, key, _numpy(eigenvalues(found)))
        if UNSEEN_ENERGY.read(self.store, key) is None:
            unseen = self.unseen.retain(self.config.forget_classes)
            UNSEEN_ENERGY.write(self.store, key, _numpy(energy_along_spectra(found, unseen)))
        return found


def _numpy(tensors: dict[str, Tensor]) -> Arrays:
    return {name: value.detach().cpu().contiguous().numpy() for name, value in tensors.items()}
