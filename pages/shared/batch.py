"""Many jobs at once: one button, one line of progress, one Cancel. All other work goes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from pages.shared import before, cache, job_texts, jobs, lesson, refusal, session, state
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.artefacts import LOGITS
from unsc_core.experiment.keys import keys, logits_key
from unsc_core.jobs.cost import duration
from unsc_core.jobs.job import SHORT_S, Job, JobState

POLL_S = 1.0


@dataclass(frozen=True)
class BatchItem:
    """One job of many.

    Attributes:
        kind, key, config: as for the engine.
        title: as shown.
        done: whether its result is stored.
    """

    kind: str
    key: str
    config: ExperimentConfig
    title: str
    done: bool

    @property
    def job(self) -> Job | None:
        """Its latest job, if it was asked for since the server started."""
        return cache.engine().job(self.kind, self.key)


def retraining(config: ExperimentConfig, dataset: Dataset) -> BatchItem:
    """The job that makes a resolved config's retrained model, as one of many."""
    key = keys(config, dataset).retrained
    predicted = (logits_key(key, dataset, part) for part in ("test", "train"))
    done = all(cache.is_stored(LOGITS, name) for name in predicted)
    return BatchItem("retrain", key, config, f"Retrain, seed {config.seed}", done)


def run_button(
    items: Sequence[BatchItem], label: str, name: str = "all", *, in_order: bool = False
) -> None:
    """A button that runs every missing item; progress while they run, also after a reload.

    The page is drawn again as results arrive.

    Args:
        items: all of them, the stored ones too.
        label: of the button.
        name: of the batch; other items under the same name take the place of these.
        in_order: jobs that still wait are put into the order of the items whenever this is drawn.

    Nothing is drawn below what was shown before.
    """
    if before.is_shown():
        return
    _release_previous(items, name)
    if in_order:
        _put_in_order(_active(items))
    active = _active(items)
    watched = [
        item
        for item in active
        if item.job is not None and not jobs.is_cancelled_here(jobs.watch(item.job))
    ]
    missing = [item for item in items if not item.done and (item.job is None or item.job.over)]
    if watched:
        _progress(items, name)
    elif active:
        others = {watcher for item in active if item.job for watcher in item.job.watchers}
        st.info(job_texts.goes_on_for(len(others)), icon=":material/group:")
        st.button("Wait for it again", on_click=_resume, args=(active,), key=f"resume-{name}")
    elif missing:
        _offer(items, missing, label, name)
    for item in missing:
        if item.job is not None and item.job.state == JobState.FAILED:
            refusal.show(f"{item.title}: {item.job.error}")


def _offer(items: Sequence[BatchItem], missing: Sequence[BatchItem], label: str, name: str) -> None:
    """The button, what is stored, and what the rest will take."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            label,
            type="primary",
            icon=":material/play_arrow:",
            on_click=_submit,
            args=(missing,),
            key=f"run-{name}",
            **lesson.unless_read_only(),
        )
        _done_and_cost(items, missing)


def _done_and_cost(items: Sequence[BatchItem], missing: Sequence[BatchItem]) -> None:
    """How many jobs are done, and what the missing ones take, measured first if unknown."""
    done = sum(item.done for item in items)
    text, rest = f"None of the {len(items)} jobs is done yet", "they take"
    if done:
        text = f"{done} of {len(items)} jobs {'is' if done == 1 else 'are'} done"
        rest = "the other takes" if len(items) - done == 1 else "the others take"
    cost = cache.cost([(item.kind, item.config) for item in missing])
    measuring = jobs.cost_job(missing[0].config) if cost is None else None
    if cost is not None and cost.seconds > SHORT_S:
        st.caption(f"{text}; {rest} about {duration(cost.seconds)} on this machine.")
    elif measuring is not None and not measuring.over:

        @st.fragment(run_every=jobs.poll_s(POLL_S))
        def estimating() -> None:
            if measuring.over:
                state.draw_again()
            st.caption(f"{text}; estimating how long {rest}.")

        estimating()
    else:
        st.caption(f"{text}.")


def _progress(items: Sequence[BatchItem], name: str) -> None:
    waited_for = {item.key for item in _active(items)}

    @st.fragment(run_every=jobs.poll_s(POLL_S))
    def line() -> None:
        active = _active(items)
        if {item.key for item in active} != waited_for:
            state.draw_again()
        done = sum(item.done for item in items)
        text = f"{done} of {len(items)} jobs done" + _running(active)
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.progress(done / len(items), text=text)
        right.button(
            "Cancel", on_click=partial(_cancel, active), key=f"cancel-{name}", width="stretch"
        )
        if cache.engine().error:
            refusal.show(cache.engine().error)

    line()


def _running(active: Sequence[BatchItem]) -> str:
    """What the running item is doing."""
    for item in active:
        if item.job and item.job.state == JobState.RUNNING:
            progress = item.job.progress
            detail = f", {progress.detail}" if progress.detail else ""
            return f" · now {item.title}: {progress.stage}{detail}"
    return ""


def _active(items: Sequence[BatchItem]) -> list[BatchItem]:
    """Items that the button asked for. What the page itself waits for is shown elsewhere."""
    return [
        item for item in items if item.job is not None and item.job.background and not item.job.over
    ]


def _submit(items: Sequence[BatchItem]) -> None:
    for item in items:
        cache.engine().submit(item.kind, item.key, item.config, session.tab_id(), background=True)


def _put_in_order(items: Sequence[BatchItem]) -> None:
    """Have the jobs that wait here start in this order; one that another tab waits for stays."""
    waiting = [
        (item, job)
        for item in items
        if (job := item.job) is not None
        and job.state == JobState.WAITING
        and not jobs.is_cancelled_here(job)
    ]
    numbers = [job.number for _, job in waiting]
    if numbers == sorted(numbers):
        return
    for _, job in reversed(waiting):
        cache.engine().cancel(job, session.tab_id())
    _submit([item for item, _ in waiting])


def _resume(items: Sequence[BatchItem]) -> None:
    for item in items:
        if item.job is not None:
            jobs.resume(item.job)


def _cancel(items: Sequence[BatchItem]) -> None:
    """Stop what no other open tab waits for; the last one first, so that none starts meanwhile."""
    for item in reversed(items):
        if item.job is not None:
            jobs.cancel(item.job)


def _release_previous(items: Sequence[BatchItem], name: str) -> None:
    """Stop waiting for what was asked for before the controls changed."""
    now = {item.key for item in items}
    for item in reversed(st.session_state.get(f"batch-{name}", ())):
        if item.key not in now and item.job is not None:
            cache.engine().cancel(item.job, session.tab_id())
    st.session_state[f"batch-{name}"] = tuple(items)
