"""How a run went, in the sentences of the story: each claims no more than its numbers carry."""

from __future__ import annotations

from typing import Any

from unsc_core.analysis.claims import SAME, Forgetting, Outcome, forgetting_of, may_be_chance
from unsc_core.analysis.measures import MEASURES
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import class_title, percent, points, requested
from unsc_core.figures.story_guess import changes

NOTHING = "Nothing to forget"
"""Headline where the original does not recognise the classes either."""
NO_CLEAR_CHANGE = "Not recognised any more, no clear change elsewhere"
"""Headline where Acc_r changed, but perhaps by chance."""
HEADLINES = {
    Outcome.CALIBRATED: "Calibrated",
    Outcome.GAINED: "Not recognised any more, and the rest gains",
    Outcome.KEPT: "Not recognised any more, and the rest kept",
    Outcome.DAMAGED: "Not recognised any more, at a price: over-unlearning",
    Outcome.REMAINS: "Not forgotten here",
    Outcome.OVERSHOT: "Too few recognised",
    Outcome.TOO_FEW: "Too few samples to tell",
    Outcome.NOTHING: NOTHING,
    Outcome.UNDECIDED: "Not decided yet",
}
"""Outcome of a request for classes -> what is said of it in a few words."""
SAMPLE_HEADLINES = HEADLINES | {
    Outcome.GAINED: "As many as the retrained, accuracy gained",
    Outcome.KEPT: "As many as the retrained",
    Outcome.DAMAGED: "As many as the retrained, with over-unlearning",
}
"""The same for single samples; "About as many" where the shares are not the same."""


def these(result: Result) -> str:
    """What is forgotten, in the middle of a sentence: "Shirt", "class 3", or "the 12 samples"."""
    names = requested(result.split)
    if not result.split.forget_ids:
        return names
    return "the sample" if len(result.split.forget_ids) == 1 else f"the {names}"


def others(result: Result) -> str:
    """Whose accuracy Acc_r is: no class is gone where single samples are forgotten."""
    return "all classes together" if result.split.forget_ids else "the other classes"


def on_average(who: str, gain: float, limit: float) -> str:
    """What became of Acc_r, in the middle of a sentence."""
    if abs(gain) < SAME:
        return f"{who} are as accurate as before on average"
    if abs(gain) < limit:
        return f"{who} change by {points(gain)} points on average, which may be chance"
    return f"{who} {'gain' if gain > 0 else 'lose'} {abs(gain):.1f} points on average"


def worst(result: Result, numbers: dict[str, Any]) -> str:
    """The class that loses most, as in ", Sandal most (−12.3)"."""
    change = changes(numbers, "unlearned")
    known = [c for c in result.split.retain_classes if change[c] is not None]
    lowest = min(known, key=lambda c: change[c] or 0.0)
    name = class_title(result.split.dataset.class_names[lowest])
    return f", {name} most ({points(change[lowest] or 0.0)})"


def _percent(accuracy: float) -> str:
    return MEASURES["acc_retain"].text(accuracy)


def _already(numbers: dict[str, Any], samples: int) -> bool:
    """Whether the original does as well at forgetting."""
    return forgetting_of(numbers, samples, "original") in (Forgetting.DONE, Forgetting.NOTHING)


def as_retrained(numbers: dict[str, Any], samples: int, before: str = "") -> str:
    """How many single samples are recognised: "more than the retrained model (…)"."""
    reached = forgetting_of(numbers, samples)
    if reached is Forgetting.TOO_FEW:
        found = {m: numbers[m]["acc_forget"] for m in ("unlearned", "retrained", "original")}
        mine, goal, first = (
            f"{share * samples / 100:.0f} of {samples}" for share in found.values()
        )
        was = f" ({first} before)" if before else ""
        return f"{mine}, the retrained model {goal}{was}: too few samples to tell"
    how = {Forgetting.MORE: "more than", Forgetting.FEWER: "fewer than"}
    alike = "as many as" if _equal(numbers) else "about as many as"
    words = how.get(reached, alike)
    mine, goal = (numbers[model]["acc_forget"] for model in ("unlearned", "retrained"))
    told = f"{_percent(mine)}; retrained {_percent(goal)}{f'; {before} before' if before else ''}"
    chance = words in how.values() and may_be_chance(numbers, samples)
    return f"{words} the retrained model ({told}){', which may be chance' if chance else ''}"


def _equal(numbers: dict[str, Any]) -> bool:
    """Whether the recognised share is the retrained model's, as it is written."""
    mine, goal = (numbers[model]["acc_forget"] for model in ("unlearned", "retrained"))
    return _percent(mine) == _percent(goal)


def went(result: Result, numbers: dict[str, Any]) -> str:
    """Whether what is to be forgotten is still recognised: one sentence."""
    samples = len(result.split.forget_ids)
    reached, names = forgetting_of(numbers, samples), these(result)
    if reached is Forgetting.UNKNOWN:
        return "Whether that forgets them is known once there is a retrained model."
    if samples:
        return f"Of these, the network then recognises {as_retrained(numbers, samples)}."
    left = _percent(numbers["unlearned"]["acc_forget"])
    if reached is Forgetting.NOTHING:
        before = _percent(numbers["original"]["acc_forget"])
        return f"The original recognises only {before} of {names}, so there is nothing to forget."
    if reached is Forgetting.DONE:
        return f"It no longer recognises {names} (Acc_f {left})."
    return f"Here it does not even forget (Acc_f {left})."


