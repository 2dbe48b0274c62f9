"""Methods at equal forgetting: where each path over the epochs has come down to one Acc_f."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.claims import Forgetting, forgetting
from unsc_core.analysis.comparison import AccuracyPath, MethodRun, by_method
from unsc_core.analysis.spread import Interval, interval


def mean_path(runs: Sequence[MethodRun]) -> AccuracyPath:
    """The mean of several seeds' paths, entry by entry; one that stopped early stays at its end.

    If a seed's epochs were not recorded, it has the first and the last entry only.
    """
    recorded = all(run.path.recorded for run in runs)
    known = slice(None) if recorded else [0, -1]

    def mean(name: str) -> NDArray[np.float64]:
        values = [getattr(run.path, name)[known] for run in runs]
        longest = max(map(len, values))
        padded = [np.pad(each, (0, longest - len(each)), mode="edge") for each in values]
        return np.asarray(np.mean(padded, axis=0))

    epoch = max((run.path.epoch[known] for run in runs), key=len)
    return AccuracyPath(epoch, mean("acc_forget"), mean("acc_retain"), recorded)


def entry_at(path: AccuracyPath, acc_forget: float) -> tuple[int, bool]:
    """The entry after the original with the highest Acc_f at or below `acc_forget`, the first.

    Returns:
        The index of the entry, and True; if none is so low, the lowest one, and False.
    """
    first = 1 if len(path.epoch) > 1 else 0
    after = path.acc_forget[first:]
    below = np.flatnonzero(after <= acc_forget)
    if len(below):
        return first + int(below[np.argmax(after[below])]), True
    return first + int(np.argmin(after)), False


def entry_as_retrained(path: AccuracyPath, retrained: float, samples: int) -> tuple[int, bool]:
    """The entry after the original whose Acc_f is nearest to the retrained model's.

    The last of several, as the method was to run on; the original only where there is no other.

    Returns:
        The index of the entry, and whether the single samples count as forgotten there.
    """
    first = 1 if len(path.epoch) > 1 else 0
    distance = np.abs(path.acc_forget[first:] - retrained)
    entry = first + int(np.flatnonzero(distance == distance.min())[-1])
    reached = forgetting(float(path.acc_forget[entry]), retrained, samples)
    return entry, reached is Forgetting.DONE


@dataclass(frozen=True)
class Equal:
    """One method at a given forgetting: means over its seeds.

    Attributes:
        acc_forget, acc_retain: in percent; kept: seed -> Acc_r there.
        change: Acc_r − the original's, in points, paired by seed.
        down: how many seeds got down to it; epoch: of each seed.
    """

    acc_forget: float
    acc_retain: float
    kept: dict[int, float]
    change: Interval
    down: int
    epoch: tuple[int, ...]

    @property
    def reached(self) -> bool:
        """Whether every seed got down to it."""
        return self.down == len(self.kept)


def at_equal_forgetting(runs: Iterable[MethodRun], acc_forget: float) -> dict[str, Equal]:
    """Method -> its path where Acc_f has come down to `acc_forget` (percent); highest Acc_r first.

    For single samples, where Acc_f is nearest to that of the seed's retrained model, whatever
    `acc_forget` is. Runs whose Acc_f or whose goal is unknown are left out.

    The entry is chosen by test accuracy, which is unknown while unlearning: an oracle, which shows
    what each method could keep at its best epoch. Methods that do not get there with every seed
    come last.
    """
    known = [run for run in runs if run.forgetting is not Forgetting.UNKNOWN]
    found = {}
    for method, of in by_method(known).items():
        picked = [(run.path, *_entry(run, acc_forget)) for run in of]
        forget = float(np.mean([path.acc_forget[i] for path, i, _ in picked]))
        kept = {
            run.seed: float(path.acc_retain[i])
            for run, (path, i, _) in zip(of, picked, strict=True)
        }
        change = interval([kept[run.seed] - float(run.path.acc_retain[0]) for run in of])
        found[method] = Equal(
            forget,
            float(np.mean(list(kept.values()))),
            kept,
            change,
            sum(there for *_, there in picked),
            tuple(int(path.epoch[i]) for path, i, _ in picked),
        )
    return dict(sorted(found.items(), key=lambda item: (not item[1].reached, -item[1].acc_retain)))


def already_at(runs: Iterable[MethodRun], acc_forget: float) -> list[float]:
    """Acc_f of the originals that are at or below `acc_forget`, in percent, lowest first.

    There is nothing to forget to get there. Empty for single samples, which have another goal.
    """
    before = {run.seed: float(run.path.acc_forget[0]) for run in runs if not run.samples}
    return sorted(value for value in before.values() if value <= acc_forget)


def _entry(run: MethodRun, acc_forget: float) -> tuple[int, bool]:
    if not run.samples:
        return entry_at(run.path, acc_forget)
    retrained = run.measures["retrained"]["acc_forget"]
    assert retrained is not None  # otherwise its forgetting is unknown
    return entry_as_retrained(run.path, retrained, run.samples)
