"""Forgetting and what it does to the rest, all methods over seeds and classes: `python -m tests.benchmarks.quality [CLASS,…]`.

One row per method and class for the embedded default: test accuracy in percent, mean ± sd over seeds 0, 1, 2. The last
column compares Acc_r with UNSC's among the methods that forget (Acc_f at most 2 %), retraining aside: tied when the
means differ by no more than the larger of the two standard deviations.
"""

from __future__ import annotations

import sys

from unsc_core.comparison import Row, Standing, measures, row, standing
from unsc_core.config import ExperimentConfig
from unsc_core.experiment import Experiment
from unsc_core.methods import METHODS

SEEDS = (0, 1, 2)


def measured(c: int, method: str) -> Row:
    """Mean and sd over seeds of one method on one class."""
    configs = [ExperimentConfig(forget_classes=(c,), method=method, seed=seed) for seed in SEEDS]
    return row([measures(Experiment(config).run(with_retrain=True)) for config in configs])


def verdict(method: str, found: Standing) -> str:
    """One method's Acc_r against UNSC's, in words."""
    if method in found.not_forgetting:
        return "does not forget"
    for words, group in (("better than", found.better), ("tied with", found.tied), ("worse than", found.worse)):
        if method in group:
            return f"{words} UNSC ({group[method]:+.2f})"
    return ""


def main() -> None:
    """Print the tables, and for each class where UNSC stands."""
    classes = [int(c) for c in sys.argv[1].split(",")] if len(sys.argv) > 1 else [6, 0, 9]
    names = ("acc_forget", "acc_retain", "over_unlearning", "agreement")
    for c in classes:
        found = {method: measured(c, method) for method in METHODS}
        against = standing(found)
        print("| forget | method | Acc_f | Acc_r | over-unlearning | agreement | own seconds | Acc_r against UNSC's |\n|" + "---|" * 8)
        for method, numbers in found.items():
            cells = " | ".join(f"{numbers.mean[name]:.2f} ± {numbers.sd[name]:.2f}" for name in names)
            print(f"| {c} | {method} | {cells} | {numbers.mean['seconds']:.1f} | {verdict(method, against)} |")
        place = "best" if not against.better else "behind " + ", ".join(against.better)
        print(f"\nforget {c}: UNSC is {place}{'; tied with ' + ', '.join(against.tied) if against.tied else ''}.\n", flush=True)


if __name__ == "__main__":
    main()
