"""Forgetting 1, 10 and 100 training samples: `python -m tests.benchmarks.single_samples`.

On Fashion-MNIST mini over three seeds, samples drawn from all classes: how many of them a model
still recognises, less what the retrained model recognises, and its mean test accuracy less the
retrained model's, in points, paired by seed, ± half of the 95 % interval. The last row is another
seed of the retrained model: what chance alone does.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from unsc_core.analysis.spread import interval
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Predictions
from unsc_core.figures.phrases import pm
from unsc_core.methods import METHODS

COUNTS, SEEDS = (1, 10, 100), (0, 1, 2)
COMPARED = ("unsc", "unsc-auto", "fine-tune", "cf-k", "eu-k", "gradient-ascent", "delete")
HEAD = ("samples", "model", "recognised − retrained's", "test accuracy − retrained's")


def accuracies(result_split, answers: Predictions) -> tuple[float, float]:
    """Accuracy on the forgotten training samples and on the test set, in percent."""
    dataset, rows = result_split.dataset, result_split.forget_train()
    of_samples = answers.of("train")[rows].argmax(1) == dataset.y_train[rows]
    of_test = answers.test.argmax(1) == dataset.y_test
    return float(100 * of_samples.mean()), float(100 * of_test.mean())


def main() -> None:
    """Print the table."""
    size = len(load_dataset("fashion-mnist-mini").y_train)
    for line in (HEAD, ["---"] * len(HEAD)):
        print(f"| {' | '.join(line)} |", flush=True)
    for count in COUNTS:
        drawn = np.random.default_rng(count).choice(size, count, replace=False)
        ids = tuple(sorted(map(int, drawn)))
        found: dict[str, list[tuple[float, float]]] = {}
        for method, seed in product(COMPARED, SEEDS):
            config = ExperimentConfig(forget_classes=(), forget_ids=ids, method=method, seed=seed)
            result = Experiment(config).run(with_retrain=True)
            models = {METHODS[method].title: result.unlearned}
            if method == COMPARED[0]:
                assert result.retrained is not None
                models |= {"original": result.original, "retrained": result.retrained}
            for name, answers in models.items():
                found.setdefault(name, []).append(accuracies(result.split, answers))
        gold = found.pop("retrained")
        found["retrained, another seed"] = [gold[(i + 1) % len(gold)] for i in range(len(gold))]
        for name, rows in found.items():
            differences = [
                pm(interval([one[i] - other[i] for one, other in zip(rows, gold, strict=True)]))
                for i in range(2)
            ]
            print(f"| {count} | {name} | {' | '.join(differences)} |", flush=True)


if __name__ == "__main__":
    main()
