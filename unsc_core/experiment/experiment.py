"""Config -> result: the one place where the steps are put in order. Every piece is read from the store or made once."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from unsc_core.config import ExperimentConfig, TrainingConfig
from unsc_core.data import load_dataset
from unsc_core.data.request import Split, split
from unsc_core.errors import ConfigError, StoreError
from unsc_core.experiment.keys import keys, logits_key, shipped_key, shipped_path
from unsc_core.experiment.machine import this_machine
from unsc_core.experiment.resolve import DEFAULT_ENERGY_THRESHOLD, MOMENTS, resolve
from unsc_core.experiment.result import OTHERS, UNSEEN_ENERGY, Result, read_result
from unsc_core.experiment.store import Artefact, Store, read_artefact
from unsc_core.learning.batches import CLASS_BATCH, DeviceData, predict, to_device
from unsc_core.learning.device import one_thread, resolve_device, set_up_process
from unsc_core.learning.training import train
from unsc_core.methods import METHODS
from unsc_core.methods.context import Context, Unlearned
from unsc_core.models import MODELS, build_model
from unsc_core.models.weights import load_weights, set_weights
from unsc_core.progress import Report, Stages, silent
from unsc_core.subspace.energy import cuts, energy_error
from unsc_core.subspace.moments import (
    Batches,
    Moments,
    Parts,
    drawn_batches,
    energy_along_spectra,
    enough_images,
    moments_bytes,
    retain_spectra,
    second_moments,
    unseen_batches,
)
from unsc_core.subspace.null_space import MERGE_THRESHOLD, Spectra, spectra
from unsc_core.subspace.representations import check_covered

logger = logging.getLogger(__name__)

MAX_MOMENTS_BYTES = 2**30
"""Moments of every class that would take more than this are collected for one request instead."""


class Experiment:
    """One config, checked, with its pieces on demand.

    Raises:
        UnscError: the config, the data or the store cannot be used; nothing has been computed then.
    """

    def __init__(
        self, config: ExperimentConfig, store: Store | None = None, report: Report = silent
    ) -> None:
        self.store = store or Store()
        self.stages = Stages(report)
        self.device = resolve_device(config.device)
        with self.stages.stage("data", "reading the data"):
            self.dataset = load_dataset(config.dataset, report)
        set_up_process(self.dataset)
        self.config = resolve(config, self.dataset)
        self.split = split(self.dataset, self.config.forget_classes, self.config.forget_ids)
        self.keys = keys(self.config, self.dataset)

    def run(self, with_retrain: bool = False) -> Result:
        """Everything the result needs; what is stored is not computed again."""
        self.store.check_writable()
        if (
            self.config.model not in MODELS
            and METHODS[self.config.method].uses_moments
            and self.store.get("unlearned", self.keys.unlearned) is None
        ):
            self._check_covered(self._new_model().to(self.device))  # before a training in vain
        self.logits(self.keys.original, lambda: self.original, "test")
        self.logits(self.keys.unlearned, lambda: self.unlearned.model, "test")
        self.logits(self.keys.original, lambda: self.original, "train")
        self.logits(self.keys.unlearned, lambda: self.unlearned.model, "train")
        if (
            self.store.get("unlearned", self.keys.unlearned) is None
        ):  # lost, though its answers are there
            _ = self.unlearned
        if self.config.checkpoint is None and self.store.get("trained", self.keys.original) is None:
            _ = self.original
        if with_retrain:
            self.run_retrained()
        result = read_result(self.config, self.dataset, self.store)
        if result is None:
            raise StoreError(
                f"A result just written to {self.store.root} is gone; check that nothing else cleans this folder."
            )
        return result

    def run_retrained(self) -> None:
        """The gold standard's answers."""
        self.store.check_writable()
        for part in ("test", "train"):
            self.logits(self.keys.retrained, lambda: self.retrained, part)

    @cached_property
    def data(self) -> DeviceData:
        """The samples on the device."""
        return to_device(self.dataset, self.device)

    @cached_property
    def original(self) -> nn.Module:
        """θ₀: from the named checkpoint, the store, a shipped checkpoint, or trained now."""
        if self.config.checkpoint is not None:
            path = Path(self.config.checkpoint).expanduser()
            model = self._new_model()
            set_weights(model, load_weights(path), path.name)
            return model.to(self.device).eval()
        return self._trained(self.keys.original, None, "train", "training the original model")

    @cached_property
    def retrained(self) -> nn.Module:
        """θ_r: the same recipe without the forget classes."""
        return self._trained(
            self.keys.retrained, self.split, "retrain", "retraining without what is forgotten"
        )

    @cached_property
    def moments(self) -> Moments:
        """Second moments of the original, per class: one pass over data for every later request.

        Single samples, and networks whose moments of every class would not fit, get those of this request only.
        """
        stored = self.store.get("moments", self.keys.moments) or self.store.get(
            "moments", self._moments_of_request
        )
        if stored is not None:
            settings = {
                name: value
                for name, value in stored.meta["config"].items()
                if name != "energy_error"
            }  # once kept there
            known = {
                layer: torch.from_numpy(stored.arrays[layer]).to(self.device)
                for layer in stored.meta["layers"]
            }
            return Moments(known, **settings)
        model, classes, sample = (
            self.original,
            self.dataset.num_classes,
            self.data.inputs(self.data.x_train[:1]),
        )
        self._check_covered(model)
        config = enough_images(model, classes, MOMENTS)
        by_request = (
            bool(self.split.forget_ids)
            or moments_bytes(model, sample, classes, config) > MAX_MOMENTS_BYTES
        )
        with self.stages.stage("moments", "collecting second moments"):
            moments = second_moments(
                model,
                self._in_progress(
                    drawn_batches(self.data, self._parts(by_request), config.images, self.config),
                    config.images,
                ),
                2 if by_request else classes,
                images=config.images,
                positions=config.positions,
                seed=self.config.seed,
            )
        moments = replace(moments, by_request=by_request)
        arrays = {layer: m.cpu().numpy() for layer, m in moments.per_class.items()}
        settings = {name: getattr(moments, name) for name in ("images", "positions", "by_request")}
        meta = {
            "config": settings,
            "layers": list(arrays),
            "seconds": self.stages.seconds["moments"],
        }
        self.store.put(
            "moments",
            self._moments_of_request if by_request else self.keys.moments,
            Artefact(arrays, meta),
        )
        return moments

    @cached_property
    def unseen(self) -> Moments:
        """Second moments of a few images that `moments` did not draw, all their patches: what a cut is checked on. Of D_r alone if by request."""
        moments = self.moments
        by_request = moments.by_request
        key = self._moments_of_request if by_request else self.keys.moments
        stored = self.store.get("unseen", key)
        if stored is None:
            with self.stages.stage("energy_error", "looking at images that were not drawn"):
                batches = unseen_batches(
                    self.data, self._parts(by_request)[:1], moments.images, self.config
                )
                found = second_moments(
                    self.original, batches, 1 if by_request else self.dataset.num_classes
                )
            stored = Artefact(
                {layer: m.float().cpu().numpy() for layer, m in found.per_class.items()}
            )  # nothing is decomposed here
            self.store.put("unseen", key, stored)
        return Moments(
            {layer: torch.from_numpy(m).double() for layer, m in stored.arrays.items()},
            by_request=by_request,
        )

    def _parts(self, by_request: bool) -> Parts:
        """What moments are collected of: every class, or D_r and D_f."""
        if not by_request:
            return [(None, torch.arange(len(self.data.y_train), device=self.data.device))]
        return [
            (0, self.data.index(self.split.retain_train())),
            (1, self.data.index(self.split.forget_train())),
        ]

    def _in_progress(self, batches: Batches, images: int) -> Batches:
        total = self.dataset.num_classes * -(-images // CLASS_BATCH)
        for done, batch in enumerate(batches):
            self.stages.tick(min(done, total), total)
            yield batch

    @property
    def cut(self) -> tuple[Spectra, dict[str, float]]:
        """What this config's null space is cut from, and layer -> where."""
        merge = self.config.subspace == "merge"
        found = self.merged_spectra if merge else self.spectra
        threshold = (
            MERGE_THRESHOLD if merge else self.config.energy_threshold or DEFAULT_ENERGY_THRESHOLD
        )
        return found, cuts(found, threshold, self.config.energy_thresholds)

    def energy_error(self) -> dict[str, float]:
        """Layer -> kept share of the retain energy of images that were not drawn − kept share of that of the drawn: see `energy_error`."""
        found, cut_at = self.cut
        retain, unseen = (
            moments.retain(self.config.forget_classes) for moments in (self.moments, self.unseen)
        )
        with (
            self.stages.stage(
                "energy_error", "checking what is kept of images that were not drawn"
            ),
            one_thread(),
        ):
            own, other = energy_along_spectra(found, retain), energy_along_spectra(found, unseen)
            return energy_error(
                {
                    layer: torch.stack([s.eigenvalues for s in groups])
                    for layer, groups in found.items()
                },
                own,
                other,
                cut_at,
            )

    @property
    def _moments_of_request(self) -> str:
        return f"{self.keys.moments}-{self.keys.spectra}"

    @cached_property
    def spectra(self) -> Spectra:
        """Layer -> spectrum per group of the retain classes; their eigenvalues, and the energy unseen images have there, are stored for the views."""
        moments = self.moments
        with self.stages.stage("spectra", "finding the null space"), one_thread():
            found = retain_spectra(moments, self.split, "joint", 1.0)
        if self.store.get("spectra", self.keys.spectra) is None:
            values = {
                layer: torch.stack([s.eigenvalues for s in groups]).cpu().numpy()
                for layer, groups in found.items()
            }
            self.store.put("spectra", self.keys.spectra, Artefact(values, {"layers": list(values)}))
        if self.store.get(UNSEEN_ENERGY, self.keys.spectra) is None:
            unseen = energy_along_spectra(found, self.unseen.retain(self.config.forget_classes))
            self.store.put(
                UNSEEN_ENERGY,
                self.keys.spectra,
                Artefact({layer: energy.numpy() for layer, energy in unseen.items()}),
            )
        return found

    @cached_property
    def merged_spectra(self) -> Spectra:
        """Layer -> spectrum per group of the retain classes' bases at γ, joined."""
        moments = self.moments
        with self.stages.stage("spectra", "merging the classes' subspaces"), one_thread():
            return retain_spectra(moments, self.split, "merge", self.config.energy_threshold or 1.0)

    @cached_property
    def forget_spectra(self) -> Spectra:
        """Layer -> spectrum per group of what is forgotten."""
        moments = self.moments
        with self.stages.stage("spectra", "finding the subspace of the forgotten"), one_thread():
            return spectra(moments.forget(self.config.forget_classes))

    @cached_property
    def unlearned(self) -> Unlearned:
        """θ: the method's answer to the request."""
        stored = self.store.get("unlearned", self.keys.unlearned)
        if stored is not None:
            model = self._with_weights(stored)
            labels = (
                torch.from_numpy(stored.arrays["labels"]) if "labels" in stored.arrays else None
            )
            return Unlearned(model, stored.meta["history"], labels, stored.meta["null_space"])
        _ = self.original
        before, started = dict(self.stages.seconds), time.perf_counter()
        unlearned = self.unlearn()
        took = time.perf_counter() - started
        seconds = {
            name: s - before.get(name, 0.0)
            for name, s in self.stages.seconds.items()
            if s != before.get(name)
        }
        took -= sum(s for stage, s in seconds.items() if stage in OTHERS)
        arrays = _weights(unlearned.model)
        if unlearned.labels is not None:
            arrays["labels"] = unlearned.labels.cpu().numpy()
        meta = {
            "config": self.config.to_dict(),
            "history": unlearned.history,
            "null_space": unlearned.null_space,
            "seconds": seconds,
            "took": took,
            "machine": this_machine(self.device),
            "device": self.device,
            "created": time.time(),
            "energy_error": self.energy_error() if unlearned.null_space else {},
        }
        self.store.put("unlearned", self.keys.unlearned, Artefact(arrays, meta))
        return unlearned

    def unlearn(
        self, watch: Callable[[int, nn.Module], None] = lambda epoch, model: None
    ) -> Unlearned:
        """Let the method work on a copy of the original now, whatever is stored; the same weights each time.

        Args:
            watch: called with the number of each epoch when it ends, 0 before the first step, and the model as it is then.
        """
        model = copy.deepcopy(self.original)
        return METHODS[self.config.method].unlearn(
            model, self.context(lambda epoch, accuracy: watch(epoch, model))
        )

    def logits(self, key: str, model: Callable[[], nn.Module], part: str) -> None:
        """Make sure the logits of a model on "train" or "test" are stored under its key."""
        name = logits_key(key, self.dataset, part)
        if self.store.get("logits", name) is not None:
            return
        network = model()
        with self.stages.stage("evaluate", f"answering the {part} set"):
            samples: Tensor = self.data.x_test if part == "test" else self.data.x_train
            answers = predict(network, self.data, samples).cpu().numpy()
        self.store.put("logits", name, Artefact({"logits": answers}))

    def context(
        self, watch: Callable[[int, float], None] = lambda epoch, accuracy: None
    ) -> Context:
        """What a method is given for this request; see `Context.watch`."""
        config, merge = self.config, self.config.subspace == "merge"
        return Context(
            self.split,
            self.data,
            config.seed,
            MERGE_THRESHOLD if merge else config.energy_threshold or 1.0,
            config.learning_rate or 0.0,
            config.epochs or 0,
            self.stages,
            lambda: self.merged_spectra if merge else self.spectra,
            lambda: self.forget_spectra,
            lambda: self.retrained,
            watch,
            config.edits,
            config.energy_thresholds,
        )

    def _new_model(self) -> nn.Module:
        if keys(self.config, self.dataset) != self.keys:
            raise ConfigError(
                "The file of the model, or of its weights, has changed since this experiment began; start it again."
            )
        return build_model(
            self.config.model, self.dataset.input_shape, self.dataset.num_classes, self.config.seed
        )

    def _check_covered(self, model: nn.Module) -> None:
        check_covered(model, self.data.inputs(self.data.x_train[:2]))

    def _with_weights(self, artefact: Artefact) -> nn.Module:
        model = self._new_model()
        names = model.state_dict()
        set_weights(
            model,
            {name: torch.from_numpy(artefact.arrays[name]) for name in names},
            "The stored result",
        )
        return model.to(self.device).eval()

    def _trained(self, key: str, without: Split | None, stage: str, words: str) -> nn.Module:
        artefact = self.store.get("trained", key) or self._shipped(key, without)
        if artefact is not None:
            return self._with_weights(artefact)
        model = self._new_model().to(self.device)
        rows = (
            self.data.index(without.retain_train())
            if without
            else torch.arange(len(self.data.y_train), device=self.device)
        )
        training = TrainingConfig(self.config.training_epochs or 1)
        with self.stages.stage(stage, words):
            train(
                model,
                self.data,
                rows.to(self.data.device),
                training,
                self.config.seed,
                self.stages.tick,
            )
        meta = {
            "seconds": self.stages.seconds[stage],
            "machine": this_machine(self.device),
            "config": self.config.to_dict(),
            "created": time.time(),
        }
        self.store.put("trained", key, Artefact(_weights(model), meta))
        return model

    def _shipped(self, key: str, request: Split | None) -> Artefact | None:
        """The shipped checkpoint of this very training, copied into the store; None if there is none or it is damaged."""
        if request is not None and request.forget_ids:
            return None
        without = request.forget_classes if request else ()
        path = shipped_path(self.config, without)
        if not path.is_file():
            return None
        try:
            artefact = read_artefact(path)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            logger.warning(
                "The shipped checkpoint %s is damaged (%s); training anew.", path.name, error
            )
            return None
        if artefact.meta.get("key") != shipped_key(self.config, self.dataset, without):
            return None
        self.store.put("trained", key, artefact)
        return artefact


def _weights(model: nn.Module) -> dict:
    return {
        name: value.detach().cpu().contiguous().numpy()
        for name, value in model.state_dict().items()
    }
