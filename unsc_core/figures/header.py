"""The header of a page: one run in a few numbers, each with a line below it and its meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unsc_core.analysis.claims import least_change
from unsc_core.analysis.measure import Measure
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.summary import summary
from unsc_core.data.request import Split
from unsc_core.experiment.machine import ELSEWHERE
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import counted, points, projector_of


@dataclass(frozen=True)
class Readout:
    """One number: its label, the number, a line below it (None for none), and its meaning."""

    label: str
    value: str
    below: str | None
    help: str


def readouts(result: Result) -> list[Readout]:
    """The measures of the unlearned model that a header shows, in the order of MEASURES."""
    numbers = summary(result)
    found = []
    for measure in MEASURES.values():
        if measure.in_header:
            value = measure.read(numbers)
            below = _BELOW.get(measure.key, _gold)(measure, numbers, result)
            text = _pending(measure, numbers) if value is None else _short(measure.text(value))
            help = measure.help + (_timed_apart(result) if measure.key == "seconds" else "")
            found.append(Readout(measure.title, text, below, help))
    return found


def measured_on(request: Split) -> str:
    """Which samples the measures are of, one sentence."""
    test = f"Measured on the test set, {len(request.dataset.y_test):,} samples"
    if not request.forget_ids:
        return f"{test}."
    what = counted(len(request.forget_ids), "training sample")
    return f"{test}; Acc_f on the {what} to forget."


def choice(numbers: dict[str, Any]) -> str:
    """The settings that the method of a `summary` chose itself, and why; "" if it chose none."""
    chosen = numbers["chosen"]
    if not chosen:
        return ""
    tried = chosen["tried"]
    projector = projector_of(chosen)
    target = {
        "masked predictions": "the original's probabilities without what is to be forgotten"
    }.get(chosen["target"], chosen["target"])
    away = sorted(one["away"] for one in tried if one["forgets"])
    settings = f"Chosen by the method: {projector}, trained on {target}."
    if not away:
        return f"{settings} None of the {len(tried)} settings it tried forgets; this leaves least."
    whose = "the original's" if numbers["mask"] is None else "the mask's"
    if len(away) == 1:
        return f"{settings} Of the {len(tried)} settings it tried, only this one forgets."
    others = f"; up to {away[-1]:.2g} with the others"
    return (
        f"{settings} {len(away)} of the {len(tried)} settings it tried forget; with this one, "
        f"predictions on {chosen['checked']:,} retained training samples differ least from {whose} "
        f"(KL divergence {away[0]:.2g}{others})."
    )


def _short(text: str) -> str:
    """A single number has little room."""
    return text.replace("points", "pts")


def _pending(measure: Measure, numbers: dict[str, Any]) -> str:
    """In place of a missing number: "–" if this request never has it, "…" if it is to come."""
    return "–" if measure.key == "added" and numbers["mask"] is None else "…"


def _gold(measure: Measure, numbers: dict[str, Any], result: Result) -> str | None:
    gold = measure.read(numbers, "retrained")
    return None if gold is None else f"retrained {_short(measure.text(gold))}"


def _change_of_acc_f(measure: Measure, numbers: dict[str, Any], result: Result) -> str | None:
    before, after = measure.read(numbers, "original"), measure.read(numbers)
    return None if before is None or after is None else f"{points(after - before)} pts"


def _gain(measure: Measure, numbers: dict[str, Any], result: Result) -> str:
    gain = numbers["gain"]["total"]
    claimed = abs(gain) >= least_change(result)
    name = "" if not claimed else ": a gain" if gain > 0 else ": over-unlearning"
    return f"{points(gain)} pts{name}"


def _free(measure: Measure, numbers: dict[str, Any], result: Result) -> str:
    if numbers["mask"] is None:
        return "no mask for samples"
    acc_retain = MEASURES["acc_retain"].text(numbers["mask"]["acc_retain"])
    return f"free {points(numbers['gain']['free'])}, mask {acc_retain}"


def _level(measure: Measure, numbers: dict[str, Any], result: Result) -> str:
    level = MEASURES["acc_retain"].read(numbers, "retrained")
    if level is None:
        return "not trained yet"
    return f"retrained Acc_r {MEASURES['acc_retain'].text(level)}"


def _retraining(measure: Measure, numbers: dict[str, Any], result: Result) -> str | None:
    """How long retraining took, and that the two times are not comparable if they are not."""
    retrained = result.took.get("retrained")
    if retrained is None:
        return None
    apart = {ELSEWHERE: " elsewhere", "": ""}.get(
        result.took["unlearned"].apart(retrained), ", machine unknown"
    )
    return f"retraining {retrained.seconds:.0f} s{apart}"


def _timed_apart(result: Result) -> str:
    """What to make of the two times if they are not comparable; else ""."""
    retrained = result.took.get("retrained")
    if retrained is None or not (apart := result.took["unlearned"].apart(retrained)):
        return ""
    where = {ELSEWHERE: "on another machine"}.get(apart, "on a machine that was not recorded")
    return (
        f" The retrained model shown here was trained {where}, so the two times are not comparable."
    )


_BELOW: dict[str, Callable[[Measure, dict[str, Any], Result], str | None]] = {
    "acc_forget": _change_of_acc_f,
    "acc_retain": _gain,
    "added": _free,
    "gap_to_retrain": _level,
    "seconds": _retraining,
}
"""Measure -> the line below it; for all others how the retrained model scores."""
