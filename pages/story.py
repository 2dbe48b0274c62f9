"""Story: what unlearning is, what goes wrong, and what calibration does about it, on this machine's own numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import streamlit as st

from pages.shared import cache, controls, gallery, header, jobs, links, show, state
from unsc_core import comparison, embedding
from unsc_core.figures.accuracy import change_per_class
from unsc_core.figures.decision_space import space
from unsc_core.figures.flow import label_counts
from unsc_core.figures.spectra import free_share, ranks
from unsc_core.figures.words import points
from unsc_core.results import DEFAULT_ENERGY_THRESHOLD, Result, keys, summary
from unsc_core.spectrum import cuts

PRESETS = {
    "Forget shirts": {"dataset": "fashion-mnist-mini", "forget": (6,), "method": "unsc"},
    "Forget ankle boots": {"dataset": "fashion-mnist-mini", "forget": (9,), "method": "unsc"},
    "Two classes at once": {"dataset": "fashion-mnist-mini", "forget": (0, 6), "method": "unsc"},
    "See over-unlearning": {"dataset": "fashion-mnist-mini", "forget": (6,), "method": "random-labels"},
    "Forget a digit": {"dataset": "digits", "forget": (3,), "method": "unsc"},
}
PICTURED = 8


def told(method: str) -> Result | None:
    """This request's result by a method that the story tells of, asked for where it is missing."""
    if method == chosen.config.method:
        return result
    seed = chosen.config.seed
    config = comparison.configs(replace(chosen.config, edits=()), chosen.dataset, [seed])[method, seed]
    found = cache.result(config)
    if found is None:
        jobs.wait_for("experiment", keys(config, chosen.dataset).unlearned, config, "Running the comparison")
    return found


@contextmanager
def step(title: str, text: str, number: str, meaning: str, page: str, label: str, icon: str) -> Iterator[None]:
    """One step of the story: words, a number of this machine and the way on to the left, its picture, drawn inside, to the right."""
    left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
    with left:
        st.header(title)
        st.markdown(text)
        st.metric(meaning, number)
        links.to(page, label, icon)
    with right:
        yield


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
thin = result.split.is_forgotten(part)[rows] | (np.arange(len(rows)) % 3 == 0)  # small pictures: every third point of the rest


def thinned(result: Result) -> dict[str, np.ndarray]:
    """Where the points of the small pictures lie, by every model."""
    kind = "UMAP" if cache.has_umap(result.config) else "PCA"
    return {model: placed[thin] for model, placed in cache.positions(kind, result, part).items()}


positions = thinned(result)
columns = st.columns(2)
for column, model in zip(columns, ("original", "unlearned"), strict=True):
    with column:
        show.picture(space(result, model, positions, rows[thin], look, paths=model == "unlearned", height=400, part=part), f"story-{model}")
st.caption(f":red[**×**] {forgotten}, to be forgotten · **●** the classes that stay · lines: each forgotten sample's way")
header.strip(chosen, result)
before = summary(result)["original"]["acc_forget"]

with step(
    "1 · Forget",
    f"The network learned {chosen.dataset.num_classes} classes from pictures like these. Someone asks that {forgotten} be forgotten: "
    "it should answer as if it had never seen them. Training again without them would do it, and take as long as training did. "
    "Can the trained network be changed instead?",
    "…" if before is None else f"{before:.0f} %", f"of {forgotten} recognised, before", "decision_space", "See them among the others", "scatter_plot",
):  # fmt: skip
    samples = np.flatnonzero(result.split.is_forgotten(part))[:PICTURED]
    names = [chosen.dataset.class_names[label] for label in chosen.dataset.labels(part)[samples]]
    gallery.cards(chosen.dataset, chosen.dataset.samples(part), samples, names)

careless, calibrated = told("random-labels"), told("unsc")
if careless is not None:
    harm = -summary(careless)["over_unlearning"]
    with step(
        "2 · Over-unlearning",
        f"The obvious way: teach it *random* labels for {forgotten}. It forgets, but all classes share the same weights, and the others pay. "
        "Every bar under zero is damage that nobody asked for.",
        f"{points(harm)} points", "accuracy of the other classes, random labels", "compare", "All methods side by side", "leaderboard",
    ):  # fmt: skip
        show.picture(change_per_class([careless, *([calibrated] if calibrated else [])], look), "story-change")

spectra = cache.spectra(chosen.config)
if spectra is not None and calibrated is not None:
    cut_at = cuts(spectra, calibrated.config.energy_threshold or DEFAULT_ENERGY_THRESHOLD, calibrated.config.energy_thresholds)
    found = ranks(spectra, cut_at).values()
    share = 1 - sum(rank for rank, _ in found) / sum(dim for _, dim in found)
    with step(
        "3 · The null space",
        "What the other classes send into a layer fills only some directions; the rest of the room stays empty. "
        "A weight that changes only there hardly moves their answers. UNSC lets weights change nowhere else.",
        f"{100 * share:.0f} %", "of all directions are free to move in", "null_space", "Move γ yourself", "equalizer",
    ):  # fmt: skip
        show.picture(free_share({layer: f"Layer {i + 1}" for i, layer in enumerate(spectra)}, spectra, cut_at, look), "story-null-space")

if calibrated is not None and calibrated.labels is not None:
    top = np.bincount(calibrated.labels).max() / len(calibrated.labels)
    with step(
        "4 · Pseudo-labels",
        f"Where should {forgotten} go? Not anywhere: each sample is taught the class that the network already found most like it, "
        "its **pseudo-label**. So the borders between the other classes need not bend.",
        f"{100 * top:.0f} %", "go to the most similar class", "pseudo_labels", "See who went where", "alt_route",
    ):  # fmt: skip
        show.picture(label_counts(calibrated, look), "story-labels")

if calibrated is not None:
    numbers = summary(calibrated)
    gain = -numbers["over_unlearning"]
    agreement = numbers["agreement"]
    judged = "is still being trained" if agreement is None else f"agrees with it on {agreement:.0f} % of {forgotten}"
    with step(
        "5 · Calibrated" if gain > -0.05 else "5 · Almost calibrated",
        "Both together: what had to go is gone, and the room it held in the decision space is given to its neighbours. "
        f"The judge is a network trained again without {forgotten}: it {judged}.",
        f"{points(gain)} points", "accuracy of the other classes, UNSC", "confusion", "Confusion before and after", "grid_on",
    ):  # fmt: skip
        placed = thinned(calibrated)
        both = [name for name in ("unlearned", "retrained") if name in placed]
        for column, name in zip(st.columns(len(both)), both, strict=True):
            with column:
                show.picture(
                    space(calibrated, name, placed, rows[thin], look, paths=True, height=330, part=part), f"story-calibrated-{name}", sentence=False
                )

st.header("Start here")
teacher, learner = st.columns(2)
with teacher.container(border=True, height="stretch"):
    st.markdown(
        "**Teaching a room?** Every setting is in the address: choose an experiment, press *Share*, and the room opens the same picture. "
        "Begin with *See over-unlearning*, then switch the method to UNSC."
    )
    links.to("compare", "Compare all methods", "leaderboard")
with learner.container(border=True, height="stretch"):
    st.markdown(
        "**Learning alone?** Watch four ways to forget in the plane, then choose another class here. Classes with a close relative calibrate best."
    )
    links.to("lab", "The 2-D lab", "science")

cache.engine()  # starts in the background, so that the first click finds it awake
