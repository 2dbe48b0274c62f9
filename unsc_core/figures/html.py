"""Pictures in a page of their own: plotly's script once, each figure as data, colours that follow the reader's mode."""

from __future__ import annotations

import html
import json

from plotly.offline import get_plotlyjs

from unsc_core.figures.theme import DARK, FORGET, LIGHT, Look, Picture

DRAW = """
const swaps = new Map(SWAPS), dark = matchMedia("(prefers-color-scheme: dark)");
const light = new RegExp([...swaps.keys()].map(key => key.replace(/[()]/g, "\\\\$&")).join("|"), "gi");
function draw(asDark, width) {
  for (const data of document.querySelectorAll("script[data-figure]")) {
    const text = asDark ? data.textContent.replace(light, key => swaps.get(key.toLowerCase())) : data.textContent;
    const figure = JSON.parse(text), name = data.dataset.figure;
    if (width) figure.layout.width = width;
    Plotly.react(document.getElementById(name), figure.data, figure.layout,
      {responsive: !width, displaylogo: false, toImageButtonOptions: {format: "svg", filename: name}});
  }
}
draw(dark.matches);
dark.addEventListener("change", () => draw(dark.matches));
addEventListener("beforeprint", () => draw(false, 640));
addEventListener("afterprint", () => draw(dark.matches));
"""
"""Draws every figure; on paper always in light colours."""


def embedded(picture: Picture, name: str) -> str:
    """A picture, drawn with LIGHT, as HTML: an empty place with its alternative text, its data, its sentence."""
    data = picture.figure.to_json().replace(
        "<", "\\u003c"
    )  # so that no text in it can end the script
    sentence = (
        f"<figcaption>{html.escape(picture.sentence)}</figcaption>" if picture.sentence else ""
    )
    height = int(picture.figure.layout.height or 400)
    return (
        f'<figure><div id="{name}" role="img" aria-label="{html.escape(picture.alt)}" style="height:{height}px"></div>'
        f'<script type="application/json" data-figure="{name}">{data}</script>{sentence}</figure>'
    )


def scripts() -> str:
    """What draws them: plotly.js whole, so that nothing is fetched, and `DRAW`."""
    return f"<script>{get_plotlyjs()}</script><script>{DRAW.replace('SWAPS', json.dumps(swaps()))}</script>"


def swaps() -> list[tuple[str, str]]:
    """Every colour of the light look with that of the dark one; the forgotten keep theirs."""
    pairs = dict(zip(_colours(LIGHT), _colours(DARK), strict=True))
    pairs.pop(FORGET, None)
    rgb = {_rgb(a): _rgb(b) for a, b in pairs.items()}
    return [(a.lower(), b) for a, b in (pairs | rgb).items()]


def _colours(look: Look) -> list[str]:
    return [look.ink, look.muted, look.grid, look.paper, look.teal, *look.scale, *look.loss_gain]


def _rgb(colour: str) -> str:
    """How a colour begins where it is see-through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},"
