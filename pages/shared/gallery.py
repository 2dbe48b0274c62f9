"""Images of samples, to look at or to select."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from pages.shared import selection
from pages.shared.components.mount import mount
from pages.shared.selection import Picked
from unsc_core.analysis.selection import Selection
from unsc_core.data.dataset import Dataset

FILES = ("cards.html", "cards.css", "make.js", "cards.js")

CARD_CSS = (
    "<style>.unsc-cards{display:flex;flex-wrap:wrap;gap:12px}"
    ".unsc-card{width:104px;font-size:14px;line-height:1.3}"
    ".unsc-card img{width:104px;height:104px;object-fit:contain;image-rendering:pixelated;"
    "border-radius:6px;background:#fff;border:1px solid rgba(128,128,128,.4)}"
    "</style>"
)


def cards(
    dataset: Dataset, samples: NDArray[np.generic], rows: NDArray[np.intp], texts: list[str]
) -> None:
    """Small images with a line or two of text under each; points are shown by their coordinates.

    Args:
        dataset: what the samples are of.
        samples: all of them.
        rows: those to show.
        texts: one for each, HTML with <b> and <br>; everything else in them is escaped.
    """
    if not dataset.is_images:
        pairs = zip(rows, texts, strict=True)
        points = [f"({samples[r][0]:.2f}, {samples[r][1]:.2f}) {_plain(text)}" for r, text in pairs]
        st.caption(" · ".join(points))
        return
    items = [
        f'<div class="unsc-card"><img alt="{html.escape(_plain(text))}" '
        f'src="{data_uri(samples[row])}"><div>{_safe(text)}</div></div>'
        for row, text in zip(rows, texts, strict=True)
    ]
    st.html(f'{CARD_CSS}<div class="unsc-cards">{"".join(items)}</div>')


def selectable(
    dataset: Dataset, part: str, rows: NDArray[np.intp], texts: list[list[str]], picked: Picked
) -> None:
    """Small images with lines of text under each, the first in bold; a click selects the sample.

    Points are shown by their coordinates, and cannot be selected.

    Args:
        dataset: what the samples are of.
        part: "test" or "train".
        rows: those to show.
        texts: the lines of each.
        picked: what is selected now.
    """
    samples = dataset.samples(part)
    if not dataset.is_images:
        cards(dataset, samples, rows, ["<br>".join(lines) for lines in texts])
        return
    selected = set(picked.of(part).tolist())
    items = [
        {
            "row": row,
            "image": data_uri(samples[row]),
            "lines": lines,
            "words": ", ".join(lines),
            "selected": row in selected,
        }
        for row, lines in zip(rows.tolist(), texts, strict=True)
    ]
    name = f"-{part}-{'-'.join(map(str, rows[:1].tolist()))}"
    acts = {"card": lambda clicked: _toggle(part, int(clicked["row"]), picked)}
    mount("cards", FILES, {"cards": items}, name, on=acts)


def _toggle(part: str, row: int, picked: Picked) -> None:
    """Select a sample beside those that are, or take it out; a rule is replaced by it."""
    chosen = picked.in_part(part)
    now = set() if chosen is None or chosen.rule else set(chosen.ids)
    now ^= {row}
    selection.select(Selection(part, tuple(sorted(now))) if now else None)


def _plain(text: str) -> str:
    return text.replace("<br>", ": ").replace("<b>", "").replace("</b>", "")


def _safe(text: str) -> str:
    """Escape everything but the three tags used here: class names may come from an upload."""
    escaped = html.escape(text)
    for tag in ("<br>", "<b>", "</b>"):
        escaped = escaped.replace(html.escape(tag), tag)
    return escaped


def data_uri(sample: NDArray[np.generic]) -> str:
    """A sample (channels, height, width), as the address of a PNG."""
    pixels = sample.transpose(1, 2, 0).astype(np.uint8)
    if pixels.shape[2] in (1, 2):
        pixels = pixels[:, :, 0]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
