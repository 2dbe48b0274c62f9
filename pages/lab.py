"""2-D lab: four ways to forget one class of points in the plane, side by side on the same network."""

from dataclasses import replace

import streamlit as st

from pages.shared import cache, jobs, lab_state, show
from pages.shared.plane import planes
from unsc_core.analysis.lab import lab_key, read_lab
from unsc_core.figures import lab as figures

st.title("2-D lab")
points = cache.dataset("blobs")
chosen = lab_state.choose(points)
name = points.class_names[chosen.forget]
st.markdown(
    f"One network, 2 → {chosen.width} → {points.num_classes}, forgets **{name}** in three ways with the same learning rate and seed; "
    "beside them the model retrained without it. Colour: the answer; stronger colour: surer. "
    f":red[**×**] {name} · **●** the classes that stay."
)
config = chosen.config()
run = read_lab(config, cache.store())
if run is None:
    work = "lab", lab_key(config), config, "Training, forgetting and recording every epoch"
    if not jobs.done_soon(*work):
        jobs.wait_for(*work)
        st.stop()
    run = read_lab(config, cache.store())
look = show.mode()
show.mark_files(())
planes(figures.frames(run, look))
pictures = {"lab-accuracy": figures.curves(run, look)}

st.header("Where the weights may move")
st.markdown(
    "The gradient of UNSC's first step, over all points to forget: as it comes, and projected into the null space of the rest."
)


@st.fragment
def gradients() -> None:
    """One row of each layer; only this part is drawn again when another row is chosen."""
    now = lab_state.current()
    first, second = run.layers
    left, right = st.columns(2)
    unit = left.selectbox(
        "Row of layer 1",
        range(len(first.raw)),
        figures.strongest(first) if now.unit is None else now.unit,
        key=f"lab_unit_{run.key}",
        format_func=lambda i: f"hidden unit {i + 1}",
    )
    output = right.selectbox(
        "Row of layer 2",
        range(points.num_classes),
        figures.strongest(second) if now.output is None else now.output,
        key=f"lab_output_{run.key}",
        format_func=lambda c: points.class_names[c],
    )
    lab_state.keep(
        replace(
            now,
            unit=_unless(unit, figures.strongest(first)),
            output=_unless(output, figures.strongest(second)),
        )
    )
    pictures["gradient-layer-1"] = figures.arrows(first, unit, look)
    pictures["gradient-layer-2"] = figures.bars(second, output, points.class_names[output], look)
    for column, layer, why in zip((left, right), (1, 2), figures.why(run), strict=True):
        with column:
            show.picture(pictures[f"gradient-layer-{layer}"], f"gradient-layer-{layer}")
            st.markdown(why)


def _unless(row: int, default: int) -> int | None:
    return None if row == default else row


gradients()
st.header("Epoch by epoch")
show.picture(pictures["lab-accuracy"], "lab-accuracy")
st.markdown(f"{figures.verdict(run)} Forgetting and recording took {run.seconds:.1f} s.")
show.downloads(pictures)
