"""Random labels, drawn once or at each step: `python -m tests.benchmarks.redrawn_labels`.

The method draws a class for each forgotten sample once, so that one can see where it goes. On
Fashion-MNIST mini, by class to forget and learning rate, over three seeds: test Acc_f and Acc_r
with these labels and with labels that are drawn anew at each step, and the difference of Acc_r,
paired by seed, ± half of the 95 % interval.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from unsc_core.analysis import evaluation
from unsc_core.analysis.spread import interval
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.figures.phrases import pm
from unsc_core.learning.batches import predict
from unsc_core.learning.labels import random_labels
from unsc_core.learning.training import SgdConfig, descend, shuffled
from unsc_core.methods import METHODS

CLASSES, SEEDS, FACTORS = (6, 0, 9), (0, 1, 2), (0.25, 0.5, 1.0)
HEAD = ("forget", "learning rate", "once: Acc_f", "Acc_r", "anew: Acc_f", "Acc_r", "anew − once")


def outcome(work: Experiment, rate: float, redrawn: bool) -> tuple[float, float]:
    """Test Acc_f and Acc_r."""
    model, context, data = copy.deepcopy(work.original), work.context(), work.data
    rows, allowed = context.forget_rows(), (~context.banned()).float()
    once = random_labels(context.banned(), context.seed)
    config = SgdConfig(rate, context.epochs, floor=-1.0)

    def losses(epoch: int, order: torch.Generator) -> Iterator[Tensor]:
        for batch in shuffled(len(rows), config.batch_size, order, data.device):
            anew = torch.multinomial(allowed[batch].cpu(), 1, generator=order)[:, 0]
            labels = anew.to(rows.device) if redrawn else once[batch]
            yield F.cross_entropy(model(data.inputs(data.x_train[rows[batch]])), labels)

    descend(model, data, rows, losses, config, context.seed)
    logits = predict(model, data, data.x_test).cpu().numpy()
    found = evaluation.accuracies(logits, work.dataset.y_test, work.split.is_forgotten("test"))
    return found["acc_forget"], found["acc_retain"]


def main() -> None:
    """Print the table."""
    default = METHODS["random-labels"].learning_rate
    assert default is not None
    for line in (HEAD, ["---"] * len(HEAD)):
        print(f"| {' | '.join(line)} |", flush=True)
    for c, factor in product(CLASSES, FACTORS):
        found = []
        for seed in SEEDS:
            config = ExperimentConfig(forget_classes=(c,), method="random-labels", seed=seed)
            work = Experiment(config)
            rate = factor * default
            found.append([outcome(work, rate, redrawn) for redrawn in (False, True)])
        means = [sum(one[way][of] for one in found) / len(found) for way in (0, 1) for of in (0, 1)]
        gain = pm(interval([anew[1] - once[1] for once, anew in found]))
        cells = [f"{c}", f"{factor * default:g}", *(f"{mean:.2f}" for mean in means), gain]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
