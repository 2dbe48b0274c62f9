"""What people type into a room: names, codes and answers, checked and stored as plain text."""

from __future__ import annotations

import math
import re
import secrets
import unicodedata

from unsc_core.errors import RoomError

LONGEST_NAME = 40
LONGEST_ANSWER = 200
LETTERS = "BCDFGHJKMNPQRTVWXY346789"
"""Of a code: no two look alike, and no vowel makes a word of them."""
CODE_LENGTH = 6
JOINERS = "\u200c\u200d"
"""Invisible, but part of words in some scripts, and of some emoji."""
Value = str | int | float
"""An answer."""


def new_code() -> str:
    """A code for a room, such as "K4TMRX"."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


def code(text: str) -> str:
    """A code as stored, from what somebody typed, in any case and with spaces or hyphens.

    Raises:
        RoomError: this cannot be a code.
    """
    found = re.sub(r"[\s-]+", "", text[:100]).upper()
    if not is_code(found):
        raise RoomError(
            f"'{plain(text, 20)}' cannot be the code of a room: a code has {CODE_LENGTH} of "
            f"the letters and digits {LETTERS}. Type the one that the teacher shows."
        )
    return found


def is_code(text: str) -> bool:
    """Whether this has the form in which codes are stored."""
    return len(text) == CODE_LENGTH and set(text) <= set(LETTERS)


def plain(text: str, longest: int) -> str:
    """A text on one line, without control characters, cut to so many characters.

    Invisible characters that turn the direction of writing are left out, too. Nothing is escaped:
    that is for whoever writes it into HTML or Markdown.
    """
    composed = unicodedata.normalize("NFC", text[: 10 * longest])
    kept = (
        " " if c.isspace() else c
        for c in composed
        if c.isspace() or c in JOINERS or not unicodedata.category(c).startswith("C")
    )
    return " ".join("".join(kept).split())[:longest].strip()


def name(text: str) -> str:
    """A person's name.

    Raises:
        RoomError: nothing is left of it, or it is too long.
    """
    found = plain(text, LONGEST_NAME + 1)
    if not found.strip(JOINERS) or len(found) > LONGEST_NAME:
        raise RoomError(
            f"A name has 1 to {LONGEST_NAME} letters; "
            + (f"'{found[:20]}…' is longer." if found else "write yours.")
        )
    return found


def value(given: Value) -> Value:
    """An answer: a finite number, or a text.

    Raises:
        RoomError: it is neither, or too long.
    """
    if isinstance(given, str):
        found = plain(given, LONGEST_ANSWER + 1)
        if 0 < len(found) <= LONGEST_ANSWER:
            return found
    elif _is_number(given):
        return given
    raise RoomError(
        f"An answer is a number or a text of 1 to {LONGEST_ANSWER} characters; "
        f"'{plain(str(given)[:200], 20)}' is not."
    )


def _is_number(given: float) -> bool:
    """Whether this is a number, and the same one in JSON and in a browser."""
    if not isinstance(given, int | float) or isinstance(given, bool):
        return False
    return abs(given) < 2**53 and math.isfinite(given)
