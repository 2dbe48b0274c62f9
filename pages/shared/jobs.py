"""Long work on a page: its cost, its place in the queue, its progress, and Cancel."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.shared import before, cache, job_texts, lesson, refusal, session, state
from pages.shared.components.mount import mount
from pages.shared.state import ResolvedExperiment
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.keys import keys
from unsc_core.experiment.result import Result
from unsc_core.figures.live import live
from unsc_core.jobs.cost import Cost, duration
from unsc_core.jobs.job import SHADOWS, SHORT_KINDS, Job, JobState
from unsc_core.jobs.rates import rates_key
from unsc_core.progress import Glimpse

POLL_S = 0.4
PANELS_PER_S = 8
"""How many panels of progress are drawn again in a second, however many people wait."""
CONFIRM_S = 60.0
"""Work that takes longer than this starts only after a click."""
RUN = "Run it"


def result_or_before(experiment: ResolvedExperiment) -> tuple[ResolvedExperiment, Result]:
    """The experiment and its result; while there is none, its job, and what was shown before.

    The rest of the page then draws what was shown before, dimmed (app.css); where nothing was, the
    page stops.
    """
    with st.container():  # one element in either case, see link_notes
        result = _result_or_job(experiment)
        if result is not None:
            return experiment, result
        found = before.show()
        if found is None:
            st.stop()
        return found


def _result_or_job(experiment: ResolvedExperiment) -> Result | None:
    """The experiment's result; if there is none, its job is shown."""
    config = experiment.config
    if before.is_shown():  # a setting is impossible
        return cache.result(config)
    found = keys(config, experiment.dataset)
    release_previous({"experiment": found.unlearned, "retrain": found.retrained})
    result = cache.result(config)
    if result is None:
        title = f"Forgetting {experiment.request}"
        show("experiment", found.unlearned, config, title, lambda: bool(cache.result(config)))
        if words := cache.known(config):
            st.caption(words)
        return None
    before.remember(experiment)
    if result.unlearned.train is None or result.original.train is None:
        show_in_sidebar("experiment", found.unlearned, config, "Finishing the measures")
    if result.retrained is None or result.retrained.train is None:
        show_in_sidebar("retrain", found.retrained, config, "Retraining from scratch")
    return result


def stop_until_predicted(result: Result, part: str) -> None:
    """Stop the page with a sentence while "train" or "test" samples are not predicted yet."""
    if not (result.original.has(part) and result.unlearned.has(part)):
        st.info(
            "The predictions on the training set are still being computed.",
            icon=":material/hourglass_top:",
        )
        st.stop()


def show(
    kind: str,
    key: str,
    config: ExperimentConfig,
    title: str,
    ready: Callable[[], bool] = lambda: False,
    *,
    ask: str = "",
) -> None:
    """Show the job that makes a missing part; the page is drawn again when it is done, or ready.

    Args:
        kind, key, config: of the job.
        title: what it makes.
        ready: whether the page can be drawn before the job is done.
        ask: the label of a button, without which the job never starts; without a label, only long
            work has a button.

    Nothing is started for a picture of what was shown before.
    """
    if before.is_shown():
        return
    found = _job_or_cost(kind, key, config, bool(ask))
    if isinstance(found, Cost):
        with st.container(key=f"offer-{kind}-{key}", horizontal=True, vertical_alignment="center"):
            _confirm(f"{kind}-{key}", found, ask or RUN, f"**{title}** · ")
    else:
        _panel(found, title, ready)


def offer_download(config: ExperimentConfig, title: str) -> None:
    """Offer to download a dataset that is not on this machine."""
    job = cache.engine().job("dataset", config.dataset)
    if job is None or job.state in (JobState.CANCELLED, JobState.DONE):
        st.info(f"{title} is not on this machine yet.", icon=":material/download:")
        if st.button(f"Download {title}", type="primary", width="stretch"):
            cache.engine().submit("dataset", config.dataset, config, session.tab_id())
            state.draw_again()
        return
    _panel(watch(job), f"Downloading {title}")


