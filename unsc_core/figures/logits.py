"""The logits of a few samples, before and after."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import class_title, points
from unsc_core.figures.theme import Look, Picture, label_margin, styled


def logits(result: Result, rows: NDArray[np.intp], part: str, look: Look) -> Picture:
    """Mean logit of every class over samples of "test" or "train", original and unlearned."""
    names = list(result.split.dataset.class_names)
    before, after = (
        answers.of(part)[rows].mean(0) for answers in (result.original, result.unlearned)
    )
    figure = go.Figure()
    for title, values, colour, pattern in (
        ("original", before, look.muted, ""),
        ("unlearned", after, look.teal, "/"),
    ):
        figure.add_bar(
            x=names,
            y=values,
            name=title,
            marker={"color": colour, "pattern": {"shape": pattern}},
            hovertemplate="%{x}<br>%{y:.2f}<extra>" + title + "</extra>",
        )
    styled(figure, look, 320)
    figure.update_layout(
        barmode="group",
        bargap=0.25,
        margin={"l": 64, "t": 36, "b": round(0.75 * label_margin(names))},
    )
    figure.update_yaxes(
        title_text="mean logit", zeroline=True, zerolinecolor=look.ink, zerolinewidth=1.5
    )
    figure.update_xaxes(tickangle=-45, type="category")
    change = after - before
    most, least = int(change.argmax()), int(change.argmin())
    who = "this sample" if len(rows) == 1 else f"these {len(rows)} samples"
    fell = "fell most" if change[least] < 0 else "rose least"
    rose = "rose most" if change[most] > 0 else "fell least"
    sentence = (
        f"For {who}, the logit of {class_title(names[least])} {fell} ({points(change[least])}) "
        f"and that of {class_title(names[most])} {rose} ({points(change[most])})."
    )
    return Picture(
        figure,
        f"Bars: mean logit of each class over {who}, before and after.",
        sentence,
        {"class": names, "original": before, "unlearned": after},
    )
