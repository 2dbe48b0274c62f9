"""Pictures of samples, with what the models say about them."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from unsc_core.dataset import Dataset
from unsc_core.results import Result

CARD_CSS = (
    "<style>.unsc-cards{display:flex;flex-wrap:wrap;gap:12px}.unsc-card{width:104px;font-size:14px;line-height:1.3}"
    ".unsc-card img{width:104px;height:104px;object-fit:contain;image-rendering:pixelated;"
    "border-radius:6px;background:#fff;border:1px solid rgba(128,128,128,.4)}"
    "</style>"
)


def answers(result: Result, rows: NDArray[np.intp]) -> None:
    """Test samples with their true class and the answers before and after."""
    dataset = result.split.dataset
    names = dataset.class_names
    before, after = (model.test[rows].argmax(1) for model in (result.original, result.unlearned))
    texts = [f"{names[dataset.y_test[r]]}<br>{names[b]} → <b>{names[a]}</b>" for r, b, a in zip(rows, before, after, strict=True)]
    cards(dataset, dataset.x_test, rows, texts)


def cards(dataset: Dataset, samples: NDArray[np.generic], rows: NDArray[np.intp], texts: list[str]) -> None:
    """Small images with a line or two of text (HTML with escaped names) under each; points are shown as numbers."""
    if not dataset.is_images:
        st.caption(" · ".join(f"({samples[r][0]:.2f}, {samples[r][1]:.2f})" for r in rows))
        return
    items = [
        f'<div class="unsc-card"><img alt="{html.escape(_plain(text))}" src="{_data_uri(samples[row])}"><div>{_safe(text)}</div></div>'
        for row, text in zip(rows, texts, strict=True)
    ]
    st.html(f'{CARD_CSS}<div class="unsc-cards">{"".join(items)}</div>')


def _plain(text: str) -> str:
    return text.replace("<br>", ": ").replace("<b>", "").replace("</b>", "")


def _safe(text: str) -> str:
    """Escape everything but the three tags used here: class names may come from an uploaded file."""
    escaped = html.escape(text)
    for tag in ("<br>", "<b>", "</b>"):
        escaped = escaped.replace(html.escape(tag), tag)
    return escaped


def _data_uri(sample: NDArray[np.generic]) -> str:
    pixels = sample.transpose(1, 2, 0).astype(np.uint8)
    if pixels.shape[2] in (1, 2):
        pixels = pixels[:, :, 0]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
