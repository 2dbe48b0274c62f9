"""The only place for Streamlit's caches. What they return is never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared import session
from unsc_core.analysis import gamma_sweep, geometry, glimpses, maps, nearest
from unsc_core.analysis.comparison import MethodRun, read_run, variants
from unsc_core.analysis.neighbours import neighbours_key
from unsc_core.analysis.replay import Epochs, epochs_key, read_epochs
from unsc_core.audits import AUDITS
from unsc_core.audits.excess import over_seeds
from unsc_core.audits.shadow import Answers, Attacked, attacked, read_answers, stored_models
from unsc_core.audits.shadow_outcomes import shadow_outcomes
from unsc_core.audits.stored import Outcomes, outcome_keys, read_outcomes, with_seeds
from unsc_core.config import ExperimentConfig
from unsc_core.course import preparation
from unsc_core.course.evidence import Piece
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split, split
from unsc_core.errors import StoreError
from unsc_core.experiment.artefacts import FEATURES, LOGITS, NEIGHBOURS, SPECTRA, UNSEEN_ENERGY
from unsc_core.experiment.keys import keys, logits_key
from unsc_core.experiment.resolve import settings
from unsc_core.experiment.result import Result, read_original, read_result
from unsc_core.experiment.store import Store
from unsc_core.figures import at_once, explorer
from unsc_core.figures.keeping import AuditedMethod
from unsc_core.jobs.cost import Cost, estimate
from unsc_core.jobs.engine import Engine
from unsc_core.jobs.job import PROBED
from unsc_core.progress import Glimpse

if TYPE_CHECKING:
    from unsc_core.analysis.networks import Networks

Sheet = tuple[bytes, int, int]
"""A PNG, its columns and the pixels of a side of a tile; see `explorer.sheet`."""


@dataclass(frozen=True, eq=False)
class Explored:
    """Samples to explore: their indices, model -> places on a map, and `explorer.numbers`."""

    rows: np.ndarray
    positions: dict[str, np.ndarray]
    numbers: bytes


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Neighbours of explored samples in the features of networks.

    Attributes:
        counts: model -> how many each sample has: 0 where the network has no features.
        numbers: model by model, uint16 (n, count) places among the samples, little-endian.
    """

    counts: dict[str, int]
    numbers: bytes


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The one engine of this process; it starts in the background."""
    started = Engine()
    started.track_watchers(session.is_open)
    return started


def forget_results() -> None:
    """Drop every result and map in memory: one was deleted, or imported under a shown key."""
    _result.clear()
    _sweep_run.clear()
    _positions.clear()
    _explored.clear()


def store() -> Store:
    """Where results are."""
    return Store()


def dataset(name: str) -> Dataset:
    """A dataset on this machine; the core keeps the last few in memory."""
    return load_dataset(name)


def result(config: ExperimentConfig) -> Result | None:
    """The stored result of a resolved config, as far as it has been computed."""
    written = _written(config)
    return _result(config, written) if _is_complete(written) else None


def request(config: ExperimentConfig) -> Split:
    """What a resolved config asks to forget, and its dataset."""
    return split(dataset(config.dataset), config.forget_classes, config.forget_ids)


def known(config: ExperimentConfig) -> str:
    """What can be said of a request before it is unlearned; empty without an original."""
    data = dataset(config.dataset)
    found = keys(config, data)
    written = tuple(
        _written_at("logits", logits_key(found.original, data, part)) for part in ("test", "train")
    )
    return _known(config, written) if written[0] else ""


def glimpse(config: ExperimentConfig) -> Glimpse | None:
    """What the original answers on a few samples, as epoch 0 of the config's unlearning."""
    asked = request(config)
    found, part = keys(config, asked.dataset).original, asked.measured_part
    written = _written_at("logits", logits_key(found, asked.dataset, part))
    return _glimpse(config, written) if written else None


