"""The curve of work that is still running, small enough to be drawn anew twice a second."""

from __future__ import annotations

from collections.abc import Sequence

from unsc_core.figures.theme import FORGET

WIDTH, HEIGHT, EDGE = 480, 64, 5


def growing(shares: Sequence[float], last: int) -> str:
    """The accuracy on the forgotten samples by epoch, as SVG in HTML.

    Args:
        shares: one per epoch from 0.
        last: the last epoch there may be.
    """
    points = [
        (EDGE + (WIDTH - 2 * EDGE) * epoch / max(1, last), EDGE + (HEIGHT - 2 * EDGE) * (1 - share))
        for epoch, share in enumerate(shares)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    now = f"{100 * shares[-1]:.0f}\u00a0%"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" style="width:100%;max-width:{WIDTH}px" '
        f'aria-label="Forgotten samples still recognised, by epoch: now {now}">'
        f'<line x1="0" x2="{WIDTH}" y1="{HEIGHT - EDGE}" y2="{HEIGHT - EDGE}" '
        'stroke="currentColor" stroke-opacity="0.3"/>'
        f'<polyline points="{line}" fill="none" stroke="{FORGET}" stroke-width="2.5"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{FORGET}"/></svg>'
    )
