"""Forgetting and its effect on the rest: `python -m tests.benchmarks.quality [CLASS,…]`.

One row per reference and method for the default experiment, over seeds and classes: every measure
on the test set, mean ± half of the 95 % interval over seeds 0 to 4. The last column compares Acc_r
with UNSC's, paired by seed, among the methods that forget with every seed (Acc_f at most 2 %),
retraining aside: tied if the interval of the difference contains 0.
"""

from __future__ import annotations

import sys

from unsc_core.analysis.claims import FORGOTTEN
from unsc_core.analysis.comparison import (
    COMPARED,
    MethodRun,
    Standing,
    added,
    by_method,
    forgets,
    free,
    rows,
    run_of,
    standing,
)
from unsc_core.analysis.measures import MEASURES
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.figures.phrases import pm

SEEDS = (0, 1, 2, 3, 4)


def measured(c: int) -> list[MethodRun]:
    """Every method on one class, over seeds."""
    configs = [
        ExperimentConfig(forget_classes=(c,), method=method, seed=seed)
        for method in (*COMPARED, "selective-directions")
        for seed in SEEDS
    ]
    return [run_of(Experiment(config).run(with_retrain=True), None) for config in configs]


def verdicts(against: Standing) -> dict[str, str]:
    """Method -> how its Acc_r compares with UNSC's."""
    groups = {"more than": against.better, "tied with": against.tied, "less than": against.worse}
    return dict.fromkeys(against.not_forgetting, "does not forget") | {
        method: f"{words} UNSC ({pm(ahead)})"
        for words, group in groups.items()
        for method, ahead in group.items()
    }


def table(c: int, runs: list[MethodRun]) -> str:
    """One Markdown row per reference and method."""
    head = ["forget", "row", *(m.column for m in MEASURES.values()), "Acc_r against UNSC's"]
    lines = [head, ["---"] * len(head)]
    said = verdicts(standing(runs))
    for name, row in rows(runs).items():
        cells = [m.number(row.mean[k], row.half[k], extra=1) for k, m in MEASURES.items()]
        lines.append([str(c), name, *cells, said.get(name, "")])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def conclusion(runs: list[MethodRun]) -> str:
    """Where UNSC stands, and what of its gain is free."""
    unsc, against = by_method(runs)["unsc"], standing(runs)
    place = f"does not forget (Acc_f over {FORGOTTEN:g} % with some seed)"
    if forgets(unsc):
        place = "is behind no method that forgets, beyond chance"
        if against.better:
            place = f"is behind {', '.join(against.better)}"
        if against.tied:
            place += f"; tied with {', '.join(against.tied)}"
    hidden, beyond = free(unsc), added(unsc)
    split = ""
    if hidden and beyond:
        split = f" Free: {pm(hidden)} points of Acc_r; added: {pm(beyond)}."
    return f"UNSC {place}.{split}"


def main() -> None:
    """Print the tables, and for each class where UNSC stands."""
    classes = [int(c) for c in sys.argv[1].split(",")] if len(sys.argv) > 1 else [6, 0, 9]
    for c in classes:
        runs = measured(c)
        print(f"{table(c, runs)}\n\nforget {c}: {conclusion(runs)}\n", flush=True)


if __name__ == "__main__":
    main()
