"""Sample numbers as a short text for addresses: gaps, in a code of Rice, as base64.

A gap takes about as many bits as its information, so that 20 of 10,000 samples take 36 characters.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

MARK = "."
"""In front of a packed text; plain numbers are separated by commas."""
PLAIN = 6
"""Up to so many numbers are written plainly: they can be read."""
_SHIFT_BITS = 5
"""Of the header: how many low bits of each gap are written as they are."""
_LAST = 1 << 31
LONGEST = 20_000
"""Characters of a text that is looked at: far more than any link of the app has."""


def pack(ids: Sequence[int]) -> str:
    """Ascending, distinct numbers from 0 as a text without characters that an address escapes."""
    if len(ids) <= PLAIN:
        return ",".join(map(str, ids))
    gaps = [b - a - 1 for a, b in zip((-1, *ids), ids, strict=False)]
    mean = sum(gaps) / len(gaps)
    low = max(0, int(mean).bit_length() - 1)
    bits = [f"{low:0{_SHIFT_BITS}b}"]
    for gap in gaps:
        bits.append("1" * (gap >> low) + "0")
        bits.append(f"{gap & ((1 << low) - 1):0{low}b}" if low else "")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)  # what remains reads as a number that does not end
    packed = int(text, 2).to_bytes(len(text) // 8, "big")
    return MARK + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unpack(text: str) -> tuple[int, ...]:
    """The numbers, sorted and distinct, in a packed text or in one with commas.

    Raises:
        ValueError: it is neither.
    """
    if len(text) > LONGEST:
        raise ValueError(text[:40])
    if not text.startswith(MARK):
        found = tuple(sorted({int(part) for part in text.split(",")}))
        if not 0 <= found[0] <= found[-1] < _LAST:
            raise ValueError(text)
        return found
    try:
        packed = base64.b64decode(
            (text[1:] + "=" * (-len(text[1:]) % 4)).encode("ascii"), b"-_", validate=True
        )
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError(text) from None
    found = _gaps("".join(f"{byte:08b}" for byte in packed))
    if not found or found[-1] >= _LAST:
        raise ValueError(text)
    return found


def _gaps(bits: str) -> tuple[int, ...]:
    """The numbers whose gaps these bits are, until they end within one."""
    low, at, last, found = int(bits[:_SHIFT_BITS] or "0", 2), _SHIFT_BITS, -1, []
    while (stop := bits.find("0", at)) >= 0 and stop + 1 + low <= len(bits):
        rest = int(bits[stop + 1 : stop + 1 + low] or "0", 2)
        last += ((stop - at) << low) + rest + 1
        found.append(last)
        at = stop + 1 + low
    return tuple(found)
