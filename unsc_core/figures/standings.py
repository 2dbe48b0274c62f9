"""Methods side by side in words: the table, and UNSC's standing."""

from __future__ import annotations

from collections.abc import Sequence

from unsc_core.analysis import comparison
from unsc_core.analysis.claims import FORGOTTEN, SAME, Forgetting, forgetting, tolerance
from unsc_core.analysis.comparison import ComparisonRow, MethodRun, Standing, by_method, rows
from unsc_core.analysis.measures import MEASURES, Measure
from unsc_core.analysis.spread import Interval
from unsc_core.figures.phrases import MODEL_TITLES, ONE_SEED, altered, joined, pm
from unsc_core.methods import METHODS

MARK = "◆ "
ROLES = {
    "original": "before forgetting",
    "mask": "only hides the answer",
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


def limit(samples: int) -> str:
    """The condition of having forgotten, in words; see `does` for `samples`."""
    return f"Acc_f {near(samples)}" if samples else f"Acc_f at most {FORGOTTEN:g}\u00a0%"


def near(samples: int) -> str:
    """How near Acc_f has to be to the retrained model's where single samples are forgotten."""
    few = tolerance(samples) > FORGOTTEN
    return f"within {'one sample' if few else f'{FORGOTTEN:g} points'} of the retrained model's"


def _verdict(method: str, of: Sequence[MethodRun], against: Standing) -> str:
    if not comparison.is_known(of):
        return "not known yet"
    if not comparison.forgets(of):
        return f"{_failure(of).removeprefix('recognises ')} (Acc_f {_range(of, 'unlearned')})"
    for words, group in (
        ("above UNSC", against.better),
        ("tied with UNSC", against.tied),
        ("below UNSC", against.worse),
    ):
        if method in group:
            return f"{words} ({pm(group[method])})"
    return "as the retrained model" if of[0].samples else "forgets"


def does(state: Forgetting, samples: int, many: int) -> str:
    """What models do whose forgetting is known, after their names: "forgets", "do not forget".

    Args:
        state: how their Acc_f compares with its goal.
        samples: how many single samples were to be forgotten; 0 if classes were.
        many: how many models.
    """
    s = "s" if many == 1 else ""
    if samples:
        how = {Forgetting.DONE: "about as many", Forgetting.MORE: "more"}.get(state, "fewer")
        than = "as" if state is Forgetting.DONE else "than"
        return f"recognise{s} {how} samples {than} the retrained model"
    if state is Forgetting.DONE:
        return f"forget{s}"
    return f"{'does' if many == 1 else 'do'} not forget"


def _failure(of: Sequence[MethodRun], many: int = 1) -> str:
    """What is wrong with runs of one method that do not all forget; see `does` for `many`."""
    found, samples = {run.forgetting for run in of}, of[0].samples
    wrong = sorted(found - {Forgetting.DONE})
    text = does(wrong[0], samples, many)
    if len(wrong) > 1:
        return text.replace("fewer", "fewer or more")
    if Forgetting.DONE not in found:
        return text
    return f"{text} with some seed" if samples else text.replace("not", "not always")


def _acc_forget(of: Sequence[MethodRun]) -> str:
    """The lowest and the highest Acc_f of some seeds, beside the retrained model's for samples."""
    text = f"Acc_f {_range(of, 'unlearned')}"
    return f"{text}, retrained {_range(of, 'retrained')}" if of[0].samples else text


def _range(of: Sequence[MethodRun], model: str) -> str:
    """The lowest and the highest Acc_f over seeds: "1.2 %", or "0.4 to 2.4 %"."""
    measure = MEASURES["acc_forget"]
    values = [value for run in of if (value := measure.read(run.measures, model)) is not None]
    low, high = measure.text(min(values)), measure.text(max(values))
    return high if low == high else f"{measure.number(min(values))} to {high}"


def conclusion(runs: Sequence[MethodRun]) -> str:
    """Where UNSC stands among the methods that have been run, in a few short sentences."""
    of = by_method(runs)
    if "unsc" not in of:
        return "UNSC has not been run here yet: run all methods to compare them with it."
    unsc = of["unsc"]
    who, seeds = name("unsc", unsc), len(unsc)
    over = f"Over {seeds} seeds, {who}" if seeds > 1 else f"In this single run, {who}"
    if not comparison.is_known(unsc):
        return f"Whether {who} forgets is known once there is a retrained model to compare with."
    if not comparison.forgets(unsc):
        return " ".join([f"{over} {_failure(unsc)}: {_acc_forget(unsc)}.", *_advice(unsc)])
    done = does(Forgetting.DONE, unsc[0].samples, 1)
    sentences = [f"{over} {done} ({_acc_forget(unsc)}).", *_doing_nothing(unsc)]
    hidden, beyond = comparison.free(unsc), comparison.added(unsc)
    if hidden is not None and beyond is not None:
        sentences.append(f"{free_and_added(hidden, beyond)}.")
    against = comparison.standing(runs)
    pairs = [one for g in (against.better, against.tied, against.worse) for one in g.values()]
    fewest = min([seeds, *(one.n for one in pairs)])
    return " ".join([*sentences, *_ranked(against, of), *_caution(fewest)])


def _advice(unsc: Sequence[MethodRun]) -> list[str]:
    """What may help a UNSC that does not forget, and a caution."""
    wrong = {run.forgetting for run in unsc} - {Forgetting.DONE}
    caution = _caution(len(unsc))
    if wrong == {Forgetting.MORE}:
        return ["A lower γ or more epochs may help.", *caution]
    if wrong == {Forgetting.FEWER}:
        return ["That can be a trace as well: a higher γ or fewer epochs may help.", *caution]
    return caution


def _doing_nothing(of: Sequence[MethodRun]) -> list[str]:
    """A warning where the original has reached the goal for single samples before unlearning."""
    if all(run.samples and _before(run) is Forgetting.DONE for run in of):
        return ["The original does, too: Acc_f cannot tell whether they are forgotten."]
    return []


def _before(run: MethodRun) -> Forgetting:
    """How the original's Acc_f compares with the goal."""
    read = MEASURES["acc_forget"].read
    before, goal = (read(run.measures, model) for model in ("original", "retrained"))
    return forgetting(before, goal, run.samples)


def _ranked(against: Standing, of: dict[str, list[MethodRun]]) -> list[str]:
    """One sentence for each method above UNSC, and one for every other group that has methods."""
    titles = {method: name(method, runs) for method, runs in of.items()}
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
    failures: dict[str, list[str]] = {}
    for method in against.not_forgetting:
        failures.setdefault(_failure(of[method]), []).append(method)
    for methods in failures.values():
        who = joined([titles[m] for m in methods])
        sentences.append(f"{who} {_failure(of[methods[0]], len(methods))}.")
    return sentences


def _span(behind: list[Interval]) -> str:
    """The smallest and the largest of several losses, in points: "0.4", or "0.4 to 2.1"."""
    low, *_, high = sorted([abs(one.mean) for one in behind] * 2)
    return f"{low:.1f}" if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f} to {high:.1f}"


def free_and_added(hidden: Interval, beyond: Interval) -> str:
    """What the mask gives in Acc_r and what changing weights adds to that, in points."""
    text = f"Masking alone {_moves('Acc_r', hidden)} without any training; from there, changing "
    text += f"weights {_moves('it', beyond)}"
    return f"{text}, which cannot be told from 0" if beyond.tied else text


def _moves(what: str, change: Interval) -> str:
    """What a change does: "raises Acc_r by 0.5 ± 0.2 points"."""
    half = "" if change.half is None else f" ± {change.half:.1f}"
    verb = "raises" if change.mean > 0 else "lowers"
    if abs(change.mean) < SAME:
        verb = "changes"
    return f"{verb} {what} by {abs(change.mean):.1f}{half} points"


def _caution(seeds: int) -> list[str]:
    return [] if seeds > 1 else [ONE_SEED]