def cost_job(config: ExperimentConfig) -> Job | None:
    """The job that measures how long this network takes, started once; None when it is over."""
    key = rates_key(config, cache.dataset(config.dataset))
    job = cache.engine().job("cost", key)
    if job is not None and job.state == JobState.CANCELLED and is_cancelled_here(job):
        return job
    if job is None or not job.over or job.state == JobState.CANCELLED:
        return cache.engine().submit("cost", key, config, session.tab_id())
    return None


def poll_s(least: float) -> float:
    """How often progress is drawn again: every `least` seconds, less often if many people wait."""
    waiting = {watcher for job in cache.engine().active() for watcher in job.watchers}
    return max(least, len(waiting) / PANELS_PER_S)


def watch(job: Job) -> Job:
    """Wait for a job that is not over, unless it was cancelled in this tab."""
    if not job.over and not is_cancelled_here(job):
        cache.engine().submit(job.kind, _key(job), job.config, session.tab_id())
    return job


def cancel(job: Job) -> None:
    """Stop waiting for a job. It goes on if other open tabs wait for it."""
    _cancelled_here().add(job.number)
    cache.engine().cancel(job, session.tab_id())


def resume(job: Job) -> None:
    """Wait for a job again; one that is over is started again."""
    _cancelled_here().discard(job.number)
    cost = cache.cost([(job.kind, job.config)]) if _in_parts(job) else None
    cache.engine().submit(
        job.kind,
        _key(job),
        job.config,
        session.tab_id(),
        background=job.background,
        seconds=cost.seconds if cost else job.seconds,
    )


def _in_parts(job: Job) -> bool:
    """Whether each part of its work is stored when it is finished, so that it can go on there."""
    return job.kind.startswith(SHADOWS)


def is_cancelled_here(job: Job) -> bool:
    """Whether the job was cancelled in this tab."""
    return job.number in _cancelled_here()


def _cancelled_here() -> set[int]:
    return st.session_state.setdefault("cancelled_jobs", set())


def _key(job: Job) -> str:
    return job.id.removeprefix(f"{job.kind}-")


def release_previous(now: dict[str, str], name: str = "needed") -> None:
    """Stop waiting for what the page needed before the controls changed.

    Args:
        now: kind -> key of what it needs now.
        name: of this set of jobs; another set is left alone.
    """
    for kind, key in st.session_state.get(name, {}).items():
        job = cache.engine().job(kind, key)
        if key != now.get(kind) and job is not None:
            cache.engine().cancel(job, session.tab_id())
    st.session_state[name] = now


def _job_or_cost(kind: str, key: str, config: ExperimentConfig, ask: bool = False) -> Job | Cost:
    """The job of this work, the job that measures its cost first, or a cost to be confirmed.

    A job that failed, or was cancelled here, is not started again by itself. Long work is to be
    confirmed, and with `ask` any.
    """
    job = cache.engine().job(kind, key)
    if job is not None and (not job.over or job.state == JobState.FAILED or is_cancelled_here(job)):
        return watch(job)
    cost = cache.cost([(kind, config)])
    if cost is None and kind not in SHORT_KINDS and (measuring := cost_job(config)) is not None:
        return measuring
    confirmed = f"{kind}-{key}" in st.session_state.get("confirmed", ())
    if (ask or (cost is not None and cost.seconds > CONFIRM_S)) and not confirmed:
        return cost or Cost(0.0)
    seconds = None if cost is None else cost.seconds
    return cache.engine().submit(kind, key, config, session.tab_id(), seconds=seconds)


def _panel(job: Job, title: str, ready: Callable[[], bool] = lambda: False) -> None:
    @st.fragment(run_every=poll_s(POLL_S))
    def panel() -> None:
        if _is_done(job) or ready():
            state.draw_again()
        with st.container(border=True):
            st.markdown(f"**{title}**")
            _status(job, "panel")

    panel()


