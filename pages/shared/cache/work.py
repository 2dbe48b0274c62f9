"""The engine that runs jobs, and what jobs cost."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.shared import session
from pages.shared.cache.files import store
from unsc_core.config import ExperimentConfig
from unsc_core.course.evidence import Piece
from unsc_core.errors import StoreError
from unsc_core.jobs.cost import Cost, estimate
from unsc_core.jobs.engine import Engine
from unsc_core.jobs.size import missing_bytes


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The one engine of this process; it starts in the background."""
    started = Engine()
    started.track_watchers(session.is_open)
    return started


def cost(jobs: Sequence[tuple[str, ExperimentConfig]]) -> Cost | None:
    """What the missing ones of these jobs cost here, in seconds; None until that was measured.

    Args:
        jobs: kind and resolved config of each.
    """
    try:
        return estimate(jobs, store())
    except StoreError:
        return Cost(0.0)  # the job reports what is wrong with the store


@st.cache_data(show_spinner=False, max_entries=8)
def _course_size(pieces: tuple[Piece, ...], stored: tuple[bool, ...]) -> int:
    return missing_bytes({piece.config for piece in pieces}, store())


def course_size(pieces: tuple[Piece, ...]) -> int:
    """Bytes that the missing ones of some lessons' results will take."""
    return _course_size(pieces, tuple(piece.is_stored(store()) for piece in pieces))
