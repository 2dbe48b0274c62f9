"""What a method is given and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from unsc_core.data.request import Split
from unsc_core.learning.batches import DeviceData
from unsc_core.learning.edits import edited
from unsc_core.learning.labels import pseudo_labels
from unsc_core.learning.training import Project
from unsc_core.progress import Stages
from unsc_core.subspace.energy import cuts
from unsc_core.subspace.null_space import Spectra, null_space, project_gradient


@dataclass(frozen=True, eq=False)
class Context:
    """Everything a method may use besides the model.

    Attributes:
        split: the request.
        data: its samples on the device.
        seed, energy_threshold, learning_rate, epochs: resolved settings; a method ignores what it lacks.
        stages: progress and time of each step.
        spectra: layer -> one Spectrum per group of the retain representations, to be cut at `energy_threshold`;
            computed or read when called. forget_spectra: the same of D_f.
        retrained: the network trained on D_r alone; trained or read when called.
        energy_thresholds: a γ for each layer instead of `energy_threshold`, if any.
        edits: a person's changes of the pseudo-labels, checked; see `edits.edited`.
        watch: called with the number of each epoch when it ends, 0 before the first step, and the accuracy on D_f, a share;
            may look at the model, not change it.
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
        """(n_forget, classes) bool: where each sample of D_f may not be sent, on the device."""
        return torch.from_numpy(self.split.banned()).to(self.data.device)

    def pseudo_labels(self, logits: Tensor) -> Tensor:
        """(n_forget,) int64: what each sample of D_f is taught, by the original's logits (n_forget, classes) and a person's edits."""
        labels = pseudo_labels(logits, self.banned())
        return (
            torch.from_numpy(edited(labels.cpu().numpy(), self.edits, self.split)).to(labels)
            if self.edits
            else labels
        )

    def on_epoch(self, epoch: int, accuracy: float, loss: float) -> None:
        """Report the end of an unlearning epoch."""
        self.watch(epoch, accuracy)
        self.stages.tick(
            epoch,
            self.epochs,
            f"epoch {epoch} of at most {self.epochs}, forget accuracy {accuracy:.0%}",
        )


@dataclass(frozen=True, eq=False)
class Unlearned:
    """What a method made of the model.

    Attributes:
        model: the unlearned network, in eval mode.
        history: one {"epoch", "accuracy", "loss"} per epoch from 0 (accuracy on D_f, a share).
        labels: (n_forget,) the class each sample of D_f was taught, or None.
        null_space: layer -> {"dim", "rank"} summed over groups; empty without projection.
    """

    model: nn.Module
    history: list[dict[str, float]] = field(default_factory=list)
    labels: Tensor | None = None
    null_space: dict[str, dict[str, int]] = field(default_factory=dict)


def projections(model: nn.Module, context: Context) -> tuple[Project, dict[str, dict[str, int]]]:
    """What keeps each weight's movement in the null space of D_r.

    Returns:
        Weight name -> G ↦ G P, for `descend`; and layer -> {"dim", "rank"} summed over groups, for `Unlearned`.
    """
    spectra = context.spectra()
    weights = dict(model.named_parameters())
    cut_at = cuts(spectra, context.energy_threshold, context.energy_thresholds)
    with context.stages.stage("null_space", "cutting the null space"):
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