def show_in_sidebar(kind: str, key: str, config: ExperimentConfig, title: str) -> None:
    """Show work that the page does not have to wait for; none for what was shown before."""
    if before.is_shown():
        return
    with st.sidebar:
        found = _job_or_cost(kind, key, config)

        @st.fragment(run_every=poll_s(1.0))
        def follow(job: Job) -> None:
            if _is_done(job):
                state.draw_again()
            st.caption(title)
            _status(job, "sidebar")

        if isinstance(found, Cost):
            _confirm(f"{kind}-{key}", found, text=f"{title} · ")
        else:
            follow(found)


def _is_done(job: Job) -> bool:
    """Whether to draw the page again. Where a cost could not be measured, work goes on without."""
    if job.kind == "cost" and job.over:
        return not (job.state == JobState.CANCELLED and is_cancelled_here(job))
    return job.state == JobState.DONE


def _confirm(job_id: str, cost: Cost, label: str = RUN, text: str = "") -> None:
    """A button that starts work, and what it makes and takes."""
    if cost.seconds:
        text += f"takes about {duration(cost.seconds)} on this machine: {cost.words}"
    st.button(
        label,
        type="primary",
        on_click=_remember,
        args=(job_id,),
        key=f"run-{job_id}",
        # The experiment that the link asks for may always be run.
        **({} if label == RUN else lesson.unless_read_only()),
    )
    st.caption(text.removesuffix(" · "))


def _remember(job_id: str) -> None:
    st.session_state.setdefault("confirmed", set()).add(job_id)


def _status(job: Job, where: str) -> None:
    """Progress and Cancel of a job; or how it ended, and a button that runs it again."""
    if ended := _ending(job):
        (draw, text, icon), label = ended
        draw(text, icon=f":material/{icon}:")
        st.button(
            label,
            type="primary" if label == "Run" else "secondary",
            on_click=resume,
            args=(job,),
            key=f"resume-{where}-{job.id}",
        )
        return
    if cache.engine().error:
        refusal.show(cache.engine().error)
        return
    progress = job.progress
    st.progress(
        progress.done / progress.total if progress.total else 0.0,
        text=job_texts.progress(job, cache.engine().ahead(job)),
    )
    if where == "panel" and (seen := progress.glimpse or _original(job)):
        files = ("live.html", "live.css", "live.js")
        mount("live", files, live(seen, cache.request(job.config)), job.id)
    if job.starts > 1:
        st.warning(
            "The worker process was lost (killed, or out of memory). It was restarted, and so was "
            "this job.",
            icon=":material/restart_alt:",
        )
    st.button("Cancel", on_click=cancel, args=(job,), key=f"cancel-{where}-{job.id}")


def _original(job: Job) -> Glimpse | None:
    """What is seen of a run that has not come to its first epoch."""
    return cache.glimpse(job.config) if job.kind == "experiment" else None


def _ending(job: Job) -> tuple[tuple[Callable[..., object], str, str], str] | None:
    """How a job ended for this tab (element, text, icon), and the button that resumes it."""
    if job.state == JobState.FAILED:
        more = " Weights are changed under *More*." if job.config.checkpoint else ""
        return (st.error, refusal.as_typed(job.error) + more, "error"), "Try again"
    if job.state == JobState.CANCELLED:
        by_click = is_cancelled_here(job)
        why = "Cancelled." if by_click else "Stopped: no open tab was waiting for it any more."
        what = "What was finished stays." if _in_parts(job) else "Nothing was changed."
        return (st.info, f"{why} {what}", "cancel"), "Run"
    if is_cancelled_here(job):
        return (st.info, job_texts.goes_on_for(len(job.watchers)), "group"), "Wait for it again"
    return None
