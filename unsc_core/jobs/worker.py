"""What a worker runs: JOBS by kind, each a function of a config whose results go to the store.

The functions import what they need when they are called: the engine reads JOBS without torch.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

import distributed

from unsc_core.audits.entry import SHADOW_MODELS
from unsc_core.config import ExperimentConfig
from unsc_core.errors import Cancelled
from unsc_core.experiment.store import Store
from unsc_core.jobs.job import AUDITED_SEEDS, NEIGHBOURS, PROBED, SHADOWS, Lane
from unsc_core.jobs.process import release_memory, set_priority
from unsc_core.progress import Progress, Report

TOPIC = "unsc-lab"
"""The name of the Dask topic that the engine subscribes to."""
REPORT_INTERVAL_S = 0.2
"""Progress is sent, and cancellation checked, at most this often, but for new stages and epochs."""


def experiment(config: ExperimentConfig, store: Store, report: Report) -> None:
    """The original and the unlearned model with their logits, and the spectra of the request."""
    from unsc_core.analysis.glimpses import look_at
    from unsc_core.experiment.experiment import Experiment
    from unsc_core.jobs.cost_measurement import record

    work = Experiment(config, store, report)
    work.run(look=look_at(work))
    _ = work.spectra
    record(work)


def spectra(config: ExperimentConfig, store: Store, report: Report) -> None:
    """The spectra of the request on the original model."""
    from unsc_core.experiment.experiment import Experiment

    _ = Experiment(config, store, report).spectra


def retrain(config: ExperimentConfig, store: Store, report: Report) -> None:
    """The retrained model with its logits."""
    from unsc_core.experiment.experiment import Experiment
    from unsc_core.jobs.cost_measurement import record

    work = Experiment(config, store, report)
    work.run_retrained()
    record(work)


def dataset(config: ExperimentConfig, _: Store, report: Report) -> None:
    """Download a dataset, or see whether a user-supplied one can be read."""
    from unsc_core.data import load_dataset

    load_dataset(config.dataset, report)


def embedding(config: ExperimentConfig, store: Store, report: Report) -> None:
    """The UMAP of the original's logits."""
    from unsc_core.analysis.maps import make_umap

    make_umap(config, store, report)


def features(config: ExperimentConfig, store: Store, report: Report) -> None:
    """The features of training images, which other images are compared with."""
    from unsc_core.analysis.nearest import make_features

    make_features(config, store, report)


def neighbours(part: str, config: ExperimentConfig, store: Store, report: Report) -> None:
    """The neighbours of test or training samples in every network's features."""
    from unsc_core.analysis.neighbours import make_neighbours

    make_neighbours(part, config, store, report)


def subspaces(config: ExperimentConfig, store: Store, report: Report) -> None:
    """The geometry of the request's subspaces."""
    from unsc_core.analysis.geometry import make

    make(config, store, report)


def epochs(config: ExperimentConfig, store: Store, report: Report) -> None:
    """The experiment, and its model after every epoch."""
    from unsc_core.analysis.replay import make_epochs

    make_epochs(config, store, report)


def cost(config: ExperimentConfig, store: Store, report: Report) -> None:
    """The rates of this network on this machine."""
    from unsc_core.jobs.cost_measurement import measure

    measure(config, store, report)


def audit(seeds: int, config: ExperimentConfig, store: Store, report: Report) -> None:
    """Every audit of the experiment with so many seeds, after the runs that are missing."""
    from unsc_core.audits import outcomes
    from unsc_core.audits.stored import with_seeds

    outcomes.audit(with_seeds(config, seeds), store, report)


def probe(config: ExperimentConfig, store: Store, report: Report) -> None:
    """The linear probe of the experiment's networks, after the runs that are missing."""
    from unsc_core.audits import outcomes

    outcomes.audit([config], store, report, [PROBED])


def shadows(models: int, config: ExperimentConfig, store: Store, report: Report) -> None:
    """So many shadow models of the config's dataset and network, as far as they are missing."""
    from unsc_core.audits.shadow_models import make_shadows

    make_shadows(config, models, store, report)


JOBS: Mapping[str, Callable[[ExperimentConfig, Store, Report], None]] = (
    {
        job.__name__: job
        for job in (
            *(experiment, epochs, retrain, spectra, dataset, embedding, subspaces, cost),
            features,
            probe,
        )
    }
    | {kind: partial(neighbours, part) for part, kind in NEIGHBOURS.items()}
    | {kind: partial(audit, seeds) for kind, seeds in AUDITED_SEEDS.items()}
    | {f"{SHADOWS}{models}": partial(shadows, models) for models in SHADOW_MODELS}
)


def run_job(
    kind: str, task: str, config: dict, home: str, lane: str, when_idle: bool = False
) -> str:
    """Run one job on a Dask worker.

    Args:
        kind: a name in JOBS.
        task: identifies the job in its messages and in the event that cancels it.
        config: of the experiment, as JSON types.
        home: the data folder.
        lane, when_idle: decide on its priority; see `set_priority`.

    Returns:
        "done" or "cancelled".

    Raises:
        UnscError: what went wrong, in one sentence.
    """
    os.environ["UNSC_HOME"] = home
    set_priority(Lane(lane), when_idle)
    worker = distributed.get_worker()
    worker.log_event(TOPIC, {"id": task, "what": "start", "worker": worker.address})
    cancelled = distributed.Event(f"cancel-{task}")
    last, stage, glimpse = 0.0, "", None

    def report(progress: Progress) -> None:
        nonlocal last, stage, glimpse
        same = progress.stage == stage and progress.glimpse is glimpse
        if same and time.monotonic() - last < REPORT_INTERVAL_S:
            return
        last, stage, glimpse = time.monotonic(), progress.stage, progress.glimpse
        if cancelled.is_set():
            raise Cancelled
        worker.log_event(TOPIC, {"id": task, "what": "progress", "progress": asdict(progress)})

    try:
        JOBS[kind](ExperimentConfig.from_dict(config), Store(Path(home) / "store"), report)
    except Cancelled:
        return "cancelled"
    finally:
        release_memory()
    return "done"
