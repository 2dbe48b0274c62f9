"""Forgetting and what it does to the rest, all methods over seeds and classes: `python -m tests.benchmarks.quality [CLASS,…]`.

One row per reference and method for the embedded default: test accuracy in percent, mean ± half of the 95 % interval over seeds
0, 1, 2. The last column compares Acc_r with UNSC's, paired by seed, among the methods that forget with every seed (Acc_f at most 2 %),
retraining aside: tied when the interval of the difference holds 0.
"""

from __future__ import annotations

import sys

from unsc_core.analysis.claims import FORGOTTEN
from unsc_core.analysis.comparison import (
    COMPARED,
    Run,
    added,
    by_method,
    forgets,
    free,
    rows,
    run_of,
    standing,
)
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.figures.phrases import pm
from unsc_core.figures.standings import free_and_added

SEEDS = (0, 1, 2)


def measured(c: int) -> list[Run]:
    """Every method on one class, over seeds."""
    configs = [
        ExperimentConfig(forget_classes=(c,), method=method, seed=seed)
        for method in COMPARED
        for seed in SEEDS
    ]
    return [run_of(Experiment(config).run(with_retrain=True), None) for config in configs]


def main() -> None:
    """Print the tables, and for each class where UNSC stands."""
    classes = [int(c) for c in sys.argv[1].split(",")] if len(sys.argv) > 1 else [6, 0, 9]
    names = ("acc_forget", "acc_retain", "gain", "added", "agreement", "drift")
    for c in classes:
        runs = measured(c)
        against, of = standing(runs), by_method(runs)
        verdicts = dict.fromkeys(against.not_forgetting, "does not forget")
        for words, group in (
            ("more than", against.better),
            ("tied with", against.tied),
            ("less than", against.worse),
        ):
            verdicts |= {method: f"{words} UNSC ({pm(ahead)})" for method, ahead in group.items()}
        print(
            "| forget | row | Acc_f | Acc_r | gain | added | agreement | drift | seconds | Acc_r against UNSC's |\n|"
            + "---|" * 10
        )
        for name, row in rows(runs).items():
            cells = " | ".join(
                "–" if row.mean[n] is None else f"{row.mean[n]:.2f} ± {row.half[n]:.2f}"
                for n in names
            )
            seconds = "–" if row.mean["seconds"] is None else f"{row.mean['seconds']:.1f}"
            print(f"| {c} | {name} | {cells} | {seconds} | {verdicts.get(name, '')} |")
        hidden, beyond = free(of["unsc"]), added(of["unsc"])
        place = f"does not forget (Acc_f over {FORGOTTEN:g} % with some seed)"
        if forgets(of["unsc"]):
            place = (
                "has the highest Acc_r of those that forget"
                if not against.better
                else "is behind " + ", ".join(against.better)
            )
            place += f"; tied with {', '.join(against.tied)}" if against.tied else ""
        print(
            f"\nforget {c}: UNSC {place}."
            + (f" {free_and_added(hidden, beyond)}." if hidden and beyond else "")
            + "\n",
            flush=True,
        )


if __name__ == "__main__":
    main()
