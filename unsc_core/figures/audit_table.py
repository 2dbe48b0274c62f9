"""The answer of `audit` as plain text: the verdict, then every audit of every network."""

from __future__ import annotations

from typing import Any

from unsc_core.audits import AUDITS
from unsc_core.audits.entry import NETWORKS
from unsc_core.audits.verdict import BLIND, is_blind

HEADS = (*NETWORKS, "excess", "95 % interval", "sd of zero", "sees")
PLACES = {
    "answers": "from the answers",
    "logits": "from the retained logits",
    "features": "from the features",
    "memory": "from the memory",
}
WIDTH = 11


def audit_text(answer: dict[str, Any]) -> str:
    """A table for a terminal.

    Args:
        answer: {"config": with "seeds", "audits": name -> what `excess.over_seeds` returns,
            "verdict": what `verdict` returns}.
    """
    lines = [
        f"Gone {PLACES[group]}: {found['gone']}. {found['why']}"
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
    "Higher values mean that more is left; ↓: lower values do.",
)


def _audit_line(name: str, audit: dict[str, Any]) -> str:
    digits = 1 if audit["unit"] == "%" else 3
    excess, seeing = audit["excess"], _number(audit["sees"], 2)
    interval = "–"
    if excess["low"] is not None:
        ends = (_number(excess["low"], digits, "+"), _number(excess["high"], digits, "+"))
        interval = " to ".join(ends)
    cells = [_number(audit[network]["mean"], digits) for network in NETWORKS]
    cells += [_number(excess["mean"], digits, "+"), interval]
    cells += [
        _number(audit["zero"]["sd"], digits),
        f"{seeing} blind" if is_blind(audit) else seeing,
    ]
    unit = f" ({audit['unit']})" if audit["unit"] else ""
    arrow = " ↓" if AUDITS[name].direction == "lower" else ""
    return _line(f"{name}{unit}{arrow}", cells)


def _number(value: float | None, digits: int, sign: str = "") -> str:
    return "–" if value is None else f"{value:{sign}.{digits}f}".replace("-", "−")


def _line(name: str, cells: Any) -> str:
    widths = [WIDTH] * 5 + [19, WIDTH, WIDTH]
    return f"{name:22}" + "".join(f"{c:>{w}}" for c, w in zip(cells, widths, strict=True))
