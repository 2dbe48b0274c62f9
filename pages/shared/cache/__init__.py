"""The only place for Streamlit's caches. What they return is never changed."""

from pages.shared.cache import places, runs
from pages.shared.cache.drawn import picture
from pages.shared.cache.files import dataset, is_stored, request, store
from pages.shared.cache.findings import (
    attacked_networks,
    audited,
    audited_methods,
    probed,
    shadow_audits,
    shadow_models,
    some_audits,
)
from pages.shared.cache.inference import features, networks, stored_networks
from pages.shared.cache.places import (
    Explored,
    Neighbours,
    Sheet,
    epoch_positions,
    explored,
    has_umap,
    neighbours,
    positions,
    positions_of,
    sheet,
    trustworthiness,
)
from pages.shared.cache.runs import (
    epochs,
    glimpse,
    known,
    predicted,
    result,
    run,
    spectra,
    subspaces,
    sweep_run,
    unseen_energy,
)
from pages.shared.cache.work import cost, course_size, engine

__all__ = [
    "Explored",
    "Neighbours",
    "Sheet",
    "attacked_networks",
    "audited",
    "audited_methods",
    "cost",
    "course_size",
    "dataset",
    "engine",
    "epoch_positions",
    "epochs",
    "explored",
    "features",
    "forget_results",
    "glimpse",
    "has_umap",
    "is_stored",
    "known",
    "neighbours",
    "networks",
    "picture",
    "positions",
    "positions_of",
    "predicted",
    "probed",
    "request",
    "result",
    "run",
    "shadow_audits",
    "shadow_models",
    "sheet",
    "some_audits",
    "spectra",
    "store",
    "stored_networks",
    "subspaces",
    "sweep_run",
    "trustworthiness",
    "unseen_energy",
]


def forget_results() -> None:
    """Drop every result and map in memory: one was deleted, or imported under a shown key."""
    places._explored.clear()
    places._positions.clear()
    runs._result.clear()
    runs._sweep_run.clear()