@st.cache_data(show_spinner=False, max_entries=32)
def _glimpse(config: ExperimentConfig, written: float) -> Glimpse | None:
    asked = request(config)
    original = read_original(config, asked.dataset, store())
    if original is None or not original.has(asked.measured_part):
        return None
    logits = original.of(asked.measured_part)[glimpses.looked_at(asked)]
    return glimpses.glimpse(logits, asked, "unlearning", 0, settings(config).epochs)


@st.cache_data(show_spinner=False, max_entries=32)
def _known(config: ExperimentConfig, written: tuple[float, ...]) -> str:
    data = dataset(config.dataset)
    original = read_original(config, data, store())
    return "" if original is None else at_once.known(request(config), original)


def _written(config: ExperimentConfig) -> tuple[float, ...]:
    """When each part of a result was written, 0 where it is missing.

    The parts: unlearned model, retrained model, and the logits of the original, the unlearned and
    the retrained model on test and training samples.
    """
    data = dataset(config.dataset)
    found = keys(config, data)
    parts = [("unlearned", found.unlearned), ("trained", found.retrained)]
    parts += [
        ("logits", logits_key(key, data, part))
        for key in (found.original, found.unlearned, found.retrained)
        for part in ("test", "train")
    ]
    return tuple(_written_at(kind, key) for kind, key in parts)


def _is_complete(written: tuple[float, ...]) -> bool:
    """Whether a page can show it: the unlearned model, and what it and the original predict."""
    return all(written[part] for part in (0, 2, 4))


def _written_at(kind: str, key: str) -> float:
    path = store().path(kind, key)
    return path.stat().st_mtime if path.is_file() else 0.0


@st.cache_resource(show_spinner=False, max_entries=32)
def _result(config: ExperimentConfig, written: tuple[float, ...]) -> Result | None:
    return read_result(config, dataset(config.dataset), store())


def run(config: ExperimentConfig) -> MethodRun | None:
    """What a comparison needs of a stored result, as far as it has been computed."""
    written = _written(config)
    epochs = _written_at("epochs", epochs_key(config, dataset(config.dataset)))
    return _run(config, (*written, epochs)) if _is_complete(written) else None


@st.cache_resource(show_spinner=False, max_entries=256)
def _run(config: ExperimentConfig, written: tuple[float, ...]) -> MethodRun | None:
    return read_run(config, dataset(config.dataset), store())


def predicted(config: ExperimentConfig, part: str) -> np.ndarray | None:
    """(n,) classes that the unlearned network of a resolved config predicts for "test" or "train".

    None while they are not stored.
    """
    data = dataset(config.dataset)
    key = logits_key(keys(config, data).unlearned, data, part)
    written = _written_at("logits", key)
    return _predicted(key, written) if written else None


@st.cache_resource(show_spinner=False, max_entries=256)
def _predicted(key: str, written: float) -> np.ndarray | None:
    logits = LOGITS.read(store(), key)
    return None if logits is None else logits.argmax(1)


def sweep_run(config: ExperimentConfig) -> gamma_sweep.SweepRun | None:
    """What a sweep over γ needs of a stored result."""
    written = _written(config)
    return _sweep_run(config, written) if _is_complete(written) else None


@st.cache_resource(show_spinner=False, max_entries=256)
def _sweep_run(config: ExperimentConfig, written: tuple[float, ...]) -> gamma_sweep.SweepRun | None:
    found = read_result(config, dataset(config.dataset), store())
    gamma = settings(config).energy_threshold
    return None if found is None else gamma_sweep.sweep_run(gamma, found)


def cost(jobs: Sequence[tuple[str, ExperimentConfig]]) -> Cost | None:
    """What the missing ones of these jobs cost here, in seconds; None until that was measured.

    Args:
        jobs: kind and resolved config of each.
    """
    try:
        return estimate(jobs, store())
    except StoreError:
        return Cost(0.0)  # the job reports what is wrong with the store


