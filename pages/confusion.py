"""Confusion: what each model takes for what, and what unlearning changed."""

from functools import partial

import streamlit as st

from pages.shared import controls, gallery, header, jobs, linked, show, state
from unsc_core.figures.confusion import CELLS, confusion, difference, in_cell, matrix

MAX_CARDS = 24


def open_cell(model: str) -> None:
    """What a click on a cell of this model's matrix does."""
    points = st.session_state[f"confusion-{model}"].selection.points
    if points:
        row, column = points[0]["customdata"]
        st.session_state["of"], st.session_state["true"], st.session_state["answer"] = (
            model,
            names[row],
            names[column],
        )


def cell_controls() -> tuple[str, tuple[int, int] | None]:
    """The opened cell, for those who do not click."""
    for key, options in (
        ("of", [name.capitalize() for name in (*models, "difference")]),
        ("true", names),
        ("answer", names),
    ):
        state.note_impossible(key, options)
    columns = st.columns(3)
    labels = (
        ("In the matrix", "of", [*models, "difference"]),
        ("True class", "true", names),
        ("Answer", "answer", names),
    )
    model, true, answer = (
        column.selectbox(
            label,
            options,
            index=None,
            key=key,
            bind="query-params",
            placeholder="none opened",
            format_func=str.capitalize if key == "of" else str,
        )
        for column, (label, key, options) in zip(columns, labels, strict=True)
    )
    return model or "unlearned", None if true is None or answer is None else (
        names.index(true),
        names.index(answer),
    )


st.title("Confusion")
chosen = controls.experiment()
st.markdown(
    "Rows are true classes, columns are answers; the forgotten rows are framed. "
    "Good unlearning empties their own cell and makes the other rows no worse, as the retrained model does."
)
result = jobs.result(chosen)
header.strip(chosen, result)

for name, options in (
    ("cells", ("Percent of the row", "Counts")),
    ("samples", ("Test", "Training")),
):
    state.note_impossible(name, options)
left, right, _ = st.columns([2, 2, 3])
unit = left.segmented_control(
    "Cells",
    ["Percent of the row", "Counts"],
    default="Percent of the row",
    required=True,
    key="cells",
    bind="query-params",
)
part = right.segmented_control(
    "Samples",
    ["Test", "Training"],
    default="Test",
    required=True,
    key="samples",
    bind="query-params",
)
normalised, part = unit == "Percent of the row", "test" if part == "Test" else "train"

look, names = show.mode(), list(chosen.dataset.class_names)
models = [name for name, answers in result.models.items() if answers.has(part)]
if {"original", "unlearned"} - set(models):
    st.info(
        "The answers on the training set are still being computed.", icon=":material/hourglass_top:"
    )
    st.stop()
above = st.container()
st.header("Open a cell")
opened_in, cell = cell_controls()
with above:
    pictures = {name: confusion(result, name, part, normalised, look, cell) for name in models}
    pictures["difference"] = difference(result, part, normalised, look, cell)
    values = {name: matrix(result, name, part, normalised) for name in models}
    values["difference"] = values["unlearned"] - values["original"]
    linked.hover(
        names,
        {name: one.round(2).tolist() for name, one in values.items()},
        " %" if normalised else "",
        CELLS,
    )
    items = list(pictures.items())
    for start in range(0, len(items), 2):
        for column, (name, picture) in zip(st.columns(2), items[start : start + 2], strict=False):
            with column:
                show.picture(
                    picture, f"confusion-{name}", sentence=False, on_click=partial(open_cell, name)
                )
    st.markdown(pictures["difference"].sentence)
if cell is None:
    st.caption("Click a cell above, or choose one here, to see its images.")
else:
    inside = in_cell(result, opened_in, part, cell)
    said = (
        "came into or left this cell"
        if opened_in == "difference"
        else f"{names[cell[0]]} images are answered {names[cell[1]]} by the {opened_in} model"
    )
    st.markdown(
        f"**{len(inside):,}** {said}."
        + (f" The first {MAX_CARDS}:" if len(inside) > MAX_CARDS else "")
    )
    if len(inside):
        gallery.answers(result, inside[:MAX_CARDS], part)
show.downloads({f"confusion-{name}": picture for name, picture in pictures.items()})
