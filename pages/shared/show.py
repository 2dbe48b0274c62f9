"""Puts a Picture on the page: figure, alt text, sentence, download."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas  # noqa: F401 - before any figure: plotly looks at what another tab's thread has imported of it, even half of it
import streamlit as st

from unsc_core.figures.phrases import file_stem
from unsc_core.figures.theme import Look, Picture, look

HIDDEN_BUTTONS = ("zoom2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "resetScale2d", "pan2d")


def mark_files(alterations: Sequence[str]) -> None:
    """From here on, have downloaded files say in their names what is not as the shown run's method makes it."""
    st.session_state["file_marks"] = tuple(alterations)


def _file(name: str) -> str:
    return file_stem(name, st.session_state.get("file_marks", ()))


def mode() -> Look:
    """The look of the browser's theme."""
    return look(st.context.theme.type)


def picture(
    picture: Picture,
    name: str,
    *,
    selectable: bool = False,
    lasso: bool = True,
    sentence: bool = True,
    on_click: Callable[[], None] | None = None,
) -> Any:
    """Draw a picture.

    Args:
        picture: what to draw.
        name: unique on the page; also the name of downloaded files.
        selectable: points can be chosen; the page runs again then.
        lasso: they are, by dragging; else by clicking, which streamlit has instead.
        sentence: write the picture's sentence below it.
        on_click: called before the page runs again when a mark was clicked; the selection is in the session state under `name`.

    Returns:
        The selection, when selectable.
    """
    config = {
        "displaylogo": False,
        "responsive": True,
        "modeBarButtonsToRemove": [
            *HIDDEN_BUTTONS,
            *([] if selectable else ["select2d", "lasso2d"]),
        ],
        "toImageButtonOptions": {"format": "svg", "filename": _file(name)},
    }
    if selectable:
        picture.figure.update_layout(dragmode="lasso" if lasso else False)
        chosen = st.plotly_chart(
            picture.figure, theme=None, config=config, alt=picture.alt, key=name, on_select="rerun"
        )
    elif on_click:
        chosen = st.plotly_chart(
            picture.figure,
            theme=None,
            config=config,
            alt=picture.alt,
            key=name,
            on_select=on_click,
            selection_mode="points",
        )
    else:
        chosen = st.plotly_chart(
            picture.figure, theme=None, config=config, alt=picture.alt, key=name
        )
    if sentence and picture.sentence:
        st.markdown(picture.sentence)
    return chosen


def in_rows(pictures: dict[str, Picture], per_row: int, *, sentence: bool = True) -> None:
    """Draw pictures side by side, row after row, so that a narrow screen stacks them in order."""
    items = list(pictures.items())
    for start in range(0, len(items), per_row):
        for column, (name, item) in zip(
            st.columns(per_row), items[start : start + per_row], strict=False
        ):
            with column:
                picture(item, name, sentence=sentence)


def downloads(pictures: dict[str, Picture]) -> None:
    """One quiet row of CSV downloads for the pictures of a page (images: the camera on each figure)."""
    with st.popover("Download the numbers", icon=":material/download:"):
        for name, item in pictures.items():
            st.download_button(
                f"{name}.csv",
                partial(_csv, item.table),
                f"{_file(name)}.csv",
                "text/csv",
                key=f"csv-{name}",
                on_click="ignore",
            )


def _csv(table: dict[str, Any]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return out.getvalue()