def is_stored(kind: str, key: str) -> bool:
    """Whether the store holds this artefact."""
    return _written_at(kind, key) > 0


@st.cache_resource(show_spinner=False, max_entries=32)
def _positions(
    kind: str, part: str, key: str, models: tuple[str, ...], _result: Result
) -> dict[str, np.ndarray]:
    return maps.positions(_result, part, _fitted(kind, _result))


def positions(kind: str, result: Result, part: str = "test") -> dict[str, np.ndarray]:
    """Model -> (n, 2): the shown samples of `part` on a map of the original's logits.

    Args:
        kind: "PCA", or "UMAP", which must have been fitted.
        result: of the experiment.
        part: "test" or "train".
    """
    models = tuple(name for name, answers in result.models.items() if answers.has(part))
    return _positions(kind, part, result.key, models, result)


def positions_of(kind: str, result: Result, part: str, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Model -> (n, 2): any samples `rows` (n,) of `part`; the rest as in `positions`."""
    models = tuple(name for name, answers in result.models.items() if answers.has(part))
    return _positions_of(kind, part, result.key, models, tuple(rows.tolist()), result)


@st.cache_resource(show_spinner=False, max_entries=32)
def _positions_of(
    kind: str, part: str, key: str, models: tuple[str, ...], rows: tuple[int, ...], _result: Result
) -> dict[str, np.ndarray]:
    return maps.positions(_result, part, _fitted(kind, _result), np.array(rows, np.intp))


def _fitted(kind: str, result: Result) -> np.ndarray | None:
    return maps.read_umap(result.config, result.split.dataset, store()) if kind == "UMAP" else None


@st.cache_resource(show_spinner=False, max_entries=8)
def _explored(kind: str, part: str, key: str, models: tuple[str, ...], _result: Result) -> Explored:
    rows = maps.mapped(_result.split, part)
    placed = maps.positions(_result, part, _fitted(kind, _result), rows)
    return Explored(rows, placed, explorer.numbers(_result, placed, rows, part))


def explored(kind: str, result: Result, part: str) -> Explored:
    """The samples that people explore in the browser; arguments as in `positions`."""
    models = tuple(name for name, answers in result.models.items() if answers.has(part))
    return _explored(kind, part, result.key, models, result)


def neighbours(result: Result, part: str) -> Neighbours:
    """The neighbours of the samples of `explored`, as far as they are known."""
    request, written = result.split, {}
    for model in result.models:
        key = neighbours_key(result.config, request, model, part)
        if at := _written_at("neighbours", key):
            written[model] = key, at
    return _neighbours(tuple(written.items()))


@st.cache_resource(show_spinner=False, max_entries=8)
def _neighbours(written: tuple[tuple[str, tuple[str, float]], ...]) -> Neighbours:
    read = {model: NEIGHBOURS.read(store(), key) for model, (key, _) in written}
    found = {model: one for model, one in read.items() if one is not None}
    counts = {model: one.shape[1] for model, one in found.items()}
    return Neighbours(counts, b"".join(one.astype("<u2").tobytes() for one in found.values()))


@st.cache_resource(show_spinner=False, max_entries=6)
def _sheet(digest: str, part: str, forget_ids: tuple[int, ...], _request: Split) -> Sheet:
    return explorer.sheet(_request.dataset, part, maps.mapped(_request, part))


def sheet(request: Split, part: str) -> Sheet | None:
    """The images of the samples that people explore, as one PNG; None for points."""
    data = request.dataset
    if not data.is_images:
        return None
    digest = f"{data.train_digest}{data.test_digest}"
    return _sheet(digest, part, request.forget_ids if part == "train" else (), request)


@st.cache_resource(show_spinner=False, max_entries=32)
def trustworthiness(
    kind: str, part: str, key: str, _result: Result, _positions: np.ndarray
) -> float:
    """How far neighbours on a map are neighbours in the original's logits, too; 1 if all are.

    After Venna and Kaski (2001), of the samples that `positions` has.
    """
    from sklearn import manifold  # takes a second to load: after the map is drawn

    logits = _result.original.of(part)[maps.shown(_result.split, part)]
    neighbours = min(maps.NEIGHBOURS, (len(logits) - 1) // 2)
    return float(manifold.trustworthiness(logits, _positions, n_neighbors=neighbours))


def networks(config: ExperimentConfig) -> Networks:
    """The networks of a resolved config, as far as they are stored, to run in this process."""
    found = keys(config, dataset(config.dataset))
    stored = (("trained", found.original), ("unlearned", found.unlearned))
    written = (_written_at(*one) for one in (*stored, ("trained", found.retrained)))
    return _networks(config, tuple(written))


def stored_networks(config: ExperimentConfig) -> list[str]:
    """The models of a resolved config whose networks are stored."""
    found = keys(config, dataset(config.dataset))
    stored = {"original": "trained", "unlearned": "unlearned", "retrained": "trained"}
    return [name for name, kind in stored.items() if is_stored(kind, getattr(found, name))]


@st.cache_resource(show_spinner=False, max_entries=3)
def _networks(config: ExperimentConfig, written: tuple[float, ...]) -> Networks:
    from unsc_core.analysis.networks import read_networks  # loads torch

    return read_networks(config, dataset(config.dataset), store())


def features(config: ExperimentConfig) -> dict[str, np.ndarray] | None:
    """Network -> (n, d) features of the training images that an image is compared with.

    None until they have been made.
    """
    data = dataset(config.dataset)
    names = [
        (model, nearest.features_key(config, data, model)) for model in nearest.MODELS_COMPARED
    ]
    if not all(is_stored("features", key) for _, key in names):
        return None
    read = ((model, _features(key, _written_at("features", key))) for model, key in names)
    found = {model: one for model, one in read if one is not None}
    return found if len(found) == len(names) else None  # a damaged file is removed when it is read


@st.cache_resource(show_spinner=False, max_entries=8)
def _features(key: str, written: float) -> np.ndarray | None:
    return FEATURES.read(store(), key)


def has_umap(config: ExperimentConfig) -> bool:
    """Whether the original's UMAP has been fitted."""
    return maps.read_umap(config, dataset(config.dataset), store()) is not None


def audited(config: ExperimentConfig, seeds: int) -> Outcomes | None:
    """The audits of a resolved config over so many seeds, or None until they have been made."""
    every = outcome_keys(with_seeds(config, seeds), dataset(config.dataset))
    written = []
    for _, _, key in every:
        if key is not None:
            written.append(_written_at("audits", key))
            if not written[-1]:
                return None
    return _audited(config, seeds, tuple(written))


def probed(config: ExperimentConfig) -> Outcomes | None:
    """What the linear probe found of a resolved config's seed, or None until it was made."""
    return read_outcomes([config], dataset(config.dataset), store(), [PROBED])


@st.cache_data(show_spinner=False, max_entries=8)
def _course_size(pieces: tuple[Piece, ...], stored: tuple[bool, ...]) -> int:
    return preparation.size(pieces, store())


def course_size(pieces: tuple[Piece, ...]) -> int:
    """Bytes that the missing ones of some lessons' results will take."""
    return _course_size(pieces, tuple(piece.is_stored(store()) for piece in pieces))


def some_audits(config: ExperimentConfig) -> Outcomes | None:
    """The audits of a resolved config over 3, 5 or 1 seeds: the first of these that are stored."""
    return next(filter(None, (audited(config, seeds) for seeds in (3, 5, 1))), None)


@st.cache_resource(show_spinner=False, max_entries=32)
def _audited(config: ExperimentConfig, seeds: int, written: tuple[float, ...]) -> Outcomes | None:
    return read_outcomes(with_seeds(config, seeds), dataset(config.dataset), store())


def shadow_models(config: ExperimentConfig) -> int:
    """How many shadow models of a resolved config are stored."""
    return stored_models(config, dataset(config.dataset), store())


def _answers(config: ExperimentConfig, models: int) -> Answers | None:
    return read_answers(config, request(config), store(), models)


def attacked_networks(config: ExperimentConfig, models: int) -> dict[str, Attacked] | None:
    """Network -> what an attacker with so many shadow models sees of it; None until computed.

    Raises:
        AuditError: a network's answers are not numbers.
    """
    return _attacked_networks(config, models, _written(config))


@st.cache_resource(show_spinner=False, max_entries=8)
def _attacked_networks(
    config: ExperimentConfig, models: int, written: tuple[float, ...]
) -> dict[str, Attacked] | None:
    found, known = result(config), _answers(config, models)
    if found is None or known is None or not found.is_complete(with_retrain=True):
        return None
    return {name: attacked(one, found.split, known) for name, one in found.rows.items()}


def shadow_audits(config: ExperimentConfig, seeds: int, models: int) -> Outcomes | None:
    """The attacks with so many shadow models over the seeds; None while a network is missing."""
    written = tuple(_written(one) for one in with_seeds(config, seeds))
    return _shadow_audits(config, seeds, models, written)


@st.cache_resource(show_spinner=False, max_entries=32)
def _shadow_audits(
    config: ExperimentConfig, seeds: int, models: int, written: tuple[tuple[float, ...], ...]
) -> Outcomes | None:
    found = [result(one) for one in with_seeds(config, seeds)]
    results = [one for one in found if one is not None and one.is_complete(with_retrain=True)]
    known = _answers(config, models)
    return None if known is None or len(results) < seeds else shadow_outcomes(results, known)


def audited_methods(config: ExperimentConfig, seeds: int) -> list[AuditedMethod]:
    """This and every other method and strength of erasing, audited on its request over the seeds.

    Those whose audits or runs are not stored are left out.
    """
    found = []
    for each in variants(config, dataset(config.dataset)):
        outcomes = audited(each, seeds)
        runs = [run(one) for one in with_seeds(each, seeds)] if outcomes is not None else [None]
        if outcomes is not None and all(runs):
            audits = {name: over_seeds(AUDITS[name], of) for name, of in outcomes.items()}
            found.append(AuditedMethod(each.strength, [r for r in runs if r is not None], audits))
    return found


def epochs(config: ExperimentConfig) -> Epochs | None:
    """The model of a resolved config after every epoch, or None until that has been recorded."""
    return read_epochs(config, dataset(config.dataset), store())


@st.cache_resource(show_spinner=False, max_entries=8)
def epoch_positions(kind: str, key: str, _result: Result, _epochs: Epochs) -> np.ndarray:
    """(entries, n, 2): the shown samples after every epoch; arguments as in `positions`."""
    original = _result.original.test[maps.sample(_result.split.dataset)]
    fitted = _fitted(kind, _result)
    logits = {str(i): one for i, one in enumerate(_epochs.logits)}
    placed = (
        maps.pca_map(original, logits) if fitted is None else maps.place(original, fitted, logits)
    )
    return np.stack(list(placed.values()))


def spectra(config: ExperimentConfig) -> dict[str, np.ndarray] | None:
    """Layer -> (groups, d) eigenvalues of the retained classes, or None until computed."""
    return SPECTRA.read(store(), keys(config, dataset(config.dataset)).spectra)


def unseen_energy(config: ExperimentConfig) -> dict[str, np.ndarray]:
    """Layer -> (groups, d) energy of the retained images that `spectra` was not computed from.

    Along the same directions; empty where it was never measured.
    """
    return UNSEEN_ENERGY.read(store(), keys(config, dataset(config.dataset)).spectra) or {}


def subspaces(config: ExperimentConfig) -> geometry.Subspaces | None:
    """How the subspaces of a resolved config compare, or None until computed."""
    return geometry.read(config, dataset(config.dataset), store())
