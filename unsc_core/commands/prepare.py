"""Computes what the app opens on, so that the landing page has nothing to wait for."""

from __future__ import annotations

from dataclasses import replace

from unsc_core.analysis.maps import make_umap, read_umap
from unsc_core.analysis.replay import make_epochs, read_epochs
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import read_result
from unsc_core.experiment.store import Store
from unsc_core.progress import Report, silent

DEFAULT = ExperimentConfig()
OPENING = (DEFAULT, replace(DEFAULT, method="random-labels"))
"""The experiment the app opens on, and the one its story compares it with."""


def prepare(report: Report = silent, store: Store | None = None) -> None:
    """Compute and store the opening experiments with their epochs, and the first one's map; what is stored is only looked at, without torch."""
    store = store or Store()
    dataset = load_dataset(DEFAULT.dataset)
    for config in OPENING:
        resolved = resolve(config, dataset)
        found = read_result(resolved, dataset, store)
        if (
            read_epochs(resolved, dataset, store) is None
            or found is None
            or found.retrained is None
            or found.retrained.train is None
            or found.unlearned.train is None
        ):
            from unsc_core.experiment.experiment import Experiment

            Experiment(config, store, report).run(with_retrain=True)
            make_epochs(config, store, report)
    if read_umap(resolve(DEFAULT, dataset), dataset, store) is None:
        make_umap(DEFAULT, store, report)
