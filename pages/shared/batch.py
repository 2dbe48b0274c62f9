"""Many jobs asked for together: one button, one calm line of progress, one Cancel. They let everything else go first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from pages.shared import cache
from unsc_core.config import ExperimentConfig
from unsc_core.engine import Job, State

POLL_S = 1.0
_KEY = "batch"


@dataclass(frozen=True)
class Piece:
    """One job of many.

    Attributes:
        kind, key, config: as for the engine.
        words: what it is about.
        done: whether its result is stored.
    """

    kind: str
    key: str
    config: ExperimentConfig
    words: str
    done: bool

    @property
    def job(self) -> Job | None:
        """Its latest job, if it was asked for since the server started."""
        return cache.engine().job(self.kind, self.key)


def run_all(pieces: Sequence[Piece], label: str) -> None:
    """A button that asks for every missing piece; progress while they run, after a reload too; the page is drawn again as results arrive."""
    _leave_others(pieces)
    active = _active(pieces)
    missing = [piece for piece in pieces if not piece.done and (piece.job is None or piece.job.over)]
    if active:
        _progress(pieces)
    elif missing:
        row = st.container(horizontal=True, vertical_alignment="center")
        row.button(label, type="primary", icon=":material/play_arrow:", on_click=_ask, args=(missing,), key="run-all")
        done = sum(piece.done for piece in pieces)
        row.caption(f"{done} of {len(pieces)} runs are stored and shown." if done else "Nothing is stored yet.")
    for piece in missing:
        if piece.job is not None and piece.job.state == State.FAILED:
            st.error(f"{piece.words}: {piece.job.error}", icon=":material/error:")


def _progress(pieces: Sequence[Piece]) -> None:
    waited_for = {piece.key for piece in _active(pieces)}

    @st.fragment(run_every=POLL_S)
    def line() -> None:
        active = _active(pieces)
        if {piece.key for piece in active} != waited_for:
            st.rerun()
        done = sum(piece.done for piece in pieces)
        running = next((piece for piece in active if piece.job and piece.job.state == State.RUNNING), None)
        text = f"{done} of {len(pieces)} runs done"
        if running is not None and running.job is not None:
            progress = running.job.progress
            text += f" · now {running.words}: {progress.stage}" + (f", {progress.detail}" if progress.detail else "")
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.progress(done / len(pieces), text=text)
        right.button("Cancel", on_click=partial(_cancel, active), key="cancel-all", width="stretch")
        if cache.engine().error:
            st.error(cache.engine().error, icon=":material/error:")

    line()


def _active(pieces: Sequence[Piece]) -> list[Piece]:
    """What was asked for by the button; a piece that the page itself waits for is followed elsewhere."""
    return [piece for piece in pieces if piece.job is not None and piece.job.patient and not piece.job.over]


def _ask(pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        cache.engine().submit(piece.kind, piece.key, piece.config, cache.session(), patient=True)


def _cancel(pieces: Sequence[Piece]) -> None:
    """Stop what no other open tab waits for; the last first, so that none begins meanwhile."""
    engine = cache.engine()
    for piece in reversed(pieces):
        if piece.job is not None:
            for watcher in [cache.session(), *(name for name in tuple(piece.job.watchers) if not cache.is_open(name))]:
                engine.cancel(piece.job, watcher)


def _leave_others(pieces: Sequence[Piece]) -> None:
    """Stop wanting what was asked for before the controls changed."""
    keys = {piece.key for piece in pieces}
    _cancel([piece for piece in st.session_state.get(_KEY, ()) if piece.key not in keys])
    st.session_state[_KEY] = tuple(pieces)
