"""The verdict: are the forgotten classes gone, as far as the audits can see?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from unsc_core.audits.entry import GROUPS

YES, NO, UNKNOWN = "yes", "no", "can't tell"
BLIND = 0.75
"""An audit whose `sees` is lower than this is blind here."""
SPREADS = 2
"""An excess of up to this many standard deviations of the zero is none."""
LEAST = 0.01
"""Nor is one of up to this share of the distance from the retrained to the original.

Retrained networks may all have the same value, and then any excess would be beyond their spread.
"""
MORE = {
    False: "More is left than in the retrained",
    True: "Further from the retrained than another retraining is",
}
"""Whether an audit compares with the retrained network -> what an excess means."""
NO_MORE = {
    False: "No more is left than in the retrained",
    True: "No further from the retrained than another retraining is",
}
"""The same for no excess."""
BLIND_HERE = "Blind here, as networks that remember do not clearly show more than retrained ones"
TOO_WIDE = "The interval is too wide to tell"
TOO_COARSE = "Two retrainings may differ by as much as the original from the retrained"


def verdict(
    audits: Mapping[str, Mapping[str, Any]], written: Callable[[str], str] = str
) -> dict[str, dict[str, str]]:
    """Whether the classes are gone from the answers, the logits, the features and the memory.

    Of a group's audits that see, all must find no excess for "yes", and one that finds an excess
    is enough for "no". An audit that is blind says nothing; one that failed, or whose zero is
    as wide as the original's excess, rules out "yes".

    Args:
        audits: name -> what `excess.over_seeds` returns.
        written: how the sentences write the name of an audit.

    Returns:
        Group -> {"gone": "yes", "no" or "can't tell", "why": one or a few sentences}.
    """
    return {
        group: _of_group({n: a for n, a in audits.items() if a["group"] == group}, written)
        for group in GROUPS
    }


def is_blind(audit: Mapping[str, Any]) -> bool:
    """Whether an audit cannot tell networks that remember from retrained ones here."""
    return audit["sees"] is not None and audit["sees"] < BLIND


def finding(audit: Mapping[str, Any]) -> str:
    """What one audit says: "yes" for gone, "no", or "can't tell"."""
    excess, spread = audit["excess"], audit["zero"]["sd"]
    missing = audit["failed"] or None in (audit["sees"], spread, excess["low"], excess["high"])
    if missing or is_blind(audit):
        return UNKNOWN
    (low, high), most = _left(audit), limit(audit)
    if low > most:
        return NO
    return YES if high <= most and not is_too_coarse(audit) else UNKNOWN


def is_too_coarse(audit: Mapping[str, Any]) -> bool:
    """Whether not even the original's excess would count: then a small one says nothing."""
    return audit["zero"]["sd"] is not None and limit(audit) >= _distance(audit)


def limit(audit: Mapping[str, Any]) -> float:
    """The largest excess that is none, for an audit over two seeds or more without a failure."""
    return max(SPREADS * audit["zero"]["sd"], LEAST * _distance(audit))


def _distance(audit: Mapping[str, Any]) -> float:
    """Of the original from the retrained network."""
    return abs(audit["original"]["mean"] - audit["retrained"]["mean"])


def is_below(audit: Mapping[str, Any]) -> bool:
    """Whether less is left than in a retrained network, beyond the spread of the zero.

    Being closer to the retrained network than another retraining is no trace.
    """
    return not audit["compares"] and _left(audit)[1] < -limit(audit)


def _of_group(
    audits: Mapping[str, Mapping[str, Any]], written: Callable[[str], str]
) -> dict[str, str]:
    def listed(names: Iterable[str]) -> str:
        return ", ".join(map(written, names))

    found = {name: finding(audit) for name, audit in audits.items()}
    if against := [name for name, says in found.items() if says == NO]:
        return {"gone": NO, "why": _by_kind(MORE, against, audits, listed)}
    if failed := [name for name, audit in audits.items() if audit["failed"]]:
        first = audits[failed[0]]["failed"]
        return {"gone": UNKNOWN, "why": f"No value from {listed(failed)}: {first}"}
    seeing = [name for name, audit in audits.items() if not is_blind(audit)]
    if not seeing:
        return {"gone": UNKNOWN, "why": f"{BLIND_HERE}: {listed(audits)}."}
    if unsure := [name for name in seeing if found[name] == UNKNOWN]:
        if any(audits[name]["zero"]["sd"] is None for name in unsure):
            return {"gone": UNKNOWN, "why": f"One seed has no interval: {listed(unsure)}."}
        coarse = [name for name in unsure if is_too_coarse(audits[name])]
        kinds = {TOO_WIDE: [name for name in unsure if name not in coarse], TOO_COARSE: coarse}
        why = " ".join(f"{words}: {listed(of)}." for words, of in kinds.items() if of)
        return {"gone": UNKNOWN, "why": why}
    why = _by_kind(NO_MORE, seeing, audits, listed)
    if below := [name for name in seeing if is_below(audits[name])]:
        why += f" Less is left than in the retrained, which is a trace as well: {listed(below)}."
    return {"gone": YES, "why": why}


def _by_kind(
    words: Mapping[bool, str],
    names: Sequence[str],
    audits: Mapping[str, Mapping[str, Any]],
    listed: Callable[[Iterable[str]], str],
) -> str:
    """One sentence for the audits that look into one network, one for those that compare two."""
    kinds = {c: [n for n in names if audits[n]["compares"] == c] for c in (False, True)}
    return " ".join(f"{words[c]}: {listed(of)}." for c, of in kinds.items() if of)


def _left(audit: Mapping[str, Any]) -> tuple[float, float]:
    """The interval of the excess, with a sign such that more than 0 means that more is left."""
    low, high = audit["excess"]["low"], audit["excess"]["high"]
    return (low, high) if audit["direction"] == "higher" else (-high, -low)
