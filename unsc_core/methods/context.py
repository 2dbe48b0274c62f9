"""What a method receives and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from unsc_core.data.request import Split
from unsc_core.learning.batches import DeviceData, predict
from unsc_core.learning.edits import edited
from unsc_core.learning.labels import pseudo_labels
from unsc_core.learning.training import Project, SgdConfig, relabel
from unsc_core.progress import Stages
from unsc_core.subspace.energy import cuts
from unsc_core.subspace.null_space import Spectra, null_space, project_gradient


@dataclass(frozen=True, eq=False)
class Context:
    """Everything a method may use besides the model.

    Attributes:
        split: the request: what to forget, and what to retain.
        data: the dataset's samples on the device.
        seed, energy_threshold, learning_rate, epochs: resolved settings; a method ignores those it
            does not use.
        stages: reports progress and times each stage.
        spectra: layer -> one Spectrum per group of the retain representations, to be cut at
            `energy_threshold`; computed or loaded when called. forget_spectra: the same of D_f.
        retrained: the network trained on D_r alone; trained or loaded when called.
        watch: called at the end of each epoch, and as epoch 0 before the first step, with the epoch
            and the accuracy on D_f as a share; must not change the model.
        edits: the user's validated edits of the pseudo-labels; see `edits.edited`.
        energy_thresholds: one γ per layer in place of `energy_threshold`, if not empty.
    """

    split: Split
    data: DeviceData
    seed: int
    energy_threshold: float
    learning_rate: float
    epochs: int
    stages: Stages
    spectra: Callable[[], Spectra]
    forget_spectra: Callable[[], Spectra]
    retrained: Callable[[], nn.Module]
    watch: Callable[[int, float], None] = lambda epoch, accuracy: None
    edits: tuple[str, ...] = ()
    energy_thresholds: tuple[float, ...] = ()

    def forget_rows(self) -> Tensor:
        """Indices of D_f among the training samples, on the device."""
        return self.data.index(self.split.forget_train())

    def retain_rows(self) -> Tensor:
        """Indices of D_r among the training samples, on the device."""
        return self.data.index(self.split.retain_train())

    def banned(self) -> Tensor:
        """(n_forget, classes) bool: the classes barred to each sample of D_f, on the device."""
        return torch.from_numpy(self.split.banned()).to(self.data.device)

    def pseudo_labels(self, model: nn.Module) -> tuple[Tensor, Tensor]:
        """The pseudo-labels of D_f after the user's edits, and the logits that they follow from.

        Args:
            model: the original.

        Returns:
            (n_forget,) int64 and (n_forget, classes) float32.
        """
        with self.stages.stage("pseudo_labels", "finding pseudo-labels"):
            logits = predict(model, self.data, self.data.x_train[self.forget_rows()])
            labels = pseudo_labels(logits, self.banned())
            if self.edits:
                changed = edited(labels.cpu().numpy(), self.edits, self.split)
                labels = torch.from_numpy(changed).to(labels)
        return labels, logits

    def on_epoch(self, epoch: int, accuracy: float, loss: float) -> None:
        """Report the end of an unlearning epoch."""
        self.watch(epoch, accuracy)
        known = f"{100 * accuracy:.0f}\u00a0% of the forgotten samples still recognised"
        self.stages.tick(epoch, self.epochs, f"epoch {epoch} of at most {self.epochs}, {known}")


@dataclass(frozen=True, eq=False)
class Unlearned:
    """What a method returns.

    Attributes:
        model: the unlearned network, in eval mode.
        history: one {"epoch", "accuracy", "loss"} per epoch from 0 (accuracy on D_f, a share).
        labels: (n_forget,) the class each sample of D_f was trained on, or None.
        null_space: layer -> {"dim", "rank"} summed over groups; empty without projection.
    """

    model: nn.Module
    history: list[dict[str, float]] = field(default_factory=list)
    labels: Tensor | None = None
    null_space: dict[str, dict[str, int]] = field(default_factory=dict)


def train_on(
    labels: Tensor,
    model: nn.Module,
    context: Context,
    *,
    floor: float = SgdConfig.floor,
    before: Tensor | None = None,
    project: Project | None = None,
    null_space: dict[str, dict[str, int]] | None = None,
) -> Unlearned:
    """Train each sample of D_f on the class that `labels` (n_forget,) gives it, in place.

    Args:
        floor, before, project: see `SgdConfig` and `descend`.
        null_space: see `Unlearned`.
    """
    sgd = SgdConfig(context.learning_rate, context.epochs, floor=floor)
    data, rows, on_epoch = context.data, context.forget_rows(), context.on_epoch
    with context.stages.stage("unlearn", "unlearning"):
        history = relabel(
            model,
            data,
            rows,
            labels,
            sgd,
            context.seed,
            before=before,
            project=project,
            on_epoch=on_epoch,
        )
    return Unlearned(model, history, labels, null_space or {})


def projections(model: nn.Module, context: Context) -> tuple[Project, dict[str, dict[str, int]]]:
    """Projections that keep the update of each weight in the null space of D_r.

    Returns:
        Weight name -> G ↦ G P, for `descend`; and layer -> {"dim", "rank"} summed over groups, for
        `Unlearned`.
    """
    spectra = context.spectra()
    weights = dict(model.named_parameters())
    cut_at = cuts(spectra, context.energy_threshold, context.energy_thresholds)
    with context.stages.stage("null_space", "computing the null space"):
        spaces = {
            layer: tuple(
                null_space(s, cut_at[layer]).to(weights[f"{layer}.weight"]) for s in groups
            )
            for layer, groups in spectra.items()
        }
    project = {
        f"{layer}.weight": partial(project_gradient, spaces=groups)
        for layer, groups in spaces.items()
    }
    ranks = {
        layer: {"dim": sum(s.dim for s in groups), "rank": sum(s.rank for s in groups)}
        for layer, groups in spaces.items()
    }
    return project, ranks
