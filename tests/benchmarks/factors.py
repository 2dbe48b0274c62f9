"""What does each part of UNSC add? `python -m tests.benchmarks.factors [mini|colour] [SEEDS]`.

Two targets (pseudo-label, masked probabilities) × three sets of weights (all, the null space cut at
γ = 0.96, a soft projector) × what is read (forget set only, or retained samples, too): twelve ways
to forget a class, for three classes and five seeds. Each cell is Acc_r − the mask's in points, on
the test set, paired by seed and class, with the 95 % interval; then Acc_f and what a linear probe
finds in the features. All weights learn at 0.01, projected ones at 0.4; each stops once 1 % of the
forget set or less is recognised, after 25 epochs at most. The page Compare shows the same twelve
for one request.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from tests.benchmarks import hard_data
from unsc_core.analysis.comparison import PARTS
from unsc_core.analysis.parts import EPOCHS, READS, TARGETS, WEIGHTS
from unsc_core.analysis.spread import Interval, interval
from unsc_core.audits.probing import linear_classifier, probe
from unsc_core.audits.subject import Subject
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Predictions, masked
from unsc_core.figures.phrases import pm
from unsc_core.learning.batches import predict
from unsc_core.methods import METHODS
from unsc_core.methods.context import Unlearned
from unsc_core.paths import data_folder

CLASSES = {"mini": (6, 0, 9), "colour": (6, 0, 5)}
TITLES = {
    "masked": "masked probabilities",
    "all": "all weights",
    "cut": "null space, cut",
    "soft": "null space, soft",
    "forget set": "forget set only",
    "retained": "with retained",
}
"""Parts as the table has them, where it has another name."""
Cell = tuple[str, ...]


def unlearned(work: Experiment, cell: Cell) -> Unlearned:
    """One of the twelve ways, on a copy of the original."""
    method = METHODS[PARTS[cell]]
    rate = method.learning_rate or 0.0
    context = replace(work.context(), learning_rate=rate, epochs=EPOCHS)
    return method.unlearn(copy.deepcopy(work.original), context)


def accuracies(work: Experiment, test: np.ndarray) -> tuple[float, float]:
    """Acc_f and Acc_r in percent of logits on the test set."""
    dataset = work.dataset
    right = test.argmax(1) == dataset.y_test
    per_class = [100 * right[dataset.y_test == c].mean() for c in range(dataset.num_classes)]
    forget = list(work.config.forget_classes)
    kept = np.delete(per_class, forget)
    return float(np.mean([per_class[c] for c in forget])), float(kept.mean())


def measured(work: Experiment) -> Iterator[tuple[Cell, float, float, float]]:
    """Each way: its Acc_f, its Acc_r − the mask's, and the linear probe of it, in percent."""
    before = predict(work.original, work.data, work.data.x_test).cpu().numpy()
    _, of_mask = accuracies(work, masked(before, work.config.forget_classes))
    for cell in product(TARGETS, WEIGHTS, READS):
        model = unlearned(work, cell).model
        test = predict(model, work.data, work.data.x_test).cpu().numpy()
        left, kept = accuracies(work, test)
        subject = Subject(model, work.data, work.split, Predictions(test), work.config.seed)
        features = subject.penultimate
        found = probe(subject, features.fit, features.test, linear_classifier())
        yield cell, left, kept - of_mask, found


def told(buys: dict[str, Interval]) -> str:
    """What the null space buys, in one sentence for each way of reading."""
    said = []
    for reads, found in buys.items():
        verdict = f"{pm(found)} points of Acc_r"
        said.append(f"{reads}: {'nothing here, ' if found.tied else ''}{verdict}")
    return "The cut null space against all weights buys, " + "; ".join(said) + "."


def main() -> None:
    """Print the table of one data set."""
    name = sys.argv[1] if len(sys.argv) > 1 else "mini"
    seeds = range(int(sys.argv[2]) if len(sys.argv) > 2 else 5)
    dataset = "fashion-mnist-mini"
    if name != "mini":
        dataset = str(hard_data.write(data_folder() / "hard")[name])
    runs: dict[Cell, list[tuple[float, float, float]]] = {}
    for c, seed in product(CLASSES[name], seeds):
        work = Experiment(
            ExperimentConfig(dataset=dataset, model="small-cnn", forget_classes=(c,), seed=seed)
        )
        for cell, *numbers in measured(work):
            runs.setdefault(cell, []).append(tuple(numbers))
        print(f"class {c}, seed {seed} done", file=sys.stderr, flush=True)
    head = ["target", "weights", "reads", "Acc_f %", "Acc_r − mask's", "linear probe %"]
    for line in (head, ["---"] * len(head)):
        print(f"| {' | '.join(line)} |")
    for cell, numbers in runs.items():
        left, kept, found = (interval(list(each)) for each in zip(*numbers, strict=True))
        parts = [TITLES.get(part, part) for part in cell]
        print(f"| {' | '.join(parts)} | {pm(left)} | {pm(kept)} | {pm(found)} |")
    buys = {}
    for target, reads in product(TARGETS, READS):
        pairs = zip(runs[target, "cut", reads], runs[target, "all", reads], strict=True)
        which = f"{TITLES.get(target, target)}, {TITLES[reads]}"
        buys[which] = interval([cut[1] - free[1] for cut, free in pairs])
    print(told(buys))


if __name__ == "__main__":
    main()
