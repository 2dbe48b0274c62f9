"""The two loops: training a network, and unlearning by plain SGD on relabelled samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

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
) -> None:
    """Train `model` in place on the training samples `rows` and leave it in eval mode.

    Args:
        model: on the device of `data`.
        rows: (n,) indices into the training samples.
        seed: of batch order, augmentation and dropout; the global generator is left as it was.
        on_step: called after each step with (steps done, steps in all, "epoch 3 of 10").

    Raises:
        DivergedError: the loss is no longer finite.
    """
    steps_per_epoch = -(-len(rows) // config.batch_size)
    total = config.epochs * steps_per_epoch
    optimizer = torch.optim.SGD(
        model.parameters(),
        config.learning_rate,
        config.momentum,
        weight_decay=config.weight_decay,
        nesterov=True,
    )
    rise = (
        0.2 if total != 5 else 0.25
    )  # a fifth of 5 steps ends on the first one: the schedule would divide by 0
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, total_steps=total, pct_start=rise
    )
    order = torch.Generator().manual_seed(seed)
    devices = [data.device] if data.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        for generator in (
            torch.default_generator,
            *(torch.cuda.default_generators[device.index] for device in devices),
        ):
            generator.manual_seed(seed)
        model.train()
        dropouts = [
            module
            for module in model.modules()
            if isinstance(module, nn.modules.dropout._DropoutNd)
        ]
        for epoch in range(config.epochs):
            for i, chosen in enumerate(shuffled(len(rows), config.batch_size, order, data.device)):
                batch = rows[chosen]
                done = epoch * steps_per_epoch + i
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
    model.eval()


@dataclass(frozen=True)
class SgdConfig:
    """Plain SGD for unlearning: no momentum, no weight decay.

    Attributes:
        learning_rate, epochs, batch_size: as usual.
        clip: largest norm of the whole gradient; the step is shortened to it.
        floor: stop after an epoch with accuracy on the forget samples' true classes at or under this share.
    """

    learning_rate: float
    epochs: int
    batch_size: int = 128
    clip: float = 1.0
    floor: float = 0.01


Project = Mapping[str, Callable[[Tensor], Tensor]]
"""Parameter name -> what to do with its gradient."""


def relabel(
    model: nn.Module,
    data: DeviceData,
    rows: Tensor,
    labels: Tensor,
    config: SgdConfig,
    seed: int,
    *,
    before: Tensor | None = None,
    project: Project | None = None,
    on_epoch: Callable[[int, float, float], None] = lambda epoch, accuracy, loss: None,
) -> list[dict[str, float]]:
    """Move the training samples `rows` (n,) to the classes `labels` (n,) by SGD on cross-entropy, in place; see `descend`."""
    samples = data.x_train[rows]

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        for batch in shuffled(len(rows), config.batch_size, order, data.device):
            yield F.cross_entropy(model(data.inputs(samples[batch])), labels[batch])

    return descend(
        model, data, rows, losses, config, seed, before=before, project=project, on_epoch=on_epoch
    )


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
    """The loop of every unlearning by gradient: one clipped SGD step for each loss, in place; BatchNorm keeps its running statistics.

    Args:
        model: on the device of `data`; left in eval mode.
        forget_rows: (n,) indices of D_f among the training samples: what the accuracy is measured on after each epoch.
        losses: called for each epoch with its number from 1 and a generator for the batch order; yields one
            scalar loss per step, computed when it is asked for.
        before: (n, classes) the model's logits on D_f as it is now, where the caller has them already.
        project: when given, every parameter not named in it stays frozen (biases and norm parameters among them).
        on_epoch: called with (epoch from 0, accuracy on the true classes as a share, mean loss); epoch 0
            is the state before the first step, its loss is 0.

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
    """One clipped, projected step down `loss`, which is returned; nothing here waits for the device."""
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
    """0 … n − 1 in random order, in batches; on the device at once, so that no step waits for its batch."""
    return _batches(sent(torch.randperm(n, generator=order, device="cpu"), device), batch_size)


def _batches(rows: Tensor, size: int) -> tuple[Tensor, ...]:
    """Rows in batches; a last batch of one joins the one before, since BatchNorm cannot train on it."""
    batches = rows.split(size)
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches = (*batches[:-2], torch.cat(batches[-2:]))
    return batches


def check_finite(value: Tensor, what: str) -> None:
    """Stop at the first number that is not finite: a network of NaN answers class 0, which can look like forgetting.

    Raises:
        DivergedError: it is not finite.
    """
    if not bool(torch.isfinite(value)):
        raise DivergedError(
            f"{what} diverged (a number became {float(value)}); use a smaller learning rate."
        )
