"""Numbers in sentences: rounded, but never to what is not so."""

from __future__ import annotations

import pytest

from unsc_core.figures.phrases import percent


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0"),
        (1e-5, "0.1"),
        (0.004, "0.4"),
        (0.005, "1"),
        (0.345, "35"),
        (0.994, "99"),
        (0.995, "99.5"),
        (0.99999, "99.9"),
        (1.0, "100"),
    ],
)
def test_only_nothing_is_0_percent_and_only_all_is_100(share: float, text: str) -> None:
    assert percent(share) == f"{text}\u00a0%"
