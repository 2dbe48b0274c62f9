"""The maps to explore and the drawer of selected samples, which other figures have beside them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared import (
    before,
    cache,
    jobs,
    lesson,
    pictures,
    selection,
    selection_text,
    session,
    state,
)
from pages.shared.addresses import MAX_IDS
from pages.shared.components.mount import mount
from pages.shared.selection import Picked
from unsc_core.analysis.neighbours import neighbours_key
from unsc_core.experiment.result import Result
from unsc_core.figures import explorer
from unsc_core.figures.decision_space import PARTS
from unsc_core.figures.phrases import counted
from unsc_core.jobs.job import NEIGHBOURS

FILES = (
    *("explorer.html", "sideways.css", "explorer.css"),
    *("make.js", "marks.js", "samples.js", "drawer.js", "maps.js", "explorer.js"),
)
ONLY_TRAINING = "To forget single samples, select them among the Training samples."
_ANSWERED = "picked_at"
"""Key of when the browser made the selection that the session has, in its milliseconds."""


def maps(result: Result, kind: str, part: str, settings: dict[str, Any], hint: str) -> None:
    """Draw a map of the samples for each model, and the drawer beside them.

    Args:
        result: the experiment.
        kind: "PCA", or "UMAP", which must have been fitted.
        part: "test" or "train".
        settings: "paths": whether those of forgotten samples are drawn; "show": a rule that the
            shown samples meet, or None; "file": the name of downloaded images.
        hint: what the drawer says when nothing is selected.
    """
    _mount(result, kind, part, settings, hint)
    _find_neighbours(result, part)


def drawer(result: Result, part: str, hint: str) -> None:
    """Draw the drawer alone, beside another figure of these samples; arguments as of `maps`."""
    kind = "UMAP" if cache.has_umap(result.config) else "PCA"
    _mount(result, kind, part, None, hint)
    if len(selection.current(result).of(part)):
        _find_neighbours(result, part)


def _mount(
    result: Result, kind: str, part: str, settings: dict[str, Any] | None, hint: str
) -> None:
    explored, look = cache.explored(kind, result, part), pictures.page_look()
    picked = selection.current(result)
    data = {
        "about": explorer.about(result, explored.positions, explored.rows, part, look),
        "numbers": session.media(explored.numbers, "application/octet-stream", "numbers"),
        "near": _near(result, part),
        "sheet": _sheet(result, part),
        "settings": settings,
        "picked": _told(picked, part),
        "answer": st.session_state.get(_ANSWERED, 0),
        "elsewhere": _elsewhere(picked, part),
        "forget": _forgetting(part),
        "most": selection_text.MAX_PICKED,
        "hint": hint,
    }
    acts = {"picked": take, "forget": lambda _: _forget(result)}
    mount("explorer", FILES, data, on=acts)


def _near(result: Result, part: str) -> dict[str, Any]:
    """Where the neighbours are, and how many each model has found; "" before any has."""
    found = cache.neighbours(result, part)
    url = session.media(found.numbers, "application/octet-stream", "near") if found.numbers else ""
    return {"url": url, "counts": list(found.counts.items())}


def _find_neighbours(result: Result, part: str) -> None:
    """Have the neighbours found of models whose networks are stored and that lack them."""
    known = cache.neighbours(result, part).counts
    missing = [model for model in cache.stored_networks(result.config) if model not in known]
    if missing:
        key = neighbours_key(result.config, result.split, missing[0], part)
        title = "Comparing samples by their features"
        jobs.show_in_sidebar(NEIGHBOURS[part], key, result.config, title)


def _sheet(result: Result, part: str) -> dict[str, Any] | None:
    """Where the images are; None for points."""
    found = cache.sheet(result.split, part)
    if found is None:
        return None
    png, columns, tile = found
    return {"url": session.media(png, "image/png", "sheet"), "columns": columns, "tile": tile}


def _told(picked: Picked, part: str) -> dict[str, Any] | None:
    """The selection for the browser, which finds the samples of a rule itself."""
    chosen = picked.in_part(part)
    if chosen is None:
        return None
    rule = [list(one) for one in chosen.rule] or None
    ids = None if rule else picked.rows.tolist()
    return {"rule": rule, "ids": ids, "count": len(picked.rows)}


def _elsewhere(picked: Picked, part: str) -> str:
    """What is said of a selection of other samples than those shown."""
    chosen = picked.selection
    if chosen is None or chosen.part == part:
        return ""
    are = "is" if len(picked.rows) == 1 else "are"
    what = counted(len(picked.rows), f"{PARTS[chosen.part]} sample")
    return f"{what} {are} selected; the samples here are the {PARTS[part]} samples."


def _forgetting(part: str) -> dict[str, Any] | None:
    """How many samples may be forgotten, or why none; None where the request may not change."""
    if lesson.current().fixed("forget") or before.is_shown():
        return None
    return {"most": MAX_IDS, "why": ONLY_TRAINING if part == "test" else ""}


def take(sent: dict[str, Any]) -> None:
    """Make the selection that a script in the browser sends: its "text", and when, "at"."""
    st.session_state[_ANSWERED] = sent["at"]
    selection.take(sent["text"])


def _forget(result: Result) -> None:
    """Request that exactly the selected training samples are forgotten."""
    rows = selection.current(result).of("train")
    if 0 < len(rows) <= MAX_IDS and not lesson.current().fixed("forget"):
        state.change(ids=tuple(rows.tolist()), edits=())
