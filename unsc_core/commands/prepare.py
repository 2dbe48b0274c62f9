"""`prepare`: computes what the app opens on, so that its first page has nothing to wait for."""

from __future__ import annotations

import argparse
from dataclasses import replace

from unsc_core.analysis import gamma_sweep, geometry
from unsc_core.analysis.maps import make_umap, read_umap
from unsc_core.analysis.nearest import MODELS_COMPARED, make_features, read_features
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
SWEPT = (0.8, 0.9, 0.98, 0.99, 0.999)
"""The γ at which the first one is run, too; all of a sweep would take twice as long."""


def prepare_app(_: argparse.Namespace) -> int:
    """Compute the opening experiments and say which they are."""
    prepare(show_progress, Store(pins=True))
    clear_progress()
    request = requested(split(load_dataset(DEFAULT.dataset), DEFAULT.forget_classes))
    methods = joined([method_title(config.method) for config in OPENING])
    print(f"Ready: {methods} on {dataset_entry(DEFAULT.dataset).title}, forgetting {request}.")
    return 0


def prepare(report: Report = silent, store: Store | None = None) -> None:
    """Store the opening experiments with their epochs; of the first, maps, subspaces and sweep.

    The sweep comes second, so that the first experiment collects the second moments that count for
    its time, and the last one is the latest. When everything is stored already, torch is not
    loaded.
    """
    store = store or Store()
    dataset = load_dataset(DEFAULT.dataset)
    first, *others = OPENING
    _make(first, dataset, store, report)
    if read_umap(resolve(first, dataset), dataset, store) is None:
        make_umap(first, store, report)
    if geometry.read(resolve(first, dataset), dataset, store) is None:
        geometry.make(first, store, report)
    opening = resolve(first, dataset)
    if any(read_features(opening, dataset, store, one) is None for one in MODELS_COMPARED):
        make_features(first, store, report)
    sweep = gamma_sweep.configs(first, dataset, SWEPT, [first.seed])
    for config in sweep.values():
        if not _is_complete(config, dataset, store):
            _run(config, store, report)
    for config in others:
        _make(config, dataset, store, report)


def _make(config: ExperimentConfig, dataset: Dataset, store: Store, report: Report) -> None:
    """Store an experiment with its epochs, unless they are."""
    resolved = resolve(config, dataset)
    if read_epochs(resolved, dataset, store) is None:
        make_epochs(config, store, report)  # runs the experiment
    if not _is_complete(resolved, dataset, store):
        _run(config, store, report)


def _run(config: ExperimentConfig, store: Store, report: Report) -> None:
    from unsc_core.experiment.experiment import Experiment

    Experiment(config, store, report).run(with_retrain=True)


def _is_complete(config: ExperimentConfig, dataset: Dataset, store: Store) -> bool:
    """Whether the complete result of a resolved config with its retrained model is there."""
    found = read_result(config, dataset, store)
    return found is not None and found.is_complete(with_retrain=True)