def careless_headline(numbers: dict[str, Any], samples: int, limit: float) -> str:
    """What a method without calibration did, in a few words."""
    remains = forgetting_of(numbers, samples) is Forgetting.MORE
    remains = remains and not (samples and may_be_chance(numbers, samples))
    damage = numbers["gain"]["total"] <= -limit
    if not samples and _already(numbers, samples):
        return f"{NOTHING}{', and over-unlearning' if damage else ''}"
    if damage:
        return f"Over-unlearning{', and not even forgotten' if remains else ''}"
    if remains:
        return "Not even forgotten"
    return f"No {'clear ' if numbers['gain']['total'] <= -SAME else ''}damage on average here"


def headline(reached: Outcome, numbers: dict[str, Any], samples: int) -> str:
    """How a run ended, in a few words."""
    missed = reached in (Outcome.REMAINS, Outcome.OVERSHOT)
    if reached is Outcome.KEPT and not samples and abs(numbers["gain"]["total"]) >= SAME:
        return NO_CLEAR_CHANGE
    if not samples:
        return HEADLINES[reached]
    if missed and may_be_chance(numbers, samples):
        return SAMPLE_HEADLINES[Outcome.TOO_FEW]
    words = SAMPLE_HEADLINES[reached]
    return words if not words.startswith("As many") or _equal(numbers) else f"About a{words[1:]}"


def classes_end(result: Result, numbers: dict[str, Any], reached: Outcome, limit: float) -> str:
    """How forgetting classes ended: two sentences, or one where it cannot be measured."""
    names = these(result)
    before, left = (numbers[model]["acc_forget"] for model in ("original", "unlearned"))
    rest = on_average(others(result), numbers["gain"]["total"], limit)
    if left is None:
        return f"Whether {names} is forgotten cannot be measured: there are no test samples of it."
    if _already(numbers, 0):
        text = f"The original recognises only {_percent(before)} of {names}, so {_percent(left)} "
        return f"{text}now says nothing. {rest[0].upper()}{rest[1:]}."
    now = f"{_percent(left)} of {names} ({_percent(before)} before)"
    if reached is Outcome.REMAINS:
        text = f"It still recognises {now}, more than counts as forgotten"
    else:
        text = f"It recognises {now}, and {rest}"
        rest = ""
    return f"{text}{f'; {rest}' if rest else ''}. {_alike(numbers, names)}"


def _alike(numbers: dict[str, Any], names: str) -> str:
    """How often it predicts what the retrained model does on the forgotten, and the mask does."""
    if numbers["agreement"] is None:
        return "The network retrained from scratch has yet to be trained."
    text = "It agrees with a network retrained from scratch on "
    text += f"{percent(numbers['agreement'] / 100)} of {names}"
    mask = (numbers["mask"] or {}).get("agreement")
    return f"{text}{'' if mask is None else f'; the mask does on {percent(mask / 100)}'}."


def samples_end(result: Result, numbers: dict[str, Any], reached: Outcome, limit: float) -> str:
    """How forgetting single samples ended: at most two sentences."""
    samples = len(result.split.forget_ids)
    if reached is Outcome.UNDECIDED:
        return "Whether they are forgotten is known once there is a retrained model."
    before = _percent(numbers["original"]["acc_forget"])
    text = f"Of {these(result)}, the network recognises {as_retrained(numbers, samples, before)}"
    if reached is Outcome.TOO_FEW:
        told = as_retrained(numbers, samples, before)
        text = f"Of what it is to forget, the network recognises {told}"
    elif reached in (Outcome.REMAINS, Outcome.OVERSHOT):
        if not may_be_chance(numbers, samples):
            left = reached is Outcome.REMAINS
            trace = "; if training does not do that by chance, it is a trace as well"
            text += ": they are not forgotten" if left else trace
    elif _already(numbers, samples):
        text += "; the original was as near to it, so this cannot tell"
    rest = on_average(others(result), numbers["gain"]["total"], limit)
    return f"{text}. {rest[0].upper()}{rest[1:]}."


def added(more: float, limit: float, who: str) -> tuple[str, str]:
    """What changing weights gave beyond the mask: in a few words, and in a sentence."""
    if more >= limit:
        return (
            "Changed weights add to it",
            f"**Borders moved**: {who} adds {more:.1f} points, in this one run.",
        )
    if more <= -limit:
        return (
            "The mask keeps more",
            f"**Borders moved**: {who} takes {abs(more):.1f} points off that.",
        )
    if abs(more) < SAME:
        return "No more than the mask", f"**Borders moved**: {who} adds nothing to that."
    return (
        "No more than the mask",
        f"**Borders moved**: {who} changes that by {points(more)} points, which may be chance.",
    )


def kept(more: float, limit: float, who: str, left: str) -> tuple[str, str]:
    """The same of a run that does not forget. `left`: what it recognises, "5.0 % of Shirt"."""
    words = "The mask keeps more" if more <= -limit else "Not forgotten here"
    side = "below" if more < 0 else "above"
    far = "the mask's" if abs(more) < SAME else f"{abs(more):.1f} points {side} the mask's"
    chance = ", which may be chance" if SAME <= abs(more) < limit else ""
    return words, f"**Rival not gone**: {who} recognises {left}, and Acc_r is {far}{chance}."
