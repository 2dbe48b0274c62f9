"""One look for every figure: projector-sized text, light and dark, and the one legend."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.methods import METHODS

if TYPE_CHECKING:
    import plotly.graph_objects as go

FORGET = "#D55E00"
"""Vermilion, with ×."""
RETAIN = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#56B4E9",
    "#CC79A7",
    "#8A7A00",
    "#5E4FA2",
    "#8C510A",
    "#7F8C8D",
    "#86B300",
)
"""Okabe–Ito without vermilion; black and yellow replaced to show on light and dark. With ●."""
SPARE_MARKS = (
    *("star-triangle-up", "star-triangle-down", "star-diamond", "hexagon2", "octagon", "hexagram"),
    *("square-open", "triangle-up-open", "triangle-down-open", "pentagon-open", "hexagon-open"),
    *("cross-open", "hourglass-open", "bowtie-open", "square-cross", "circle-cross", "circle-x"),
)
"""Plotly symbols for methods whose entry has none; no entry uses them."""
FONT_SIZE = 15
MOST_MARGIN = 200
"""Pixels for tick labels, so that a figure is left room on a phone."""
FONT_FAMILY = '"Source Sans", sans-serif'


@dataclass(frozen=True)
class Look:
    """Colours of one mode.

    Attributes:
        name: "light" or "dark". ink, muted, grid, paper: of texts, lines and the page.
        teal: the null space, and UNSC, which moves weights only there; nothing else.
        accent: what can be pressed or dragged; the theme's primaryColor.
        scale: from nothing to all. loss_gain: from a loss over none to a gain.
    """

    name: str
    ink: str
    muted: str
    grid: str
    paper: str
    teal: str
    accent: str
    scale: tuple[str, ...]
    loss_gain: tuple[str, str, str]

    @property
    def zero_line(self) -> dict[str, Any]:
        """For an axis whose zero means "no change"."""
        return {"zeroline": True, "zerolinecolor": self.ink, "zerolinewidth": 1.5}


BLUES = ("#f4f7f9", "#b9d3e6", "#5b9bc8", "#1f6aa5", "#0b3c66")
BLUES_ON_DARK = ("#161f23", "#1d425c", "#2a6f9e", "#62a8d6", "#d3e9f8")
LIGHT = Look(
    "light",
    "#1c2422",
    "#56615e",
    "#e3e8e6",
    "#ffffff",
    "#00786a",
    "#34495e",
    BLUES,
    ("#D55E00", "#ffffff", "#0072B2"),
)
DARK = Look(
    "dark",
    "#e8eeec",
    "#a3b0ad",
    "#2d3a3d",
    "#12181a",
    "#2bb8a3",
    "#b4c4d4",
    BLUES_ON_DARK,
    ("#ff8a3d", "#12181a", "#56B4E9"),
)


def look(mode: str | None) -> Look:
    """The look of "light" or "dark" (anything else: light)."""
    return DARK if mode == "dark" else LIGHT


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with everything a reader needs beside it.

    Attributes:
        figure: the plotly figure.
        alt: what it shows, for those who do not see it.
        sentence: what this very result says, made from its numbers.
        table: the numbers behind it, column name -> values.
    """

    figure: go.Figure
    alt: str
    sentence: str = ""
    table: dict[str, Any] = field(default_factory=dict)


def label_margin(names: Sequence[str], extra: int = 0) -> int:
    """Pixels that the longest line of `names` needs as a tick label, MOST_MARGIN at most."""
    longest = max(len(line) for name in names for line in name.split("<br>"))
    return extra + min(16 + round(8.2 * longest), MOST_MARGIN)


def in_two_lines(name: str, most: int = 16) -> str:
    """A name, broken near its middle if it is longer than this: figures are narrow on a phone."""
    breaks = [i for i, letter in enumerate(name) if letter == " "]
    if len(name) <= most or not breaks:
        return name
    middle = min(breaks, key=lambda i: abs(2 * i - len(name)))
    return f"{name[:middle]}<br>{name[middle + 1 :]}"


def class_colour(label: int, forget_classes: tuple[int, ...]) -> str:
    """The colour of a class: vermilion for the forgotten, else its own."""
    if label in forget_classes:
        return FORGET
    return RETAIN[label % len(RETAIN)]


def selected_mark(look: Look) -> dict[str, Any]:
    """The mark of a selected sample on a figure of plotly's: a ring around its own mark."""
    return {"symbol": "circle-open", "size": 13, "color": look.ink, "line": {"width": 2}}


def method_colour(name: str, look: Look) -> str:
    """The colour of a method: its entry's, or else one derived from its name."""
    entry = METHODS[name]
    if not entry.colour:
        return _colour_from(name)
    return entry.colour_on_dark or entry.colour if look.name == "dark" else entry.colour


def method_mark(name: str) -> str:
    """The plotly symbol of a method: its entry's, or else one derived from its name."""
    return METHODS[name].mark or SPARE_MARKS[_digest(name)[0] % len(SPARE_MARKS)]


def _colour_from(name: str) -> str:
    """A colour that depends on the name alone."""
    candidates = (_digest(f"{name} {attempt}")[:3] for attempt in itertools.count())
    return "#" + next(filter(_is_distinct, candidates)).hex()


