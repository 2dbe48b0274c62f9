"""Relatives of the idea in other fields of unlearning: a few sentences and a sketch each."""

from __future__ import annotations

from dataclasses import dataclass

from unsc_core.figures.theme import FORGET, RETAIN, Look


@dataclass(frozen=True)
class Neighbour:
    """A published method that uses a null space in another way.

    Attributes:
        title, source: of the paper.
        text: what it does, and how it differs.
        shapes: its sketch: SVG with {ink}, {muted}, {teal}, {forget} and {retain} for colours.
    """

    title: str
    source: str
    text: str
    shapes: str


_ARROW = '<path d="M0 0L-9 -4.5L-9 4.5Z" fill="{teal}" transform="translate({x} {y}) rotate({a})"/>'


def _arrow(x: int, y: int, angle: int) -> str:
    place = {"{x}": str(x), "{y}": str(y), "{a}": str(angle)}
    arrow = _ARROW
    for mark, value in place.items():
        arrow = arrow.replace(mark, value)
    return arrow


def _cross(x: int, y: int) -> str:
    return f'<path d="M{x - 5} {y - 5}l10 10m0 -10l-10 10" stroke="{{forget}}" stroke-width="2.5"/>'


def _dot(x: int, y: int) -> str:
    return f'<circle cx="{x}" cy="{y}" r="5" fill="{{retain}}"/>'


_GRAPH = (
    '<path d="M70 40L120 90L60 130L120 90L190 60M190 60L230 120L120 90" stroke="{muted}" '
    'stroke-width="1.5" fill="none"/>'
    + _dot(70, 40) + _dot(60, 130) + _dot(190, 60) + _dot(230, 120) + _cross(120, 90)
    + '<path d="M290 130L380 130M290 130L290 40" stroke="{muted}" stroke-width="1.5"/>'
    '<path d="M290 130L352 130" stroke="{ink}" stroke-width="3"/>'
    '<path d="M352 130L352 66" stroke="{teal}" stroke-width="3"/>' + _arrow(352, 58, -90)
    + '<text x="318" y="150" text-anchor="middle">range</text>'
    '<text x="364" y="98">null space</text>'
)  # fmt: skip
_CONTRAST = (
    '<ellipse cx="120" cy="85" rx="78" ry="48" fill="none" stroke="{muted}" '
    'stroke-dasharray="4 4"/>'
    + _dot(80, 70) + _dot(105, 110) + _dot(140, 62) + _dot(160, 104) + _cross(122, 86)
    + '<path d="M134 84L292 72" stroke="{teal}" stroke-width="3"/>' + _arrow(300, 71, -4)
    + '<ellipse cx="340" cy="68" rx="36" ry="26" fill="none" stroke="{forget}" '
    'stroke-dasharray="4 4"/>' + _cross(334, 70) + _cross(350, 60)
    + '<text x="120" y="155" text-anchor="middle">retained features</text>'
    '<text x="340" y="118" text-anchor="middle">region chosen</text>'
)  # fmt: skip
NEIGHBOURS = (
    Neighbour(
        "Graph unlearning by embedding reconstruction",
        "Yin et al., 2025, [arXiv 2508.02044](https://arxiv.org/abs/2508.02044)",
        "A graph network mixes each node with its neighbours, so that a node to be forgotten is "
        "still part of their embeddings. This method undoes the mixing by reconstructing the "
        "embeddings, and splits how nodes interact into a part in the range of a matrix and a part "
        "in its null space, which can be learned apart. UNSC has only the second part: it limits "
        "where weights move.",
        _GRAPH,
    ),
    Neighbour(
        "Contrastive forgetting in the null space",
        "Wang et al., 2026, [arXiv 2605.05909](https://arxiv.org/abs/2605.05909)",
        "In models of images and text, the language part stays frozen, and a contrastive loss "
        "pushes the features of what is to be forgotten away from the retained ones, towards "
        "suitable regions. The weights of the visual part move only in the null space of the "
        "retained knowledge. UNSC pulls predictions to a class in place of features; the app's "
        "method `null-space-contrastive` adapts the idea to classifiers.",
        _CONTRAST,
    ),
)


def sketch(one: Neighbour, look: Look) -> str:
    """The sketch as an SVG document."""
    shapes = one.shapes.format(
        ink=look.ink, muted=look.muted, teal=look.teal, forget=FORGET, retain=RETAIN[0]
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="20 20 420 145" width="420" height="145" '
        f'font-family="sans-serif" font-size="14" fill="{look.ink}">{shapes}</svg>'
    )
