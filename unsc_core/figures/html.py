"""Pictures as HTML: plotly's script once, each figure as data, colours for light and dark mode."""

from __future__ import annotations

import html
import json

from plotly.offline import get_plotlyjs

from unsc_core.figures.theme import DARK, FORGET, LIGHT, Look, Picture, clear

DRAW = """
const swaps = new Map(SWAPS), dark = matchMedia("(prefers-color-scheme: dark)");
const keys = [...swaps.keys()].map(key => key.replace(/[()]/g, "\\\\$&"));
const light = new RegExp(keys.join("|"), "gi");
function draw(asDark, width) {
  for (const data of document.querySelectorAll("script[data-figure]")) {
    const plain = data.textContent;
    const text = asDark ? plain.replace(light, key => swaps.get(key.toLowerCase())) : plain;
    const figure = JSON.parse(text), name = data.dataset.figure;
    if (width) figure.layout.width = width;
    Plotly.react(document.getElementById(name), figure.data, figure.layout,
      {responsive: !width, displaylogo: false,
       toImageButtonOptions: {format: "svg", filename: name}});
  }
}
draw(dark.matches);
dark.addEventListener("change", () => draw(dark.matches));
addEventListener("beforeprint", () => draw(false, 640));
addEventListener("afterprint", () => draw(dark.matches));
"""
"""Draws every figure; on paper always in light colours."""


def embedded(picture: Picture, name: str) -> str:
    """A picture drawn with LIGHT, as HTML: its alternative text, its data, its sentence."""
    data = picture.figure.to_json()
    data = data.replace("<", "\\u003c")  # no text in it can end the script
    sentence = (
        f"<figcaption>{html.escape(picture.sentence)}</figcaption>" if picture.sentence else ""
    )
    height = int(picture.figure.layout.height or 400)
    return (
        f'<figure><div id="{name}" role="img" aria-label="{html.escape(picture.alt)}" '
        f'style="height:{height}px"></div>'
        f'<script type="application/json" data-figure="{name}">{data}</script>{sentence}</figure>'
    )


def scripts() -> str:
    """What draws them: all of plotly.js, so that nothing is fetched, and `DRAW`."""
    draw = DRAW.replace("SWAPS", json.dumps(swaps()))
    return f"<script>{get_plotlyjs()}</script><script>{draw}</script>"


def swaps() -> list[tuple[str, str]]:
    """Pairs of light and dark colours; that of the forgotten classes stays."""
    pairs = dict(zip(_colours(LIGHT), _colours(DARK), strict=True))
    pairs.pop(FORGET, None)
    starts = {_translucent(a): _translucent(b) for a, b in pairs.items()}
    return [(a.lower(), b) for a, b in (pairs | starts).items()]


def _colours(look: Look) -> list[str]:
    return [
        look.ink,
        look.muted,
        look.grid,
        look.paper,
        look.teal,
        look.accent,
        *look.scale,
        *look.loss_gain,
    ]


def _translucent(colour: str) -> str:
    """How a colour starts where it is translucent."""
    return clear(colour, 1).removesuffix("1)")
