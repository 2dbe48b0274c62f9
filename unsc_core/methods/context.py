"""What methods receive and return, and what they share: two loops, three kinds of projection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.data.request import Split
from unsc_core.learning.batches import DeviceData, predict
from unsc_core.learning.edits import edited
from unsc_core.learning.labels import pseudo_labels
from unsc_core.learning.training import Held, Project, SgdConfig, descend, relabel, shuffled
from unsc_core.progress import Stages
from unsc_core.subspace import projections as of_spectra
from unsc_core.subspace.energy import cuts
from unsc_core.subspace.null_space import Spectra


@dataclass(frozen=True, eq=False)
class Context:
    """Everything a method may use besides the model.

    Attributes:
        split: the request: what to forget, and what to retain.
        data: the dataset's samples on the device.
        seed, energy_threshold, learning_rate, epochs, strength: resolved settings; a method ignores
            those it does not use.
        stages: reports progress and times each stage.
        spectra: layer -> one Spectrum per group of the retain representations, to be cut at
            `energy_threshold`; computed or loaded when called. forget_spectra: the same of D_f.
        retrained: the network trained on D_r alone; trained or loaded when called.
        watch: called at the end of each epoch, and as epoch 0 before the first step, with the epoch
            and the accuracy on D_f as a share; must not change the model.
        look: called so, with the epoch and the model, for networks that the method only tries.
        attempt: which of these is being trained, as progress shows it.
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
    look: Callable[[int, nn.Module], None] = lambda epoch, model: None
    attempt: str = ""
    edits: tuple[str, ...] = ()
    energy_thresholds: tuple[float, ...] = ()
    strength: float = 1.0

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

    def masked_predictions(self, model: nn.Module, rows: Tensor, banned: Tensor) -> Tensor:
        """Probabilities (n, classes) of training samples, 0 for the `banned` (n, classes) ones.

        With the forgotten classes barred these are the mask's. Args: model: the original.
        """
        logits = predict(model, self.data, self.data.x_train[rows])
        return logits.masked_fill(banned, -torch.inf).softmax(1)

    def retained_predictions(self, model: nn.Module, most: int) -> tuple[Tensor, Tensor]:
        """At most so many rows of D_r, drawn with the seed, and the mask's predictions on them.

        Args:
            model: the original.

        Returns:
            (n,) indices of training samples, and (n, classes) probabilities.
        """
        rows = self.retain_rows()
        order = torch.Generator().manual_seed(self.seed)
        rows = rows[torch.randperm(len(rows), generator=order, device="cpu")[:most].to(rows.device)]
        hidden = torch.zeros(self.banned().shape[1], dtype=torch.bool, device=rows.device)
        hidden[list(self.split.forget_classes)] = True
        return rows, self.masked_predictions(model, rows, hidden.expand(len(rows), -1))

    def on_epoch(self, epoch: int, accuracy: float, loss: float) -> None:
        """Report the end of an unlearning epoch."""
        self.watch(epoch, accuracy)
        known = f"{100 * accuracy:.0f}\u00a0% of the training samples to forget recognised"
        words = f"{self.attempt}epoch {epoch} of at most {self.epochs}, {known}"
        self.stages.tick(epoch, self.epochs, words)


@dataclass(frozen=True, eq=False)
class Unlearned:
    """What a method returns.

    Attributes:
        model: the unlearned network, in eval mode.
        history: one {"epoch", "accuracy", "loss"} per epoch from 0 (accuracy on D_f, a share).
        labels: (n_forget,) the class each sample of D_f was trained on, or None.
        null_space: layer -> {"dim", "rank"} summed over groups; empty without projection.
        chosen: the settings that the method chose itself, and why, in JSON types; see the method.
    """

    model: nn.Module
    history: list[dict[str, float]] = field(default_factory=list)
    labels: Tensor | None = None
    null_space: dict[str, dict[str, int]] = field(default_factory=dict)
    chosen: dict[str, Any] = field(default_factory=dict)


