"""Puts a Picture on the page: figure, alternative text, sentence and downloads."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

# Before any figure: plotly uses pandas once another tab's thread has begun to import it.
import pandas  # noqa: F401
import streamlit as st

from pages.shared.components.mount import mount
from unsc_core.figures.phrases import file_stem
from unsc_core.figures.theme import Look, Picture, look

HIDDEN_BUTTONS = (
    *("zoom2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "resetScale2d", "pan2d"),
    *("select2d", "lasso2d"),
)


def mark_files(alterations: Sequence[str]) -> None:
    """Put into the names of downloads, from here on, how the run differs from its plain method."""
    st.session_state["file_marks"] = tuple(alterations)


def _file(name: str) -> str:
    return file_stem(name, st.session_state.get("file_marks", ()))


def page_look() -> Look:
    """The look of the browser's theme."""
    return look(st.context.theme.type)


def draw(
    picture: Picture,
    name: str,
    *,
    sentence: bool = True,
    on_click: Callable[[], None] | None = None,
) -> None:
    """Draw a picture.

    Args:
        picture: what to draw.
        name: unique on the page; also the name of downloaded files.
        sentence: write the picture's sentence below it.
        on_click: called before the page runs again after a click on a mark. The selection is in
            the session state under `name`.
    """
    options: dict[str, Any] = {}
    if on_click:
        options = {"on_select": on_click, "selection_mode": "points"}
    config = {
        "displaylogo": False,
        "responsive": True,
        "modeBarButtonsToRemove": HIDDEN_BUTTONS,
        "toImageButtonOptions": {"format": "svg", "filename": _file(name)},
    }
    st.plotly_chart(picture.figure, theme=None, config=config, alt=picture.alt, key=name, **options)
    if sentence and picture.sentence:
        st.markdown(picture.sentence)


def draw_in_rows(
    pictures: dict[str, Picture],
    per_row: int,
    *,
    sentence: bool = True,
    on_click: Callable[[str], None] | None = None,
) -> None:
    """Draw pictures side by side, row after row; a narrow screen stacks them in order.

    Args:
        pictures: by name.
        per_row: how many side by side.
        sentence, on_click: as of `draw`; the name of the picture is passed to `on_click`.
    """
    items = list(pictures.items())
    for start in range(0, len(items), per_row):
        row = items[start : start + per_row]
        for column, (name, picture) in zip(st.columns(per_row), row, strict=False):
            with column:
                clicked = on_click and partial(on_click, name)
                draw(picture, name, sentence=sentence, on_click=clicked)


class Tabled(Protocol):
    """What has numbers behind it, column name -> values."""

    @property
    def table(self) -> dict[str, Any]:
        """The numbers."""


def downloads(pictures: Mapping[str, Tabled], without_figure: Sequence[str] = ()) -> None:
    """A button with the files of a page's pictures: each as SVG, PNG or PDF, and its numbers.

    Args:
        pictures: by the name that they were drawn under.
        without_figure: those that `draw` did not draw, of which there are only numbers.
    """
    figures = [
        {"key": name, "file": _file(name)}
        for name, one in pictures.items()
        if isinstance(one, Picture) and name not in without_figure
    ]
    with st.popover("Download", icon=":material/download:"):
        files = ("figure_files.html", "figure_files.css", "figure_files.js")
        if figures:
            mount("figure_files", files, {"figures": figures}, figures[0]["key"])
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
