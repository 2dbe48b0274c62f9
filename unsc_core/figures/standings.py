"""Methods side by side in words: the table, and where UNSC stands."""

from __future__ import annotations

from collections.abc import Sequence

from unsc_core.analysis.claims import SAME
from unsc_core.analysis.comparison import (
    Row,
    Run,
    Standing,
    added,
    by_method,
    forgets,
    free,
    rows,
    standing,
)
from unsc_core.analysis.spread import Interval
from unsc_core.figures.phrases import altered, joined, pm
from unsc_core.methods import METHODS

COLUMNS = {
    "Acc_f %": "Test accuracy on the classes to forget; lower is better.",
    "Acc_r %": "Mean test accuracy over the classes that stay; higher is better.",
    "Gain": "Acc_r of this model minus Acc_r of the original, in points. Below 0 the rest was damaged: over-unlearning.",
    "Added": "Acc_r of this model minus Acc_r of the mask, in points: what changing weights brought beyond hiding the answer.",
    "Gap to retrain": "Acc_r of this model minus Acc_r of the retrained one, in points.",
    "Agreement %": "Share of the forgotten classes' test images that this model answers as the retrained one does.",
    "Logit drift": "‖z − z₀‖ / ‖z₀‖ over the retained test images: how far the logits moved from the original's. Not a fault in itself: "
    "see the retrained model's.",
    "Seconds": "Measured around the method when it ran. Second moments serve every later request: they count for the method that "
    "collected them. Original and retrained: their training. *: on another machine than most rows, or not recorded where.",
}
"""Column of the table -> what it says, in the order of MEASURES."""
MEASURES = {
    "acc_forget": "{:.1f}",
    "acc_retain": "{:.1f}",
    "gain": "{:+.1f}",
    "added": "{:+.1f}",
    "gap": "{:+.1f}",
    "agreement": "{:.0f}",
    "drift": "{:.2f}",
    "seconds": "{:.1f}",
}
MARK = "◆ "
SHORT = {"original": "Original", "mask": "Mask", "retrained": "Retrained"}
ROLES = {
    "original": "before forgetting",
    "mask": "only hides the answer",
    "retrained": "gold standard",
}


def name(method: str, runs: Sequence[Run] = ()) -> str:
    """How a row is called: a method's title, shortened where it is long; with its runs, also what is not as the method makes it."""
    entry = METHODS.get(method)
    title = entry.short_title or entry.title if entry else SHORT[method]
    return altered(title, runs[0].alterations if runs else ())


def table(runs: Sequence[Run]) -> dict[str, list[str]]:
    """The comparison as text: the references first, then every method; "mean ± half of the 95 % interval" over more than one seed."""
    found, of = rows(runs), by_method(runs)
    against = standing(runs) if "unsc" in found else Standing()
    columns = {
        "Method": [
            (MARK if method == "unsc" else "") + name(method, of.get(method, ()))
            for method in found
        ],
        "Seeds": [str(row.seeds) for row in found.values()],
    }
    for column, (measure, form) in zip(COLUMNS, MEASURES.items(), strict=True):
        columns[column] = [_cell(row, measure, form) for row in found.values()]
    columns["Verdict"] = [
        ROLES.get(method) or _verdict(method, of[method], against) for method in found
    ]
    return columns


def _cell(row: Row, measure: str, form: str) -> str:
    mean, half = row.mean[measure], row.half[measure]
    if mean is None:
        return "–"
    text = (
        form.format(mean).replace("+0.0", "0.0").replace("-0.0", "0.0")
        if abs(mean) < SAME
        else form.format(mean)
    )
    elsewhere = measure == "seconds" and row.elsewhere  # an interval over machines says nothing
    text = text if half is None or elsewhere else f"{text} ± {form.format(half).lstrip('+')}"
    return text.replace("-", "−") + ("*" if elsewhere else "")


def _verdict(method: str, of: Sequence[Run], against: Standing) -> str:
    if any(run.forgotten is None for run in of):
        return "not known yet"
    if not forgets(of):
        return f"does not forget (Acc_f up to {max(run.measures['unlearned']['acc_forget'] or 0.0 for run in of):.1f} %)"
    for words, group in (
        ("above UNSC", against.better),
        ("tied with UNSC", against.tied),
        ("below UNSC", against.worse),
    ):
        if method in group:
            return f"{words} ({pm(group[method])})"
    return "forgets"


def conclusion(runs: Sequence[Run]) -> str:
    """Where UNSC stands among the methods that are there, in a few short sentences."""
    of = by_method(runs)
    if "unsc" not in of:
        return "UNSC has not been run here yet: run all methods to compare them with it."
    unsc, ours = of["unsc"], rows(runs)["unsc"].mean
    who = name("unsc", unsc)
    seeds = len(unsc)
    over = f"Over {seeds} seeds {who}" if seeds > 1 else f"In this one run {who}"
    if any(run.forgotten is None for run in unsc):
        return f"Whether {who} forgets is known once the retrained model is there to compare with."
    if not forgets(unsc):
        return f"{over} does not forget: Acc_f stays at {ours['acc_forget'] or 0.0:.1f} %. A lower γ or more epochs may help.{_caution(seeds)}"
    said = [f"{over} forgets (Acc_f {ours['acc_forget'] or 0.0:.1f} %)."]
    hidden, beyond = free(unsc), added(unsc)
    if hidden is not None and beyond is not None:
        said.append(f"Of Acc_r, {free_and_added(hidden, beyond)}.")
    against = standing(runs)
    said += [
        f"{name(m, of[m])} keeps {pm(ahead)} points more of Acc_r.".replace("keeps +", "keeps ")
        for m, ahead in against.better.items()
    ]
    if against.tied:
        said.append(f"Tied with it: {joined([name(m, of[m]) for m in against.tied])}.")
    if against.worse:
        low, high = sorted(
            abs(ahead)
            for ahead in (f([one.mean for one in against.worse.values()]) for f in (min, max))
        )
        span = (
            f"{low:.1f} points"
            if f"{low:.1f}" == f"{high:.1f}"
            else f"{low:.1f} to {high:.1f} points"
        )
        said.append(
            f"{joined([name(m, of[m]) for m in against.worse])} {'keeps' if len(against.worse) == 1 else 'keep'} {span} less."
        )
    if against.not_forgetting:
        said.append(
            f"{joined([name(m, of[m]) for m in against.not_forgetting])} {'does' if len(against.not_forgetting) == 1 else 'do'} not forget."
        )
    fewest = min(
        (
            ahead.n
            for group in (against.better, against.tied, against.worse)
            for ahead in group.values()
        ),
        default=seeds,
    )
    return " ".join(said) + _caution(min(seeds, fewest))


def free_and_added(hidden: Interval, beyond: Interval) -> str:
    """What the mask gives and what changing weights adds to that, in points of Acc_r."""
    text = f"masking the answer alone gives {pm(hidden)} points without any training; changing weights adds {pm(beyond)} to that"
    return text + (", which cannot be told from nothing" if beyond.tied else "")


def _caution(seeds: int) -> str:
    return (
        ""
        if seeds > 1
        else " One seed has no spread: where only one is compared, a small difference may be chance."
    )
