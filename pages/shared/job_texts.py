"""What a page says of a job that waits or runs, and of those who wait for it."""

from __future__ import annotations

from collections.abc import Sequence

from unsc_core.jobs.cost import duration
from unsc_core.jobs.job import SHORT_S, Job, JobState


def progress(job: Job, ahead: Sequence[Job]) -> str:
    """What a job is doing, and how long it still takes, in one line.

    Args:
        job: waits or runs.
        ahead: the jobs before it, while it waits.
    """
    seconds = job.seconds if job.seconds is not None and job.seconds > SHORT_S else None
    if job.state == JobState.WAITING:
        text = _waiting(ahead)
        return text if seconds is None else f"{text}; then about {duration(seconds)}"
    now = job.progress
    text = now.stage[:1].upper() + now.stage[1:]
    if now.detail:
        text += f": {now.detail}"
    left = now.seconds_left or 0.0
    if seconds is not None and job.began is not None:  # of all stages, not only of this one
        left = max(left, job.seconds_left or 0.0)
    return f"{text}, about {duration(left)} left" if left > 1 else text


def _waiting(ahead: Sequence[Job]) -> str:
    """Behind how many jobs one waits, and how long where each of them has an estimate."""
    if not ahead:
        return "Starting"
    text = f"Waiting for {len(ahead)} other job{'s' if len(ahead) > 1 else ''}"
    left = [job.seconds_left for job in ahead]
    if None in left:
        return text
    return f"{text}, about {duration(sum(s for s in left if s is not None))}"


def goes_on_for(others: int) -> str:
    """The answer to Cancel when other open tabs wait for the same job."""
    if others == 1:
        return "The job goes on, because another open tab is waiting for it."
    return f"The job goes on, because {others} other open tabs are waiting for it."
