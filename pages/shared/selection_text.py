"""A selection <-> its text in an address, such as "test.true-6.original-4" or "train.ids-17,30"."""

from __future__ import annotations

from pages.shared import id_code
from unsc_core.analysis.selection import CLASS_CONDITIONS, OUTCOMES, Selection

MAX_PICKED = 1000
"""Most single samples in one selection: a longer address is cut by some programs."""
PARTS = ("test", "train")
_IDS, _OUTCOME = "ids", "outcome"


def write(selection: Selection) -> str:
    """The text of a selection."""
    named = selection.rule or ((_IDS, id_code.pack(selection.ids)),)
    return ".".join([selection.part, *(f"{name}-{value}" for name, value in named)])


def read(text: str, part: str = "test") -> Selection:
    """The selection of a text.

    Args:
        text: as `write` makes it, or numbers with commas, as in links of older versions.
        part: what the samples of an older link are.

    Raises:
        ValueError: it is no selection, or one of more than MAX_PICKED samples.
    """
    if len(text) > id_code.LONGEST:
        raise ValueError(text[:40])
    if text[:1].isdigit():
        return Selection(part, ids=_ids(text))
    part, _, rest = text.partition(".")
    if part not in PARTS:
        raise ValueError(text)
    if rest.startswith(f"{_IDS}-"):
        return Selection(part, ids=_ids(rest.partition("-")[2]))
    return Selection(part, rule=tuple(map(_condition, rest.split("."))))


def _ids(text: str) -> tuple[int, ...]:
    found = id_code.unpack(text)
    if len(found) > MAX_PICKED:
        raise ValueError(text[:40])
    return found


def _condition(text: str) -> tuple[str, int | str]:
    name, _, value = text.partition("-")
    if name == _OUTCOME and value in OUTCOMES:
        return name, value
    if name in CLASS_CONDITIONS and value.isdecimal():
        return name, int(value)
    raise ValueError(text)
