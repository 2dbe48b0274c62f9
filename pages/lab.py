"""2-D lab: three methods forget one class of points in the plane, beside a retrained model."""

from dataclasses import replace

import streamlit as st

from pages.shared import cache, header, jobs, lab_controls, pictures
from pages.shared.components.plane import planes
from unsc_core.analysis.lab import LabRun, lab_key, read_lab
from unsc_core.figures import lab_gradients as figures
from unsc_core.figures.lab_curves import curves, verdict
from unsc_core.figures.lab_frames import frames


def run_or_stop() -> LabRun:
    """The lab run; while there is none, its job."""
    config = state.config()
    title = "Training, forgetting and recording every epoch"
    found = read_lab(config, cache.store())
    if found is None and jobs.is_done_soon("lab", lab_key(config), config, title):
        found = read_lab(config, cache.store())
    if found is None:
        jobs.show("lab", lab_key(config), config, title)
        st.stop()
    return found


header.title(
    "2-D lab", "Acc_f", "Acc_r", "γ", "Null space", "Pseudo-label", "Retrained model", "Logits"
)
points = cache.dataset("blobs")
state = lab_controls.draw(points)
name = points.class_names[state.forget]
st.markdown(
    f"Three methods make the same network (2 → {state.width} → {points.num_classes}) forget "
    f"**{name}**, with the same learning rate and seed; the fourth plane shows the model retrained "
    f"without that class. Colour: the predicted class, stronger where the model is more certain. "
    f":red[**×**] {name} · **●** retained classes."
)
run = run_or_stop()
look = pictures.page_look()
pictures.mark_files(())
planes(frames(run, look))
drawn = {"lab-accuracy": curves(run, look)}

st.header("Where the weights may move")
st.markdown(
    "The gradient of UNSC's first step, over all points to forget: unchanged, and projected into "
    "the null space of the retained classes."
)


@st.fragment
def gradients() -> None:
    """One row of each layer; only this part is drawn again when another row is chosen."""
    now = lab_controls.current()
    first, second = run.layers
    longest = figures.strongest(first), figures.strongest(second)
    left, right = st.columns(2)
    unit = left.selectbox(
        "Row of layer 1",
        range(len(first.raw)),
        longest[0] if now.unit is None else now.unit,
        key=f"lab_unit_{run.key}",
        format_func=lambda i: f"hidden unit {i + 1}",
    )
    output = right.selectbox(
        "Row of layer 2",
        range(points.num_classes),
        longest[1] if now.output is None else now.output,
        key=f"lab_output_{run.key}",
        format_func=lambda c: points.class_names[c],
    )
    lab_controls.keep(
        replace(
            now,
            unit=None if unit == longest[0] else unit,
            output=None if output == longest[1] else output,
        )
    )
    drawn["gradient-layer-1"] = figures.arrows(first, unit, look)
    drawn["gradient-layer-2"] = figures.bars(second, output, points.class_names[output], look)
    for column, layer, why in zip((left, right), (1, 2), figures.why(run), strict=True):
        with column:
            pictures.draw(drawn[f"gradient-layer-{layer}"], f"gradient-layer-{layer}")
            st.markdown(why)


gradients()
st.header("Accuracy after every epoch")
pictures.draw(drawn["lab-accuracy"], "lab-accuracy")
st.markdown(f"{verdict(run)} Forgetting and recording took {run.seconds:.1f} s.")
pictures.downloads(drawn)
