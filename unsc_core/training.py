"""The two loops: training a network, and unlearning by plain SGD on relabelled samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.config import TrainingConfig
from unsc_core.device import DeviceData, predict
from unsc_core.errors import DivergedError


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
    optimizer = torch.optim.SGD(model.parameters(), config.learning_rate, config.momentum, weight_decay=config.weight_decay, nesterov=True)
    rise = 0.2 if total != 5 else 0.25  # a fifth of 5 steps ends on the first one: the schedule would divide by 0
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=total, pct_start=rise)
    order = torch.Generator().manual_seed(seed)
    devices = [data.device] if data.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        model.train()
        for epoch in range(config.epochs):
            shuffled = rows[torch.randperm(len(rows), generator=order).to(data.device)]
            for i, batch in enumerate(_batches(shuffled, config.batch_size)):
                inputs = data.inputs(data.augmented(data.x_train[batch], order))
                optimizer.zero_grad()
                loss = F.cross_entropy(model(inputs), data.y_train[batch])
                loss.backward()
                optimizer.step()
                schedule.step()
                on_step(epoch * steps_per_epoch + i + 1, total, f"epoch {epoch + 1} of {config.epochs}")
            check_finite(loss.detach(), "Training")
    model.eval()


@dataclass(frozen=True)
class SgdConfig:
    """Plain SGD on relabelled samples: no momentum, no weight decay.

    Attributes:
        learning_rate, epochs, batch_size: as usual.
        clip: largest norm of the whole gradient; the step is shortened to it.
        floor: stop after an epoch with accuracy on the samples' true classes at or under this share.
    """

    learning_rate: float
    epochs: int
    batch_size: int = 128
    clip: float = 1.0
    floor: float = 0.01


def relabel(
    model: nn.Module,
    data: DeviceData,
    rows: Tensor,
    labels: Tensor,
    config: SgdConfig,
    seed: int,
    *,
    project: Mapping[str, Callable[[Tensor], Tensor]] | None = None,
    on_epoch: Callable[[int, float, float], None] = lambda epoch, accuracy, loss: None,
) -> list[dict[str, float]]:
    """Move `rows` to `labels` by plain SGD on cross-entropy, in place; BatchNorm keeps its running statistics.

    Args:
        model: on the device of `data`; left in eval mode.
        rows: (n,) indices into the training samples.
        labels: (n,) int64, the class each of them should get.
        project: parameter name -> what to do with its gradient. When given, every parameter not named
            stays frozen (biases and norm parameters among them).
        on_epoch: called with (epoch from 0, accuracy on the true classes as a share, mean loss); epoch 0
            is the state before the first step.

    Returns:
        One {"epoch", "accuracy", "loss"} per call of `on_epoch`.

    Raises:
        DivergedError: loss, logits or weights are no longer finite.
    """
    parameters = {name: p for name, p in model.named_parameters() if project is None or name in project}
    order = torch.Generator().manual_seed(seed)
    samples, truth = data.x_train[rows], data.y_train[rows]
    history: list[dict[str, float]] = []

    def record(epoch: int, logits: Tensor, loss: Tensor) -> float:
        check_finite(logits.sum(), "Unlearning")
        accuracy = float((logits.argmax(1) == truth).float().mean())
        history.append({"epoch": epoch, "accuracy": accuracy, "loss": float(loss)})
        on_epoch(epoch, accuracy, float(loss))
        return accuracy

    model.eval()
    before = predict(model, data, samples)
    record(0, before, F.cross_entropy(before, labels))
    for epoch in range(1, config.epochs + 1):
        mean_loss = _descend(model, data, samples, labels, order, config, parameters, project)
        if record(epoch, predict(model, data, samples), mean_loss) <= config.floor:
            break
    for parameter in parameters.values():
        check_finite(parameter.detach().sum(), "Unlearning")
    model.zero_grad()
    return history


def _descend(
    model: nn.Module,
    data: DeviceData,
    samples: Tensor,
    labels: Tensor,
    order: torch.Generator,
    config: SgdConfig,
    parameters: dict[str, nn.Parameter],
    project: Mapping[str, Callable[[Tensor], Tensor]] | None,
) -> Tensor:
    """One epoch of clipped, projected SGD over `samples` in random order; the mean loss."""
    optimizer = torch.optim.SGD(parameters.values(), config.learning_rate)
    losses = []
    for batch in _batches(torch.randperm(len(samples), generator=order).to(data.device), config.batch_size):
        model.zero_grad()
        loss = F.cross_entropy(model(data.inputs(samples[batch])), labels[batch])
        loss.backward()
        if project is not None:
            for name, parameter in parameters.items():
                if parameter.grad is not None:
                    parameter.grad = project[name](parameter.grad)
        nn.utils.clip_grad_norm_(parameters.values(), config.clip)
        optimizer.step()
        losses.append(loss.detach())
    mean_loss = torch.stack(losses).mean()
    check_finite(mean_loss, "Unlearning")
    return mean_loss


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
        raise DivergedError(f"{what} diverged (a number became {float(value)}); use a smaller learning rate.")
