"""Is the class gone? `python -m tests.benchmarks.erasing [CLASSES [SEEDS [WAYS]]]`.

Classes and ways are separated by commas. On Fashion-MNIST mini, for the mask, UNSC, DELETE,
null-space erasure, the same without its null space, and with other strengths: Acc_f, Acc_r − the
mask's, seconds, and the excess over the retrained model of five audits, paired by seed, with the
95 % interval. Beside the retrained model stands the spread of two that differ in their seed.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from tests.benchmarks.factors import accuracies
from unsc_core.analysis.comparison import OWN_DEFAULTS
from unsc_core.analysis.spread import interval, standard_deviation
from unsc_core.audits import AUDITS
from unsc_core.audits.subject import Subject
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Predictions, masked
from unsc_core.figures.phrases import pm
from unsc_core.learning.batches import predict
from unsc_core.methods import METHODS, null_space_erasure

FOUND = ("linear-probe", "neighbours", "prototype", "logits-probe", "relearning")
STRENGTHS = (0.0, 0.5, 2.0)
Make = Callable[[Experiment], object]


def method(name: str, strength: float = 1.0) -> Make:
    """A method with its defaults, and with a strength of erasing where it has one."""

    def make(work: Experiment) -> object:
        config = replace(work.config, **OWN_DEFAULTS | {"method": name, "strength": strength})
        model = copy.deepcopy(work.original)
        return METHODS[name].unlearn(model, Experiment(config).context()).model

    return make


def freely(work: Experiment) -> object:
    """Erasure with all weights free."""
    config = replace(work.config, **OWN_DEFAULTS | {"method": "null-space-erasure"})
    context = replace(Experiment(config).context(), learning_rate=0.05)
    return null_space_erasure.erase(copy.deepcopy(work.original), context, None).model


WAYS: dict[str, Make] = {
    "UNSC": method("unsc"),
    "DELETE": method("delete"),
    "null-space erasure": method("null-space-erasure"),
    "erasure; all weights (lr 0.05)": freely,
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


def main() -> None:
    """Print a table for each class."""
    classes = [int(c) for c in sys.argv[1].split(",")] if len(sys.argv) > 1 else [6, 0, 9]
    seeds = range(int(sys.argv[2]) if len(sys.argv) > 2 else 3)
    ways = sys.argv[3].split(",") if len(sys.argv) > 3 else list(WAYS)
    head = ["class", "way", "Acc_f", "Acc_r − mask's", "s", *(AUDITS[name].title for name in FOUND)]
    for line in (head, ["---"] * len(head)):
        print(f"| {' | '.join(line)} |", flush=True)
    for c in classes:
        found: dict[str, list[list[float]]] = {}
        plain: list[list[float]] = []
        for seed in seeds:
            work = Experiment(ExperimentConfig(forget_classes=(c,), seed=seed))
            of_mask, retrained = (
                subject(work, work.original, hide=True),
                subject(work, work.retrained),
            )
            _, kept_by_mask = accuracies(work, of_mask.predictions.test)
            zero = [AUDITS[name].measure(retrained, retrained).value for name in FOUND]
            plain.append(zero)
            for way in ("mask", *ways):
                _ = work.spectra
                started = time.perf_counter()
                model = work.original if way == "mask" else WAYS[way](work)
                took = time.perf_counter() - started
                one = of_mask if way == "mask" else subject(work, model)
                left, kept = accuracies(work, one.predictions.test)
                values = [AUDITS[name].measure(one, retrained).value for name in FOUND]
                excess = [v - z for v, z in zip(values, zero, strict=True)]
                found.setdefault(way, []).append([left, kept - kept_by_mask, took, *excess])
                print(c, seed, way, [round(v, 2) for v in found[way][-1]], file=sys.stderr)
        for way, rows in found.items():
            cells = [interval(list(each)) for each in zip(*rows, strict=True)]
            texts = [pm(cells[0]), pm(cells[1]), f"{cells[2].mean:.0f}", *map(pm, cells[3:])]
            print(f"| {c} | {way} | {' | '.join(texts)} |", flush=True)
        pairs = [list(each) for each in zip(*plain, strict=True)]
        spread = [standard_deviation(each) for each in pairs]
        texts = [f"0 ± {2**0.5 * s:.1f} (sd)" if s is not None else "0" for s in spread]
        print(f"| {c} | retrained, another seed | | | | {' | '.join(texts)} |", flush=True)


if __name__ == "__main__":
    main()
