"""Many jobs asked for together: one button, one calm line of progress, one Cancel. They let everything else go first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from pages.shared import cache, jobs
from unsc_core.config import ExperimentConfig
from unsc_core.jobs.cost import duration
from unsc_core.jobs.job import SHORT_S, Job, JobState

POLL_S = 1.0


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


def run_all(pieces: Sequence[Piece], label: str, name: str = "all") -> None:
    """A button that asks for every missing piece; progress while they run, after a reload too; the page is drawn again as results arrive.

    Args:
        pieces: all of them, the stored ones too.
        label: of the button.
        name: of these pieces; another choice of pieces of this name takes their place.
    """
    _leave_others(pieces, name)
    active = _active(pieces)
    mine = [
        piece
        for piece in active
        if piece.job is not None and not jobs.gave_up(jobs.join(piece.job))
    ]
    missing = [
        piece for piece in pieces if not piece.done and (piece.job is None or piece.job.over)
    ]
    if mine:
        _progress(pieces, name)
    elif active:
        st.info(
            jobs.goes_on(
                len({watcher for piece in active if piece.job for watcher in piece.job.watchers})
            ),
            icon=":material/group:",
        )
        st.button("Wait for it again", on_click=_again, args=(active,), key=f"again-{name}")
    elif missing:
        row = st.container(horizontal=True, vertical_alignment="center")
        row.button(
            label,
            type="primary",
            icon=":material/play_arrow:",
            on_click=_ask,
            args=(missing,),
            key=f"run-{name}",
        )
        done = sum(piece.done for piece in pieces)
        row.caption(
            f"{done} of {len(pieces)} runs are stored and shown."
            if done
            else "Nothing is stored yet."
        )
        with row:
            _cost(missing)
    for piece in missing:
        if piece.job is not None and piece.job.state == JobState.FAILED:
            st.error(f"{piece.words}: {piece.job.error}", icon=":material/error:")


def _cost(missing: Sequence[Piece]) -> None:
    """What the missing pieces will take, measured first where that is not known."""
    cost = cache.cost([(piece.kind, piece.config) for piece in missing])
    measured = jobs.measuring(missing[0].config) if cost is None else None
    if cost is not None and cost.seconds > SHORT_S:
        st.caption(f"The missing ones take about {duration(cost.seconds)} on this machine.")
    elif measured is not None and not measured.over:

        @st.fragment(run_every=POLL_S)
        def estimating() -> None:
            if measured.over:
                st.rerun()
            st.caption("Estimating how long the missing ones take.")

        estimating()


def _progress(pieces: Sequence[Piece], name: str) -> None:
    waited_for = {piece.key for piece in _active(pieces)}

    @st.fragment(run_every=POLL_S)
    def line() -> None:
        active = _active(pieces)
        if {piece.key for piece in active} != waited_for:
            st.rerun()
        done = sum(piece.done for piece in pieces)
        running = next(
            (piece for piece in active if piece.job and piece.job.state == JobState.RUNNING), None
        )
        text = f"{done} of {len(pieces)} runs done"
        if running is not None and running.job is not None:
            progress = running.job.progress
            text += f" · now {running.words}: {progress.stage}" + (
                f", {progress.detail}" if progress.detail else ""
            )
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.progress(done / len(pieces), text=text)
        right.button(
            "Cancel", on_click=partial(_cancel, active), key=f"cancel-{name}", width="stretch"
        )
        if cache.engine().error:
            st.error(cache.engine().error, icon=":material/error:")

    line()


def _active(pieces: Sequence[Piece]) -> list[Piece]:
    """What was asked for by the button; a piece that the page itself waits for is followed elsewhere."""
    return [
        piece
        for piece in pieces
        if piece.job is not None and piece.job.background and not piece.job.over
    ]


def _ask(pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        cache.engine().submit(piece.kind, piece.key, piece.config, cache.session(), background=True)


def _again(pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        if piece.job is not None:
            jobs.again(piece.job)


def _cancel(pieces: Sequence[Piece]) -> None:
    """Stop what no other open tab waits for; the last first, so that none begins meanwhile."""
    for piece in reversed(pieces):
        if piece.job is not None:
            jobs.cancel(piece.job)


def _leave_others(pieces: Sequence[Piece], name: str) -> None:
    """Stop wanting what was asked for before the controls changed."""
    now = {piece.key for piece in pieces}
    for piece in reversed(st.session_state.get(f"batch-{name}", ())):
        if piece.key not in now and piece.job is not None:
            cache.engine().cancel(piece.job, cache.session())
    st.session_state[f"batch-{name}"] = tuple(pieces)
