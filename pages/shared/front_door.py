"""User-supplied data: the question what to forget, and what they hold, before any computing."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.shared import gallery, lesson, pictures, state
from unsc_core.data.dataset import Dataset
from unsc_core.figures.class_counts import cautions, class_counts

MAX_CLASSES = 12
PER_CLASS = 3


def draw(data: Dataset) -> None:
    """The question which class to forget, and below it what the data hold."""
    _ask(data)
    st.header("What is in your data")
    picture = class_counts(data, pictures.page_look())
    pictures.draw(picture, "class-counts")
    for caution in cautions(data):
        st.warning(caution, icon=":material/warning:")
    shown = min(data.num_classes, MAX_CLASSES)
    rows = np.concatenate([np.flatnonzero(data.y_train == c)[:PER_CLASS] for c in range(shown)])
    names = [data.class_names[data.y_train[row]] for row in rows]
    gallery.cards(data, data.x_train, rows, [f"<b>{name}</b>" for name in names])
    if shown < data.num_classes:
        st.caption(f"Samples of the first {shown} of {data.num_classes} classes.")


def _ask(data: Dataset) -> None:
    """Choose a class, and a button that forgets it: the one thing to do here."""
    if lesson.current().fixed("forget"):
        st.info("This link does not allow choosing what to forget.", icon=":material/lock:")
        return
    st.header("Which class should be forgotten?")
    left, right, _ = st.columns([3, 2, 3], vertical_alignment="bottom")
    chosen = left.selectbox(
        "Class", range(data.num_classes), format_func=lambda c: data.class_names[c], key="door"
    )
    right.button(
        f"Forget {data.class_names[chosen]}",
        type="primary",
        width="stretch",
        on_click=state.change,
        kwargs={"forget": (chosen,)},
    )
    st.caption(
        "Nothing is computed until you choose a class. A network is then trained on these samples, "
        "unless there is one already. If that takes more than a minute, the time is estimated and "
        "you are asked. Several classes, another network and another method are in the sidebar."
    )
