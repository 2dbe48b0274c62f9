"""The two loops: training a network from scratch, and unlearning by plain SGD."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.config import TrainingConfig
from unsc_core.errors import DivergedError
from unsc_core.learning.batches import DeviceData, predict, sent
from unsc_core.learning.device import full_precision


def train(
    model: nn.Module,
    data: DeviceData,
    rows: Tensor,
    config: TrainingConfig,
    seed: int,
    on_step: Callable[[int, int, str], None] = lambda done, total, detail: None,
    on_epoch: Callable[[int, nn.Module], None] = lambda epoch, model: None,
) -> None:
    """Train `model` in place on the training samples `rows` and leave it in eval mode.

    Args:
        model: on the device of `data`.
        rows: (n,) indices of training samples.
        seed: of batch order, augmentation and dropout; the global generators are left as they were.
        on_step: called after each step with (steps done, steps in all, "epoch 3 of 10").
        on_epoch: called at the end of each epoch, and as epoch 0 before the first step, with the
            model, which it must not change.

    Raises:
        DivergedError: the loss is no longer finite.
    """
    steps_per_epoch = -(-len(rows) // config.batch_size)
    total = config.epochs * steps_per_epoch
    optimizer, schedule = _sgd_with_schedule(model, config, total)
    order = torch.Generator().manual_seed(seed)
    dropouts = [m for m in model.modules() if isinstance(m, nn.modules.dropout._DropoutNd)]
    model.train()
    with _seeded(seed, data.device):
        on_epoch(0, model)
        for epoch in range(config.epochs):
            for i, chosen in enumerate(shuffled(len(rows), config.batch_size, order, data.device)):
                batch, done = rows[chosen], epoch * steps_per_epoch + i
                if done >= config.dropout_share * total:
                    for dropout in dropouts:
                        dropout.eval()
                inputs = data.inputs(data.augmented(data.x_train[batch], order))
                optimizer.zero_grad()
                loss = F.cross_entropy(model(inputs), data.y_train[batch])
                loss.backward()
                optimizer.step()
                schedule.step()
                on_step(done + 1, total, f"epoch {epoch + 1} of {config.epochs}")
            check_finite(loss.detach(), "Training")
            on_epoch(epoch + 1, model)
    model.eval()


def _sgd_with_schedule(
    model: nn.Module, config: TrainingConfig, total: int
) -> tuple[torch.optim.SGD, torch.optim.lr_scheduler.OneCycleLR]:
    """SGD with Nesterov momentum, and one rise and fall of its rate over `total` steps."""
    optimizer = torch.optim.SGD(
        model.parameters(),
        config.learning_rate,
        config.momentum,
        weight_decay=config.weight_decay,
        nesterov=True,
    )
    rise = 0.2 if total != 5 else 0.25  # a fifth of 5 steps is one: the schedule would divide by 0
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, total_steps=total, pct_start=rise
    )
    return optimizer, schedule


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """torch's global generators, of the CPU and of this GPU, seeded within this context."""
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        for gpu in gpus:
            torch.cuda.default_generators[gpu.index].manual_seed(seed)
        yield


