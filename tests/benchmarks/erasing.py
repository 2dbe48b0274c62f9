"""Is the class gone? `python -m tests.benchmarks.erasing`.

For the mask, UNSC, DELETE, contrastive forgetting, null-space erasure, the same without its null
space, along selective directions instead, and with other strengths: Acc_f, Acc_r − the mask's and −
the original's, seconds, and the excess over the retrained model of five audits, paired by seed,
with the 95 % interval. Beside the retrained model stands the spread of two with other seeds.
Options, each with commas between values: `--data mini,colour,few,look-alike,imbalanced` (see
`tests.benchmarks.hard_data`), `--forget`, `--seeds` and `--ways`.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from tests.benchmarks import hard_data
from tests.benchmarks.factors import accuracies
from unsc_core.analysis.comparison import OWN_DEFAULTS, STRENGTHS
from unsc_core.analysis.spread import interval, standard_deviation
from unsc_core.audits import AUDITS
from unsc_core.audits.subject import Subject
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Predictions, masked
from unsc_core.figures.phrases import pm
from unsc_core.learning.batches import predict
from unsc_core.methods import METHODS, null_space_erasure
from unsc_core.methods.context import selective_projections
from unsc_core.paths import data_folder

FOUND = ("linear-probe", "neighbours", "prototype", "logits-probe", "relearning")
FREE_RATES = (0.05, 0.1)
SELECTIVE = ((1.0, 0.2), (1.5, 0.2), (2.0, 0.2), (2.0, 0.4))
"""Prices and learning rates of erasure along selective directions."""
Make = Callable[[Experiment], object]


def method(name: str, strength: float = 1.0) -> Make:
    """A method with its defaults, and with a strength of erasing where it has one."""

    def make(work: Experiment) -> object:
        config = replace(work.config, **OWN_DEFAULTS | {"method": name, "strength": strength})
        model = copy.deepcopy(work.original)
        return METHODS[name].unlearn(model, Experiment(config).context()).model

    return make


def freely(learning_rate: float) -> Make:
    """Erasure with all weights free."""

    def make(work: Experiment) -> object:
        config = replace(work.config, **OWN_DEFAULTS | {"method": "null-space-erasure"})
        context = replace(Experiment(config).context(), learning_rate=learning_rate)
        return null_space_erasure.erase(copy.deepcopy(work.original), context, None).model

    return make


def selectively(price: float, learning_rate: float) -> Make:
    """Erasure along selective directions of this price, in place of the null space."""

    def make(work: Experiment) -> object:
        config = replace(work.config, **OWN_DEFAULTS | {"method": "null-space-erasure"})
        context = replace(Experiment(config).context(), learning_rate=learning_rate)
        model = copy.deepcopy(work.original)
        project = selective_projections(model, context, price)
        return null_space_erasure.erase(model, context, project).model

    return make


WAYS: dict[str, Make] = {
    "UNSC": method("unsc"),
    "DELETE": method("delete"),
    "contrastive": method("null-space-contrastive"),
    "null-space erasure": method("null-space-erasure"),
    **{f"erasure; all weights; lr {rate:g}": freely(rate) for rate in FREE_RATES},
    **{
        f"erasure; selective; price {price:g}; lr {rate:g}": selectively(price, rate)
        for price, rate in SELECTIVE
    },
    **{f"erasure; strength {each:g}": method("null-space-erasure", each) for each in STRENGTHS},
}


def subject(work: Experiment, model: object, hide: bool = False) -> Subject:
    """A network as the audits see it; the mask's answers if `hide`."""
    parts = {
        part: predict(model, work.data, getattr(work.data, f"x_{part}")).cpu().numpy()
        for part in ("test", "train")
    }
    if hide:
        parts = {k: masked(logits, work.config.forget_classes) for k, logits in parts.items()}
    return Subject(model, work.data, work.split, Predictions(**parts), work.config.seed)


def options() -> argparse.Namespace:
    """What to measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="mini")
    parser.add_argument("--forget", default="", help="default: those of the other benchmarks")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--ways", default=",".join(WAYS), help="default: all, %(default)s")
    return parser.parse_args()


def main() -> None:
    """Print a table."""
    asked = options()
    seeds, ways = [int(seed) for seed in asked.seeds.split(",")], asked.ways.split(",")
    head = ["data", "class", "way", "Acc_f", "Acc_r − mask's", "− original's", "s"]
    head += [AUDITS[name].title for name in FOUND]
    for line in (head, ["---"] * len(head)):
        print(f"| {' | '.join(line)} |", flush=True)
    for data in asked.data.split(","):
        dataset, classes = "fashion-mnist-mini", (6, 0, 9)
        if data != "mini":
            dataset = str(hard_data.write(data_folder() / "hard")[data])
            classes = hard_data.REQUESTS[data]
        for c in map(int, asked.forget.split(",")) if asked.forget else classes:
            config = ExperimentConfig(dataset=dataset, model="small-cnn", forget_classes=(c,))
            print_rows(data, [replace(config, seed=seed) for seed in seeds], ways)


def print_rows(data: str, configs: list[ExperimentConfig], ways: list[str]) -> None:
    """The rows of one class over its seeds."""
    name = f"{data} | {configs[0].forget_classes[0]}"
    found: dict[str, list[list[float]]] = {}
    plain: list[list[float]] = []
    for config in configs:
        work = Experiment(config)
        original, retrained = work.original, subject(work, work.retrained)
        of_mask = subject(work, original, hide=True)
        _, before = accuracies(work, subject(work, original).predictions.test)
        _, kept_by_mask = accuracies(work, of_mask.predictions.test)
        zero = [AUDITS[audit].measure(retrained, retrained).value for audit in FOUND]
        plain.append(zero)
        for way in ("mask", *ways):
            _ = work.spectra
            started = time.perf_counter()
            model = original if way == "mask" else WAYS[way](work)
            took = time.perf_counter() - started
            one = of_mask if way == "mask" else subject(work, model)
            left, kept = accuracies(work, one.predictions.test)
            values = [AUDITS[audit].measure(one, retrained).value for audit in FOUND]
            excess = [value - z for value, z in zip(values, zero, strict=True)]
            numbers = [left, kept - kept_by_mask, kept - before, took, *excess]
            found.setdefault(way, []).append(numbers)
            print(name, config.seed, way, [round(n, 2) for n in numbers], file=sys.stderr)
    for way, rows in found.items():
        cells = [interval(list(each)) for each in zip(*rows, strict=True)]
        texts = [*map(pm, cells[:3]), f"{cells[3].mean:.0f}", *map(pm, cells[4:])]
        print(f"| {name} | {way} | {' | '.join(texts)} |", flush=True)
    spread = [standard_deviation(list(each)) for each in zip(*plain, strict=True)]
    texts = [f"0 ± {2**0.5 * s:.1f} (sd)" if s is not None else "0" for s in spread]
    print(f"| {name} | retrained, another seed | | | | | {' | '.join(texts)} |", flush=True)


if __name__ == "__main__":
    main()
