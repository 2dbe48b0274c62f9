"""The chapters of the story in words, which follow from the numbers of the runs that are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unsc_core.analysis.claims import Forgetting, forgetting_of, forgotten, least_change, outcome
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.summary import summary
from unsc_core.experiment.result import Result
from unsc_core.figures.audit_words import sentence, value
from unsc_core.figures.phrases import class_title, percent, points, run_title
from unsc_core.figures.story_ends import (
    NOTHING,
    added,
    careless_headline,
    classes_end,
    headline,
    kept,
    on_average,
    others,
    samples_end,
    these,
    went,
    worst,
)
from unsc_core.figures.story_guess import (
    Guess,
    average_guess,
    changes,
    class_guess,
    most_changed,
    share_guess,
)
from unsc_core.methods import METHODS


@dataclass(frozen=True)
class Chapter:
    """One chapter.

    Attributes:
        key: which scene of the figure it has.
        title, text: shown at once; they claim nothing about how a run went.
        headline, verdict: what the numbers say, at most two short sentences.
        number, meaning: one number.
        guess: asked before headline, verdict and number are shown; None to show them at once.
    """

    key: str
    title: str
    text: str
    headline: str
    verdict: str
    number: str
    meaning: str
    guess: Guess | None = None


def _change(result: Result) -> str:
    return f"change in the accuracy of {others(result)}"


def lead(result: Result) -> str:
    """Which run is shown."""
    return f"Shown: **{run_title(result)}**, asked to forget **{these(result)}**."


def request(result: Result) -> Chapter:
    """What is asked for."""
    names, before = these(result), summary(result)["original"]["acc_forget"]
    it, any_of_it = ("them", "them") if len(result.split.forget_ids) > 1 else ("it", "any")
    return Chapter(
        "request",
        f"1 · Can it forget {names}, and keep the rest?",
        f"A network has learned {result.split.dataset.num_classes} classes. It is asked to forget "
        f"**{names}** (× on the map) as if it had never seen {any_of_it}, and to keep the others "
        "(●).",
        _one_left(result),
        f"Training a new network without {it} would do, but costs a whole training. Can the "
        "trained one be changed instead?",
        "…" if before is None else percent(before / 100),
        f"accuracy on {names}, before",
    )


def _one_left(result: Result) -> str:
    """What to know where a single class stays."""
    if len(result.split.retain_classes) > 1 or not result.split.forget_classes:
        return ""
    return (
        "Only one class stays: whatever no longer answers what it was to forget is right on all "
        "the rest."
    )


def waiting(title: str, method: str) -> Chapter:
    """In place of chapters that need a run which is not stored.

    Args:
        title: of the first of them. method: whose run they need.
    """
    return Chapter(
        "waiting",
        title,
        f"This needs the run with **{METHODS[method].title}**. How far that is, is shown below the "
        "story; the rest then appears by itself.",
        "",
        "",
        "…",
        "not there yet",
    )


def careless(result: Result) -> Chapter:
    """A method without calibration, and what it costs."""
    numbers, method = summary(result), METHODS[result.config.method]
    gain, limit = numbers["gain"]["total"], least_change(result)
    cost = on_average(others(result), gain, limit)
    if gain <= -limit:
        cost += f"{worst(result, numbers)}: **over-unlearning**"
    cost = cost[0].upper() + cost[1:]
    obvious = "The obvious way" if result.config.method == "random-labels" else method.title
    what = method.summary.removesuffix(".")
    return Chapter(
        "careless",
        f"2 · {obvious}",
        f"**{run_title(result)}**: {what[0].lower()}{what[1:]}.",
        careless_headline(numbers, len(result.split.forget_ids), limit),
        f"{went(result, numbers)} {cost}.",
        f"{points(gain)} points",
        f"{_change(result)}, {run_title(result)}",
        _class_guess(result, numbers),
    )


def _class_guess(result: Result, numbers: dict[str, Any]) -> Guess | None:
    """On the retained class whose accuracy changed most."""
    change = changes(numbers, "unlearned")
    asked = most_changed(change, result.split.retain_classes)
    if asked is None:
        return None
    name, before = result.split.dataset.class_names[asked], numbers["original"]["per_class"][asked]
    title = class_title(name)
    question = (
        f"The original recognises {percent(before / 100)} of {title}. How many points does {title} "
        "gain or lose?"
    )
    return class_guess(question, name, before, change[asked] or 0.0)


def ending(result: Result) -> Chapter:
    """How it went, and what the retrained model predicts."""
    numbers, samples = summary(result), len(result.split.forget_ids)
    reached, limit = outcome(numbers, samples, least_change(result)), least_change(result)
    end = samples_end if samples else classes_end
    return Chapter(
        "ending",
        f"5 · {METHODS[result.config.method].title}",
        f"**{run_title(result)}** has now run: does × leave its place, and ● stay?",
        headline(reached, numbers, samples),
        end(result, numbers, reached, limit),
        f"{points(numbers['gain']['total'])} points",
        f"{_change(result)}, {run_title(result)}",
        _class_guess(result, numbers),
    )


def hiding(result: Result) -> Chapter:
    """What masking alone would have given."""
    numbers, names, who = summary(result), these(result), run_title(result)
    title = "6 · Why not just hide the answer?"
    if numbers["mask"] is None:
        return Chapter(
            "hiding",
            title,
            f"The network could be forbidden to predict a whole class, but for {names} that does "
            "not work: their classes stay.",
            "",
            "The goal is not 0\u00a0%, but the retrained model's accuracy on them.",
            "–",
            "no mask for single samples",
        )
    free, more = numbers["gain"]["free"], numbers["gain"]["added"]
    total, limit = numbers["gain"]["total"], least_change(result, "mask")
    words, verdict = added(more, limit, who)
    if forgotten(numbers["unlearned"]["acc_forget"]) is False:
        left = f"{MEASURES['acc_forget'].text(numbers['unlearned']['acc_forget'])} of {names}"
        words, verdict = kept(more, limit, who, left)
        words = NOTHING if forgetting_of(numbers) is Forgetting.NOTHING else words
    given = f"**Rival removed**: the mask alone gives {points(free)} points"
    given += ", for **free**." if free >= least_change(result, "original", "mask") else "."
    question = (
        f"{who} changed the accuracy of {others(result)} by {points(total)} points on average. By "
        "how many would the mask alone?"
    )
    return Chapter(
        "hiding",
        title,
        f"Forbid the original to predict {names}: a **mask**, one line of code, no training. It "
        "changes no weight, and is undone by deleting that line.",
        words,
        f"{given} {verdict}",
        f"{points(more)} points",
        f"Acc_r minus the mask's, {who}",
        average_guess(question, free, total),
    )


def gone(result: Result, probe: Mapping[str, Any] | None) -> Chapter:
    """Whether the class is still in the features.

    Args:
        result: whole classes are forgotten.
        probe: the linear probe as `excess.over_seeds` returns it; None if it was not made.
    """
    names, who, title = these(result), run_title(result), "7 · But is it gone?"
    look = f"A network may never predict {names} and still recognise it in its features."
    if probe is None:
        return Chapter(
            "gone",
            title,
            f"{look} **Audits** look for that, and compare with the retrained model.",
            "",
            f"For {who} they have not been made yet. The page Audit makes them, and says "
            "beforehand how long they take.",
            "?",
            f"of {names} left in the features",
        )
    guess, found = None, probe["unlearned"]["mean"]
    if not probe["failed"] and probe["unit"] == "%" and found is not None:
        before = value(probe["original"]["mean"], probe["unit"])
        question = f"In the original the probe finds {before} of {names}. How much after {who}?"
        guess = share_guess(question, who, found)
    number = "–" if probe["failed"] else f"{points(probe['excess']['mean'])} points"
    seeds = len(probe["unlearned"].get("values", ()))
    means = f"; the numbers are means over {seeds} seeds" if seeds > 1 else ""
    return Chapter(
        "gone",
        title,
        f"{look} A **linear probe** looks for {names} there, on held-out samples{means}.",
        "",
        sentence(probe),
        number,
        f"found beyond the retrained, {who}",
        guess,
    )
