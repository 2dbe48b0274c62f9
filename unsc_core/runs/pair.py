"""The two runs that are compared unless others are chosen."""

from __future__ import annotations

from unsc_core.methods import METHODS
from unsc_core.runs.history import Run


def default_pair(runs: list[Run]) -> tuple[str, str]:
    """Keys of the latest run, and of the latest other that forgets the same of the same data.

    One of another method at its usual γ comes before others, such as those of a sweep.
    """
    latest, *others = [run for run in runs if not run.trouble] or runs
    same = [run for run in others if _forgets(run) == _forgets(latest)]
    usual = [run for run in same if _is_usual(run) and _method(run) != _method(latest)]
    return latest.key, (usual or same or others or [latest])[0].key


def _method(run: Run) -> str | None:
    return run.config.method if run.config else None


def _is_usual(run: Run) -> bool:
    """Whether a run has its method's own γ, or none where that has none."""
    method = METHODS.get(_method(run) or "")
    return (
        method is not None
        and run.config is not None
        and run.config.energy_threshold == method.energy_threshold
    )


def _forgets(run: Run) -> tuple[object, ...] | None:
    config = run.config
    return (config.dataset, config.forget_classes, config.forget_ids) if config else None
