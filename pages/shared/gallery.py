"""Images of samples, with what the models predict for them."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from unsc_core.data.dataset import Dataset
from unsc_core.experiment.result import Result

CARD_CSS = (
    "<style>.unsc-cards{display:flex;flex-wrap:wrap;gap:12px}"
    ".unsc-card{width:104px;font-size:14px;line-height:1.3}"
    ".unsc-card img{width:104px;height:104px;object-fit:contain;image-rendering:pixelated;"
    "border-radius:6px;background:#fff;border:1px solid rgba(128,128,128,.4)}"
    "</style>"
)


def predictions(result: Result, rows: NDArray[np.intp], part: str = "test") -> None:
    """Samples of "test" or "train", with true class, predictions before and after, and label."""
    dataset = result.split.dataset
    names, labels = dataset.class_names, dataset.labels(part)
    logits = [model.of(part)[rows] for model in (result.original, result.unlearned)]
    pseudo_labels: dict[int, int] = {}
    if part == "train" and result.labels is not None:
        of = zip(result.split.forget_train().tolist(), result.labels.tolist(), strict=True)
        pseudo_labels = dict(of)
    texts = []
    for i, row in enumerate(rows.tolist()):
        before, after = (
            f"{names[one[i].argmax()]} {one[i].max():.1f}" for one in logits
        )  # class and logit
        text = f"<b>{names[labels[row]]}</b><br>{before} → {after}"
        if row in pseudo_labels:
            text += f"<br>label {names[pseudo_labels[row]]}"
        texts.append(text)
    st.caption(
        "**Bold**: true class. Below: prediction before → after unlearning, each with its logit."
    )
    cards(dataset, dataset.samples(part), rows, texts)


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
