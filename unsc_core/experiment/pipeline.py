"""From a trained network to one that has forgotten, step by step, without a store."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from torch import nn

from unsc_core.config import ExperimentConfig
from unsc_core.data.request import Split
from unsc_core.errors import ConfigError
from unsc_core.experiment.resolve import MOMENTS, Settings, settings
from unsc_core.learning.batches import CLASS_BATCH, DeviceData
from unsc_core.learning.device import one_thread
from unsc_core.methods import METHODS
from unsc_core.methods.context import Context, Unlearned
from unsc_core.progress import Stages
from unsc_core.subspace import null_space
from unsc_core.subspace.energy import energy_error
from unsc_core.subspace.moments import Moments, moments_bytes, second_moments
from unsc_core.subspace.null_space import Spectra
from unsc_core.subspace.representations import check_covered
from unsc_core.subspace.sampling import Batches, Parts, drawn_batches, enough_images, unseen_batches

Watch = Callable[[int, nn.Module], None]
"""Called at the end of each epoch, and as epoch 0 before the first step, with its model."""


def unwatched(epoch: int, model: nn.Module) -> None:
    """Watch nothing."""


Look = Callable[[int, int, nn.Module], None]
"""Called in the same way for every network that is trained or unlearned, those a method only tries
among them: with the epoch, the last one there may be, and the model, which it must not change."""


def unseen(epoch: int, last: int, model: nn.Module) -> None:
    """Look at nothing."""


class Pipeline:
    """The steps of unlearning, each computed when its result is first used.

    `Experiment` is this pipeline with a store: it overrides what is kept there.

    Args:
        original: the trained network, on the device of `data`; left as it is.
        split: the request and its dataset.
        data: the samples on their device.
        config: resolved, at least by `resolve_method`.
        stages: progress and time of each step.
    """

    def __init__(
        self,
        original: nn.Module,
        split: Split,
        data: DeviceData,
        config: ExperimentConfig,
        stages: Stages,
    ) -> None:
        self.original, self.split, self.data = original, split, data
        self.config, self.stages = config, stages

    look: Look = staticmethod(unseen)

    @property
    def settings(self) -> Settings:
        """The config's numbers, complete."""
        return settings(self.config)

    @property
    def retrained(self) -> nn.Module:
        """The network retrained from scratch without what is forgotten.

        Raises:
            ConfigError: how `original` was trained is not known here.
        """
        raise ConfigError(
            "Retraining needs to know how the network was trained; use Experiment, "
            "or train on what remains yourself."
        )

    @cached_property
    def moments(self) -> Moments:
        """Second moments of D_r and D_f; of every retain class if their subspaces are merged."""
        return self.collect_moments(by_request=self.config.subspace != "merge")

    @cached_property
    def unseen(self) -> Moments:
        """Second moments of a few images that `moments` did not draw: what a cut is checked on."""
        return self.collect_unseen()

    def parts(self, by_request: bool) -> Parts:
        """Of which samples moments are collected: D_r and D_f, or every retain class."""
        retain = self.data.index(self.split.retain_train())
        if not by_request:
            return [(None, retain)]
        return [(0, retain), (1, self.data.index(self.split.forget_train()))]

    def collect_moments(self, by_request: bool) -> Moments:
        """Second moments of the original's representations, of the samples drawn from `parts`."""
        self.check_covered(self.original)
        classes = self.split.dataset.num_classes
        needed = enough_images(self.original, classes, MOMENTS)
        batches = drawn_batches(self.data, self.parts(by_request), needed.images, self.config)
        with self.stages.stage("moments", "collecting second moments"):
            found = second_moments(
                self.original,
                self._reported(batches, classes * -(-needed.images // CLASS_BATCH)),
                2 if by_request else classes,
                images=needed.images,
                positions=needed.positions,
                seed=self.config.seed,
            )
        return replace(found, by_request=by_request)

    def moments_bytes(self) -> int:
        """Memory that second moments of every class would take."""
        classes, sample = self.split.dataset.num_classes, self.data.inputs(self.data.x_train[:1])
        needed = enough_images(self.original, classes, MOMENTS)
        return moments_bytes(self.original, sample, classes, needed)

    def collect_unseen(self) -> Moments:
        """Second moments of images that `moments` left out, with all their patches."""
        moments = self.moments
        classes = 1 if moments.by_request else self.split.dataset.num_classes
        with self.stages.stage("energy_error", "looking at images that were not drawn"):
            parts = self.parts(moments.by_request)[:1]
            batches = unseen_batches(self.data, parts, moments.images, self.config)
            found = second_moments(self.original, batches, classes)
        # Rounded as they are stored: they are compared with, never decomposed.
        rounded = {layer: c.float().cpu().double() for layer, c in found.per_class.items()}
        return Moments(rounded, by_request=moments.by_request)

    def _reported(self, batches: Batches, total: int) -> Batches:
        for done, batch in enumerate(batches):
            self.stages.tick(min(done, total), total)
            yield batch

    def check_covered(self, model: nn.Module) -> None:
        """Refuse a network that null spaces do not cover; see `representations.check_covered`."""
        check_covered(model, self.data.inputs(self.data.x_train[:2]))

    @cached_property
    def spectra(self) -> Spectra:
        """Layer -> spectrum per group of D_r's second moments."""
        return self.find_spectra()

    def find_spectra(self) -> Spectra:
        """Decompose D_r's second moments."""
        moments = self.moments
        with self.stages.stage("spectra", "finding the null space"), one_thread():
            return null_space.spectra(moments.retain(self.config.forget_classes))

    @cached_property
    def merged_spectra(self) -> Spectra:
        """Layer -> spectrum per group of the retain classes' bases at γ, joined.

        Raises:
            ConfigError: there are moments of this request only, not of every class.
        """
        moments = self.moments
        if moments.by_request:
            raise ConfigError(
                "The merged subspace needs the second moments of every class, which this request "
                "or network does not have; use joint."
            )
        with self.stages.stage("spectra", "merging the classes' subspaces"), one_thread():
            each = [null_space.spectra(moments.of([c])) for c in self.split.retain_classes]
            return null_space.merged(each, self.settings.energy_threshold)

    @cached_property
    def forget_spectra(self) -> Spectra:
        """Layer -> spectrum per group of D_f's second moments."""
        moments = self.moments
        with self.stages.stage("spectra", "finding the subspace of the forgotten"), one_thread():
            return null_space.spectra(moments.forget(self.config.forget_classes))

    @property
    def cut(self) -> tuple[Spectra, dict[str, float]]:
        """The spectra that the config's null space is cut from, and layer -> where."""
        found = self.merged_spectra if self.config.subspace == "merge" else self.spectra
        return found, self.settings.cuts(found)

    def energy_error(self) -> dict[str, float]:
        """Layer -> share of the retain energy kept of `unseen` images − share kept of the drawn.

        See `subspace.energy.energy_error`.
        """
        found, cut_at = self.cut
        drawn, unseen = (
            moments.retain(self.config.forget_classes) for moments in (self.moments, self.unseen)
        )
        words = "checking what is kept of images that were not drawn"
        with self.stages.stage("energy_error", words), one_thread():
            own, other = (
                null_space.energy_along_spectra(found, moments) for moments in (drawn, unseen)
            )
            return energy_error(null_space.eigenvalues(found), own, other, cut_at)

    def context(
        self, watch: Callable[[int, float], None] = lambda epoch, accuracy: None
    ) -> Context:
        """What a method is given for this request; see `Context.watch`."""
        numbers = self.settings
        return Context(
            split=self.split,
            data=self.data,
            seed=self.config.seed,
            energy_threshold=numbers.cut,
            energy_thresholds=numbers.energy_thresholds,
            learning_rate=numbers.learning_rate,
            epochs=numbers.epochs,
            strength=self.config.strength,
            edits=self.config.edits,
            stages=self.stages,
            spectra=lambda: self.cut[0],
            forget_spectra=lambda: self.forget_spectra,
            retrained=lambda: self.retrained,
            watch=watch,
            look=lambda epoch, model: self.look(epoch, numbers.epochs, model),
        )

    def unlearn(self, watch: Watch = unwatched) -> Unlearned:
        """Let the method work on a copy of the original; the same weights each time.

        Args:
            watch: see `Watch`.
        """
        model = copy.deepcopy(self.original)

        def seen(epoch: int, accuracy: float) -> None:
            watch(epoch, model)
            self.look(epoch, self.settings.epochs, model)

        method = METHODS[self.config.method]
        unlearned = method.unlearn(model, self.context(seen))
        if method.epochs is None:
            self.look(1, 0, unlearned.model)
        return unlearned
