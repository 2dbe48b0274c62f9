"""Long work seen from a page: say what it costs, ask for it, show place and progress, cancel, and draw the page when it is done."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.shared import cache
from pages.shared.state import Chosen
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.keys import keys
from unsc_core.experiment.result import Result
from unsc_core.jobs.cost import Cost, duration, rates_key
from unsc_core.jobs.job import SHORT_KINDS, SHORT_S, Job, JobState

POLL_S = 0.4
SOON_S = 1.5
ASK_S = 60.0
"""Work that takes longer than this starts when a person says so."""


def result(chosen: Chosen) -> Result:
    """The experiment's result; while there is none, the page shows its job instead and stops."""
    config = chosen.config
    found = keys(config, chosen.dataset)
    _leave_others({"experiment": found.unlearned, "retrain": found.retrained})
    ready = cache.result(config)
    if ready is None:
        _show(
            "experiment",
            found.unlearned,
            config,
            f"Forgetting {chosen.forgotten}",
            lambda: cache.result(config) is not None,
        )
        st.stop()
    if ready.unlearned.train is None or ready.original.train is None:
        _follow("experiment", found.unlearned, config, "Finishing the measures")
    if ready.retrained is None or ready.retrained.train is None:
        _follow("retrain", found.retrained, config, "Training the gold standard")
    return ready


def wait_for(kind: str, key: str, config: ExperimentConfig, words: str) -> None:
    """Show the job that makes a missing piece; the page is drawn again when it is done."""
    _show(kind, key, config, words)


def done_soon(kind: str, key: str, config: ExperimentConfig, words: str) -> bool:
    """Whether a short job is done within SOON_S: the page then goes on, without a panel and a second drawing."""
    wanted = _wanted(kind, key, config)
    if isinstance(wanted, Cost):
        return False
    with st.spinner(words):
        return cache.engine().wait(wanted, SOON_S).state == JobState.DONE


def download(config: ExperimentConfig, title: str) -> None:
    """Offer to download a dataset that is not on this machine."""
    job = cache.engine().job("dataset", config.dataset)
    if job is None or job.state in (JobState.CANCELLED, JobState.DONE):
        st.info(f"{title} is not on this machine.", icon=":material/download:")
        if st.button(f"Download {title}", type="primary", width="stretch"):
            cache.engine().submit("dataset", config.dataset, config, cache.session())
            st.rerun()
        return
    _panel(join(job), f"Downloading {title}")


def measuring(config: ExperimentConfig) -> Job | None:
    """The job that finds out how long this network takes, asked for once; None when that is over, whether it was found out or not."""
    key = rates_key(config, cache.dataset(config.dataset))
    job = cache.engine().job("cost", key)
    if job is not None and job.state == JobState.CANCELLED and gave_up(job):
        return job
    if job is None or not job.over or job.state == JobState.CANCELLED:
        return cache.engine().submit("cost", key, config, cache.session())
    return None


def join(job: Job) -> Job:
    """Wait for a job that is not over, unless this tab has said that it no longer does."""
    if not job.over and not gave_up(job):
        cache.engine().submit(
            job.kind, job.id.removeprefix(f"{job.kind}-"), job.config, cache.session()
        )
    return job


def cancel(job: Job) -> None:
    """No longer wait for a job, until it is asked for again; what other open tabs wait for goes on."""
    _given_up().add(job.number)
    cache.engine().cancel(job, cache.session())


def again(job: Job) -> None:
    """Wait for a job once more; one that is over is started anew."""
    _given_up().discard(job.number)
    cache.engine().submit(
        job.kind,
        job.id.removeprefix(f"{job.kind}-"),
        job.config,
        cache.session(),
        background=job.background,
        seconds=job.seconds,
    )


def gave_up(job: Job) -> bool:
    """Whether this tab cancelled the job."""
    return job.number in _given_up()


def goes_on(others: int) -> str:
    """What Cancel says when other open tabs wait for the same."""
    who = (
        "Another open tab waits"
        if others == 1
        else f"{'Two' if others == 2 else others} other open tabs wait"
    )
    return f"{who} for this too, so it goes on; you no longer wait for it."


def _given_up() -> set[int]:
    return st.session_state.setdefault("given_up", set())


def _leave_others(now: dict[str, str]) -> None:
    """Stop wanting what was asked for before the controls changed: kind -> key."""
    for kind, key in st.session_state.get("wanted", {}).items():
        job = cache.engine().job(kind, key)
        if key != now[kind] and job is not None:
            cache.engine().cancel(job, cache.session())
    st.session_state["wanted"] = now


