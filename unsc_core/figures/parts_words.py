"""What the null space buys among UNSC's parts, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from unsc_core.analysis.claims import SAME, Forgetting
from unsc_core.analysis.comparison import MethodRun
from unsc_core.analysis.parts import READS, Bought, bought
from unsc_core.analysis.spread import Interval
from unsc_core.figures.phrases import joined, pm
from unsc_core.figures.standings import name

WHEN = {
    "forget set": "when only the forget set is read",
    "retained": "when retained samples are read, too",
}


def sentence(runs: Sequence[MethodRun]) -> str:
    """What the null space buys here, in one sentence, or why that cannot be said."""
    if any(run.forgetting is Forgetting.NOTHING for run in runs):
        return (
            "What the null space buys here cannot be said: the original hardly recognises what is "
            "to be forgotten."
        )
    found = {reads: bought(runs, reads) for reads in READS}
    known = {reads: one for reads, one in found.items() if one.points is not None}
    if not known:
        if not any(one.failing for one in found.values()) or any(
            one.missing for one in found.values()
        ):
            return "What the null space buys here is known once all twelve have been run."
        who = joined([name(m) for m in dict.fromkeys(m for b in found.values() for m in b.failing)])
        return f"What the null space buys here cannot be said, for these do not forget: {who}."
    single = all(one.points is not None and one.points.half is None for one in known.values())
    intervals = {reads: one.points for reads, one in known.items() if one.points is not None}
    if not single and all(_is_nothing(one) for one in intervals.values()):
        told = [f"{pm(one)} points {_when(found, reads)}" for reads, one in intervals.items()]
        text = "The null space buys nothing here that can be told from chance: against free "
        text += f"weights, its cut changes Acc_r by {joined(told)}"
    else:
        told = [
            f"{_verb(one, first=i == 0)} {_when(found, reads)}"
            for i, (reads, one) in enumerate(intervals.items())
        ]
        text = f"{'In this single run, t' if single else 'T'}he null space {joined(told)}"
    for reads, one in found.items():
        if one.points is None:
            text += f"; {WHEN[reads]}, it cannot be said{_because(one)}"
    return text + ("; one seed cannot tell that from chance." if single else ".")


def _is_nothing(difference: Interval) -> bool:
    return difference.tied or abs(difference.mean) < SAME


def _when(found: dict[str, Bought], reads: str) -> str:
    return WHEN[reads] + _only(found[reads])


def _verb(difference: Interval, first: bool) -> str:
    """What the cut does: "keeps 2.3 ± 1.3 points more of Acc_r than free weights"."""
    if abs(difference.mean) < SAME:
        return f"keeps as much{' of Acc_r as free weights' if first else ''}"
    if difference.tied:
        what = " to Acc_r, against free weights," if first else ""
        return f"makes no difference{what} that can be told from chance ({pm(difference)} points)"
    size = pm(difference).lstrip("+−")
    more = "more" if difference.mean > 0 else "less"
    return f"keeps {size} points {more}{' of Acc_r than free weights' if first else ''}"


def _only(one: Bought) -> str:
    """Which target is meant, if not the mean of both."""
    titles = {"pseudo-label": "pseudo-labels", "masked": "the mask's probabilities"}
    return f" (with {titles[one.targets[0]]})" if len(one.targets) == 1 else ""


def _because(one: Bought) -> str:
    """Why a way of reading is not judged."""
    if one.failing:
        verb = "does" if len(one.failing) == 1 else "do"
        return f", as {joined([name(method) for method in one.failing])} {verb} not forget"
    return " before all twelve have been run"
