"""Confusion: which class each model predicts for which, and what unlearning changed."""

import streamlit as st

from pages.shared import controls, gallery, header, jobs, link_notes, pictures
from pages.shared.components import linked
from unsc_core.figures.confusion import CELLS, confusion, difference, in_cell, matrix

MAX_CARDS = 24
PERCENT, COUNTS = "Percent of the row", "Counts"
PARTS = {"Test": "test", "Training": "train"}


def open_cell(name: str) -> None:
    """Open the clicked cell of the matrix that is drawn under this name."""
    points = st.session_state[name].selection.points
    if points:
        row, column = points[0]["customdata"]
        st.session_state["of"] = name.removeprefix("confusion-")
        st.session_state["true"], st.session_state["answer"] = names[row], names[column]


def cell_controls() -> tuple[str, tuple[int, int] | None]:
    """The opened matrix and cell, for those who do not click."""
    matrices = [*models, "difference"]
    link_notes.check("of", [name.capitalize() for name in matrices])
    boxes = (
        ("Matrix", "of", matrices),
        ("True class", "true", names),
        ("Predicted class", "answer", names),
    )
    chosen = []
    for column, (label, key, options) in zip(st.columns(3), boxes, strict=True):
        if key != "of":
            link_notes.check(key, options)
        chosen.append(
            column.selectbox(
                label,
                options,
                index=None,
                key=key,
                bind="query-params",
                placeholder="none",
                format_func=str.capitalize if key == "of" else str,
            )
        )
    model, true, predicted = chosen
    if true is None or predicted is None:
        return model or "unlearned", None
    return model or "unlearned", (names.index(true), names.index(predicted))


def opened_images(model: str, cell: tuple[int, int]) -> None:
    """The images in a cell."""
    inside = in_cell(result, model, part, cell)
    true, predicted = names[cell[0]], names[cell[1]]
    by = f"by the {model} model"
    if model == "difference":
        by = "before or after unlearning, but not both"
    first = f" The first {MAX_CARDS}:" if len(inside) > MAX_CARDS else ""
    st.markdown(f"{true} images predicted as {predicted} {by}: **{len(inside):,}**.{first}")
    if len(inside):
        gallery.predictions(result, inside[:MAX_CARDS], part)


header.title("Confusion", *header.TERMS)
experiment = controls.experiment()
st.markdown(
    "Rows are true classes, columns are predicted classes; the rows of forgotten classes are "
    "framed. Good unlearning empties their diagonal cells and changes the other rows about as "
    "the retrained model does."
)
experiment, result = jobs.result_or_before(experiment)
header.strip(experiment, result)

link_notes.check("cells", (PERCENT, COUNTS))
link_notes.check("samples", PARTS)
left, right, _ = st.columns([2, 2, 3])
unit = left.segmented_control(
    "Cells", [PERCENT, COUNTS], default=PERCENT, required=True, key="cells", bind="query-params"
)
samples = right.segmented_control(
    "Samples", list(PARTS), default="Test", required=True, key="samples", bind="query-params"
)
in_percent, part = unit == PERCENT, PARTS[samples]

look, names = pictures.page_look(), list(experiment.dataset.class_names)
models = [name for name, predicted in result.models.items() if predicted.has(part)]
jobs.stop_until_predicted(result, part)
above = st.container()
st.header("Images in a cell")
opened_in, cell = cell_controls()
with above:
    drawn = {name: confusion(result, name, part, in_percent, look, cell) for name in models}
    drawn["difference"] = difference(result, part, in_percent, look, cell)
    values = {name: matrix(result, name, part, in_percent) for name in models}
    values["difference"] = values["unlearned"] - values["original"]
    shown = {name: one.round(2).tolist() for name, one in values.items()}
    units = dict.fromkeys(shown, " %" if in_percent else "")
    if in_percent:
        units["difference"] = " points"
    linked.hover(names, shown, units, CELLS)
    named = {f"confusion-{name}": picture for name, picture in drawn.items()}
    pictures.draw_in_rows(named, 2, sentence=False, on_click=open_cell)
    st.markdown(drawn["difference"].sentence)
if cell is None:
    st.caption("Click a cell above, or choose one here, to see its images.")
else:
    opened_images(opened_in, cell)
pictures.downloads(named)
