"""An address as a QR code."""

from __future__ import annotations

import segno

SIDE = 4
"""Quiet modules around it, as the standard wants."""


def qr_code(address: str) -> str:
    """A QR code (ISO/IEC 18004) as SVG: black on white in either theme, scaled by its box.

    Args:
        address: at most about 2,000 characters.
    """
    code = segno.make(address, error="m", micro=False)
    return code.svg_inline(border=SIDE, omitsize=True, dark="#000", light="#fff")