def _is_distinct(candidate: bytes) -> bool:
    """Whether a colour is no grey, unlike all colours above, and 3 : 1 against either paper."""
    colour = np.frombuffer(candidate, np.uint8).astype(float)
    taken = np.array([rgb(c) for c in (FORGET, *RETAIN, LIGHT.teal, DARK.teal)])
    apart = np.linalg.norm(taken - colour, axis=1).min()
    return bool(0.14 < _luminance(colour / 255) < 0.28 and np.ptp(colour) > 80 and apart > 65)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of a colour #rrggbb, 0 to 255."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def _luminance(colours: NDArray[np.floating]) -> NDArray[np.floating]:
    """Relative luminance (...,) of colours (..., 3) on the scale 0–1, as WCAG 2 defines it."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def readable_on(colour: str) -> str:
    """Black or white, whichever contrasts more with a colour #rrggbb: by at least 4.5 : 1."""
    return "#000000" if _luminance(np.array(rgb(colour)) / 255) > 0.179 else "#ffffff"


def clear(colour: str, opacity: float) -> str:
    """A colour, #rrggbb, made translucent."""
    red, green, blue = rgb(colour)
    return f"rgba({red},{green},{blue},{opacity:g})"


def add_cells(
    figure: go.Figure,
    names: list[str],
    values: NDArray[Any],
    texts: list[list[str]] | None,
    scale: Sequence[str],
    limits: tuple[float, float],
    hover: str | None,
    row_names: list[str] | None = None,
) -> None:
    """Add a heat map of classes; the text of each cell has a contrast of at least 4.5 : 1.

    Args:
        figure: to add to.
        names: of the columns, and of the rows unless these have `row_names`.
        values: (rows, columns).
        texts: (rows, columns), or None for none.
        scale: colours from the lower to the upper of `limits`, evenly spaced.
        hover: plotly's template; None for no hover.
    """
    colours = [[i / (len(scale) - 1), colour] for i, colour in enumerate(scale)]
    figure.add_heatmap(
        z=values,
        x=names,
        y=row_names or names,
        colorscale=colours,
        zmin=limits[0],
        zmax=limits[1],
        showscale=False,
        xgap=1,
        ygap=1,
        **({"hoverinfo": "skip"} if hover is None else {"hovertemplate": hover}),
    )
    if texts is None:
        return
    known = np.nan_to_num(np.asarray(values, float), nan=sum(limits) / 2)
    share = np.clip((known - limits[0]) / ((limits[1] - limits[0]) or 1.0), 0.0, 1.0)
    share *= len(scale) - 1
    channels = np.array([rgb(colour) for colour in scale], float)
    cells = (
        np.stack([np.interp(share, np.arange(len(scale)), channels[:, i]) for i in range(3)], -1)
        / 255
    )
    bright = _luminance(cells) > 0.179
    rows, columns = np.indices(share.shape)
    figure.add_scatter(
        x=[names[c] for c in columns.ravel()],
        y=[(row_names or names)[r] for r in rows.ravel()],
        mode="text",
        text=[text for row in texts for text in row],
        textfont={"size": 14, "color": np.where(bright.ravel(), "#000000", "#ffffff").tolist()},
        hoverinfo="skip",
        showlegend=False,
    )


def frame(
    figure: go.Figure, rows: tuple[int, int], columns: tuple[int, int], colour: str, width: float
) -> None:
    """Outline the cells of a heat map from the first to the last of these rows and columns."""
    (top, bottom), (left, right) = rows, columns
    line = {"color": colour, "width": width}
    place = {"x0": left - 0.5, "x1": right + 0.5, "y0": top - 0.5, "y1": bottom + 0.5}
    figure.add_shape(type="rect", line=line, **place)


def write(figure: go.Figure, text: str, **place: Any) -> None:
    """Put a text on a figure; `place` and the rest are plotly's, for an annotation."""
    figure.add_annotation(text=text, showarrow=False, **place)


def layout(look: Look, height: int, title: str = "") -> dict[str, Any]:
    """The house style, without axes."""
    return {
        "height": height,
        "title": {
            "text": title,
            "font": {"size": 17, "color": look.ink},
            "x": 0,
            "xanchor": "left",
            "y": 0.985,
            "yanchor": "top",
        }
        if title
        else None,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": FONT_SIZE, "color": look.ink, "family": FONT_FAMILY},
        "margin": {"l": 8, "r": 8, "t": 44 if title else 12, "b": 8},
        "hoverlabel": {
            "font": {"size": 15, "color": look.ink, "family": FONT_FAMILY},
            "bgcolor": look.paper,
            "bordercolor": look.muted,
        },
        "legend": {
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "font": {"size": 14},
        },
        "dragmode": False,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": look.muted, "activecolor": look.ink},
    }


def axis(look: Look, title: str | None = None) -> dict[str, Any]:
    """The house style of an axis."""
    named = {} if title is None else {"text": title}
    return {
        "gridcolor": look.grid,
        "zerolinecolor": look.grid,
        "linecolor": look.grid,
        "automargin": True,
        "tickfont": {"size": 14},
        "title": {"font": {"size": 15}, "standoff": 10, **named},
    }


def styled(figure: go.Figure, look: Look, height: int, title: str = "") -> go.Figure:
    """Give a figure the house style, in place of any layout of its own, and return it."""
    style = layout(look, height, title) | {"xaxis": axis(look), "yaxis": axis(look)}
    return figure.update_layout(
        style, overwrite=True
    )  # merged, property by property, it would take plotly five times as long
