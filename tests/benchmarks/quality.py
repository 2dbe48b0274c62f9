"""Forgetting and what it does to the rest, over seeds and classes: `python -m tests.benchmarks.quality [CLASS,…]`.

Prints one row per method and class for the embedded default: test accuracy in percent, mean ± sd over seeds 0, 1, 2.
"""

from __future__ import annotations

import sys

from unsc_core.config import ExperimentConfig
from unsc_core.experiment import Experiment
from unsc_core.methods import METHODS
from unsc_core.results import mean_and_sd, summary

SEEDS = (0, 1, 2)


def main() -> None:
    classes = [int(c) for c in sys.argv[1].split(",")] if len(sys.argv) > 1 else [6, 0, 9]
    print("| forget | method | Acc_f | Acc_r | change of Acc_r | agreement | own seconds |\n|---|---|---|---|---|---|---|")
    for c in classes:
        for method in METHODS:
            runs = []
            for seed in SEEDS:
                run = summary(Experiment(ExperimentConfig(forget_classes=(c,), method=method, seed=seed)).run(with_retrain=True))
                stages = ("moments", "spectra", "null_space", "pseudo_labels", "unlearn") if method != "retrain" else ("retrain",)
                own = sum(run["seconds"].get(stage, 0.0) for stage in stages)
                runs.append({"now": run["unlearned"], "change": -run["over_unlearning"], "agreement": run["agreement"], "seconds": own})
            mean, sd = mean_and_sd(runs)
            cells = [(mean["now"][m], sd["now"][m]) for m in ("acc_forget", "acc_retain")] + [(mean[m], sd[m]) for m in ("change", "agreement")]
            shown = " | ".join(f"{value:.2f} ± {spread:.2f}" for value, spread in cells)
            print(f"| {c} | {method} | {shown} | {max(run['seconds'] for run in runs):.1f} at most |", flush=True)


if __name__ == "__main__":
    main()
