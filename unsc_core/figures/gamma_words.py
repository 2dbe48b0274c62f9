"""What a sweep over γ says: read from several γ and their intervals, never from one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from unsc_core.analysis.claims import Forgetting
from unsc_core.analysis.gamma_sweep import Kept, SweepRun, by_gamma, kept
from unsc_core.experiment.result import Result
from unsc_core.figures import standings
from unsc_core.figures.phrases import joined, projector_of
from unsc_core.methods import METHODS

Found = dict[float, list[SweepRun]]
"""γ, ascending -> its runs by seed."""


def without_gamma(result: Result) -> str:
    """Why no γ can be chosen for the method of a result."""
    method = METHODS[result.config.method]
    if result.chosen:
        used = projector_of(result.chosen)
        if result.chosen["energy_threshold"] is None:
            used += ", without γ"
        return f"{method.title} chose {used} for this run."
    if method.uses_moments:
        return f"{method.title} uses these spectra, but no cut at a γ."
    return f"{method.title} does not use the null space."


def sweep_sentence(runs: Sequence[SweepRun]) -> str:
    """Over which γ a method forgets, where it stops, and which of these γ keep most.

    Args:
        runs: of one request, at several γ and seeds.
    """
    found = by_gamma(runs)
    if not found:
        return "No value of γ has been run yet."
    if len(found) == 1:
        return (
            f"Only γ = {next(iter(found)):g} has been run. One value shows no threshold: run the "
            "others to see where forgetting stops and what it costs."
        )
    if any(_state(of) is Forgetting.UNKNOWN for of in found.values()):
        return "Which γ forget is known once there is a retrained model to compare with."
    nothing = [run.forgetting is Forgetting.NOTHING for of in found.values() for run in of]
    if any(nothing):
        some = "" if all(nothing) else " with some seed"
        return f"There is nothing to forget here{some}: the original hardly recognises any of it."
    samples = next(iter(found.values()))[0].samples
    forgetting = _of_samples(found, samples) if samples else _of_classes(found)
    done = [of for of in found.values() if _state(of) is Forgetting.DONE]
    return " ".join([forgetting, *_keeping(done, len(found))])


_WRONG = (Forgetting.UNKNOWN, Forgetting.MORE, Forgetting.FEWER, Forgetting.TOO_FEW)


def _state(runs: Sequence[SweepRun]) -> Forgetting:
    """DONE if every seed forgets, else what is wrong with one that does not."""
    states = {run.forgetting for run in runs}
    for state in _WRONG:
        if state in states:
            return state
    return Forgetting.DONE


def _of_classes(found: Found) -> str:
    """Which γ forget classes, and between which two that stops."""
    does = {gamma: _state(of) is Forgetting.DONE for gamma, of in found.items()}
    yes = [gamma for gamma, done in does.items() if done]
    no = [gamma for gamma, done in does.items() if not done]
    several = _seeds(found) > 1
    limit = f"{standings.limit(0)} with {'every seed' if several else 'the one seed run'}"
    low, high, mean = min(found), max(found), "mean " if several else ""
    if not no:
        return f"All {len(yes)} values of γ run, {low:g} to {high:g}, forget ({limit})."
    if not yes:
        return (
            f"None of the {len(no)} values of γ run, {low:g} to {high:g}, forgets ({limit}): "
            f"{mean}Acc_f is {_acc_forget(found, no)}."
        )
    if max(yes) < min(no):
        do = f"values up to {max(yes):g} forget" if len(yes) > 1 else f"{yes[0]:g} forgets"
        fail = f"values from {min(no):g} on do not" if len(no) > 1 else f"{no[0]:g} does not"
        return (
            f"Forgetting stops between γ = {max(yes):g} and {min(no):g}: {do} ({limit}), {fail} "
            f"({mean}Acc_f {_acc_forget(found, no)})."
        )
    return (
        f"γ = {_names(yes, found)} {'forgets' if len(yes) == 1 else 'forget'} ({limit}), "
        f"{_names(no, found)} {'does' if len(no) == 1 else 'do'} not: there is no "
        "single threshold among the values run."
    )


def _of_samples(found: Found, samples: int) -> str:
    """How the γ compare with the retrained model, where single samples are to be forgotten."""
    sentences = []
    for state in (Forgetting.DONE, *_WRONG[1:]):
        there = [gamma for gamma, of in found.items() if _state(of) is state]
        if there:
            does = standings.does(state, samples, len(there))
            limit = f" ({standings.limit(samples)})" if state is Forgetting.DONE else ""
            trace = ", which can be a trace as well" if state is Forgetting.FEWER else ""
            some = limit == "" and state is not Forgetting.TOO_FEW and _seeds(found) > 1
            seed = " with some seed" if some else ""
            sentences.append(f"γ = {_names(there, found)} {does}{seed}{limit}{trace}.")
    return " ".join(sentences)


def _keeping(done: Sequence[list[SweepRun]], count: int) -> list[str]:
    """Which of the γ that forget keep most; `count` values of γ were run."""
    if not done:
        return []
    compared = kept(done)
    if compared is None:
        return ["The γ that forget were run with different seeds, so their Acc_r do not compare."]
    beside = _beside(done)
    if len(done) == 1:
        ((gamma, value),) = compared.means.items()
        return [
            f"Only one of {count} values forgets, γ = {gamma:g}, so there is nothing to choose "
            f"between: Acc_r {value:.1f}\u00a0%{beside}."
        ]
    everywhere = len(done) == count
    where = "Acc_r" if everywhere else "Where it forgets, Acc_r"
    span = _span(list(compared.means.values()))
    if compared.behind is None:
        return [
            f"{where} is {span}{beside}. One seed gives no interval, so it is "
            "open which of these γ keeps most."
        ]
    if not compared.behind:
        return [
            f"{where} is {span}{beside}, and no γ stands out: each is within "
            f"chance of the best ({_intervals(compared)})."
        ]
    return [_apart(compared, beside, "these" if everywhere else "the γ that forget")]


def _apart(compared: Kept, beside: str, whom: str) -> str:
    """Which γ are within chance of the best, and which are not."""
    behind, tied = compared.behind or {}, compared.tied
    losses = _span([loss.mean for loss in behind.values()], " points less")
    top = _span([compared.means[gamma] for gamma in tied])
    chance = ", within chance of the best" if len(tied) > 1 else ""
    return (
        f"Of {whom}, {_names(tied, compared.means)} "
        f"{'keeps' if len(tied) == 1 else 'keep'} most: Acc_r {top}{chance}{beside}. "
        f"{_names(behind, compared.means)} {'keeps' if len(behind) == 1 else 'keep'} {losses}, "
        f"which is beyond chance ({_intervals(compared)})."
    )


def _intervals(compared: Kept) -> str:
    pairs = len(compared.means) - 1
    together = f", together for all {pairs} comparisons" if pairs > 1 else ""
    return f"95\u00a0% intervals{together}, paired over {compared.seeds} seeds"


def _beside(done: Sequence[list[SweepRun]]) -> str:
    """The Acc_r of the original and the mask, in brackets."""
    parts = []
    for model in ("original", "mask"):
        values = {
            run.seed: value
            for of in done
            for run in of
            if (value := run.values.get(model, {}).get("acc_retain")) is not None
        }
        if values:
            parts.append(f"{model} {np.mean(list(values.values())):.1f}\u00a0%")
    return f" ({', '.join(parts)})" if parts else ""


def _acc_forget(found: Found, gammas: Sequence[float]) -> str:
    """The range of the mean Acc_f at some γ."""
    values = [
        float(np.mean([v for run in found[gamma] if (v := run.value("acc_forget")) is not None]))
        for gamma in gammas
    ]
    return _span(values)


def _span(values: Sequence[float], unit: str = "\u00a0%") -> str:
    """ "93.0 %", or "92.9 to 93.5 %"."""
    low, high = f"{min(values):.1f}", f"{max(values):.1f}"
    return f"{low if low == high else f'{low} to {high}'}{unit}"


def _seeds(found: Found) -> int:
    return max(len(of) for of in found.values())


def _names(gammas: Iterable[float], among: Iterable[float]) -> str:
    """Some of the γ `among`: three or more in succession as "0.8 to 0.96"."""
    wanted = set(gammas)
    groups: list[list[str]] = [[]]
    for gamma in sorted(among):
        if gamma in wanted:
            groups[-1].append(f"{gamma:g}")
        elif groups[-1]:
            groups.append([])
    names = [[f"{one[0]} to {one[-1]}"] if len(one) > 2 else one for one in groups]
    return joined([name for some in names for name in some])
