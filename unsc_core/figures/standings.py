"""Methods side by side in words: the table, and UNSC's standing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unsc_core.analysis import comparison
from unsc_core.analysis.claims import (
    FORGOTTEN,
    LEAST_SAMPLES,
    SAME,
    Forgetting,
    forgetting,
    may_be_chance,
    tolerance,
)
from unsc_core.analysis.comparison import ComparisonRow, MethodRun, Standing, by_method, rows
from unsc_core.analysis.measure import Measure
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.spread import Interval
from unsc_core.figures.phrases import MODEL_TITLES, altered, counted, joined, pm
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


def table(runs: Sequence[MethodRun], order: Sequence[str] = ()) -> dict[str, list[str]]:
    """The comparison as text, references first; over seeds "mean ± half of the 95 % interval".

    Args:
        runs: all that have been run.
        order: the methods to list; without it all of them, in the order of METHODS.
    """
    found, of = rows(runs), by_method(runs)
    against = comparison.standing(runs) if "unsc" in found else Standing()
    listed = [m for m in found if m in comparison.REFERENCES] + list(order or of)
    found = {method: found[method] for method in listed}
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
    if samples < LEAST_SAMPLES:
        return "equal to the retrained model's"
    few = tolerance(samples) > FORGOTTEN
    return f"within {'one sample' if few else f'{FORGOTTEN:g} points'} of the retrained model's"


def _verdict(method: str, of: Sequence[MethodRun], against: Standing) -> str:
    if not comparison.is_known(of):
        return "not known yet"
    state = comparison.states(of)
    if Forgetting.NOTHING in state:
        return "nothing to forget"
    if Forgetting.TOO_FEW in state:
        return f"too few to tell (Acc_f {_range(of, 'unlearned')})"
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
    if state is Forgetting.NOTHING:
        return "had nothing to forget"
    if state is Forgetting.TOO_FEW:
        return f"cannot be compared with the retrained model on only {counted(samples, 'sample')}"
    if samples:
        alike = "as many" if samples < LEAST_SAMPLES else "about as many"
        how = {Forgetting.DONE: alike, Forgetting.MORE: "more"}.get(state, "fewer")
        than = "as" if state is Forgetting.DONE else "than"
        return f"recognise{s} {how} samples {than} the retrained model"
    if state is Forgetting.DONE:
        return f"forget{s}"
    return f"{'does' if many == 1 else 'do'} not forget"


def _failure(of: Sequence[MethodRun]) -> str:
    """What is wrong with runs of one method that do not all forget: "does not forget"."""
    found, samples = comparison.states(of), of[0].samples
    wrong = sorted(found - {Forgetting.DONE})
    text = does(wrong[0], samples, 1)
    if len(wrong) > 1:
        return text.replace("fewer", "fewer or more")
    if Forgetting.DONE not in found:
        return text + (", which may be chance" if _by_chance(of) else "")
    return f"{text} with some seed" if samples else text.replace("not", "not always")


def _by_chance(of: Sequence[MethodRun]) -> bool:
    """Whether a single run may have missed the retrained model's share of samples by chance."""
    missed = of[0].samples > 0 and of[0].forgetting in (Forgetting.MORE, Forgetting.FEWER)
    return len(of) == 1 and missed and may_be_chance(of[0].measures, of[0].samples)


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
    """Where UNSC stands among the methods that have been run: at most two short sentences."""
    of = by_method(runs)
    if "unsc" not in of:
        return "UNSC has not been run here yet: run all methods to compare them with it."
    unsc = of["unsc"]
    who, seeds = name("unsc", unsc), len(unsc)
    over = f"Over {seeds} seeds, {who}" if seeds > 1 else f"In this single run, {who}"
    if not comparison.is_known(unsc):
        return f"Whether {who} forgets is known once there is a retrained model to compare with."
    if nothing := [run for run in unsc if run.forgetting is Forgetting.NOTHING]:
        some = "" if len(nothing) == seeds else " with some seed"
        return (
            f"There is nothing to forget here{some}: of what is to be forgotten, the original "
            f"recognises only {_range(nothing, 'original')}. So no method is ranked."
        )
    if not comparison.forgets(unsc):
        return " ".join([f"{over} {_failure(unsc)} ({_acc_forget(unsc)}).", *_advice(unsc)])
    text = f"{over} {does(Forgetting.DONE, unsc[0].samples, 1)} ({_acc_forget(unsc)})"
    if all(run.samples and _before(run) is Forgetting.DONE for run in unsc):
        text += ", but so does the original: Acc_f cannot tell whether they are forgotten"
    beyond = comparison.added(unsc)
    if beyond is not None:
        text += f" and {_against_mask(beyond)}"
    return " ".join([f"{text}.", *_ranked(comparison.standing(runs), of)])


