"""Forgetting and what it does to the rest, all methods over seeds and classes: `python -m tests.benchmarks.quality [CLASS,…]`.

One row per method and class for the embedded default: test accuracy in percent, mean ± sd over seeds 0, 1, 2. The last
column compares Acc_r with UNSC's among the methods that forget (Acc_f at most 2 %), retraining aside: tied when the
means differ by no more than the larger of the two standard deviations.
"""

from __future__ import annotations

import sys
from typing import Any

from unsc_core.config import ExperimentConfig
from unsc_core.experiment import Experiment
from unsc_core.methods import METHODS
from unsc_core.results import mean_and_sd, summary

SEEDS = (0, 1, 2)
FORGOTTEN = 2.0
SHARED = ("data", "train", "evaluate", "retrain", "energy_error")
"""Stages that are not a method's own."""


def measured(c: int, method: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Mean and sd over seeds of one method on one class."""
    runs = []
    for seed in SEEDS:
        run = summary(Experiment(ExperimentConfig(forget_classes=(c,), method=method, seed=seed)).run(with_retrain=True))
        own = sum(seconds for stage, seconds in run["seconds"].items() if stage not in SHARED or stage == method)
        now = {name: run["unlearned"][name] for name in ("acc_forget", "acc_retain")}
        runs.append({**now, "change": -run["over_unlearning"], "agreement": run["agreement"], "seconds": own})
    return mean_and_sd(runs)


def verdict(method: str, mean: dict[str, Any], sd: dict[str, Any], unsc: tuple[dict[str, Any], dict[str, Any]]) -> str:
    """One method's Acc_r against UNSC's, in words."""
    if method in ("unsc", "retrain"):
        return ""
    if mean["acc_forget"] > FORGOTTEN:
        return "does not forget"
    ahead, spread = mean["acc_retain"] - unsc[0]["acc_retain"], max(sd["acc_retain"], unsc[1]["acc_retain"])
    word = "tied with" if abs(ahead) <= spread else "better than" if ahead > 0 else "worse than"
    return f"{word} UNSC ({ahead:+.2f})"


def main() -> None:
    """Print the tables, and for each class where UNSC stands."""
    classes = [int(c) for c in sys.argv[1].split(",")] if len(sys.argv) > 1 else [6, 0, 9]
    names = ("acc_forget", "acc_retain", "change", "agreement")
    for c in classes:
        found = {method: measured(c, method) for method in METHODS}
        print("| forget | method | Acc_f | Acc_r | change of Acc_r | agreement | own seconds | Acc_r against UNSC's |\n|" + "---|" * 8)
        verdicts = {method: verdict(method, *numbers, found["unsc"]) for method, numbers in found.items()}
        for method, (mean, sd) in found.items():
            cells = " | ".join(f"{mean[name]:.2f} ± {sd[name]:.2f}" for name in names)
            print(f"| {c} | {method} | {cells} | {mean['seconds']:.1f} | {verdicts[method]} |")
        better = [method for method, words in verdicts.items() if words.startswith("better")]
        tied = [method for method, words in verdicts.items() if words.startswith("tied")]
        place = "best" if not better else "behind " + ", ".join(better)
        print(f"\nforget {c}: UNSC is {place}{'; tied with ' + ', '.join(tied) if tied else ''}.\n", flush=True)


if __name__ == "__main__":
    main()
