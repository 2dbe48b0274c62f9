"""Confusion: what each model takes for what, and what unlearning changed."""

import streamlit as st

from pages.shared import controls, header, jobs, show
from unsc_core.figures.confusion import confusion, difference

st.title("Confusion")
chosen = controls.experiment()
st.markdown(
    "Rows are true classes, columns are answers; the forgotten rows are framed. "
    "Good unlearning empties their own cell and leaves the other rows alone."
)
result = jobs.result(chosen)
header.strip(chosen, result)

left, right, _ = st.columns([2, 2, 3])
unit = left.segmented_control(
    "Cells", ["Percent of the row", "Counts"], default="Percent of the row", required=True, key="cells", bind="query-params"
)
part = right.segmented_control("Samples", ["Test", "Training"], default="Test", required=True, key="samples", bind="query-params")
normalised, part = unit == "Percent of the row", "test" if part == "Test" else "train"

look = show.mode()
models = [name for name, answers in result.models.items() if getattr(answers, part) is not None]
if {"original", "unlearned"} - set(models):
    st.info("The answers on the training set are still being computed.", icon=":material/hourglass_top:")
    st.stop()
pictures = {f"confusion-{name}": confusion(result, name, part, normalised, look) for name in models}
pictures["confusion-difference"] = difference(result, part, normalised, look)
show.in_rows(pictures, 2, sentence=False)
st.markdown(pictures["confusion-difference"].sentence)
show.downloads(pictures)
