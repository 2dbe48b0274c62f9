"""Story: what unlearning is, what goes wrong, and what calibration does about it, on this machine's own numbers."""

from dataclasses import replace

import streamlit as st

from pages.shared import cache, controls, header, jobs, links, show, state
from unsc_core import embedding
from unsc_core.figures.accuracy import change_per_class
from unsc_core.figures.decision_space import space
from unsc_core.figures.flow import label_counts
from unsc_core.figures.spectra import free_share
from unsc_core.results import DEFAULT_ENERGY_THRESHOLD, keys, resolve
from unsc_core.spectrum import cuts

PRESETS = {
    "Forget shirts": {"dataset": "fashion-mnist-mini", "forget": (6,), "method": "unsc"},
    "Forget ankle boots": {"dataset": "fashion-mnist-mini", "forget": (9,), "method": "unsc"},
    "Two classes at once": {"dataset": "fashion-mnist-mini", "forget": (0, 6), "method": "unsc"},
    "See over-unlearning": {"dataset": "fashion-mnist-mini", "forget": (6,), "method": "random-labels"},
    "Forget a digit": {"dataset": "digits", "forget": (3,), "method": "unsc"},
}

st.title("Make a network forget, and keep the rest")
chosen = controls.experiment()
forgotten = chosen.forgotten
st.markdown(
    f"A trained classifier is asked to **forget {forgotten}**. Most methods damage what should remain: **over-unlearning**. "
    "UNSC moves the weights only where the remaining data cannot see it, and sends each forgotten sample to the class it already resembles."
)
presets = st.container(horizontal=True)
for name, preset in () if state.lesson().fixed(*state.CONTROLS) else PRESETS.items():
    presets.button(name, on_click=state.begin, kwargs=preset, key=f"preset-{name}")

result = jobs.result(chosen)
look = show.mode()
part = result.split.measured_part
part = part if result.unlearned.has(part) and result.original.has(part) else "test"
rows = embedding.shown(result.split, part)
positions = cache.positions("UMAP" if cache.has_umap(chosen.config) else "PCA", result, part)
columns = st.columns(2)
for column, model in zip(columns, ("original", "unlearned"), strict=True):
    with column:
        show.picture(space(result, model, positions, rows, look, paths=model == "unlearned", height=400, part=part), f"story-{model}")
st.caption(f":red[**×**] {forgotten}, to be forgotten · **●** the classes that stay · lines: each forgotten sample's way")
header.strip(chosen, result)

st.header("1 · Forgetting can hurt")
st.markdown(
    f"Teach the network *random* labels for {forgotten}, and it forgets; but the weights are shared, and the other classes pay. "
    "Every bar under zero is **over-unlearning**."
)
others = []
for method in ("random-labels", "unsc"):
    if method == chosen.config.method:
        others.append(result)
        continue
    config = resolve(
        replace(chosen.config, method=method, energy_threshold=None, energy_thresholds=(), learning_rate=None, epochs=None), chosen.dataset
    )
    found = cache.result(config)
    if found is not None:
        others.append(found)
    else:
        jobs.wait_for("experiment", keys(config, chosen.dataset).unlearned, config, "Running the comparison")
if others:
    show.picture(change_per_class(others, look), "story-change")

spectra = cache.spectra(chosen.config)
if spectra is not None:
    st.header("2 · Room that nobody uses")
    st.markdown(
        "The retained classes use only some directions of each layer's input. A weight change in the **others** does not move their outputs. "
        "UNSC projects every gradient into them."
    )
    titles = {layer: f"Layer {i + 1}" for i, layer in enumerate(spectra)}
    show.picture(
        free_share(titles, spectra, cuts(spectra, chosen.config.energy_threshold or DEFAULT_ENERGY_THRESHOLD, chosen.config.energy_thresholds), look),
        "story-null-space",
    )
    links.to("null_space", "Move γ yourself", "equalizer")

if result.labels is not None and chosen.config.method == "unsc":
    st.header("3 · A place to go")
    st.markdown(f"Each {forgotten} sample is taught the retained class the original already found most similar: its **pseudo-label**.")
    show.picture(label_counts(result, look), "story-labels")
    links.to("pseudo_labels", "See who went where", "alt_route")

st.header("Start here")
teacher, learner = st.columns(2)
with teacher.container(border=True, height="stretch"):
    st.markdown(
        "**Teaching a room?** Every setting is in the address bar: choose an experiment, copy the link, and the room opens the same picture. "
        "Begin with *See over-unlearning*, then switch the method to UNSC."
    )
    links.to("confusion", "Confusion before and after", "grid_on")
with learner.container(border=True, height="stretch"):
    st.markdown("**Learning alone?** Choose another class to forget and watch where it goes. Classes with a close relative calibrate best.")
    links.to("decision_space", "The decision space", "scatter_plot")

cache.engine()  # starts in the background, so that the first click finds it awake
