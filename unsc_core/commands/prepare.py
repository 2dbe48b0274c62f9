"""`prepare`: computes what the app opens on, so that its first page has nothing to wait for."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from unsc_core.analysis import gamma_sweep, geometry
from unsc_core.analysis.maps import read_umap, umap_key
from unsc_core.analysis.nearest import MODELS_COMPARED, features_key, read_features
from unsc_core.analysis.neighbours import neighbours_key, read_neighbours
from unsc_core.analysis.replay import read_epochs
from unsc_core.analysis.selection import MODELS
from unsc_core.commands.terminal import clear_progress, show_line
from unsc_core.config import ExperimentConfig
from unsc_core.course.evidence import Piece
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.experiment.keys import keys
from unsc_core.experiment.presets import PRESETS
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import read_result
from unsc_core.experiment.store import Store
from unsc_core.figures.phrases import counted, dataset_title, joined, method_title, requested
from unsc_core.jobs.cost import duration, estimate
from unsc_core.jobs.job import NEIGHBOURS
from unsc_core.jobs.size import megabytes, missing_bytes
from unsc_core.methods import METHODS
from unsc_core.progress import Progress, Report

STORIES = ("unsc", "random-labels")
"""The two methods that the story compares."""
OF_EXPERIMENT = ("retrain", "embedding", "subspaces", "features", NEIGHBOURS["test"])
"""Kinds of jobs of each experiment, after its run."""
UNESTIMATED = ("embedding", NEIGHBOURS["test"])
PRIOR = 0.25
"""How much of the whole time counts for the estimates, against how long finished steps took."""


@dataclass(frozen=True)
class Step:
    """One job: its kind, as in `jobs.worker.JOBS`, and its resolved config."""

    kind: str
    config: ExperimentConfig

    @property
    def dataset(self) -> Dataset:
        """Its dataset."""
        return load_dataset(self.config.dataset)

    @property
    def request(self) -> Split:
        """What it asks to forget."""
        return split(self.dataset, self.config.forget_classes, self.config.forget_ids)

    @property
    def key(self) -> str:
        """What it stores; two steps with the same key are one."""
        found = keys(self.config, self.dataset)
        if self.kind == "embedding":
            return umap_key(self.config, self.dataset)
        if self.kind == "features":
            return features_key(self.config, self.dataset, "unlearned")
        if self.kind == NEIGHBOURS["test"]:
            return neighbours_key(self.config, self.request, "unlearned", "test")
        return found.retrained if self.kind == "retrain" else found.unlearned

    @property
    def title(self) -> str:
        """What it makes."""
        request = requested(self.request)
        where = f"on {dataset_title(self.config.dataset)}"
        return {
            "epochs": f"{method_title(self.config.method)} {where}, forgetting {request}",
            "retrain": f"retraining {where} without {request}",
            "embedding": f"the map of {dataset_title(self.config.dataset)}",
            "subspaces": f"the subspaces {where}, forgetting {request}",
            "features": f"features of training images {where}, forgetting {request}",
            NEIGHBOURS["test"]: f"neighbours of test images {where}, forgetting {request}",
            "experiment": f"γ = {self.config.energy_threshold} {where}, forgetting {request}",
        }[self.kind]

    def is_stored(self, store: Store) -> bool:
        """Whether all that it makes is stored and can be read."""
        at = (self.config, self.dataset, store)
        if self.kind == "embedding":
            return read_umap(*at) is not None
        if self.kind == "subspaces":
            return geometry.read(*at) is not None
        if self.kind == "features":
            return all(read_features(*at, one) is not None for one in MODELS_COMPARED)
        if self.kind == NEIGHBOURS["test"]:
            of = (self.config, self.request, store)
            return all(read_neighbours(*of, one, "test") is not None for one in MODELS)
        found = read_result(*at)
        if found is None or not found.is_complete(with_retrain=self.kind == "retrain"):
            return False
        return self.kind != "epochs" or read_epochs(*at) is not None


def prepare_app(options: argparse.Namespace) -> int:
    """Compute the experiments that are asked for and say which they are; or what lessons need.

    Returns:
        The exit code: 2 if something is wrong with a lesson, or is still to be done with --check.
    """
    if options.check:
        from unsc_core.commands.readiness import check  # loads plotly and torch

        return check()
    if options.lesson:
        from unsc_core.commands.lessons import prepare_lessons  # loads plotly, with the figures

        return prepare_lessons(options.lesson)
    presets = PRESETS if options.preset == "all" else PRESETS[:1]
    prepare([preset.config for preset in presets], show_line, Store(pins=True))
    clear_progress()
    if len(presets) > 1:
        print(f"Ready: the {len(presets)} experiments that the page Story offers.")
        return 0
    methods, (preset,) = joined([method_title(method) for method in STORIES]), presets
    request = requested(split(load_dataset(preset.dataset), preset.forget))
    print(f"Ready: {methods} on {dataset_title(preset.dataset)}, forgetting {request}.")
    return 0


def prepare(
    configs: Sequence[ExperimentConfig],
    tell: Callable[[str, bool], None],
    store: Store | None = None,
) -> None:
    """Store what the pages show of these experiments.

    When everything is stored already, torch is not loaded.

    Args:
        configs: the experiments.
        tell: receives a line, and whether it begins a step.
        store: where to.
    """
    store = store or Store()
    run([step for step in steps(configs) if not step.is_stored(store)], tell, store)


def run(todo: Sequence[Step | Piece], tell: Callable[[str, bool], None], store: Store) -> None:
    """Make what is missing, after telling how much that is.

    Args:
        todo: in the order in which to make it.
        tell: receives a line, and whether it begins a step.
        store: where to.
    """
    if not todo:
        return
    tell("estimating how long this takes", True)
    seconds = estimated(todo, store)
    size = megabytes(missing_bytes({one.config for one in todo}, store))
    tell(f"{counted(len(todo), 'step')}, about {duration(sum(seconds))}, about {size}", True)
    from unsc_core.jobs.worker import JOBS  # slow to load

    countdown = Countdown(seconds, tell)
    for one in todo:
        report = countdown.begin(one.title)
        if not one.is_stored(store):  # what an earlier one made on its way
            JOBS[one.kind](one.config, store, report)


def steps(configs: Sequence[ExperimentConfig]) -> list[Step]:
    """All steps for these experiments, each once, in the order in which they are made.

    The sweep comes after the experiment, so that this one collects the second moments that count
    for its time.
    """
    found: dict[tuple[str, str], Step] = {}
    for config in configs:
        dataset = load_dataset(config.dataset)
        own = resolve(config, dataset)
        others = [
            resolve(replace(config, method=method), dataset)
            for method in STORIES
            if method != config.method
        ]
        sweep = gamma_sweep.configs(config, dataset, gamma_sweep.PREPARED, [config.seed])
        if not METHODS[config.method].uses_energy_threshold:
            sweep = {}
        wanted = [("epochs", own), *((kind, own) for kind in OF_EXPERIMENT)]
        wanted += [("experiment", at) for at in sweep.values()]
        wanted += [("epochs", other) for other in others]
        for step in (Step(*one) for one in wanted):
            found.setdefault((step.kind, step.key), step)
    return list(found.values())


def estimated(missing: Sequence[Step | Piece], store: Store) -> list[float]:
    """Seconds that each step takes here, what several need counted at the first of them.

    The map and the neighbours have no estimate; they take a few seconds.
    """
    from unsc_core.jobs.cost_measurement import measure  # slow to load

    for step in missing:
        measure(step.config, store)  # once for each network
    jobs = [(step.kind, step.config) for step in missing]
    totals = [0.0]
    for count in range(1, len(jobs) + 1):
        cost = estimate([job for job in jobs[:count] if job[0] not in UNESTIMATED], store)
        totals.append(totals[-1] if cost is None else cost.seconds)
    return [after - before for before, after in pairwise(totals)]


class Countdown:
    """Tells which step of how many runs, and about how long all the rest takes.

    Args:
        seconds: estimate of each step; corrected by how long the finished ones took.
        tell: receives a line, and whether it begins a step.
    """

    def __init__(
        self,
        seconds: Sequence[float],
        tell: Callable[[str, bool], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._seconds, self._tell, self._clock = seconds, tell, clock
        self._number, self._started = 0, clock()

    def begin(self, words: str) -> Report:
        """Begin the next step, and return what its work reports to."""
        self._number += 1
        begun = self._clock()
        self._line(begun, words, True)
        return lambda progress: self._line(begun, f"{words}: {_words(progress)}", False)

    def _line(self, begun: float, words: str, begins: bool) -> None:
        done = self._number - 1
        prior = PRIOR * max(1.0, sum(self._seconds))
        pace = (prior + begun - self._started) / (prior + sum(self._seconds[:done]))
        here = max(0.0, pace * self._seconds[done] - (self._clock() - begun))
        left = here + pace * sum(self._seconds[self._number :])
        place = f"step {self._number} of {len(self._seconds)}"
        self._tell(f"{place} · about {duration(left)} left · {words}", begins)


def _words(progress: Progress) -> str:
    share = f" {progress.done / progress.total:.0%}" if progress.total else ""
    return f"{progress.stage}{share}"