def train_on(
    labels: Tensor,
    model: nn.Module,
    context: Context,
    *,
    floor: float = SgdConfig.floor,
    before: Tensor | None = None,
    project: Project | None = None,
    null_space: dict[str, dict[str, int]] | None = None,
    held: Held | None = None,
) -> Unlearned:
    """Train each sample of D_f on the class that `labels` gives it, in place.

    Where no direction is free, as at γ = 1, no weight can change, and no epoch is run.

    Args:
        labels: (n_forget,) classes, or (n_forget, classes) their probabilities.
        floor, before, project: see `SgdConfig` and `descend`.
        null_space: see `Unlearned`.
        held: retained samples whose predictions shall stay, if any.
    """
    spaces = (null_space or {}).values()
    fixed = bool(spaces) and all(of["rank"] == of["dim"] for of in spaces)
    sgd = SgdConfig(context.learning_rate, 0 if fixed else context.epochs, floor=floor)
    data, rows, on_epoch = context.data, context.forget_rows(), context.on_epoch
    with context.stages.stage("unlearn", "unlearning"):
        history = relabel(
            model,
            data,
            rows,
            labels,
            sgd,
            context.seed,
            held,
            before=before,
            project=project,
            on_epoch=on_epoch,
        )
    return Unlearned(model, history, labels if labels.ndim == 1 else None, null_space or {})


def fine_tune(
    model: nn.Module,
    context: Context,
    layers: Iterable[str] = (),
    penalty: Callable[[int], Tensor] | None = None,
    begin: Callable[[], None] = lambda: None,
) -> Unlearned:
    """Train on the whole of D_r in every epoch, augmented as in training, in place.

    Args:
        layers: names of those that are trained; if there are none, all parameters are free.
        penalty: epoch, from 1 -> a scalar to add to the loss of each step.
        begin: called before the first step, once the original has been recorded.
    """
    data, rows = context.data, context.retain_rows()
    config = SgdConfig(context.learning_rate, context.epochs, floor=-1.0)

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        if epoch == 1:
            begin()
        for batch in shuffled(len(rows), config.batch_size, order, data.device):
            chosen = rows[batch]
            inputs = data.inputs(data.augmented(data.x_train[chosen], order))
            loss = F.cross_entropy(model(inputs), data.y_train[chosen])
            yield loss if penalty is None else loss + penalty(epoch)

    trained = {
        f"{layer}.{name}": _as_it_is
        for layer in layers
        for name, _ in model.get_submodule(layer).named_parameters()
    }
    forget, on_epoch = context.forget_rows(), context.on_epoch
    with context.stages.stage("unlearn", "unlearning"):
        history = descend(
            model,
            data,
            forget,
            losses,
            config,
            context.seed,
            project=trained or None,
            on_epoch=on_epoch,
        )
    return Unlearned(model, history)


def _as_it_is(gradient: Tensor) -> Tensor:
    return gradient


def projections(model: nn.Module, context: Context) -> tuple[Project, dict[str, dict[str, int]]]:
    """Projections that keep the update of each weight in the null space of D_r.

    Returns:
        Weight name -> G ↦ G P, for `descend`; and layer -> {"dim", "rank"} summed over groups, for
        `Unlearned`.
    """
    spectra = context.spectra()
    cut_at = cuts(spectra, context.energy_threshold, context.energy_thresholds)
    with context.stages.stage("null_space", "computing the null space"):
        return of_spectra.cut(spectra, cut_at, dict(model.named_parameters()))


def soft_projections(model: nn.Module, context: Context) -> Project:
    """Projections that shrink an update the more the retained samples use its direction.

    Returns:
        Weight name -> G ↦ G P, for `descend`; see `subspace.projections.soft`.
    """
    return of_spectra.soft(context.spectra(), dict(model.named_parameters()))


def selective_projections(
    model: nn.Module, context: Context, price: float = of_spectra.PRICE
) -> Project:
    """Projections onto the directions U that are worth their price.

    Returns:
        Weight name -> G ↦ G U Uᵀ, for `descend`; see `subspace.projections.selective`.
    """
    with context.stages.stage("null_space", "choosing directions"):
        retained, forgotten = context.spectra(), context.forget_spectra()
        return of_spectra.selective(retained, forgotten, dict(model.named_parameters()), price)
