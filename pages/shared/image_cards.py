"""Pictures of one image: as it came and as the networks take it, changed, and what it resembles."""

from __future__ import annotations

import html
import io
from base64 import b64encode
from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from pages.shared.gallery import data_uri
from pages.shared.image_source import Tried
from unsc_core.analysis.answers import Answer
from unsc_core.data.request import Split
from unsc_core.figures.answers import short_title
from unsc_core.figures.change_words import amplified, size_text
from unsc_core.figures.theme import FORGET

SHOWN_SIDE = 400
"""A picture of the user's is sent back to the browser with at most so many pixels along a side."""
CSS = f"""<style>
.unsc-try {{ display: flex; flex-wrap: wrap; gap: 14px; align-items: flex-start; font-size: 15px;
  line-height: 1.35; }}
.unsc-try figure {{ margin: 0; }}
.unsc-try img {{ display: block; object-fit: contain; image-rendering: pixelated;
  border-radius: 6px; border: 1px solid rgba(128,128,128,.45); }}
.unsc-try .half {{ width: clamp(110px, 40%, 200px); }}
.unsc-try .half img {{ width: 100%; height: auto; }}
.unsc-try .photo {{ image-rendering: auto; }}
.unsc-try .medium img {{ width: 120px; aspect-ratio: 1; height: auto; }}
.unsc-try .large img {{ width: clamp(110px, 28vw, 200px); aspect-ratio: 1; height: auto; }}
.unsc-try .pair {{ display: flex; gap: 6px; }}
.unsc-try .pair img {{ width: clamp(72px, 20vw, 104px); aspect-ratio: 1; height: auto; }}
.unsc-try .small {{ width: clamp(72px, 20vw, 88px); overflow-wrap: anywhere; }}
.unsc-try .small img {{ width: 100%; aspect-ratio: 1; height: auto; }}
.unsc-try .forget img {{ border: 3px solid {FORGET}; }}
</style>"""


def seen(tried: Tried) -> None:
    """The picture as it came, if it was prepared, and as the networks take it."""
    size = "×".join(map(str, tried.sample.shape[:0:-1]))
    words = f"what the networks see: {size} pixels"
    if tried.picture is not None:
        photo = _figure(_photo_uri(tried.picture), tried.what, "the picture", "half", "photo")
        parts = [photo, _figure(data_uri(tried.sample), words, words, "half")]
    else:
        drawn = tried.row is None
        parts = [_figure(data_uri(tried.sample), words, words, "medium" if drawn else "large")]
    _row(parts)


def changes(
    tried: Tried, found: Mapping[str, NDArray[np.uint8] | None], texts: Mapping[str, str], run: str
) -> None:
    """For every model the changed image, and the difference.

    Args:
        tried: the image.
        found: model -> the changed image; None where there is none.
        texts: model -> what to say below.
        run: title of the run that made the unlearned model.
    """
    parts = []
    for model, image in found.items():
        title = html.escape(short_title(model, run))
        images = ""
        if image is not None:
            difference, times = amplified(tried.sample, image)
            alts = (f"{title}: the changed image", f"{title}: the change, {times} times as strong")
            images = "".join(
                f'<img src="{data_uri(one)}" alt="{alt}" title="{alt}">'
                for one, alt in zip((image, difference), alts, strict=True)
            )
        text = html.escape(texts[model]).replace("\n", "<br>")
        parts.append(
            f'<figure><div class="pair">{images}</div><figcaption><b>{title}</b><br>{text}'
            "</figcaption></figure>"
        )
    _row(parts)


def change_texts(
    found: Mapping[str, tuple[int, float, float | None] | None],
    answers: Mapping[str, Answer],
    names: Sequence[str],
) -> dict[str, str]:
    """Model -> what the change turns the answer into, and how large it is.

    Args:
        found: model -> the new answer, and norm and share of the change; None where there is none.
        answers: model -> its answer.
        names: of the classes.
    """
    texts = {}
    for model, answer in answers.items():
        change = found[model]
        if change is None:
            texts[model] = f"{names[answer.label]}: no change found"
        else:
            after, norm, share = change
            texts[model] = f"{names[answer.label]} → {names[after]}\n{size_text(norm, share)}"
    return texts


def neighbours(request: Split, rows: NDArray[np.intp], cosines: NDArray[np.float32]) -> None:
    """Training images, the nearest first; those to be forgotten are framed and marked with ×."""
    dataset, forgotten = request.dataset, request.is_forgotten("train")
    parts = []
    for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True):
        name = dataset.class_names[dataset.y_train[row]]
        text = f"{'× ' if forgotten[row] else ''}{name}<br>{cosine:.3f}"
        alt = f"training image {row}: {name}{', to be forgotten' if forgotten[row] else ''}"
        kind = "small forget" if forgotten[row] else "small"
        parts.append(_figure(data_uri(dataset.x_train[row]), alt, text, kind))
    _row(parts)


def _figure(uri: str, alt: str, text: str, kind: str, image: str = "") -> str:
    words = html.escape(text).replace(html.escape("<br>"), "<br>")
    return (
        f'<figure class="{kind}"><img class="{image}" src="{uri}" alt="{html.escape(alt)}">'
        f"<figcaption>{words}</figcaption></figure>"
    )


def _row(parts: Sequence[str]) -> None:
    st.html(f'{CSS}<div class="unsc-try">{"".join(parts)}</div>')


def _photo_uri(picture: NDArray[np.uint8]) -> str:
    image = Image.fromarray(picture)
    image.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=85)
    return "data:image/jpeg;base64," + b64encode(buffer.getvalue()).decode()
