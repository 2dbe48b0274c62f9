"""The pages of the app: their names, titles and icons, and links from one to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st

PAGES = {
    "story": ("Story", "auto_stories"),
    "explainer": ("The null space, explained", "view_in_ar"),
    "course": ("Course", "school"),
    "room": ("Room", "groups"),
    "lab": ("2-D lab", "science"),
    "decision_space": ("Decision space", "scatter_plot"),
    "confusion": ("Confusion", "grid_on"),
    "null_space": ("Null space", "equalizer"),
    "gamma": ("Threshold γ", "speed"),
    "pseudo_labels": ("Pseudo-labels", "alt_route"),
    "compare": ("Compare", "leaderboard"),
    "audit": ("Audit", "policy"),
    "try_image": ("Try an image", "add_photo_alternate"),
    "runs": ("Runs", "history"),
}
"""File in pages/ -> title and Material icon, in the order of the menu; the first is the start."""


def path(page: str) -> str:
    """The file of a page, relative to app.py: Streamlit's name for it."""
    return f"pages/{page}.py"


def icon(page: str) -> str:
    """The icon of a page, as Streamlit writes it."""
    return f":material/{PAGES[page][1]}:"


def navigation() -> list[st.Page]:
    """All pages, for `st.navigation`."""
    start = next(iter(PAGES))
    return [
        st.Page(path(page), title=title, icon=icon(page), default=page == start)
        for page, (title, _) in PAGES.items()
    ]


def link(page: str, label: str) -> None:
    """Draw a link to a page."""
    st.page_link(path(page), label=label, icon=icon(page))


def go_to(page: str, *, without: str) -> NoReturn:
    """Open a page in place of this one, with the query of this one but for one part."""
    query = {name: text for name, text in st.query_params.to_dict().items() if name != without}
    st.switch_page(path(page), query_params=query)


def address(page: str, query: Mapping[str, str]) -> str:
    """The address of a page with a query, relative to the app's own."""
    return f"{page}?{urlencode(query)}"


def shared(query: Mapping[str, str]) -> str:
    """The full address of this page with another query."""
    here = (st.context.url or "").split("?")[0]
    return here + (f"?{urlencode(query)}" if query else "")
