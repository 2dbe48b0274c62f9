"""What a step of a lesson needs: its experiment, and what is stored of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis import gamma_sweep, geometry
from unsc_core.analysis.comparison import OWN_DEFAULTS
from unsc_core.analysis.geometry import Subspaces
from unsc_core.audits import AUDITS
from unsc_core.audits.excess import over_seeds
from unsc_core.audits.stored import Outcomes, outcome_keys, read_outcomes
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.experiment import artefacts
from unsc_core.experiment.keys import keys, logits_key
from unsc_core.experiment.resolve import resolve, settings
from unsc_core.experiment.result import Result, read_result
from unsc_core.experiment.store import Store
from unsc_core.figures.phrases import dataset_title, method_title, requested
from unsc_core.jobs.job import PROBED

OTHER_METHOD = "method:"
"""The start of a need for the same request by another method, whose name then follows."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is stored for a step; a figure or quantity finds what it says that it needs.

    Attributes:
        result: of the step's experiment.
        others: need → result: "method:random-labels", or γ as text, "0.96".
        spectra: layer → (groups, d) eigenvalues.
        subspaces: of the experiment.
        probe: what `excess.over_seeds` returns of the linear probe, with one seed.
    """

    result: Result
    others: Mapping[str, Result] = field(default_factory=dict)
    spectra: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    subspaces: Subspaces | None = None
    probe: Mapping[str, Any] = field(default_factory=dict)


class Reader(Protocol):
    """Reads what is stored of a resolved config; None where it is not."""

    def result(self, config: ExperimentConfig, /) -> Result | None:
        """Its result."""

    def spectra(self, config: ExperimentConfig, /) -> dict[str, np.ndarray] | None:
        """Its spectra."""

    def subspaces(self, config: ExperimentConfig, /) -> Subspaces | None:
        """Its subspaces."""

    def probed(self, config: ExperimentConfig, /) -> Outcomes | None:
        """What the linear probe found, with this seed."""


@dataclass(frozen=True)
class StoreReader:
    """Reads from a store, without a cache."""

    store: Store

    def result(self, config: ExperimentConfig, /) -> Result | None:
        """The stored result."""
        return read_result(config, load_dataset(config.dataset), self.store)

    def spectra(self, config: ExperimentConfig, /) -> dict[str, np.ndarray] | None:
        """The stored spectra."""
        key = keys(config, load_dataset(config.dataset)).spectra
        return artefacts.SPECTRA.read(self.store, key)

    def subspaces(self, config: ExperimentConfig, /) -> Subspaces | None:
        """The stored subspaces."""
        return geometry.read(config, load_dataset(config.dataset), self.store)

    def probed(self, config: ExperimentConfig, /) -> Outcomes | None:
        """What the linear probe found."""
        return read_outcomes([config], load_dataset(config.dataset), self.store, [PROBED])


@dataclass(frozen=True)
class Piece:
    """One job whose result a step needs.

    Attributes:
        kind, key, config: as the engine knows it; the config is resolved.
        title: what it makes.
    """

    kind: str
    key: str
    config: ExperimentConfig
    title: str

    def is_stored(self, store: Store) -> bool:
        """Whether its result is there."""
        data = load_dataset(self.config.dataset)
        found = keys(self.config, data)
        if self.kind == "spectra":
            return artefacts.SPECTRA.has(store, found.spectra)
        if self.kind == "subspaces":
            return artefacts.SUBSPACES.has(store, self.key)
        if self.kind == "probe":
            every = outcome_keys([self.config], data, [PROBED])
            return all(artefacts.AUDITED.has(store, key) for _, _, key in every if key)
        models = [found.retrained] if self.kind == "retrain" else [found.original, found.unlearned]
        stored = self.kind == "retrain" or artefacts.UNLEARNED.has(store, found.unlearned)
        return stored and all(
            artefacts.LOGITS.has(store, logits_key(model, data, part))
            for model in models
            for part in ("test", "train")
        )


def pieces(config: ExperimentConfig, needs: Iterable[str]) -> list[Piece]:
    """The jobs behind some needs of a resolved config, in the order in which to run them.

    The needs: "retrained", "spectra", "subspaces", "probe", "sweep" and "method:NAME"; the
    experiment itself is always among the jobs.
    """
    data, wanted = load_dataset(config.dataset), set(needs)
    found = [_experiment(config, data)]
    key = keys(config, data)
    name = _name(config, data)
    others = _others(config, data, wanted)
    found += [_experiment(one, data) for one in others.values() if one != config]
    if "retrained" in wanted:
        found.append(Piece("retrain", key.retrained, config, f"{name}: retrained from scratch"))
    if "spectra" in wanted:
        found.append(Piece("spectra", key.spectra, config, f"{name}: spectra"))
    if "subspaces" in wanted:
        own = geometry.key(config, data)
        found.append(Piece("subspaces", own, config, f"{name}: subspaces"))
    if "probe" in wanted:
        found.append(Piece("probe", key.unlearned, config, f"{name}: linear probe"))
    return found


def _experiment(config: ExperimentConfig, data: Dataset) -> Piece:
    return Piece("experiment", keys(config, data).unlearned, config, _name(config, data))


def _name(config: ExperimentConfig, data: Dataset) -> str:
    """A run in a list of jobs: "UNSC, γ = 0.9, forgetting Shirt, Fashion-MNIST mini"."""
    gamma = "" if config.energy_threshold is None else f", γ = {config.energy_threshold:g}"
    request = requested(split(data, config.forget_classes, config.forget_ids))
    method = method_title(config.method)
    return f"{method}{gamma}, forgetting {request}, {dataset_title(config.dataset)}"


def _others(
    config: ExperimentConfig, data: Dataset, needs: Iterable[str]
) -> dict[str, ExperimentConfig]:
    """Need → resolved config of another run that it means; of "sweep", one for each γ."""
    found = {}
    for need in sorted(needs):
        if need.startswith(OTHER_METHOD):
            method = need.removeprefix(OTHER_METHOD)
            found[need] = resolve(replace(config, **OWN_DEFAULTS | {"method": method}), data)
        elif need == "sweep":
            gammas = sorted({*gamma_sweep.PREPARED, settings(config).energy_threshold})
            every = gamma_sweep.configs(config, data, gammas, [config.seed])
            found |= {f"{gamma:g}": one for (gamma, _), one in every.items()}
    return found


def read_evidence(
    config: ExperimentConfig, needs: Iterable[str], reader: Reader
) -> Evidence | None:
    """What a step needs, from the store; None while a part of it is missing.

    Args:
        config: resolved.
        needs: see `pieces`.
        reader: where it is read.
    """
    data, wanted = load_dataset(config.dataset), set(needs)
    result = reader.result(config)
    others = {need: reader.result(one) for need, one in _others(config, data, wanted).items()}
    spectra = reader.spectra(config) if "spectra" in wanted else {}
    subspaces = reader.subspaces(config) if "subspaces" in wanted else None
    outcomes = reader.probed(config) if "probe" in wanted else {}
    found: list[object] = [result, spectra, outcomes, *others.values()]
    found += [subspaces] if "subspaces" in wanted else []
    if None in found or result is None or spectra is None or outcomes is None:
        return None
    if not result.is_complete("retrained" in wanted):
        return None
    known = {need: one for need, one in others.items() if one is not None}
    probe = over_seeds(AUDITS[PROBED], outcomes[PROBED]) if outcomes else {}
    return Evidence(result, known, spectra, subspaces, probe)
