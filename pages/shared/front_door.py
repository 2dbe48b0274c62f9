"""What is in user-supplied data, and the question what to forget, before anything is computed."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.shared import gallery, lesson, pictures, state
from unsc_core.data.dataset import Dataset
from unsc_core.figures.class_counts import cautions, class_counts

MAX_CLASSES = 12
PER_CLASS = 3


def draw(data: Dataset) -> None:
    """Classes with counts and samples, cautions, and a button that forgets one of them."""
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

    if lesson.current().fixed("forget"):
        st.info("This link does not allow choosing what to forget.", icon=":material/lock:")
        return
    st.header("What shall be forgotten?")
    left, right, _ = st.columns([3, 2, 3], vertical_alignment="bottom")
    chosen = left.selectbox(
        "Class", range(data.num_classes), format_func=lambda c: data.class_names[c], key="door"
    )
    name = data.class_names[chosen]
    right.button(
        f"Forget {name}",
        type="primary",
        width="stretch",
        on_click=state.change,
        kwargs={"forget": (chosen,)},
    )
    st.caption(
        "Nothing is computed until you choose a class. A network is then trained on these samples, "
        "unless there is one already; if that takes more than a minute, the time is estimated and "
        "you are asked. Several classes, another network and another method can be chosen in the "
        "sidebar."
    )