@dataclass(frozen=True)
class SgdConfig:
    """Plain SGD for unlearning: no momentum, no weight decay.

    Attributes:
        learning_rate, epochs, batch_size: as usual.
        clip: largest norm of the whole gradient; a larger one is scaled down to it.
        floor: stop after an epoch with an accuracy on the forgotten samples' true classes, as a
            share, that is no higher.
        falling: whether the rate falls from epoch to epoch, along half a cosine, to almost 0.
    """

    learning_rate: float
    epochs: int
    batch_size: int = 128
    clip: float = 1.0
    floor: float = 0.01
    falling: bool = False

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, from 1."""
        if not self.falling:
            return self.learning_rate
        return self.learning_rate * (1 + math.cos(math.pi * (epoch - 1) / self.epochs)) / 2


Project = Mapping[str, Callable[[Tensor], Tensor]]
"""Parameter name -> function of its gradient."""


@dataclass(frozen=True, eq=False)
class Held:
    """Training samples whose predictions shall stay while others are unlearned.

    Attributes:
        rows: (n,) indices of training samples. predictions: (n, classes) probabilities.
        size: how many are drawn for each step.
        weight: of KL(predictions ‖ the model's) in the loss.
    """

    rows: Tensor
    predictions: Tensor
    size: int = 128
    weight: float = 3.0

    def loss(self, model: nn.Module, data: DeviceData, order: torch.Generator) -> Tensor:
        """The weighted divergence on samples drawn by `order`, a generator on the CPU."""
        drawn = torch.randint(len(self.rows), (self.size,), generator=order, device="cpu")
        chosen = sent(drawn, data.device)
        logits = model(data.inputs(data.x_train[self.rows[chosen]]))
        return self.weight * divergence(self.predictions[chosen], logits)


def divergence(predictions: Tensor, logits: Tensor) -> Tensor:
    """KL(predictions ‖ softmax(logits)), the mean over samples; both are (n, classes)."""
    return F.kl_div(F.log_softmax(logits, 1), predictions, reduction="batchmean")


def relabel(
    model: nn.Module,
    data: DeviceData,
    rows: Tensor,
    labels: Tensor,
    config: SgdConfig,
    seed: int,
    held: Held | None = None,
    **more: Any,
) -> list[dict[str, float]]:
    """Teach the training samples `rows` (n,) the classes `labels`, in place; see `descend`.

    Args:
        labels: (n,) classes, or (n, classes) their probabilities.
        held: samples whose predictions shall stay, if any.
        more: keyword arguments of `descend`: `before`, `project` and `on_epoch`.
    """
    samples = data.x_train[rows]

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        for batch in shuffled(len(rows), config.batch_size, order, data.device):
            loss = F.cross_entropy(model(data.inputs(samples[batch])), labels[batch])
            yield loss if held is None else loss + held.loss(model, data, order)

    return descend(model, data, rows, losses, config, seed, **more)


def descend(
    model: nn.Module,
    data: DeviceData,
    forget_rows: Tensor,
    losses: Callable[[int, torch.Generator], Iterator[Tensor]],
    config: SgdConfig,
    seed: int,
    *,
    before: Tensor | None = None,
    project: Project | None = None,
    on_epoch: Callable[[int, float, float], None] = lambda epoch, accuracy, loss: None,
) -> list[dict[str, float]]:
    """The loop of every gradient-based unlearning: one clipped SGD step per loss, in place.

    BatchNorm uses its running statistics.

    Args:
        model: on the device of `data`; left in eval mode.
        forget_rows: (n,) indices of D_f among the training samples; the accuracy after each epoch
            is measured on them.
        losses: called for each epoch with its number, from 1, and a generator for the batch order;
            yields one scalar loss per step, computed when it is asked for.
        before: (n, classes) the model's logits on D_f before the first step, if known already.
        project: if given, parameters not named in it stay frozen (biases and norms among them).
        on_epoch: called with (epoch, accuracy on the true classes as a share, mean loss); epoch 0
            is the state before the first step, with a loss of 0.

    Returns:
        One {"epoch", "accuracy", "loss"} per call of `on_epoch`.

    Raises:
        DivergedError: loss, logits or weights are no longer finite.
    """
    parameters = {
        name: p for name, p in model.named_parameters() if project is None or name in project
    }
    optimizer = torch.optim.SGD(parameters.values(), config.learning_rate)
    order = torch.Generator().manual_seed(seed)
    samples, truth = data.x_train[forget_rows], data.y_train[forget_rows]
    history: list[dict[str, float]] = []

    def record(epoch: int, loss: float, logits: Tensor) -> float:
        check_finite(logits.sum(), "Unlearning")
        accuracy = float((logits.argmax(1) == truth).float().mean())
        history.append({"epoch": epoch, "accuracy": accuracy, "loss": loss})
        on_epoch(epoch, accuracy, loss)
        return accuracy

    model.eval()
    record(0, 0.0, predict(model, data, samples) if before is None else before)
    for epoch in range(1, config.epochs + 1):
        optimizer.param_groups[0]["lr"] = config.rate(epoch)
        steps = [
            _step(model, optimizer, loss, parameters, project, config.clip)
            for loss in losses(epoch, order)
        ]
        mean_loss = torch.stack(steps).mean()
        check_finite(mean_loss, "Unlearning")
        if record(epoch, float(mean_loss), predict(model, data, samples)) <= config.floor:
            break
    for parameter in parameters.values():
        check_finite(parameter.detach().sum(), "Unlearning")
    model.zero_grad()
    return history


def _step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Tensor,
    parameters: Mapping[str, nn.Parameter],
    project: Project | None,
    clip: float,
) -> Tensor:
    """Take one projected, clipped step down `loss`, and return it; never waits for the device."""
    model.zero_grad()
    loss.backward()
    if project is not None:
        with full_precision():
            for name, parameter in parameters.items():
                if parameter.grad is not None:
                    parameter.grad = project[name](parameter.grad)
    nn.utils.clip_grad_norm_(parameters.values(), clip)
    optimizer.step()
    return loss.detach()


def shuffled(
    n: int, batch_size: int, order: torch.Generator, device: torch.device
) -> tuple[Tensor, ...]:
    """0 … n − 1 in random order, in batches, all on the device, so that no step waits for them.

    A last batch of one joins the one before, since BatchNorm cannot train on it.
    """
    rows = sent(torch.randperm(n, generator=order, device="cpu"), device)
    batches = rows.split(batch_size)
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches = (*batches[:-2], torch.cat(batches[-2:]))
    return batches


def check_finite(value: Tensor, what: str) -> None:
    """Stop at the first number that is not finite.

    A network of NaN predicts class 0 for every sample, which can look like forgetting.

    Raises:
        DivergedError: it is not finite.
    """
    if not bool(torch.isfinite(value)):
        raise DivergedError(
            f"{what} diverged (a number became {float(value)}); use a smaller learning rate."
        )