def _advice(unsc: Sequence[MethodRun]) -> list[str]:
    """What may help a UNSC that does not forget."""
    wrong = comparison.states(unsc) - {Forgetting.DONE}
    if _by_chance(unsc):
        return []
    if wrong == {Forgetting.MORE}:
        return ["A lower γ or more epochs may help."]
    if wrong == {Forgetting.FEWER}:
        return ["That can be a trace as well: a higher γ or fewer epochs may help."]
    return []


def _against_mask(beyond: Interval) -> str:
    """Acc_r against the mask's, "keeps 0.3 ± 0.2 points less of Acc_r than the mask"."""
    if abs(beyond.mean) < SAME:
        return "keeps as much of Acc_r as the mask"
    if beyond.tied:
        return f"cannot be told from the mask by Acc_r ({pm(beyond)} points)"
    size = pm(beyond).lstrip("+−")
    return f"keeps {size} points {'more' if beyond.mean > 0 else 'less'} of Acc_r than the mask"


def _before(run: MethodRun) -> Forgetting:
    """How the original's Acc_f compares with the goal."""
    read = MEASURES["acc_forget"].read
    before, goal = (read(run.measures, model) for model in ("original", "retrained"))
    return forgetting(before, goal, run.samples)


def _ranked(against: Standing, of: dict[str, list[MethodRun]]) -> list[str]:
    """One sentence that counts the other methods by how they compare with UNSC, if there are any.

    The one that is furthest ahead is named.
    """
    groups = (against.better, against.tied, against.worse)
    ranked = {method: one for group in groups for method, one in group.items()}
    total = len(ranked) + len(against.not_forgetting) + len(against.too_few)
    parts = []
    if against.better:
        first = max(against.better, key=lambda method: against.better[method].mean)
        most = "most of all " if len(against.better) > 1 else ""
        who = "" if total == 1 else f"{most}{name(first, of[first])}, "
        who += f"{pm(against.better[first])} points"
        parts.append((len(against.better), f"{_keep(against.better)} more of Acc_r ({who})"))
    if against.tied:
        is_ = "is" if len(against.tied) == 1 else "are"
        parts.append((len(against.tied), f"{is_} tied with it"))
    if against.worse:
        what = "less" if against.better else "less of Acc_r"
        parts.append((len(against.worse), f"{_keep(against.worse)} {what}"))
    if against.not_forgetting:
        samples = of["unsc"][0].samples
        failing = against.not_forgetting
        parts.append((len(failing), _fail(failing, samples)))
    if against.too_few:
        parts.append((len(against.too_few), "cannot be compared on so few samples"))
    if not total:
        return []
    (count, rest), *others = parts
    who = f"{count} of {total} others"
    if total == 1:
        (only,) = (*ranked, *against.not_forgetting, *against.too_few)
        who = name(only, of[only])
    if ranked and count == total > 2:
        who = f"all {total} others"
    first_part = f"{who} {rest}"
    text = joined([first_part, *(f"{count} {rest}" for count, rest in others)])
    if ranked and min([len(of["unsc"]), *(one.n for one in ranked.values())]) == 1:
        text = f"With one seed, which cannot tell small differences from chance, {text}"
    return [f"{text[0].upper()}{text[1:]}."]


def _keep(methods: Mapping[str, Interval]) -> str:
    return "keeps" if len(methods) == 1 else "keep"


def _fail(methods: Sequence[str], samples: int) -> str:
    """What methods do that do not forget with every seed, after their number."""
    verb = "does" if len(methods) == 1 else "do"
    return f"{verb} not recognise as many samples" if samples else f"{verb} not forget"