def _wanted(kind: str, key: str, config: ExperimentConfig) -> Job | Cost:
    """The job of this work, asked for if it may be; the job that finds out its cost first; or the cost, if a person is to agree to it.

    One that failed, or was cancelled here, is not started again unasked.
    """
    job = cache.engine().job(kind, key)
    if job is not None and (not job.over or job.state == JobState.FAILED or gave_up(job)):
        return join(job)
    cost = cache.cost([(kind, config)])
    if cost is None and kind not in SHORT_KINDS and (measured := measuring(config)) is not None:
        return measured
    if (
        cost is not None
        and cost.seconds > ASK_S
        and f"{kind}-{key}" not in st.session_state.get("agreed", ())
    ):
        return cost
    return cache.engine().submit(
        kind, key, config, cache.session(), seconds=None if cost is None else cost.seconds
    )


def _show(
    kind: str,
    key: str,
    config: ExperimentConfig,
    words: str,
    ready: Callable[[], bool] = lambda: False,
) -> None:
    """Work in the middle of the page."""
    wanted = _wanted(kind, key, config)
    if isinstance(wanted, Cost):
        with st.container(border=True):
            st.markdown(f"**{words}**")
            _offer(f"{kind}-{key}", wanted)
    else:
        _panel(wanted, words, ready)


def _panel(job: Job, words: str, ready: Callable[[], bool] = lambda: False) -> None:
    @st.fragment(run_every=POLL_S)
    def panel() -> None:
        if _is_done(job) or ready():
            st.rerun()
        with st.container(border=True):
            st.markdown(f"**{words}**{_about(job)}")
            _state(job, "panel")

    panel()


def _follow(kind: str, key: str, config: ExperimentConfig, words: str) -> None:
    """Work in the sidebar, while the page is already usable."""
    with st.sidebar:
        wanted = _wanted(kind, key, config)

        @st.fragment(run_every=1.0)
        def follow(job: Job) -> None:
            if _is_done(job):
                st.rerun()
            st.caption(f"{words}{_about(job)}")
            _state(job, "follow")

        if isinstance(wanted, Cost):
            st.caption(words)
            _offer(f"{kind}-{key}", wanted)
        else:
            follow(wanted)


def _is_done(job: Job) -> bool:
    """Whether the page is to be drawn again; work goes on without its estimate where that failed."""
    return job.state == JobState.DONE or (
        job.kind == "cost" and job.over and not (job.state == JobState.CANCELLED and gave_up(job))
    )


def _about(job: Job) -> str:
    return (
        ""
        if job.seconds is None or job.seconds <= SHORT_S
        else f" · about {duration(job.seconds)} on this machine"
    )


def _offer(job_id: str, cost: Cost) -> None:
    st.markdown(f"This takes about {duration(cost.seconds)} on this machine: {cost.words}.")
    st.button("Run it", type="primary", on_click=_agree, args=(job_id,), key=f"run-{job_id}")


def _agree(job_id: str) -> None:
    st.session_state.setdefault("agreed", set()).add(job_id)


def _state(job: Job, where: str) -> None:
    engine = cache.engine()
    if job.state == JobState.FAILED:
        st.error(job.error, icon=":material/error:")
        st.button("Try again", on_click=again, args=(job,), key=f"again-{where}-{job.id}")
        return
    if job.state == JobState.CANCELLED:
        said = (
            "Cancelled." if gave_up(job) else "Stopped, because no open tab waited for it any more."
        )
        st.info(f"{said} Nothing was changed.", icon=":material/cancel:")
        st.button("Run", type="primary", on_click=again, args=(job,), key=f"again-{where}-{job.id}")
        return
    if gave_up(job):
        st.info(goes_on(len(job.watchers)), icon=":material/group:")
        st.button("Wait for it again", on_click=again, args=(job,), key=f"again-{where}-{job.id}")
        return
    if engine.error:
        st.error(engine.error, icon=":material/error:")
        return
    before = engine.place(job)
    progress = job.progress
    if job.state == JobState.WAITING and before:
        text = f"Waiting: {before} job{'s' if before > 1 else ''} before this one"
    elif job.state == JobState.WAITING:
        text = "Starting"
    else:
        text = progress.stage[:1].upper() + progress.stage[1:]
        text += f": {progress.detail}" if progress.detail else ""
        text += (
            f", about {duration(progress.seconds_left)} left"
            if progress.seconds_left and progress.seconds_left > 1
            else ""
        )
    st.progress(progress.done / progress.total if progress.total else 0.0, text=text)
    if job.starts > 1:
        st.warning(
            "The worker process was lost (killed, or out of memory); it was started again and so was this run.",
            icon=":material/restart_alt:",
        )
    st.button("Cancel", on_click=cancel, args=(job,), key=f"cancel-{where}-{job.id}")
