"""Teal is the null space's alone, and what can be pressed has one colour in and around figures."""

from __future__ import annotations

import tomllib

import pytest

from tests.e2e.server import ROOT
from unsc_core.figures.theme import DARK, LIGHT, Look, rgb
from unsc_core.methods import METHODS

LOOKS = (LIGHT, DARK)
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]


def contrast(one: str, other: str) -> float:
    """As WCAG defines it, from 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [c / 255 for c in rgb(colour)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_the_theme_and_the_figures_agree(look: Look) -> None:
    theme = THEME[look.name]
    assert theme["primaryColor"] == look.accent
    assert theme["textColor"] == look.ink
    assert theme["backgroundColor"] == look.paper


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_nothing_but_the_null_space_and_unsc_is_teal(look: Look) -> None:
    assert look.teal not in THEME[look.name].values()
    of = {look.teal.lower()} & {
        text.lower()
        for name, method in METHODS.items()
        for text in (method.colour, method.colour_on_dark)
        if name != "unsc"
    }
    assert not of


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_links_and_controls_contrast(look: Look) -> None:
    theme = THEME[look.name]
    for paper in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        assert contrast(theme["linkColor"], paper) >= 4.5
        assert contrast(theme["primaryColor"], paper) >= 3
