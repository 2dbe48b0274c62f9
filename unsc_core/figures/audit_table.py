"""Every audit of every network as a table, as plain text with the verdict or for a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unsc_core.audits import AUDITS
from unsc_core.audits.entry import GROUPS, NETWORKS
from unsc_core.audits.verdict import BLIND, finding, is_blind
from unsc_core.figures.audit_words import PLACES, digits
from unsc_core.figures.phrases import joined

HEADS = (*NETWORKS, "excess", "95 % interval", "sd of zero", "sees")
WIDTH = 11


def audit_text(answer: dict[str, Any]) -> str:
    """A table for a terminal.

    Args:
        answer: {"config": with "seeds", "audits": name -> what `excess.over_seeds` returns,
            "verdict": what `verdict` returns}.
    """
    lines = [
        f"Gone from {PLACES[group]}: {found['gone']}. {found['why']}"
        for group, found in answer["verdict"].items()
    ]
    seeds = len(answer["config"]["seeds"])
    lines += ["", f"mean over {seeds} seeds" if seeds > 1 else "one seed", _line("", HEADS)]
    lines += [_audit_line(name, audit) for name, audit in answer["audits"].items()]
    failed = [f"{n} failed: {a['failed']}" for n, a in answer["audits"].items() if a["failed"]]
    return "\n".join([*lines, "", *failed, *NOTES])


NOTES = (
    "excess: unlearned − retrained, paired by seed. sd of zero: of the same difference for a "
    "network retrained with another seed.",
    "sees: AUC at telling original and mask from retrained; "
    f"below {BLIND} the audit is blind here.",
    "Higher values (↓: lower values) mean that more is left; for "
    f"{joined([audit.title for audit in AUDITS.values() if audit.compares])}, that the network is "
    "further from the retrained.",
)


def _audit_line(name: str, audit: dict[str, Any]) -> str:
    unit = f" ({audit['unit']})" if audit["unit"] else ""
    arrow = " ↓" if audit["direction"] == "lower" else ""
    return _line(f"{name}{unit}{arrow}", cells(audit))


def cells(audit: Mapping[str, Any]) -> list[str]:
    """The numbers of one audit, in the order of HEADS; those that cannot be known are dashes."""
    places, found = digits(audit["unit"]), audit["excess"]
    interval = "–"
    if found["low"] is not None:
        ends = (_number(found["low"], places, "+"), _number(found["high"], places, "+"))
        interval = " to ".join(ends)
    seeing = _number(audit["sees"], 2)
    return [
        *(_number(audit[network]["mean"], places) for network in NETWORKS),
        _number(found["mean"], places, "+"),
        interval,
        _number(audit["zero"]["sd"], places),
        f"{seeing} blind" if is_blind(audit) else seeing,
    ]


def columns(audits: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Column -> a cell for each audit, group by group: titles, numbers, and what each says."""
    audits = {name: a for group in GROUPS for name, a in audits.items() if a["group"] == group}
    names = [
        audit["title"]
        + (f", {audit['unit']}" if audit["unit"] else "")
        + (" ↓" if audit["direction"] == "lower" else "")
        for name, audit in audits.items()
    ]
    rows = [cells(audit) for audit in audits.values()]
    return {
        "Audit": names,
        "Looks in": [audit["group"] for audit in audits.values()],
        **{
            head.capitalize(): list(column)
            for head, column in zip(HEADS, zip(*rows, strict=True), strict=True)
        },
        "Gone?": ["blind" if is_blind(audit) else finding(audit) for audit in audits.values()],
    }


def _number(value: float | None, digits: int, sign: str = "") -> str:
    return "–" if value is None else f"{value:{sign}.{digits}f}".replace("-", "−")


def _line(name: str, cells: Any) -> str:
    widths = [WIDTH] * 5 + [19, WIDTH, WIDTH]
    return f"{name:22}" + "".join(f"{c:>{w}}" for c, w in zip(cells, widths, strict=True))
