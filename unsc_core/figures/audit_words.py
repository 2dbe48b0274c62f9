"""Audits in words: values, the excess, what one audit says, and the verdict's headline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unsc_core.audits.verdict import (
    BLIND_HERE,
    LEAST,
    MORE,
    NO,
    NO_MORE,
    SPREADS,
    TOO_WIDE,
    UNKNOWN,
    YES,
    finding,
    is_below,
    is_blind,
    is_too_coarse,
    limit,
)
from unsc_core.figures.phrases import ONE_SEED, joined
from unsc_core.figures.theme import Look, method_colour, method_mark

PLACES = {
    "answers": "the answers",
    "logits": "the retained logits",
    "features": "the features",
    "memory": "the memory",
}
"""Group of audits -> where they look."""
ATTACKS = {
    "answers": "Does it answer as if it had never seen the class?",
    "logits": "Do its scores for the retained classes give the class away?",
    "features": "Does the class still lie apart inside the network?",
    "memory": "Does it remember the class, or its training samples?",
}
"""Group of audits -> its question."""


def mark(network: str, method: str, look: Look) -> tuple[str, str]:
    """Colour and plotly symbol of a network; those of an unlearned one are its method's."""
    if network == "unlearned":
        return method_colour(method, look), method_mark(method)
    symbols = {"original": "circle-open", "mask": "diamond-wide-open", "retrained": "star"}
    return look.muted if network == "original" else look.ink, symbols[network]


def value(number: float | None, unit: str) -> str:
    """A value with its unit: "66.7 %", "0.213 bits", "0.612"."""
    if number is None:
        return "no value"
    text = f"{number:.{digits(unit)}f}".replace("-", "−")
    return f"{text}\u00a0{unit}" if unit else text


def digits(unit: str) -> int:
    """Decimals of values in this unit."""
    return 1 if unit == "%" else 3


def difference(number: float, unit: str) -> str:
    """A difference of two values: "+20.6 points", "+0.061 bits"."""
    number = round(number, digits(unit)) + 0.0  # no −0.0
    text = f"{number:+.{digits(unit)}f}".replace("-", "−") if number else "0"
    named = "points" if unit == "%" else unit
    return f"{text}\u00a0{named}" if named else text


def excess(audit: Mapping[str, Any], label: str = "95\u00a0% interval ") -> str:
    """Excess and interval of an audit that has them: "+20.6 points, 95 % interval +16 to +25"."""
    found, unit = audit["excess"], audit["unit"]
    text = difference(found["mean"], unit)
    if found["low"] is None:
        return text
    low, high = (f"{found[end]:+.{digits(unit)}f}".replace("-", "−") for end in ("low", "high"))
    return f"{text}, {label}{low} to {high}"


def written(name: str, audits: Mapping[str, Mapping[str, Any]]) -> str:
    """An audit in the verdict: its title with its excess, or with how well it sees if it is blind.

    Args:
        name: of the audit.
        audits: name -> what `excess.over_seeds` returns.
    """
    audit = audits[name]
    title = audit["title"]
    if audit["failed"]:
        return title
    if is_blind(audit):
        return f"{title} (sees {audit['sees']:.2f})"
    return f"{title} ({excess(audit, label='')})"


def sentence(audit: Mapping[str, Any]) -> str:
    """What one audit found, from its numbers.

    Args:
        audit: what `excess.over_seeds` returns.
    """
    if audit["failed"]:
        return f"No value: {audit['failed']}"
    own, reference = audit["unlearned"], audit["retrained"]
    other = "another retraining" if audit["compares"] else "retrained"
    lead = (
        f"Unlearned {value(own['mean'], audit['unit'])}, {other} "
        f"{value(reference['mean'], audit['unit'])}: {excess(audit)}."
    )
    if audit["zero"]["sd"] is None:
        return f"{lead} {ONE_SEED}"
    if is_blind(audit):
        return f"{lead} {BLIND_HERE} (sees {audit['sees']:.2f}), so this says nothing."
    most, spread = limit(audit), SPREADS * audit["zero"]["sd"]
    says = {
        NO: MORE[audit["compares"]],
        YES: NO_MORE[audit["compares"]],
        UNKNOWN: "This cannot tell" if is_too_coarse(audit) else TOO_WIDE,
    }[finding(audit)]
    allowed = difference(most, audit["unit"]).lstrip("+")
    how = f"two retrainings rarely differ in this by more than {allowed}"
    if most > spread:
        share = f"{100 * LEAST:g}\u00a0% of the original's distance from the retrained"
        how = f"up to {allowed} counts as none, {share}"
    if finding(audit) == UNKNOWN and is_too_coarse(audit):
        how += ", and the original does not differ by more from the retrained"
    text = f"{lead} {says}; {how}."
    if finding(audit) == YES and is_below(audit):
        text += " Less is left, which is a trace as well."
    return text


def headline(
    verdict: Mapping[str, Mapping[str, str]],
    forgotten: str,
    audits: Mapping[str, Mapping[str, Any]],
) -> str:
    """The verdict in one sentence.

    Args:
        verdict: what `verdict` returns.
        forgotten: the classes, as in a sentence.
        audits: those that the verdict is about: name -> what `excess.over_seeds` returns.
    """
    by = {
        says: [group for group, one in verdict.items() if one["gone"] == says] for says in (YES, NO)
    }
    if by[NO]:
        signs = joined([PLACES[group].replace("the ", "its ") for group in by[NO]])
        return f"The unlearned network can be told from one that never saw {forgotten}: by {signs}."
    seeing = [audit for audit in audits.values() if audit["group"] in by[YES]]
    if any(finding(audit) == YES and is_below(audit) for audit in seeing):
        rest = "" if len(by[YES]) == len(verdict) else "; for the rest they cannot tell"
        places = joined([PLACES[group] for group in by[YES]])
        return (
            f"No audit that sees finds more of {forgotten} in {places} of the unlearned network "
            f"than in one that never saw it, but some find less, a trace as well{rest}."
        )
    if len(by[YES]) == len(verdict):
        return (
            "No audit that sees can tell the unlearned network from one that never saw "
            f"{forgotten}."
        )
    if by[YES]:
        places = joined([PLACES[group] for group in by[YES]])
        return (
            f"These audits see no trace of {forgotten} in {places} of the unlearned network; for "
            "the rest they cannot tell."
        )
    return f"Whether {forgotten} is gone cannot be told from these audits."
