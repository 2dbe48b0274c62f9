"""Methods side by side in words: the table, and UNSC's standing."""

from __future__ import annotations

from collections.abc import Sequence

from unsc_core.analysis import comparison
from unsc_core.analysis.comparison import ComparisonRow, MethodRun, Standing, by_method, rows
from unsc_core.analysis.measures import MEASURES, Measure
from unsc_core.analysis.spread import Interval
from unsc_core.figures.phrases import MODEL_TITLES, ONE_SEED, altered, joined, pm
from unsc_core.methods import METHODS

MARK = "◆ "
ROLES = {
    "original": "before forgetting",
    "mask": "only hides the class",
    "retrained": "gold standard",
}
OTHER_MACHINE = "*: measured on a different machine from most rows, or on an unknown one."


def columns() -> dict[str, str]:
    """Column of the table -> its tooltip, one for each measure."""
    notes = {"seconds": f" {OTHER_MACHINE}"}
    return {m.column: m.help + notes.get(key, "") for key, m in MEASURES.items()}


def name(method: str, runs: Sequence[MethodRun] = ()) -> str:
    """The title of a row: a method, perhaps shortened, with the alterations of its runs."""
    entry = METHODS.get(method)
    title = entry.short_title or entry.title if entry else MODEL_TITLES[method]
    return altered(title, runs[0].alterations if runs else ())


def table(runs: Sequence[MethodRun]) -> dict[str, list[str]]:
    """The comparison as text, references first; over seeds "mean ± half of the 95 % interval"."""
    found, of = rows(runs), by_method(runs)
    against = comparison.standing(runs) if "unsc" in found else Standing()
    names = [(MARK if m == "unsc" else "") + name(m, of.get(m, ())) for m in found]
    return {
        "Method": names,
        "Seeds": [str(row.seeds) for row in found.values()],
        **{m.column: [_cell(row, m) for row in found.values()] for m in MEASURES.values()},
        "Verdict": [ROLES.get(m) or _verdict(m, of[m], against) for m in found],
    }


def _cell(row: ComparisonRow, measure: Measure) -> str:
    mean, half = row.mean.get(measure.key), row.half.get(measure.key)
    if measure.key == "seconds" and row.elsewhere and mean is not None:
        return f"{measure.number(mean)}*"  # an interval over machines means nothing
    return measure.number(mean, half)


def _acc_forget(value: float | None) -> str:
    measure = MEASURES["acc_forget"]
    return measure.text(value or 0.0)


def _verdict(method: str, of: Sequence[MethodRun], against: Standing) -> str:
    if any(run.forgotten is None for run in of):
        return "not known yet"
    if not comparison.forgets(of):
        most = max(run.measures["unlearned"]["acc_forget"] or 0.0 for run in of)
        return f"does not forget (Acc_f up to {_acc_forget(most)})"
    for words, group in (
        ("above UNSC", against.better),
        ("tied with UNSC", against.tied),
        ("below UNSC", against.worse),
    ):
        if method in group:
            return f"{words} ({pm(group[method])})"
    return "forgets"


def conclusion(runs: Sequence[MethodRun]) -> str:
    """Where UNSC stands among the methods that have been run, in a few short sentences."""
    of = by_method(runs)
    if "unsc" not in of:
        return "UNSC has not been run here yet: run all methods to compare them with it."
    unsc = of["unsc"]
    who, seeds, acc_forget = name("unsc", unsc), len(unsc), rows(unsc)["unsc"].mean["acc_forget"]
    over = f"Over {seeds} seeds, {who}" if seeds > 1 else f"In this single run, {who}"
    if any(run.forgotten is None for run in unsc):
        return f"Whether {who} forgets is known once there is a retrained model to compare with."
    if not comparison.forgets(unsc):
        lead = f"{over} does not forget: Acc_f stays at {_acc_forget(acc_forget)}."
        return " ".join([lead, "A lower γ or more epochs may help.", *_caution(seeds)])
    sentences = [f"{over} forgets (Acc_f {_acc_forget(acc_forget)})."]
    hidden, beyond = comparison.free(unsc), comparison.added(unsc)
    if hidden is not None and beyond is not None:
        sentences.append(f"{free_and_added(hidden, beyond)}.")
    against = comparison.standing(runs)
    titles = {method: name(method, found) for method, found in of.items()}
    pairs = [one for g in (against.better, against.tied, against.worse) for one in g.values()]
    fewest = min([seeds, *(one.n for one in pairs)])
    return " ".join([*sentences, *_ranked(against, titles), *_caution(fewest)])


def _ranked(against: Standing, titles: dict[str, str]) -> list[str]:
    """One sentence for each method above UNSC, and one for every other group that has methods."""
    sentences = [
        f"{titles[method]} keeps {pm(ahead).lstrip('+')} points more of Acc_r."
        for method, ahead in against.better.items()
    ]
    if against.tied:
        sentences.append(
            f"Tied with {titles['unsc']}: {joined([titles[m] for m in against.tied])}."
        )
    if against.worse:
        who = joined([titles[m] for m in against.worse])
        verb = "keeps" if len(against.worse) == 1 else "keep"
        sentences.append(f"{who} {verb} {_span(list(against.worse.values()))} points less.")
    if against.not_forgetting:
        who = joined([titles[m] for m in against.not_forgetting])
        verb = "does" if len(against.not_forgetting) == 1 else "do"
        sentences.append(f"{who} {verb} not forget.")
    return sentences


def _span(behind: list[Interval]) -> str:
    """The smallest and the largest of several losses, in points: "0.4", or "0.4 to 2.1"."""
    low, *_, high = sorted([abs(one.mean) for one in behind] * 2)
    return f"{low:.1f}" if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f} to {high:.1f}"


def free_and_added(hidden: Interval, beyond: Interval) -> str:
    """What the mask gives in Acc_r and what changing weights adds to that, in points."""
    text = f"Masking alone gives {pm(hidden)} points of Acc_r without any training; "
    text += f"changing weights adds {pm(beyond)}"
    return f"{text}, which cannot be told from 0" if beyond.tied else text


def _caution(seeds: int) -> list[str]:
    return [] if seeds > 1 else [ONE_SEED]
