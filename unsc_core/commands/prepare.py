"""`prepare`: computes what the app opens on, so that its first page has nothing to wait for."""

from __future__ import annotations

import argparse
from dataclasses import replace

from unsc_core.analysis import gamma_sweep, geometry
from unsc_core.analysis.maps import make_umap, read_umap
from unsc_core.analysis.replay import make_epochs, read_epochs
from unsc_core.commands.terminal import clear_progress, show_progress
from unsc_core.config import ExperimentConfig
from unsc_core.data import dataset_entry, load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import read_result
from unsc_core.experiment.store import Store
from unsc_core.figures.phrases import joined, method_title, requested
from unsc_core.progress import Report, silent

DEFAULT = ExperimentConfig()
OPENING = (DEFAULT, replace(DEFAULT, method="random-labels"))
"""The experiment the app opens on, and the one its story compares it with."""


def prepare_app(_: argparse.Namespace) -> int:
    """Compute the opening experiments and say which they are."""
    prepare(show_progress)
    clear_progress()
    request = requested(split(load_dataset(DEFAULT.dataset), DEFAULT.forget_classes))
    methods = joined([method_title(config.method) for config in OPENING])
    print(f"Ready: {methods} on {dataset_entry(DEFAULT.dataset).title}, forgetting {request}.")
    return 0


def prepare(report: Report = silent, store: Store | None = None) -> None:
    """Store the opening experiments with their epochs; of the first, UMAP, subspaces and sweep.

    When everything is stored already, torch is not loaded.
    """
    store = store or Store()
    dataset = load_dataset(DEFAULT.dataset)
    for config in OPENING:
        if not _is_stored(resolve(config, dataset), dataset, store):
            from unsc_core.experiment.experiment import Experiment

            make_epochs(config, store, report)  # runs the experiment
            Experiment(config, store, report).run(with_retrain=True)
    if read_umap(resolve(DEFAULT, dataset), dataset, store) is None:
        make_umap(DEFAULT, store, report)
    if geometry.read(resolve(DEFAULT, dataset), dataset, store) is None:
        geometry.make(DEFAULT, store, report)
    sweep = gamma_sweep.configs(DEFAULT, dataset, gamma_sweep.SWEEP, [DEFAULT.seed])
    for config in sweep.values():
        found = read_result(config, dataset, store)
        if found is None or not found.is_complete(with_retrain=True):
            from unsc_core.experiment.experiment import Experiment

            Experiment(config, store, report).run(with_retrain=True)


def _is_stored(config: ExperimentConfig, dataset: Dataset, store: Store) -> bool:
    """Whether the complete result with its retrained model and its epochs are there."""
    found = read_result(config, dataset, store)
    complete = found is not None and found.is_complete(with_retrain=True)
    return complete and read_epochs(config, dataset, store) is not None
