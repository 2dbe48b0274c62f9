"""UNSC with chosen settings on easy and hard data: `python -m tests.benchmarks.chosen_settings`.

For every data set and class, over seeds: Acc_f and Acc_r of UNSC with its defaults, with the
settings it chooses (`unsc-auto`), and of selective directions; of the last two also against the
original and the mask, paired by seed. The bars: Acc_f at most 1.5 %, Acc_r at least the original's
− 0.3 points, in each mean. With names of data sets as arguments, only those.
"""

from __future__ import annotations

import sys
from collections import Counter

from tests.benchmarks import hard_data
from unsc_core.analysis.spread import interval
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data import dataset_entry
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import pm
from unsc_core.paths import data_folder

SEEDS = (0, 1, 2)
AT_HAND = {"fashion-mnist-mini": (6, 0, 9), "digits": (3, 8), "blobs": (0, 2)}
MOST_LEFT, MOST_LOST = 1.5, 0.3
HEAD = (
    *("data", "class", "original", "mask", "UNSC: Acc_f", "Acc_r"),
    *("auto: Acc_f", "Acc_r", "− original", "− mask", "s", "bars", "chosen (γ, target)"),
    *("selective: Acc_f", "Acc_r", "− original", "− mask", "s", "bars"),
)
METHODS = ("unsc", "unsc-auto", "selective-directions")


def row(name: str, dataset: str, model: str, c: int) -> list[str]:
    """One class of one data set, as text."""
    found: dict[str, list[Result]] = {method: [] for method in METHODS}
    for seed in SEEDS:
        for method in METHODS:
            config = ExperimentConfig(
                dataset=dataset, model=model, forget_classes=(c,), method=method, seed=seed
            )
            found[method].append(Experiment(config).run())
    unsc, auto, selective = (found[method] for method in METHODS)
    chosen = Counter(
        f"{one.chosen['projector'] or one.chosen['energy_threshold']}, {one.chosen['target']}"
        for one in auto
    )
    return [
        name,
        str(c),
        *(f"{mean(unsc, model, 'acc_retain'):.2f}" for model in ("original", "mask")),
        *(f"{mean(unsc, 'unlearned', m):.2f}" for m in ("acc_forget", "acc_retain")),
        *cells(auto),
        "; ".join(f"{times}× {what}" for what, times in chosen.most_common()),
        *cells(selective),
    ]


def mean(results: list[Result], model: str, measure: str) -> float:
    """The mean of a measure of a model over seeds."""
    return interval([summary(one)[model][measure] for one in results]).mean


def cells(results: list[Result]) -> list[str]:
    """What the table says of one method over its seeds."""
    pairs = {
        model: interval(
            [
                numbers["unlearned"]["acc_retain"] - numbers[model]["acc_retain"]
                for numbers in map(summary, results)
            ]
        )
        for model in ("original", "mask")
    }
    left = mean(results, "unlearned", "acc_forget")
    met = left <= MOST_LEFT and pairs["original"].mean >= -MOST_LOST
    seconds = [one.took["unlearned"].seconds for one in results]
    return [
        f"{left:.2f}",
        f"{mean(results, 'unlearned', 'acc_retain'):.2f}",
        *map(pm, pairs.values()),
        f"{sum(seconds) / len(seconds):.1f}",
        "met" if met else "MISSED",
    ]


def main() -> None:
    """Print the table, row by row."""
    requests = [
        (name, name, dataset_entry(name).default_model, c)
        for name, classes in AT_HAND.items()
        for c in classes
    ]
    for name, path in hard_data.write(data_folder() / "hard").items():
        requests += [(name, str(path), "small-cnn", c) for c in hard_data.REQUESTS[name]]
    for line in (HEAD, ["---"] * len(HEAD)):
        print(f"| {' | '.join(line)} |", flush=True)
    for name, dataset, model, c in requests:
        if len(sys.argv) < 2 or name in sys.argv[1:]:
            print(f"| {' | '.join(row(name, dataset, model, c))} |", flush=True)


if __name__ == "__main__":
    main()
