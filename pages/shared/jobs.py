"""Long work seen from a page: ask for it, show place and progress, cancel, and draw the page when it is done."""

from __future__ import annotations

import streamlit as st

from pages.shared import cache
from pages.shared.state import Chosen
from unsc_core.config import ExperimentConfig
from unsc_core.engine import Job, State
from unsc_core.results import Result, keys

POLL_S = 0.4


def result(chosen: Chosen) -> Result:
    """The experiment's result; while there is none, the page shows its job instead and stops."""
    config = chosen.config
    found = keys(config, chosen.dataset)
    _leave_others(found.unlearned)
    ready = cache.result(config)
    if ready is None:
        job = _ask("experiment", found.unlearned, config)
        _panel(job, f"Forgetting {chosen.forgotten}", lambda: cache.result(config) is not None)
        st.stop()
    if ready.unlearned.train is None or ready.original.train is None:
        _follow(_ask("experiment", found.unlearned, config), "Finishing the measures")
    if ready.retrained is None or ready.retrained.train is None:
        _follow(_ask("retrain", found.retrained, config), "Training the gold standard")
    return ready


def wait_for(kind: str, key: str, config: ExperimentConfig, words: str) -> None:
    """Show the job that makes a missing piece; the page is drawn again when it is done."""
    _panel(_ask(kind, key, config), words, lambda: False)


def many(kind: str, wanted: dict[str, ExperimentConfig], words: str) -> None:
    """Offer to run several jobs, key -> config; once asked, show how many are left, and draw the page again as each is done."""
    engine = cache.engine()
    running = [job for key in wanted if (job := engine.job(kind, key)) is not None and not job.over]
    failed = [job for key in wanted if (job := engine.job(kind, key)) is not None and job.state == State.FAILED]
    for job in failed[:1]:
        st.error(job.error, icon=":material/error:")
    if not wanted:
        return
    if not running:
        if st.button(f"{words}: run the missing {len(wanted)}", type="primary"):
            for key, config in wanted.items():
                engine.submit(kind, key, config, cache.session())
            st.rerun()
        return

    @st.fragment(run_every=POLL_S)
    def panel() -> None:
        if any(job.over for job in running):
            st.rerun()
        st.progress(
            0.0 if not running[0].progress.total else running[0].progress.done / running[0].progress.total, text=f"{words}: {len(running)} to go"
        )
        if st.button("Cancel", key=f"cancel-{words}"):
            for job in running:
                engine.cancel(job, cache.session())
            st.rerun()

    panel()


def download(config: ExperimentConfig, title: str) -> None:
    """Offer to download a dataset that is not on this machine."""
    key = config.dataset
    job = cache.engine().job("dataset", key)
    if job is None or job.state == State.CANCELLED:
        st.info(f"{title} is not on this machine.", icon=":material/download:")
        if st.button(f"Download {title}", type="primary", width="stretch"):
            _ask("dataset", key, config)
            st.rerun()
        return
    _panel(job, f"Downloading {title}", lambda: False)


def _ask(kind: str, key: str, config: ExperimentConfig) -> Job:
    """The job of this work; one that failed or was cancelled is not started again unasked."""
    engine = cache.engine()
    job = engine.job(kind, key)
    if job is not None and job.state in (State.FAILED, State.CANCELLED):
        return job
    return engine.submit(kind, key, config, cache.session())


def _leave_others(key: str) -> None:
    """Stop wanting the experiment that was asked for before the controls changed."""
    before = st.session_state.get("wanted")
    if before not in (None, key):
        job = cache.engine().job("experiment", before)
        if job is not None:
            cache.engine().cancel(job, cache.session())
    st.session_state["wanted"] = key


def _again(job: Job) -> None:
    cache.engine().submit(job.kind, job.id.removeprefix(f"{job.kind}-"), job.config, cache.session())


def _panel(job: Job, words: str, ready) -> None:
    """The job in the middle of the page."""

    @st.fragment(run_every=POLL_S)
    def panel() -> None:
        if job.state == State.DONE or ready():
            st.rerun()
        with st.container(border=True):
            st.markdown(f"**{words}**")
            _state(job, "panel")

    panel()


def _follow(job: Job, words: str) -> None:
    """The job in the sidebar, while the page is already usable."""
    with st.sidebar:

        @st.fragment(run_every=1.0)
        def follow() -> None:
            if job.state == State.DONE:
                st.rerun()
            st.caption(words)
            _state(job, "follow")

        follow()


def _state(job: Job, where: str) -> None:
    engine = cache.engine()
    if job.state == State.FAILED:
        st.error(job.error, icon=":material/error:")
        st.button("Try again", on_click=_again, args=(job,), key=f"again-{where}-{job.id}")
        return
    if job.state == State.CANCELLED:
        st.info("Cancelled. Nothing was changed.", icon=":material/cancel:")
        st.button("Run", type="primary", on_click=_again, args=(job,), key=f"again-{where}-{job.id}")
        return
    if engine.error:
        st.error(engine.error, icon=":material/error:")
        return
    before = engine.place(job)
    progress = job.progress
    if job.state == State.WAITING and before:
        text = f"Waiting: {before} job{'s' if before > 1 else ''} before this one"
    elif job.state == State.WAITING:
        text = "Starting"
    else:
        text = progress.stage[:1].upper() + progress.stage[1:]
        text += f": {progress.detail}" if progress.detail else ""
        text += f", about {max(1, round(progress.seconds_left))} s left" if progress.seconds_left and progress.seconds_left > 1 else ""
    st.progress(progress.done / progress.total if progress.total else 0.0, text=text)
    if job.starts > 1:
        st.warning("The worker process was lost (killed, or out of memory); it was started again and so was this run.", icon=":material/restart_alt:")
    st.button("Cancel", on_click=engine.cancel, args=(job, cache.session()), key=f"cancel-{where}-{job.id}")
