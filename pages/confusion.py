"""Confusion: which class each model predicts for which, and what unlearning changed."""

from typing import Any

import streamlit as st

from pages.shared import (
    cache,
    controls,
    explorer,
    header,
    jobs,
    link_choices,
    link_notes,
    pictures,
    selection,
)
from pages.shared.components import linked
from unsc_core.analysis.selection import Selection
from unsc_core.figures.confusion import CELLS, cells_of, confusion, difference, matrix

PERCENT, COUNTS = "Percent of the row", "Counts"
BOXES = {"of": "Matrix", "true": "True class", "answer": "Predicted class"}
HINT = (
    "Click a cell of a matrix, or choose a class or an outcome here, to see its images. They stay "
    "selected on every page."
)


def open_cell(name: str) -> None:
    """Select the clicked cell of the matrix that is drawn under this name."""
    points = st.session_state[name].selection.points
    if points:
        row, column = points[0]["customdata"]
        selection.select(Selection.of_matrix(part, name.removeprefix("confusion-"), row, column))


def boxes_changed() -> None:
    """Select what the three boxes say: a cell, a row or a column."""
    of, true, answer = (st.session_state[key] for key in BOXES)
    selection.select(Selection.of_matrix(part, of or "unlearned", index(true), index(answer)))


def index(name: str | None) -> int | None:
    """The class of a name."""
    return None if name is None else names.index(name)


def read_older_link() -> None:
    """Select the cell that a link names by matrix and classes, as links of older versions do."""
    query = {key: link_choices.value(key) or "" for key in BOXES}
    for key in BOXES:
        link_notes.check(key, [one.capitalize() for one in options[key]] if key == "of" else names)
    if query["true"] in names and query["answer"] in names:
        of = query["of"].lower()
        of = of if of in options["of"] else "unlearned"
        true, answer = index(query["true"]), index(query["answer"])
        selection.select(Selection.of_matrix(part, of, true, answer))
    for key in BOXES:
        link_choices.put(key, None)


def draw_boxes(place: Any, chosen: Selection | None) -> None:
    """The selected cell, row or column, for those who do not click."""
    of, true, answer = (None, None, None) if chosen is None else chosen.in_matrix()
    of = of or st.session_state.get("of")
    st.session_state["of"] = of if of in options["of"] else None
    st.session_state["true"] = None if true is None else names[true]
    st.session_state["answer"] = None if answer is None else names[answer]
    for key, label in BOXES.items():
        place.container(width=150).selectbox(
            label,
            options[key],
            key=key,
            index=None,
            placeholder="none",
            format_func=str.capitalize if key == "of" else str,
            on_change=boxes_changed,
        )


header.title(
    "Confusion", *header.TERMS, "Features", about="Rows: true classes. Columns: predicted classes."
)
experiment = controls.experiment()
experiment, result = jobs.result_or_before(experiment)
header.strip(experiment, result)

link_notes.check("cells", (PERCENT, COUNTS))
row = header.row("cells")
unit = row.segmented_control(
    "Cells", [PERCENT, COUNTS], default=PERCENT, required=True, key="cells", bind="query-params"
)
part = selection.choose_part(row)
in_percent = unit == PERCENT

look, names = pictures.page_look(), list(experiment.dataset.class_names)
models = [name for name, predicted in result.models.items() if predicted.has(part)]
jobs.stop_until_predicted(result, part)
options = {"of": [*models, "difference"], "true": names, "answer": names}
read_older_link()
picked = selection.current(result)
selected = picked.of(part)
draw_boxes(row, picked.in_part(part))
drawn = {
    name: cache.picture(confusion, result, name, part, in_percent, look, selected)
    for name in models
}
drawn["difference"] = cache.picture(difference, result, part, in_percent, look, selected)
values = {name: matrix(result, name, part, in_percent) for name in models}
values["difference"] = values["unlearned"] - values["original"]
shown = {name: one.round(2).tolist() for name, one in values.items()}
units = dict.fromkeys(shown, " %" if in_percent else "")
if in_percent:
    units["difference"] = " points"
counts = {name: cells_of(result, name, part, selected).tolist() for name in drawn}
linked.hover(names, shown, units, CELLS, counts)
named = {f"confusion-{name}": picture for name, picture in drawn.items()}
left, right = st.columns([5, 2])
with left:
    pictures.draw_in_rows(named, 2, sentence=False, on_click=open_cell)
with right:
    explorer.drawer(result, part, HINT)
st.markdown(drawn["difference"].sentence)
good = "Good unlearning changes the rows about as the retrained model does."
if result.split.forget_classes:
    good = (
        "The rows of forgotten classes are framed. Good unlearning empties their diagonal cells "
        "and changes the other rows about as the retrained model does."
    )
st.caption(good)
pictures.downloads(named)
